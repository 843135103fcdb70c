/** Rows of entries as text for the clipboard, in the forms of `lsm scan`. Pure; whole values are passed in. */
import { ENTRY_CSV_COLUMNS, entryCsv, entryJson } from '../../engine/model/rowText.ts';
import type { EntryRow } from '../../engine/protocol/engineApi.ts';

export type CopyFormat = 'text' | 'jsonl' | 'csv';

/** A row with all of its value, null where it has none. */
export interface WholeRow {
  readonly row: EntryRow;
  readonly value: Uint8Array | null;
}

/**
 * `text`: key and value with a tab between, as `spell` shows bytes. CSV has the columns of `lsm scan --format csv`
 * and begins with their names; JSON lines are those of `--format jsonl`.
 */
export function rowsText(rows: readonly WholeRow[], format: CopyFormat, spell: (bytes: Uint8Array) => string): string {
  const lines = rows.map(({ row, value }) => {
    if (format === 'jsonl') return JSON.stringify(entryJson({ ...row, value }, false));
    if (format === 'text') return value === null ? spell(row.key) : `${spell(row.key)}\t${spell(value)}`;
    return entryCsv({ ...row, value });
  });
  if (format === 'csv') lines.unshift(ENTRY_CSV_COLUMNS);
  return format === 'text' && lines.length === 1 ? (lines[0] as string) : `${lines.join('\n')}\n`;
}
