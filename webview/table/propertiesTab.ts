/** The tab of the raw properties: name, value, and what the known ones mean; a search box narrows the list. */
import type { TableProfile } from '../../engine/protocol/engineApi.ts';
import { count, plural } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { el, fill, setText, show } from '../ui/dom.ts';
import { propertyNote, propertyReading } from './propertyNotes.ts';

type Property = TableProfile['properties'][number];

export class PropertiesTab {
  readonly element = el('div', { class: 'panel' });
  readonly #search = el('input', { class: 'search', type: 'search', 'aria-label': 'Search the properties' });
  readonly #counted = el('span', { class: 'dim', role: 'status' });
  readonly #rows = el('tbody');
  readonly #table: HTMLElement;
  readonly #none = el('p', { class: 'empty-note muted' });
  #properties: readonly Property[] | undefined;

  constructor(onChange: () => void) {
    this.#search.placeholder = 'Search name, value or meaning';
    this.#search.spellcheck = false;
    this.#search.addEventListener('input', () => {
      this.#paint();
      onChange();
    });
    const head = ['Property', 'Value', 'Meaning'].map((h) => el('th', { scope: 'col' }, h));
    this.#table = el('table', { class: 'data properties' }, el('thead', {}, el('tr', {}, ...head)), this.#rows);
    this.element.append(
      el('div', { class: 'tools' }, this.#search, this.#counted),
      el(
        'div',
        { class: 'panel-scroll', tabindex: 0, role: 'region', 'aria-label': 'Properties' },
        this.#table,
        this.#none,
      ),
    );
    this.#paint();
  }

  get search(): string {
    return this.#search.value;
  }

  set search(text: string) {
    this.#search.value = text;
    this.#paint();
  }

  /** undefined: not read yet. */
  set(properties: readonly Property[] | undefined): void {
    this.#properties = properties;
    this.#paint();
  }

  #paint(): void {
    const all = this.#properties ?? [];
    const wanted = this.#search.value.trim().toLowerCase();
    const found = all.filter(({ name, value }) =>
      [name, value, propertyNote(name)].some((text) => text.toLowerCase().includes(wanted)),
    );
    fill(this.#rows, ...found.map(row));
    show(this.#table, found.length > 0);
    show(this.#none, found.length === 0);
    setText(
      this.#none,
      this.#properties === undefined
        ? 'Not read yet.'
        : all.length === 0
          ? 'This table states no properties. Tables of LevelDB never do; the overview shows what was counted.'
          : 'No property matches.',
    );
    const words = all.length === 0 ? '' : plural(all.length, 'property', 'properties');
    setText(this.#counted, wanted === '' || words === '' ? words : `${count(found.length)} of ${words}`);
  }
}

function row({ name, value }: Property): HTMLElement {
  const reading = propertyReading(name, value);
  const dot = name.startsWith('rocksdb.') ? 'rocksdb.' : '';
  return el(
    'tr',
    {},
    el(
      'th',
      { scope: 'row', class: 'mono' },
      dot === '' ? null : el('span', { class: 'dim' }, dot),
      visibleString(name.slice(dot.length)),
    ),
    el(
      'td',
      { class: 'mono property-value' },
      visibleString(value),
      reading === '' ? null : el('span', { class: 'dim reading' }, reading),
    ),
    el('td', { class: 'property-note muted' }, propertyNote(name)),
  );
}
