/**
 * Tables as CSV (RFC 4180) that is safe to open in a spreadsheet: pure, no DOM.
 *
 * Text that a spreadsheet would run as a formula (it starts with =, +, -, @, tab or a line break) gets an
 * apostrophe before it. Numbers stay numbers; what nobody tells is empty.
 */

export type Field = string | number;

const FORMULA = /^[=+\-@\t\r\n]/;
const NEEDS_QUOTES = /[",\r\n]/;

export function csvField(value: Field): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Lines end in CR LF, as RFC 4180 has them. */
export function csv(header: readonly string[], rows: Iterable<readonly Field[]>): string {
  const lines = [header.map(csvField).join(',')];
  for (const row of rows) lines.push(row.map(csvField).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

/** A name for a file out of parts that come from a store: letters, digits, dots, dashes and underscores only. */
export function fileName(parts: readonly string[], extension: string): string {
  const safe = parts
    .map((p) => p.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, ''))
    .filter((p) => p !== '');
  return `${safe.join('-').slice(0, 120) || 'lsm'}.${extension}`;
}
