/** An import in words: what it would do, how far it is, what it did. Pure. */
import { displayKey, displayValue, formatBytes, formatCount } from '../../engine/model/display.ts';
import { WHOLE_ROW } from '../../engine/model/import.ts';
import type {
  BadRow,
  ImportCounts,
  ImportPreview,
  ImportProgress,
  ImportReport,
  ImportRow,
} from '../../engine/protocol/engineApi.ts';
import { visibleLine } from '../plainText.ts';
import type { Say } from '../trees/children.ts';

const KEY_CHARS = 48;
const VALUE_CHARS = 120;

export function rowCount(n: number, say: Say): string {
  return n === 1 ? say('1 row') : say('{0} rows', formatCount(n));
}

/** "1,204 new · 12 overwriting · 3 deleting · 2 bad" */
export function countsWords(c: ImportCounts, say: Say): string {
  const parts = [say('{0} new', formatCount(c.added))];
  if (c.overwritten > 0) parts.push(say('{0} overwriting', formatCount(c.overwritten)));
  if (c.deleted > 0) parts.push(say('{0} deleting', formatCount(c.deleted)));
  if (c.deletedAbsent > 0) parts.push(say('{0} deleting what is not there', formatCount(c.deletedAbsent)));
  if (c.bad > 0) parts.push(say('{0} bad', formatCount(c.bad)));
  return parts.join(' · ');
}

/** A column as it was chosen: a name, a typed key, or the whole row. */
export function columnWords(spec: string | undefined, usual: string, say: Say): string {
  if (spec === undefined) return say('column “{0}”, as exported', usual);
  if (spec === WHOLE_ROW) return say('the whole row as JSON');
  return visibleLine(spec);
}

export interface PreviewOf {
  readonly file: string;
  readonly store: string;
  readonly path: string;
  readonly key: string;
  readonly value: string;
  readonly family: (id: number) => string;
}

/** The document "Import of FILE". */
export function previewText(of: PreviewOf, p: ImportPreview, say: Say): string {
  const lines = [
    say('Import of {0}', visibleLine(of.file)),
    say('into {0}', visibleLine(of.path)),
    '',
    `${rowCount(p.rows, say)}: ${countsWords(p, say)} · ${formatBytes(p.bytes)}`,
    say('Nothing is written yet. The numbers compare with the store as it is now.'),
    `${say('Key')}    ${of.key}`,
    `${say('Value')}  ${of.value}`,
  ];
  if (p.refused !== null) {
    const { message, mend } = p.refused;
    lines.push(
      '',
      say('The store would refuse: {0}', visibleLine(mend === undefined ? message : `${message}; ${mend}`)),
    );
  }
  if (p.bad > 0) {
    lines.push('', say('Bad rows'));
    for (const bad of p.badRows) lines.push(`  ${badLine(bad, say)}`);
    if (p.bad > p.badRows.length) lines.push(`  ${say('… and {0} more', formatCount(p.bad - p.badRows.length))}`);
  }
  lines.push('', p.first.length < p.rows - p.bad ? say('The first {0} rows', p.first.length) : say('Rows'));
  lines.push(...rowLines(p.first, of.family, say));
  return `${lines.join('\n')}\n`;
}

/** "line 3, “name”: it is not UTF-8" */
export function badLine({ line, column, message, mend }: BadRow, say: Say): string {
  const place = column === undefined ? say('line {0}', line) : say('line {0}, “{1}”', line, visibleLine(column));
  return `${place}: ${visibleLine(message)}${mend === undefined ? '' : `; ${visibleLine(mend)}`}`;
}

function rowLines(rows: readonly ImportRow[], family: (id: number) => string, say: Say): string[] {
  const cells = rows.map((row) => {
    const where = family(row.family);
    const key = displayKey(row.key, KEY_CHARS);
    return {
      line: String(row.line),
      what: row.kind === 'delete' ? say('delete') : row.exists ? say('overwrite') : say('new'),
      key: where === 'default' ? key : `[${visibleLine(where)}] ${key}`,
      value: row.kind === 'delete' ? '' : ` → ${valueWords(row)}`,
    };
  });
  const width = (of: (c: (typeof cells)[number]) => string): number => Math.max(0, ...cells.map((c) => of(c).length));
  const [lineWidth, whatWidth, keyWidth] = [width((c) => c.line), width((c) => c.what), width((c) => c.key)];
  return cells.map(({ line, what, key, value }) =>
    `  ${line.padStart(lineWidth)}  ${what.padEnd(whatWidth)}  ${key.padEnd(keyWidth)}${value}`.trimEnd(),
  );
}

function valueWords({ value, valueBytes }: ImportRow): string {
  if (valueBytes === 0) return "''";
  const shown = displayValue(value, VALUE_CHARS);
  return valueBytes > value.length && !shown.endsWith('…') ? `${shown}…` : shown;
}

/** The file is gone through twice: to check it, which is the quicker part, and to write it. */
const CHECK_SHARE = 30;

export function importPercent({ phase, readBytes, totalBytes }: ImportProgress): number {
  const share = totalBytes > 0 ? readBytes / totalBytes : 1;
  return phase === 'check' ? CHECK_SHARE * share : CHECK_SHARE + (100 - CHECK_SHARE) * share;
}

/** "checked 12,000 rows · 85,000 rows/s" */
export function progressWords({ phase, rows, rowsPerSecond }: ImportProgress, say: Say): string {
  const done = phase === 'check' ? say('checked {0}', rowCount(rows, say)) : say('written {0}', rowCount(rows, say));
  return `${done} · ${say('{0} rows/s', formatCount(rowsPerSecond))}`;
}

/** One line of what was done, exactly. */
export function reportWords(r: ImportReport, say: Say): string {
  const parts = [rowCount(r.applied, say)];
  if (r.sequences !== null) {
    const { first, last } = r.sequences;
    parts.push(say('sequence {0} to {1}', formatCount(first), formatCount(last)));
  }
  if (r.outcome === 'done' && r.bad > 0) parts.push(say('{0} bad rows left out', formatCount(r.bad)));
  if (r.nextLine !== null && r.outcome !== 'bad') parts.push(say('the next is line {0} of the file', r.nextLine));
  return parts.join(' · ');
}
