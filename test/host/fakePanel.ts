/** A webview panel whose page is the test: what the host posts is kept, what a page would say is said by hand. */
import * as vscode from 'vscode';
import type {
  FromView,
  ToView,
  ViewAction,
  ViewMethod,
  ViewParams,
  ViewResult,
} from '../../engine/protocol/viewApi.ts';
import { until } from './support.ts';

export class FakePanel implements vscode.WebviewPanel {
  readonly viewType = 'lsm.fake';
  title = '';
  iconPath: vscode.IconPath = new vscode.ThemeIcon('graph');
  readonly options = {};
  readonly viewColumn = vscode.ViewColumn.One;
  active = true;
  visible = true;
  disposed = false;
  readonly posted: ToView[] = [];
  readonly #messages = new vscode.EventEmitter<unknown>();
  readonly #state = new vscode.EventEmitter<vscode.WebviewPanelOnDidChangeViewStateEvent>();
  readonly #gone = new vscode.EventEmitter<void>();
  readonly onDidChangeViewState = this.#state.event;
  readonly onDidDispose = this.#gone.event;
  #nextId = 1;

  readonly webview: vscode.Webview = {
    options: {},
    html: '',
    cspSource: 'fake:',
    asWebviewUri: (uri) => uri,
    onDidReceiveMessage: this.#messages.event,
    postMessage: async (message: ToView) => {
      this.posted.push(message);
      return true;
    },
  };

  reveal(): void {
    this.show();
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.visible = false;
    this.#gone.fire();
  }

  /** Another tab covers it; VS Code drops its page. */
  hide(): void {
    this.active = this.visible = false;
    this.#state.fire({ webviewPanel: this });
  }

  /** It is seen again, and its page loads anew; `ready` follows by hand. */
  show(): void {
    if (this.visible) return;
    this.active = this.visible = true;
    this.#state.fire({ webviewPanel: this });
  }

  say(message: FromView): void {
    this.#messages.fire(message);
  }

  do(what: ViewAction): void {
    this.say({ t: 'do', what });
  }

  /** Loads the page and waits for its `init`. */
  async ready(): Promise<Extract<ToView, { t: 'init' }>['init']> {
    const before = this.posted.length;
    this.say({ t: 'ready' });
    await until('the page has its init', () => this.of('init', before).length > 0);
    return (this.of('init', before)[0] as Extract<ToView, { t: 'init' }>).init;
  }

  async call<M extends ViewMethod>(method: M, params: ViewParams<M>): Promise<ViewResult<M>> {
    const id = this.#nextId++;
    this.say({ t: 'call', id, method, params });
    let answer: ToView | undefined;
    await until(`${method} is answered`, () => {
      answer = this.posted.find((m) => (m.t === 'ok' || m.t === 'error') && m.id === id);
      return answer !== undefined;
    });
    if (answer?.t === 'ok') return answer.result as ViewResult<M>;
    throw Object.assign(new Error(answer?.t === 'error' ? answer.error.message : ''), {
      code: answer?.t === 'error' ? answer.error.code : '',
    });
  }

  /** Messages of one kind, from the `from`th of all on. */
  of<T extends ToView['t']>(kind: T, from = 0): Extract<ToView, { t: T }>[] {
    return this.posted.slice(from).filter((m): m is Extract<ToView, { t: T }> => m.t === kind);
  }
}
