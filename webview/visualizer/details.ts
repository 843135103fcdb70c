/** What is known of the tables that are picked, from the history alone. */
import { displayKey } from '../../engine/model/display.ts';
import { NEVER } from '../../engine/model/timeline/timeline.ts';
import { count, levelName, plural, size } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { appendLine } from '../ui/bytesView.ts';
import { actionButton, el, fill } from '../ui/dom.ts';
import { perFrame } from '../ui/host.ts';
import type { Context, Pane } from './context.ts';
import { placeOf, seek } from './seek.ts';
import { captionAt, timeText } from './words.ts';

/** Tables listed below the first one. */
const LISTED = 50;

export class DetailsPane implements Pane {
  readonly element = el('div', {});
  readonly #context: Context;
  readonly #update = perFrame(() => this.#paint());
  /** What is on show, so that passing events do not take the focus from its links. */
  #shown = '';

  constructor(context: Context) {
    this.#context = context;
    context.state.on((changed) => {
      if (changed.has('selected') || changed.has('at')) this.#update();
    });
    context.onData(this.#update);
    context.keys.on(this.#update);
    this.#paint();
  }

  #paint(): void {
    const { timeline: t, state, host, keys } = this.#context;
    const selected = state.now.selected.filter((life) => life < t.lives);
    const life = selected[0];
    if (life === undefined) {
      this.#shown = '';
      fill(this.element, el('p', { class: 'muted side-hint' }, 'Pick a table on the map to see what is known of it.'));
      return;
    }
    const smallest = keys.at(t.smallest[life] as number);
    const largest = keys.at(t.largest[life] as number);
    const live = t.isLive(life, placeOf(this.#context));
    const died = t.died[life] as number;
    const shown = [selected.join(), live, died, smallest !== undefined, largest !== undefined, t.lives].join(';');
    if (shown === this.#shown) return;
    this.#shown = shown;
    const number = t.number[life] as number;
    const family = state.now.family;
    fill(
      this.element,
      el('h2', {}, `Table ${number}`),
      el(
        'div',
        { class: 'details-state' },
        el('span', { class: 'mark' }, levelName(t.level[life] as number)),
        el('span', {}, size(t.bytes[life] as number)),
        el('span', { class: live ? '' : 'muted' }, live ? 'live here' : 'not live here'),
      ),
      el(
        'div',
        { class: 'details-actions' },
        actionButton('Open Table', 'secondary', () => host.do({ action: 'openTable', table: number })),
        actionButton('Show in Tree', 'secondary', () => host.do({ action: 'revealTable', table: number })),
        actionButton('Compact…', 'secondary', () =>
          host.do({ action: 'compact', family, tables: selected.map((l) => t.number[l] as number) }),
        ),
      ),
      this.#facts(life, smallest, largest),
      this.#moment('Came with', t.born[life] as number),
      died === NEVER
        ? el('p', { class: 'muted details-end' }, 'Still live at the newest edit.')
        : this.#moment('Went with', died),
      selected.length > 1 ? this.#others(selected) : null,
    );
  }

  #facts(life: number, smallest: Uint8Array | undefined, largest: Uint8Array | undefined): HTMLElement {
    const { timeline: t } = this.#context;
    const known = (n: number, text: (n: number) => string): string => (Number.isNaN(n) ? '' : text(n));
    const entries = t.entries[life] as number;
    const deletions = t.deletions[life] as number;
    const bytes = t.bytes[life] as number;
    const rows: (readonly [string, string | Uint8Array])[] = [
      ['Smallest key', smallest ?? '…'],
      ['Largest key', largest ?? '…'],
      ['Entries', known(entries, count)],
      ['Deletions', known(deletions, (n) => `${count(n)}${entries > 0 ? `, ${percent(n / entries)}` : ''}`)],
      ['Uncompressed', known(t.rawBytes[life] as number, (n) => `${size(n)}, ${(n / Math.max(1, bytes)).toFixed(2)}×`)],
      [
        'Filter',
        known(t.filterBytes[life] as number, (n) =>
          n === 0 ? 'none' : `${size(n)}${entries > 0 ? `, ${((n * 8) / entries).toFixed(1)} bits a key` : ''}`,
        ),
      ],
      [
        'Sequence',
        known(t.smallestSeq[life] as number, (n) =>
          n === t.largestSeq[life] ? count(n) : `${count(n)} – ${count(t.largestSeq[life] as number)}`,
        ),
      ],
      ['Created', known(t.createdAt[life] as number, (n) => (n === 0 ? '' : `${timeText(n).slice(0, 19)} UTC`))],
    ];
    const list = el('dl', { class: 'pairs' });
    for (const [name, value] of rows) {
      if (value === '') continue;
      const dd = el('dd', {});
      if (typeof value === 'string') dd.textContent = value;
      else {
        dd.classList.add('mono');
        dd.title = displayKey(value, 400);
        appendLine(dd, value, 'text', true);
      }
      list.append(el('div', { class: 'pair' }, el('dt', {}, name), dd));
    }
    return list;
  }

  #moment(word: string, event: number): HTMLElement {
    const link = el('button', { class: 'link', type: 'button', title: 'Go there' }, `edit ${count(event + 1)}`);
    link.addEventListener('click', () => seek(this.#context, event + 1));
    const text = visibleString(captionAt(this.#context.timeline, event + 1));
    return el('p', { class: 'details-moment' }, `${word} `, link, el('span', { class: 'muted' }, `: ${text}`));
  }

  #others(selected: readonly number[]): HTMLElement {
    const { timeline: t, state } = this.#context;
    const bytes = selected.reduce((sum, life) => sum + (t.bytes[life] as number), 0);
    return el(
      'div',
      { class: 'details-others' },
      el('h3', {}, `${plural(selected.length, 'table')} picked, ${size(bytes)}`),
      ...selected.slice(1, LISTED).map((life) => {
        const text = `${t.number[life] as number}, ${levelName(t.level[life] as number)}, ${size(t.bytes[life] as number)}`;
        const link = el('button', { class: 'link', type: 'button' }, text);
        link.addEventListener('click', () =>
          state.set({ selected: [life, ...state.now.selected.filter((l) => l !== life)] }),
        );
        return el('div', {}, link);
      }),
      selected.length > LISTED ? el('div', { class: 'muted' }, `and ${count(selected.length - LISTED)} more`) : null,
    );
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
