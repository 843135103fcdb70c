/** The line that tells which tables may hold the key that was searched for, each a button that picks it. */
import { displayKey } from '../../engine/model/display.ts';
import type { TreeAt } from '../../engine/model/timeline/timeline.ts';
import { levelName, plural } from '../text/numbers.ts';
import { el, fill, iconButton, show } from '../ui/dom.ts';
import type { VisualizerState } from './state.ts';

/** Tables named; the count tells of the others. */
const NAMED = 12;

export interface FoundActions {
  pick(life: number): void;
  clear(): void;
}

export class FoundLine {
  readonly element = el('div', { class: 'map-found', role: 'group', 'aria-label': 'Tables that may hold the key' });
  readonly #actions: FoundActions;
  #shown = '';

  constructor(actions: FoundActions) {
    this.#actions = actions;
    show(this.element, false);
  }

  set(tree: TreeAt, search: VisualizerState['search'], lives: readonly number[]): void {
    show(this.element, search !== undefined);
    if (search === undefined) {
      this.#shown = '';
      return;
    }
    const t = tree.timeline;
    const shown = `${displayKey(search.key)} ${search.position} ${lives.join()}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    const buttons = lives.slice(0, NAMED).map((life) => {
      const name = `${levelName(t.level[life] as number)} #${t.number[life]}`;
      const button = el(
        'button',
        { type: 'button', class: 'found-table', title: `Pick table ${t.number[life]}` },
        name,
      );
      button.addEventListener('click', () => this.#actions.pick(life));
      return button;
    });
    fill(
      this.element,
      el('span', { class: 'found-key mono' }, displayKey(search.key, 48)),
      el('span', {}, lives.length === 0 ? 'is in no table here' : `may be in ${plural(lives.length, 'table')}:`),
      ...buttons,
      lives.length > NAMED ? el('span', { class: 'dim' }, `and ${lives.length - NAMED} more`) : null,
      el('span', { class: 'spring' }),
      iconButton('close', 'Clear the search', () => this.#actions.clear()),
    );
  }
}
