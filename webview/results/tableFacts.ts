/** What a table says about itself, for the detail pane of a tab that shows one table while no row is selected. */
import type { TableDetails } from '../../engine/protocol/engineApi.ts';
import { count, plural, size } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { el } from '../ui/dom.ts';
import { noticeElement, placeOf } from '../ui/notices.ts';

export function tableFacts(details: TableDetails): HTMLElement[] {
  const { stats, properties, problems } = details;
  const facts: [string, string][] = [
    ['Size', `${size(stats.bytes)} in ${plural(stats.dataBlocks, 'data block')}`],
    ['Entries', entriesText(stats)],
    ['Keys and values, raw', `${size(stats.rawKeyBytes)} and ${size(stats.rawValueBytes)}`],
    ['Compression', visibleString(stats.compression)],
    ['Filter', stats.filter === null ? 'none' : `${visibleString(stats.filter)}, ${size(stats.filterBytes)}`],
    [
      'Format',
      `version ${stats.formatVersion}, ${visibleString(stats.indexType)} index, ${visibleString(stats.checksum)}`,
    ],
  ];
  if (stats.smallestSeq !== null && stats.largestSeq !== null) {
    facts.push(['Sequence numbers', `${count(stats.smallestSeq)} to ${count(stats.largestSeq)}`]);
  }
  if (stats.createdAt !== null) facts.push(['Created', new Date(stats.createdAt).toLocaleString()]);
  const shown = problems.map((p) => {
    const place = placeOf(p);
    const text = `${p.code}: ${p.message}${place === '' ? '' : ` (${place})`}`;
    return noticeElement({ kind: 'warning', text: visibleString(text) });
  });
  const parts = [...shown, section('Table', factTable(facts))];
  if (properties.length > 0) {
    parts.push(
      section('Properties', factTable(properties.map((p) => [visibleString(p.name), visibleString(p.value)] as const))),
    );
  }
  return parts;
}

function entriesText(stats: TableDetails['stats']): string {
  const parts = [count(stats.entries)];
  if (stats.deletions > 0) parts.push(plural(stats.deletions, 'deletion'));
  if (stats.rangeDeletions > 0) parts.push(plural(stats.rangeDeletions, 'range deletion'));
  if (stats.merges > 0) parts.push(plural(stats.merges, 'merge operand'));
  return parts.join(', ');
}

function factTable(facts: readonly (readonly [string, string])[]): HTMLElement {
  const rows = facts.map(([name, value]) => el('tr', {}, el('th', { scope: 'row' }, name), el('td', {}, value)));
  return el('table', { class: 'entity' }, el('tbody', {}, ...rows));
}

function section(title: string, content: HTMLElement): HTMLElement {
  return el('div', { class: 'detail-section' }, el('div', { class: 'detail-title' }, el('h2', {}, title)), content);
}
