/** The webview's end of viewApi.ts: calls with cancellation, actions, and the host's messages. */
import type { ErrorData } from '../../engine/protocol/rpc.ts';
import type {
  FromView,
  ToView,
  ViewAction,
  ViewMethod,
  ViewParams,
  ViewResult,
} from '../../engine/protocol/viewApi.ts';
import type { SavedView } from '../../engine/protocol/viewState.ts';

interface VsCodeApi {
  postMessage(message: FromView): void;
  getState(): unknown;
  setState(state: SavedView): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

/** A call failed in the engine, or the engine is gone. */
export class CallError extends Error {
  readonly data: ErrorData;

  constructor(data: ErrorData) {
    super(data.message);
    this.data = data;
  }
}

export interface ViewCall<T> {
  readonly result: Promise<T>;
  /** Nobody wants the answer: the engine is told, and the promise never settles. */
  cancel(): void;
}

type Notice = Exclude<ToView, { t: 'ok' } | { t: 'error' }>;

export class Host {
  readonly #api = acquireVsCodeApi();
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(reason: CallError): void }>();
  #nextId = 1;

  /** Starts listening and tells the host that the page is ready for its `init`. */
  start(onNotice: (notice: Notice) => void): void {
    window.addEventListener('message', (event: MessageEvent<ToView>) => {
      const message = event.data;
      if (typeof message !== 'object' || message === null) return;
      if (message.t !== 'ok' && message.t !== 'error') {
        if (message.t === 'engine' && !message.alive) this.#failAll(message.message);
        onNotice(message);
        return;
      }
      const waiter = this.#waiting.get(message.id);
      if (waiter === undefined) return;
      this.#waiting.delete(message.id);
      if (message.t === 'ok') waiter.resolve(message.result);
      else waiter.reject(new CallError(message.error));
    });
    this.#api.postMessage({ t: 'ready' });
  }

  call<M extends ViewMethod>(method: M, params: ViewParams<M>, of?: 'track'): ViewCall<ViewResult<M>> {
    const id = this.#nextId++;
    const result = new Promise<ViewResult<M>>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (value) => resolve(value as ViewResult<M>), reject });
    });
    this.#api.postMessage({ t: 'call', id, method, params, ...(of === undefined ? {} : { of }) });
    return {
      result,
      cancel: () => {
        if (this.#waiting.delete(id)) this.#api.postMessage({ t: 'cancel', id });
      },
    };
  }

  do(what: ViewAction): void {
    this.#api.postMessage({ t: 'do', what });
  }

  get state(): unknown {
    return this.#api.getState();
  }

  set state(state: SavedView) {
    this.#api.setState(state);
  }

  #failAll(message: string): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const waiter of waiting) waiter.reject(new CallError({ code: 'IO', message }));
  }
}

/** Runs `action` once after calls have stopped for `millis`. */
export function debounce(millis: number, action: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    if (timer !== undefined) clearTimeout(timer);
    timer = setTimeout(action, millis);
  };
}

/** Runs `action` at most once a frame. */
export function perFrame(action: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      action();
    });
  };
}
