/** The list of keys, shown on `?`. */
import { el, iconButton } from '../ui/dom.ts';
import type { Pane } from './context.ts';

const KEYS: readonly (readonly [string, string])[] = [
  ['Space', 'Play, pause'],
  ['← →', 'One edit back, forward'],
  ['Shift ← →', '10 edits back, forward'],
  [', .  < >', 'The same while the map or a list has the focus'],
  ['Home End', 'To the start, to the newest edit'],
  ['[ ]', 'Slower, faster'],
  ['+ − 0', 'Zoom the scrubber while it has the focus'],
  ['/', 'Search a key'],
  ['Arrows, Enter', 'On the map: from table to table, open one'],
  ['?', 'This list'],
];

export class ShortcutsPane implements Pane {
  readonly element: HTMLElement;
  #before: HTMLElement | null = null;

  constructor() {
    const close = iconButton('close', 'Close', () => this.toggle());
    this.element = el(
      'div',
      { class: 'shortcuts', role: 'dialog', 'aria-label': 'Keys' },
      el('div', { class: 'side-head' }, el('h2', {}, 'Keys'), el('span', { class: 'spring' }), close),
      el(
        'dl',
        { class: 'pairs' },
        ...KEYS.map(([k, what]) => el('div', { class: 'pair' }, el('dt', {}, k), el('dd', {}, what))),
      ),
    );
    this.element.hidden = true;
    this.element.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      this.toggle();
    });
  }

  get open(): boolean {
    return !this.element.hidden;
  }

  toggle(): void {
    const opening = this.element.hidden;
    this.element.hidden = !opening;
    if (opening) {
      this.#before = document.activeElement as HTMLElement | null;
      this.element.querySelector('button')?.focus();
    } else this.#before?.focus();
  }
}
