/** A list with a pane for the details of a row: below it, beside it, or not at all. Parts of the pages style it. */
import { el, iconButton, show } from './dom.ts';
import { splitter } from './splitter.ts';

export type DetailPlace = 'off' | 'bottom' | 'right';

/** Pixels that the pane takes in either place. */
export interface DetailSizes {
  readonly bottom: number;
  readonly right: number;
}

/** Pixels that the list keeps. */
const LIST_WIDTH_MIN = 240;
const LIST_HEIGHT_MIN = 120;

export class DetailSplit {
  /** Holds what is put into it, and the pane behind that. */
  readonly element = el('div', { class: 'split' });
  /** They show and hide the pane in either place. */
  readonly buttons: readonly HTMLElement[];
  readonly #pane: HTMLElement;
  readonly #changed: () => void;
  readonly #below = iconButton('panelBottom', 'Detail pane below', () => this.#toggle('bottom'));
  readonly #beside = iconButton('panelRight', 'Detail pane at the side', () => this.#toggle('right'));
  readonly #divider;
  #at: DetailPlace = 'bottom';
  #sizes: DetailSizes = { bottom: 220, right: 360 };

  /** `min`: pixels of the pane. `changed` is called when a person moves it. */
  constructor(pane: HTMLElement, min: number, changed: () => void) {
    this.#pane = pane;
    this.#changed = changed;
    this.buttons = [this.#below, this.#beside];
    this.#divider = splitter({
      label: 'Size of the detail pane',
      min,
      max: () =>
        this.#at === 'right' ? this.element.clientWidth - LIST_WIDTH_MIN : this.element.clientHeight - LIST_HEIGHT_MIN,
      sideways: () => this.#at === 'right',
      get: () => this.#size,
      set: (size) => {
        this.#sizes = this.#at === 'right' ? { ...this.#sizes, right: size } : { ...this.#sizes, bottom: size };
        this.#layOut();
        changed();
      },
    });
    this.element.append(this.#divider.element, pane);
  }

  get at(): DetailPlace {
    return this.#at;
  }

  get sizes(): DetailSizes {
    return this.#sizes;
  }

  place(at: DetailPlace, sizes: DetailSizes = this.#sizes): void {
    this.#at = at;
    this.#sizes = sizes;
    this.element.dataset['detail'] = at;
    this.#layOut();
    this.#divider.refresh();
    show(this.#divider.element, at !== 'off');
    show(this.#pane, at !== 'off');
    this.#below.setAttribute('aria-pressed', String(at === 'bottom'));
    this.#beside.setAttribute('aria-pressed', String(at === 'right'));
    this.#changed();
  }

  #toggle(at: DetailPlace): void {
    this.place(this.#at === at ? 'off' : at);
  }

  get #size(): number {
    return this.#at === 'right' ? this.#sizes.right : this.#sizes.bottom;
  }

  #layOut(): void {
    this.element.style.setProperty('--detail', `${this.#size}px`);
  }
}
