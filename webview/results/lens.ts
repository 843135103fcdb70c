/**
 * The choice of a lens above rows, and whether values are shown. Rows wait for `ready`, so that neither raw bytes
 * nor values that are to be hidden are seen first.
 */
import type { LensInfo } from '../../engine/protocol/engineApi.ts';
import type { LensChoice } from '../../engine/protocol/viewApi.ts';
import { visibleString } from '../text/visible.ts';
import { el, fill, icon, show } from '../ui/dom.ts';
import type { Host, ViewCall } from '../ui/host.ts';
import { firstLens, hidesValues, readsKeys, whyText } from './lensChoice.ts';

/** How rows are read: what cells and the detail pane go by. */
export interface LensLook {
  readonly title: string | undefined;
  /** Keys that it does not read are an exception. */
  readonly readsKeys: boolean;
  readonly masked: boolean;
}

export const NO_LENS: LensLook = { title: undefined, readsKeys: false, masked: false };

export interface LensActions {
  readonly host: Host;
  /** Which lenses fit; those of the family in the store, if it is not told. */
  ask?(family: number): ViewCall<readonly LensInfo[]>;
  /** Only lenses that fit can be chosen. */
  readonly fittingOnly?: boolean;
  /** Rows have to be asked for again. */
  changed(): void;
  /** Values are shown or hidden from now on. */
  unmasked(): void;
}

/** Stands for a format that the person is asked for. */
const OTHER = 'other';

export class LensPicker {
  readonly element = el('div', { class: 'lens' });
  readonly #a: LensActions;
  readonly #select = el('select', { class: 'lens-select', 'aria-label': 'Lens: how keys and values are read' });
  readonly #label = el('span', { class: 'lens-label', 'aria-hidden': true }, 'Lens');
  readonly #reveal = el('button', { class: 'icon-button', type: 'button' });
  #found: readonly LensInfo[] = [];
  #family = 0;
  #id: string | undefined;
  #masked = false;
  #call: ViewCall<readonly LensInfo[]> | undefined;
  #ready: Promise<void> = Promise.resolve();

  constructor(actions: LensActions) {
    this.#a = actions;
    this.element.append(this.#label, this.#select, this.#reveal);
    this.#select.addEventListener('change', () => {
      const { value } = this.#select;
      if (value !== OTHER) {
        this.#choose(value);
        return;
      }
      this.#paint();
      this.#a.host.do({ action: 'askFormat', family: this.#family });
    });
    this.#reveal.addEventListener('click', () => {
      this.masked = !this.#masked;
    });
    this.#paint();
  }

  /** The lens that rows are asked for with. */
  get id(): string | undefined {
    return this.#id;
  }

  get look(): LensLook {
    const lens = this.#found.find((l) => l.id === this.#id);
    return { title: lens?.title, readsKeys: lens !== undefined && readsKeys(lens), masked: this.#masked };
  }

  /** Settled once it is known which lenses fit; never rejects. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  get masked(): boolean {
    return this.#masked;
  }

  set masked(masked: boolean) {
    if (masked === this.#masked) return;
    this.#masked = masked;
    this.#paint();
    this.#a.unmasked();
  }

  /** Asks which lenses fit a family. What was shown stays shown while the page lives. */
  start(family: number, choice: LensChoice): void {
    this.#call?.cancel();
    const isNew = family !== this.#family || this.#found.length === 0;
    this.#family = family;
    const { chosen } = choice;
    const format = chosen === undefined || chosen === null ? {} : { format: chosen };
    const call = this.#a.ask?.(family) ?? this.#a.host.call('lenses', { family, ...format });
    this.#call = call;
    const settle = (found: readonly LensInfo[]): void => {
      if (this.#call !== call) return;
      this.#call = undefined;
      this.#found = found;
      const kept = !isNew && found.some((l) => l.id === this.#id);
      if (!kept) this.#id = firstLens(found, choice);
      if (isNew) this.#masked = hidesValues(found);
      this.#paint();
    };
    // A store whose lenses cannot be told has none: its rows say what is wrong with it.
    this.#ready = call.result.then(settle, () => settle(this.#found));
  }

  /** A format was chosen for a family elsewhere: it is looked through here too. */
  chosen(family: number, lens: string): void {
    if (family !== this.#family || lens === this.#id || this.#a.fittingOnly === true) return;
    this.#id = undefined;
    this.start(family, { auto: true, chosen: lens });
    this.#a.changed();
  }

  #choose(value: string): void {
    const id = value === '' ? undefined : value;
    if (id === this.#id) return;
    this.#id = id;
    this.#paint();
    this.#a.host.do({ action: 'chooseLens', family: this.#family, lens: id ?? null });
    this.#a.changed();
  }

  #paint(): void {
    const others = this.#a.fittingOnly !== true;
    show(this.element, others || this.#found.length > 0);
    const choices = [
      el('option', { class: 'lens-none' }, 'none'),
      ...this.#found.map((lens) => el('option', {}, visibleString(lens.title))),
    ];
    choices.forEach((option, i) => {
      option.value = this.#found[i - 1]?.id ?? '';
      option.selected = option.value === (this.#id ?? '');
    });
    const other = el('option', { class: 'lens-other' }, 'Other format…');
    other.value = OTHER;
    fill(this.#select, ...choices, others ? other : null);
    const lens = this.#found.find((l) => l.id === this.#id);
    this.#select.title = lens === undefined ? 'Keys and values as they are stored' : visibleString(whyText(lens));
    const sensitive = hidesValues(this.#found);
    show(this.#reveal, sensitive);
    const label = this.#masked ? 'Show values, which may hold secrets' : 'Hide values';
    this.#reveal.title = label;
    this.#reveal.setAttribute('aria-label', 'Show values');
    this.#reveal.setAttribute('aria-pressed', String(!this.#masked));
    fill(this.#reveal, icon(this.#masked ? 'hidden' : 'eye'));
  }
}

/** A call that begins when `ready` has settled; cancelled before, it never does. */
export function callWhen<T>(ready: Promise<void>, start: () => ViewCall<T>): ViewCall<T> {
  let call: ViewCall<T> | undefined;
  let cancelled = false;
  const result = ready.then(() => {
    if (cancelled) return new Promise<T>(() => {});
    call = start();
    return call.result;
  });
  return {
    result,
    cancel: () => {
      cancelled = true;
      call?.cancel();
    },
  };
}
