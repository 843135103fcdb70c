/** The line above the records: which keys, which column family, and what became of them, with counts. */

import { displayKey } from '../../engine/model/display.ts';
import { parseKey } from '../../engine/model/keyInput.ts';
import type { EvidenceCounts, EvidenceFamily, EvidenceStatus } from '../../engine/protocol/engineApi.ts';
import { count } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { el, fill, iconButton, setText, show } from '../ui/dom.ts';
import { STATUS_HINTS } from './rows.ts';

export const STATUSES: readonly EvidenceStatus[] = ['live', 'shadowed', 'deleted', 'tombstone', 'orphan'];

/** Milliseconds after the last key stroke until the records are narrowed. */
const TYPING_MILLIS = 500;

export interface FilterScope {
  readonly family?: string;
  readonly prefix?: Uint8Array;
}

export interface FilterActions {
  /** Other statuses are to be shown. */
  statusesChanged(): void;
  /** Other keys, or another family. */
  scopeChanged(scope: FilterScope): void;
}

export class Filter {
  readonly element: HTMLElement;
  readonly #a: FilterActions;
  readonly #chips = new Map<EvidenceStatus, { button: HTMLButtonElement; number: HTMLElement }>();
  readonly #chosen = new Set<EvidenceStatus>();
  readonly #input = el('input', { type: 'text', class: 'prefix', 'aria-label': 'Keys that begin with' });
  readonly #clear: HTMLButtonElement;
  readonly #wrong = el('span', { class: 'wrong', role: 'status' });
  readonly #family = el('select', { class: 'lens-select family', 'aria-label': 'Column family' });
  #typing: ReturnType<typeof setTimeout> | undefined;
  #asked = '';

  constructor(actions: FilterActions) {
    this.#a = actions;
    this.#input.placeholder = 'Keys that begin with…';
    this.#input.title = "Text, 0xHEX, or 'text with \\xNN escapes'";
    this.#input.spellcheck = false;
    this.#input.addEventListener('input', () => {
      clearTimeout(this.#typing);
      this.#check();
      this.#typing = setTimeout(() => this.#submit(), TYPING_MILLIS);
    });
    this.#input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.#submit();
      else if (event.key === 'Escape' && this.#input.value !== '') this.#empty();
      else return;
      event.preventDefault();
    });
    this.#clear = iconButton('close', 'Show all keys', () => {
      this.#empty();
      this.#input.focus();
    });
    this.#family.addEventListener('change', () => this.#submit(true));
    const chips = el('div', { class: 'chips', role: 'group', 'aria-label': 'Show only records that are' });
    for (const status of STATUSES) {
      const number = el('span', { class: 'chip-count' }, '0');
      const button = el(
        'button',
        { class: 'chip', type: 'button', 'aria-pressed': false, title: STATUS_HINTS[status] },
        el('span', { class: `became became-${status}` }, status),
        number,
      );
      button.addEventListener('click', () => this.#toggle(status));
      this.#chips.set(status, { button, number });
      chips.appendChild(button);
    }
    this.element = el(
      'div',
      { class: 'filter', role: 'search' },
      el('div', { class: 'prefix-box' }, this.#input, this.#clear),
      this.#family,
      chips,
      this.#wrong,
    );
    show(this.#clear, false);
    show(this.#family, false);
  }

  /** Those that are picked; none for all. */
  get statuses(): readonly EvidenceStatus[] {
    return STATUSES.filter((s) => this.#chosen.has(s));
  }

  set statuses(statuses: readonly EvidenceStatus[]) {
    this.#chosen.clear();
    for (const s of statuses) this.#chosen.add(s);
    this.#paint();
  }

  /** What is shown now. What a person is typing stays. */
  start({ family, prefix }: FilterScope, families: readonly EvidenceFamily[]): void {
    const options = [el('option', {}, 'all families'), ...families.map((f) => el('option', {}, visibleString(f.name)))];
    options.forEach((option, i) => {
      option.value = String(i - 1);
      option.selected = i === 0 ? family === undefined : families[i - 1]?.name === family;
    });
    fill(this.#family, ...options);
    this.#names = families.map((f) => f.name);
    show(this.#family, families.length > 1);
    const [first] = families;
    const prefixes =
      family === undefined ? families.every((f) => f.prefixes) : families.find((f) => f.name === family)?.prefixes;
    this.#input.disabled = prefixes === false || first === undefined;
    this.#input.placeholder = prefixes === false ? 'Its order does not go by bytes' : 'Keys that begin with…';
    if (document.activeElement !== this.#input) {
      this.#input.value = prefix === undefined ? '' : displayKey(prefix, 4 * prefix.length + 2);
      this.#asked = this.#state();
    }
    this.#check();
  }

  counts(counts: EvidenceCounts): void {
    for (const [status, { number, button }] of this.#chips) {
      setText(number, count(counts[status]));
      button.classList.toggle('none', counts[status] === 0);
    }
  }

  #names: readonly string[] = [];

  #toggle(status: EvidenceStatus): void {
    if (!this.#chosen.delete(status)) this.#chosen.add(status);
    this.#paint();
    this.#a.statusesChanged();
  }

  #paint(): void {
    for (const [status, { button }] of this.#chips) {
      button.setAttribute('aria-pressed', String(this.#chosen.has(status)));
    }
  }

  #empty(): void {
    this.#input.value = '';
    this.#check();
    this.#submit();
  }

  /** The prefix that is typed; says what is wrong with it. */
  #check(): Uint8Array | undefined | 'wrong' {
    const { value } = this.#input;
    show(this.#clear, value !== '');
    const parsed = value === '' ? undefined : parseKey(value);
    const message = parsed?.ok === false ? parsed.message : '';
    setText(this.#wrong, message);
    this.#input.setAttribute('aria-invalid', String(message !== ''));
    if (parsed === undefined) return undefined;
    return parsed.ok ? parsed.bytes : 'wrong';
  }

  #submit(anyway = false): void {
    clearTimeout(this.#typing);
    const prefix = this.#check();
    if (prefix === 'wrong' || (!anyway && this.#state() === this.#asked)) return;
    this.#asked = this.#state();
    const family = this.#names[Number(this.#family.value)];
    this.#a.scopeChanged({
      ...(family === undefined ? {} : { family }),
      ...(prefix === undefined ? {} : { prefix }),
    });
  }

  #state(): string {
    return `${this.#family.value} ${this.#input.value}`;
  }
}
