/** Parts of the overview tab that only show what the summary says. */
import type { FamilySummary, StoreSummary } from '../../engine/protocol/engineApi.ts';
import { count, plural, ratio, size } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { type Child, el, icon } from '../ui/dom.ts';
import { barShare, comparatorName, engineName, shapeOf } from './metrics.ts';

/** A part of the page with a heading; `tools` stand at the heading's right. */
export function section(title: string, tools: readonly Child[], ...content: readonly Child[]): HTMLElement {
  const heading = el('div', { class: 'section-head' }, el('h2', {}, title), el('span', { class: 'spring' }), ...tools);
  return el('section', { class: 'section', 'aria-label': title }, heading, ...content);
}

/** Engine, where the data is, and as of when. */
export function storeFacts(s: StoreSummary): HTMLElement {
  const asOf = s.kind === 'table' ? 'a single table' : `as of edit ${count(s.edits)} of ${visibleString(s.manifest)}`;
  return el(
    'div',
    { class: 'facts' },
    el('span', { class: 'badge' }, visibleString(engineName(s.engine, s.version))),
    s.locked
      ? el(
          'span',
          { class: 'badge live', title: 'A running process holds the LOCK; what is shown follows its writes' },
          icon('lock'),
          'in use by a running process',
        )
      : el('span', { class: 'badge', title: 'No process holds the LOCK' }, 'not in use'),
    el('span', {}, asOf),
    el('span', {}, `sequence ${count(s.lastSequence)}`),
    el('span', {}, 'opened read-only'),
  );
}

/** The few numbers that say what shape the family is in. */
export function numbers(family: FamilySummary): HTMLElement {
  const shape = shapeOf(family);
  const item = (value: string, name: string, hint: string): HTMLElement =>
    el('div', { class: 'number', title: hint }, el('dt', {}, name), el('dd', {}, value));
  return el(
    'dl',
    { class: 'numbers' },
    item(count(family.tables), 'tables', 'Live tables of all levels'),
    item(size(family.bytes), 'in tables', 'Bytes of all live tables'),
    item(
      count(shape.sortedRuns),
      'sorted runs',
      'Read amplification: the most places that a get may have to look into',
    ),
    item(
      shape.spaceAmplification === null ? '–' : ratio(shape.spaceAmplification),
      'space amp (est.)',
      'Bytes of all levels over bytes of the last one; garbage inside a level is not counted',
    ),
    item(count(family.memtable.entries), 'entries in the WAL', 'Written, and not yet in any table'),
    family.blobFiles.length === 0
      ? null
      : item(size(family.blobBytes), 'in blob files', plural(family.blobFiles.length, 'blob file')),
  );
}

/** The families of a store, of which one is shown below. */
export function familyTable(s: StoreSummary, shown: number, onPick: (family: number) => void): HTMLElement {
  const widest = Math.max(1, ...s.families.map((f) => f.bytes));
  const rows = s.families.map((f) => {
    const name = el('button', { class: 'link', type: 'button', 'aria-pressed': f.id === shown }, visibleString(f.name));
    name.addEventListener('click', () => onPick(f.id));
    const filled = el('div', { class: 'level-fill' });
    filled.style.width = `${barShare(f.bytes, widest) * 100}%`;
    return el(
      'tr',
      { class: f.id === shown ? 'current' : '' },
      el('th', { scope: 'row' }, name),
      el('td', { class: 'bar-cell' }, el('div', { class: 'level-bar', 'aria-hidden': 'true' }, filled)),
      el('td', { class: 'right' }, count(f.tables)),
      el('td', { class: 'right' }, size(f.bytes)),
      el('td', { class: 'right' }, count(f.memtable.entries)),
      el('td', {}, visibleString(f.compaction)),
      el('td', { title: visibleString(f.comparator) }, visibleString(comparatorName(f.comparator))),
    );
  });
  const heading = (text: string, kind = ''): HTMLElement => el('th', { scope: 'col', class: kind }, text);
  const head = el(
    'tr',
    {},
    heading('Family'),
    heading('Bytes', 'bar-cell'),
    heading('Tables', 'right'),
    heading('Size', 'right'),
    heading('In WAL', 'right'),
    heading('Compaction'),
    heading('Order'),
  );
  return el(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Column families' },
    el('table', { class: 'data' }, el('thead', {}, head), el('tbody', {}, ...rows)),
  );
}

/** Comparator, merge operator, and the options that the engine's OPTIONS file states. */
export function optionList(family: FamilySummary): HTMLElement {
  const rows: [string, string][] = [
    ['comparator', family.comparator],
    ['merge operator', family.mergeOperator ?? 'none'],
    ['compaction', family.compaction],
    ...Object.entries(family.options).filter(([name]) => name !== 'comparator' && name !== 'merge_operator'),
  ];
  return el(
    'dl',
    { class: 'options' },
    ...rows.map(([name, value]) =>
      el(
        'div',
        { class: 'option' },
        el('dt', {}, visibleString(name)),
        el('dd', {}, el('span', { class: 'mono' }, visibleString(value)), sizeOfOption(name, value)),
      ),
    ),
  );
}

/** What a byte count of an option is in words; nothing for other numbers. */
function sizeOfOption(name: string, value: string): HTMLElement | null {
  if (!/size|bytes|limit|buffer/.test(name) || !/^[1-9]\d{4,15}$/.test(value)) return null;
  return el('span', { class: 'dim option-size' }, size(Number(value)));
}

export function walTable(s: StoreSummary): HTMLElement {
  if (s.wal.length === 0) return el('p', { class: 'muted' }, 'No write-ahead log.');
  return plainTable(
    ['File', 'Size', 'Write batches'],
    s.wal.map((w) => [visibleString(w.file), size(w.bytes), count(w.records)]),
  );
}

export function blobTable(family: FamilySummary): HTMLElement {
  return plainTable(
    ['File', 'Size', 'Values', 'Garbage'],
    family.blobFiles.map((b) => [
      visibleString(b.file),
      size(b.bytes),
      count(b.count),
      b.garbageCount === 0 ? 'none' : `${plural(b.garbageCount, 'value')}, ${size(b.garbageBytes)}`,
    ]),
  );
}

/** First column left, the rest right. */
function plainTable(headings: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  const kind = (i: number): string => (i === 0 ? '' : 'right');
  return el(
    'table',
    { class: 'data plain' },
    el('thead', {}, el('tr', {}, ...headings.map((h, i) => el('th', { scope: 'col', class: kind(i) }, h)))),
    el(
      'tbody',
      {},
      ...rows.map((row) =>
        el('tr', {}, ...row.map((cell, i) => el('td', { class: i === 0 ? 'mono' : 'right' }, cell))),
      ),
    ),
  );
}
