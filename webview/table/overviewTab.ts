/** The first tab: what the table is like as a whole. */
import type { TableProfile, TableRow, TableStats } from '../../engine/protocol/engineApi.ts';
import { section } from '../overview/sections.ts';
import { count, plural, size } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { el, fill, icon } from '../ui/dom.ts';
import { segmented } from '../ui/segmented.ts';
import { dataTable, histogram, shareBar, stackedBar } from './figures.ts';
import type { TableUi } from './uiState.ts';
import { compressionText, deletions, filterVerdict, percent, rawOverStored, savedBy, versionsPerKey } from './words.ts';

const TONES: Readonly<Record<string, number>> = {
  data: 0,
  index: 1,
  filter: 2,
  properties: 3,
  'range deletions': 4,
  'compression dictionary': 5,
  'hash index': 6,
};
const OTHER_TONE = 7;

const NOT_YET = '–';

export class OverviewTab {
  readonly element = el('div', { class: 'panel overview-panel', tabindex: 0 });
  readonly #body = el('div', { class: 'overview-body' });
  readonly #figures;

  constructor(onChange: () => void) {
    this.#figures = segmented<TableUi['figures']>(
      'Show figures as',
      [
        { value: 'charts', label: 'Charts' },
        { value: 'tables', label: 'Tables', title: 'The numbers behind the charts' },
      ],
      'charts',
      () => {
        this.#paintFigures();
        onChange();
      },
    );
    this.element.append(this.#body);
    this.#paintFigures();
  }

  get figures(): TableUi['figures'] {
    return this.#figures.value;
  }

  set figures(value: TableUi['figures']) {
    this.#figures.value = value;
    this.#paintFigures();
  }

  /** `stats` and `profile` are undefined until they are known; the places of their numbers are kept. */
  show(row: TableRow, stats: TableStats | undefined, profile: TableProfile | undefined): void {
    const known = profile?.stats ?? stats;
    // A repaint must not take the focus from the switch of the figures.
    const focused = this.#figures.element.contains(document.activeElement) ? document.activeElement : null;
    fill(
      this.#body,
      numbers(row, known, profile),
      section(
        'File',
        [this.#figures.element],
        profile === undefined
          ? el('div', { class: 'stack-room' })
          : stackedBar(
              'Parts of the file',
              profile.parts.map((p) => ({ name: p.part, bytes: p.bytes, tone: TONES[p.part] ?? OTHER_TONE })),
            ),
      ),
      el(
        'div',
        { class: 'cards' },
        section(
          'Key sizes',
          [],
          profile === undefined ? el('div', { class: 'hist-room-empty' }) : histogram('Key sizes', profile.keySizes),
        ),
        section(
          'Value sizes',
          [],
          profile === undefined
            ? el('div', { class: 'hist-room-empty' })
            : histogram('Value sizes', profile.valueSizes),
        ),
        section('Filter', [], ...(profile === undefined ? [notYet()] : filterCard(profile))),
        section(
          'Entries and compression',
          [],
          ...(profile === undefined ? [notYet()] : [types(profile), codecs(profile)]),
        ),
      ),
    );
    if (focused instanceof HTMLElement) focused.focus();
  }

  #paintFigures(): void {
    this.element.dataset['figures'] = this.#figures.value;
  }
}

function notYet(): HTMLElement {
  return el('p', { class: 'card-note' }, 'Known once the table is measured.');
}

function numbers(row: TableRow, stats: TableStats | undefined, p: TableProfile | undefined): HTMLElement {
  const item = (value: string, name: string, hint: string): HTMLElement =>
    el('div', { class: 'number', title: hint }, el('dt', {}, name), el('dd', {}, value));
  const seq = p === undefined ? [row.smallestSeq, row.largestSeq] : [p.smallestSeq, p.largestSeq];
  const seqText =
    seq[0] === null || seq[1] === null
      ? NOT_YET
      : seq[0] === seq[1]
        ? count(seq[0] ?? 0)
        : `${count(seq[0] ?? 0)} – ${count(seq[1] ?? 0)}`;
  return el(
    'dl',
    { class: 'numbers' },
    item(
      p !== undefined ? count(p.entries) : stats !== undefined ? count(stats.entries) : NOT_YET,
      'entries',
      p === undefined ? 'As the properties state it' : 'Entries that were read, range deletions among them',
    ),
    item(
      p === undefined ? NOT_YET : tombstones(p),
      'tombstones',
      'Deletions of any kind, and their share of the entries',
    ),
    item(p === undefined ? NOT_YET : count(p.keys), 'distinct keys', 'User keys that are not equal'),
    item(
      p === undefined ? NOT_YET : versionsPerKey(p),
      'versions per key',
      'Entries of data blocks over distinct keys: above 1, snapshots or the lack of compaction keep old versions',
    ),
    item(
      p === undefined ? NOT_YET : rawOverStored(p),
      'raw / stored',
      p === undefined
        ? 'Raw bytes of keys and values over bytes of the file'
        : `${size(p.stats.rawKeyBytes)} of keys and ${size(p.stats.rawValueBytes)} of values, raw, in ${size(p.stats.bytes)}`,
    ),
    item(
      stats === undefined && p === undefined ? NOT_YET : count((p?.stats ?? stats)?.dataBlocks ?? 0),
      'data blocks',
      'Blocks that hold entries',
    ),
    item(seqText, 'sequence numbers', 'Oldest and newest write in the table'),
  );
}

function tombstones(p: TableProfile): string {
  const n = deletions(p);
  return n === 0 ? '0' : `${count(n)} · ${percent(p.tombstoneShare)}`;
}

function types(p: TableProfile): HTMLElement {
  const total = Math.max(1, p.entries);
  return dataTable(
    'Entries by type',
    ['Type', 'Entries', 'Share', ''],
    p.types.map((t) => [
      el('span', { class: `type type-${t.type}` }, t.type),
      count(t.count),
      percent(t.count / total),
      shareBar(t.count / total, t.type.endsWith('delete') ? 4 : 0),
    ]),
  );
}

function codecs(p: TableProfile): HTMLElement {
  const lost = p.blocks.offset.length - p.compression.reduce((n, c) => n + c.blocks, 0);
  const rows: (string | HTMLElement)[][] = p.compression.map((c) => [
    visibleString(compressionText(c)),
    count(c.blocks),
    size(c.bytes),
    size(c.rawBytes),
    savedBy(c.rawBytes, c.bytes),
  ]);
  if (lost > 0)
    rows.push([
      el('span', {}, el('span', { class: 'row-problem' }, icon('warning')), 'cannot be read'),
      count(lost),
      '–',
      '–',
      '–',
    ]);
  return dataTable('Data blocks by compression', ['Data blocks', 'Blocks', 'Stored', 'Raw', 'Ratio'], rows);
}

const KINDS: Readonly<Record<string, string>> = {
  full: 'one for the table',
  partitioned: 'in partitions',
  'block-based': 'one for every 2 KiB of the file',
};

/** Why no filter was measured. */
function noFilter(p: TableProfile): string {
  if (!p.parts.some((part) => part.part === 'filter')) {
    return 'None: every look-up in the key range of this table reads a data block.';
  }
  const whole = p.properties.find((x) => x.name === 'rocksdb.block.based.table.whole.key.filtering');
  return whole?.value === '0'
    ? 'The filter holds prefixes of keys only; how good it is for them is not measured.'
    : 'There is a filter, and it cannot be used: it is damaged, as the problems say, or of a kind that is not known.';
}

function filterCard(p: TableProfile): HTMLElement[] {
  const f = p.filter;
  if (f === null) return [el('p', { class: 'card-note' }, noFilter(p))];
  const rate = f.probes === 0 ? null : f.falsePositives / f.probes;
  const verdict = filterVerdict(f);
  const top = Math.max(rate ?? 0, f.expectedRate ?? 0, Number.MIN_VALUE);
  const fact = (name: string, value: string, hint?: string): HTMLElement =>
    el('div', { class: 'fact-row', title: hint }, el('dt', {}, name), el('dd', {}, value));
  const compared = (name: string, value: number | null, words: string, tone: number): HTMLElement =>
    el(
      'div',
      { class: 'compare-row' },
      el('span', { class: 'compare-name' }, name),
      el('span', { class: 'compare-value' }, value === null ? '–' : percent(value)),
      shareBar(value === null ? 0 : value / top, tone),
      el('span', { class: 'compare-note dim' }, words),
    );
  return [
    el(
      'div',
      { class: `verdict ${verdict.kind}` },
      icon(verdict.kind === 'good' ? 'info' : verdict.kind === 'fair' ? 'warning' : 'error'),
      el('span', {}, verdict.text),
    ),
    el(
      'div',
      { class: 'compare', title: 'Absent keys that the filter let through: each would cost a read of a data block' },
      compared(
        'measured',
        rate,
        f.probes === 0 ? '' : `${count(f.falsePositives)} of ${plural(f.probes, 'absent key')}`,
        0,
      ),
      compared('by theory', f.expectedRate, f.hashes === null ? '' : `with ${plural(f.hashes, 'probe')} a key`, 8),
    ),
    el(
      'dl',
      { class: 'fact-rows' },
      fact(
        'Kind',
        `${visibleString(f.name.replace(/^(rocksdb|leveldb)\.\w+: /, ''))}, ${KINDS[f.kind] ?? f.kind}`,
        visibleString(f.name),
      ),
      fact('Bits per key', `${f.bitsPerKey.toFixed(2)} (${size(f.bytes)} for ${plural(f.keys, 'key')})`),
      fact(
        'Keys of the table that it denies',
        f.falseNegatives === 0 ? 'none, as it must be' : count(f.falseNegatives),
        'Every key of the table was asked for. Any that the filter denies cannot be found by a get: that is damage.',
      ),
    ),
    ...(f.falseNegatives === 0
      ? []
      : [
          el(
            'p',
            { class: 'alarm', role: 'alert' },
            `The filter denies ${plural(f.falseNegatives, 'key')} of this table. A get of ${f.falseNegatives === 1 ? 'it' : 'them'} finds nothing or an older value, though a scan shows ${f.falseNegatives === 1 ? 'it' : 'them'}.`,
          ),
        ]),
  ];
}
