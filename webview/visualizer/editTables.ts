/** The tables that the event on show took and brought, to be picked. */
import { count, levelName, size } from '../text/numbers.ts';
import { el, fill } from '../ui/dom.ts';
import { debounce } from '../ui/host.ts';
import type { Context, Pane } from './context.ts';
import { placeOf } from './seek.ts';

/** The list waits until the place has rested for so many milliseconds: nobody reads one that is another in each frame. */
const REST = 80;
/** Tables listed on each side. */
const LISTED = 40;

export class EditTablesPane implements Pane {
  readonly element = el('section', { class: 'edit-tables', 'aria-label': 'Tables of this edit' });
  readonly #context: Context;
  readonly #update = debounce(REST, () => this.#paint());
  #shown = '';

  constructor(context: Context) {
    this.#context = context;
    context.state.on((changed) => {
      if (changed.has('at') || changed.has('playing')) this.#update();
    });
    context.onData(this.#update);
  }

  #paint(): void {
    const { timeline: t, state } = this.#context;
    if (this.element.offsetParent === null || state.now.playing) return;
    const event = placeOf(this.#context) - 1;
    const shown = `${event} ${t.events}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (event < 0) {
      fill(this.element);
      return;
    }
    const removed = t.removed.subarray(t.removedStart[event] as number, t.removedStart[event + 1] as number);
    const first = t.addedStart[event] as number;
    const added = Uint32Array.from({ length: (t.addedStart[event + 1] as number) - first }, (_, i) => first + i);
    fill(
      this.element,
      ...this.#list('Went with this edit', removed, 'removed'),
      ...this.#list(removed.length > 0 ? 'Came with it' : 'Came with this edit', added, 'added'),
    );
  }

  #list(title: string, lives: Uint32Array, kind: string): (HTMLElement | null)[] {
    if (lives.length === 0) return [];
    const { timeline: t, state } = this.#context;
    return [
      el('h3', {}, `${title}: ${count(lives.length)}`),
      ...Array.from(lives.subarray(0, LISTED), (life) => {
        const row = el(
          'button',
          { class: `edit-table ${kind}`, type: 'button' },
          el('span', { class: 'dim' }, levelName(t.level[life] as number)),
          el('span', { class: 'grow' }, `#${t.number[life] as number}`),
          el('span', {}, size(t.bytes[life] as number)),
        );
        row.addEventListener('click', () => state.set({ selected: [life] }));
        row.addEventListener('pointerenter', () => state.set({ hover: life }));
        row.addEventListener('pointerleave', () => state.set({ hover: -1 }));
        return row;
      }),
      lives.length > LISTED ? el('div', { class: 'muted' }, `and ${count(lives.length - LISTED)} more`) : null,
    ];
  }

  /** It has come into sight. */
  refresh(): void {
    this.#update();
  }
}
