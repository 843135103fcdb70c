/** The pane at the side: tables, or the ladder of an explained get. */
import { el, iconButton, show } from '../ui/dom.ts';
import { segmented } from '../ui/segmented.ts';
import { splitter } from '../ui/splitter.ts';
import type { Arrangement } from './arrangement.ts';
import type { Context, Pane } from './context.ts';
import { DetailsPane } from './details.ts';
import { EditTablesPane } from './editTables.ts';
import { LadderPane } from './ladder.ts';

const WIDTH_MIN = 220;
/** Pixels that dragging the line leaves for the map. */
const REST_MIN = 320;

export class SidePane implements Pane {
  readonly element: HTMLElement;
  /** The line that sets its width. */
  readonly splitter: HTMLElement;
  readonly #arrangement: Arrangement;
  readonly #tables: HTMLElement;
  readonly #ladder: LadderPane;
  readonly #editTables: EditTablesPane;
  readonly #choice;
  readonly #split;

  constructor(context: Context, arrangement: Arrangement, closed: () => void) {
    this.#arrangement = arrangement;
    this.#ladder = new LadderPane(context);
    this.#editTables = new EditTablesPane(context);
    this.#tables = el('div', { class: 'details' }, new DetailsPane(context).element, this.#editTables.element);
    this.#choice = segmented<'details' | 'explain'>(
      'Side pane',
      [
        { value: 'details', label: 'Tables' },
        { value: 'explain', label: 'Explain' },
      ],
      'details',
      (side) => arrangement.set({ side }),
    );
    const close = iconButton('close', 'Close the side pane', () => {
      arrangement.set({ side: 'off' });
      closed();
    });
    this.element = el(
      'aside',
      { class: 'vis-side', 'aria-label': 'Details' },
      el('div', { class: 'side-head' }, this.#choice.element, el('span', { class: 'spring' }), close),
      el('div', { class: 'side-body' }, this.#tables, this.#ladder.element),
    );
    this.#split = splitter({
      label: 'Width of the side pane',
      min: WIDTH_MIN,
      max: () => Math.max(WIDTH_MIN, document.body.clientWidth - REST_MIN),
      sideways: () => true,
      get: () => arrangement.now.sideWidth,
      set: (sideWidth) => arrangement.set({ sideWidth }),
    });
    this.splitter = this.#split.element;
    arrangement.on(() => this.refresh());
    context.state.on((changed) => {
      if (changed.has('explain') && context.state.now.explain !== undefined) arrangement.set({ side: 'explain' });
    });
  }

  refresh(): void {
    const { side, sideWidth } = this.#arrangement.now;
    const open = side !== 'off';
    show(this.element, open);
    show(this.splitter, open);
    this.element.style.width = `${sideWidth}px`;
    if (side !== 'off') this.#choice.value = side;
    show(this.#tables, side === 'details');
    show(this.#ladder.element, side === 'explain');
    this.#split.refresh();
    this.#editTables.refresh();
  }
}
