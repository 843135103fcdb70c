/** What stands in the place of rows, where there are none to show: why, and what can be done. */
import type { SqlState } from '../../engine/protocol/sqlView.ts';
import { visibleString } from '../text/visible.ts';
import { actionButton, el, fill, icon, show } from '../ui/dom.ts';
import type { Host } from '../ui/host.ts';

export class EmptyPane {
  readonly element = el('div', { class: 'empty' });
  readonly #host: Host;
  #shown = '';

  constructor(host: Host) {
    this.#host = host;
    this.element.hidden = true;
  }

  /** `words` say why; undefined hides it. */
  paint(words: string | undefined, state: SqlState, query: string): void {
    show(this.element, words !== undefined);
    if (words === undefined) return;
    const isError = state.phase === 'failed' && !state.cancelled;
    const message = isError ? state.message : query;
    const key = `${words}\n${message}\n${state.phase}`;
    // Painted anew a button would lose the focus.
    if (this.#shown === key) return;
    this.#shown = key;
    const host = this.#host;
    const run = state.phase === 'idle' ? 'Run' : 'Run again';
    fill(
      this.element,
      icon(isError ? 'error' : 'list'),
      el('p', { class: 'empty-title', role: isError ? 'alert' : 'status' }, words),
      el('pre', { tabindex: 0, role: 'region', 'aria-label': isError ? 'Message' : 'Query' }, visibleLines(message)),
      state.phase === 'running'
        ? null
        : el(
            'div',
            { class: 'empty-actions' },
            actionButton(run, 'primary', () => host.do({ action: 'rerun' })),
            actionButton('Go to the query', 'secondary', () => host.do({ action: 'showSql' })),
          ),
    );
  }
}

/** What cannot be seen is escaped; lines stay. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visibleString).join('\n');
}
