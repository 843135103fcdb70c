/** The read path of `lsm get --explain`: a ladder of aligned lines for people, one document for programs. */
import type { Problem } from '../base/errors.ts';
import { counted, displayKey, formatBytes, formatCount } from '../model/display.ts';
import type { ReadPath, ReadStep } from '../protocol/engineApi.ts';
import { bytesJson, bytesText, entryJson, escapeText, numberJson } from './format.ts';

/** Characters of a key in the ladder, at most. */
const KEY_CHARS = 24;
const GAP = '  ';

/** Title, a row and a reason for each step, what was never touched, sums, and the answer in the last line. */
export function explainText(path: ReadPath, familyName: string): string {
  const head = ['step', 'level', 'table', 'bytes', 'range', 'filter', 'block', 'result', 'time'];
  const rows = path.steps.map((s, i) => [
    String(i + 1),
    s.level < 0 ? 'WAL' : `L${s.level}`,
    escapeText(s.file) || '-',
    formatBytes(s.bytes),
    rangeText(s),
    filterText(s),
    blockText(s),
    s.outcome,
    micros(s.micros),
  ]);
  const widths = head.map((h, column) => Math.max(h.length, ...rows.map((r) => (r[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((c, i) => c.padEnd(widths[i] ?? 0))
      .join(GAP)
      .trimEnd();
  const indent = ' '.repeat((widths[0] ?? 0) + GAP.length);
  const ladder = rows.flatMap((r, i) => [line(r), `${indent}${escapeText(path.steps[i]?.why ?? '')}`]);
  return [
    `get ${displayKey(path.key)} of ${escapeText(familyName)} as of sequence ${path.at}`,
    '',
    line(head),
    ...ladder,
    '',
    ...skippedText(path),
    totalsText(path),
    ...answerText(path),
    '',
  ].join('\n');
}

function rangeText(s: ReadStep): string {
  if (s.smallest === null || s.largest === null) return 'any key';
  return `${displayKey(s.smallest, KEY_CHARS)} .. ${displayKey(s.largest, KEY_CHARS)}`;
}

function filterText(s: ReadStep): string {
  if (s.filter === null) return '-';
  const { verdict, falsePositive, bitsPerKey } = s.filter;
  const bits = bitsPerKey === null ? '' : `, ${bitsPerKey.toFixed(1)} bits/key`;
  return `${verdict}${falsePositive === true ? ', false positive' : ''}${bits}`;
}

function blockText(s: ReadStep): string {
  const [first] = s.blocks;
  if (first === undefined) return '-';
  const more = s.blocks.length === 1 ? '' : ` and ${s.blocks.length - 1} more`;
  const of = s.index === null ? '' : ` of ${s.index.blocks}`;
  const from = first.cached ? 'cache' : 'file';
  return `${first.block}${of} at ${first.offset}, ${formatBytes(first.bytes)}, ${from}${more}`;
}

function micros(n: number): string {
  return n >= 1000 ? `${(n / 1000).toFixed(2)} ms` : `${n.toFixed(n < 10 ? 1 : 0)} µs`;
}

function skippedText(path: ReadPath): string[] {
  if (path.skipped.length === 0) return [];
  const parts = path.skipped.map(({ level, tables, numbers }) => {
    const more = tables > numbers.length ? ', …' : '';
    return `L${level}: ${counted(tables, 'table')} (${numbers.join(', ')}${more})`;
  });
  return [`left out by their bounds  ${parts.join('; ')}`];
}

function totalsText({ totals: t, micros: all }: ReadPath): string {
  return [
    `in all                    ${counted(t.tablesAsked, 'table')} asked`,
    `${formatCount(t.filtered)} filtered`,
    counted(t.falsePositives, 'false positive'),
    `${counted(t.blocksRead, 'block')} read (${formatBytes(t.bytesRead)})`,
    `${formatCount(t.blocksCached)} from the cache`,
    micros(all),
  ].join(', ');
}

function answerText({ entry, steps, problems }: ReadPath): string[] {
  if (entry === undefined) {
    const deleted = steps.some((s) => s.outcome === 'deleted');
    const doubt = problems.length > 0 ? ', as far as could be read' : '';
    return [`answer                    not found${deleted ? ' (deleted)' : doubt}`];
  }
  const where = entry.level < 0 ? 'the write-ahead log' : `L${entry.level}, table ${entry.table}`;
  const found = `answer                    ${entry.type} of sequence ${entry.seq} in ${where}`;
  if (entry.operands !== undefined || entry.columns !== undefined) {
    return [found, JSON.stringify(entryJson(entry, false))];
  }
  if (entry.value === null) return [`${found}; its value cannot be read`];
  return [`${found}, ${counted(entry.valueSize, 'byte')}`, bytesText(entry.value)];
}

/** Every `Uint8Array` as `bytesJson` shows it, every number beyond 2^53 as a string. */
function jsonOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return bytesJson(value);
  if (typeof value === 'number') return numberJson(value);
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, jsonOf(member)]));
}

/** One document; `entry` is null where there is none, else as `lsm get --json` prints it. */
export function explainJson(path: ReadPath, familyName: string, problems: readonly Problem[]): object {
  const { entry, family: _id, ...rest } = path;
  return {
    family: familyName,
    ...(jsonOf(rest) as object),
    entry: entry === undefined ? null : entryJson(entry, problems.length > 0),
  };
}
