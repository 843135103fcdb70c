/** What a file of rows looks like: told from its name and its first rows. */
import { StoreError } from '../../base/errors.ts';
import type { ImportFormat, ImportSniff, ImportSource } from '../../model/import.ts';
import { WHOLE_ROW } from '../../model/import.ts';
import { ByteInput } from './byteInput.ts';
import { CsvReader } from './csvReader.ts';
import { CsvRecords } from './csvRecords.ts';
import { JsonRecords } from './jsonRecords.ts';
import type { Records } from './records.ts';

const ROWS = 20;
const SAMPLES = 3;
const SAMPLE_CHARS = 60;
const DELIMITERS = [',', ';', '\t', '|'] as const;
/** Names of columns that are keys more often than not, the surest first. */
const KEY_NAMES = ['key', '_id', 'id', 'k', 'uuid', 'name'];
const VALUE_NAMES = ['value', 'v', 'val', 'data', 'document'];

/** What is known already goes before what is guessed. */
export type Known = Pick<ImportSource, 'file' | 'delimiter' | 'header'> & {
  readonly format?: ImportFormat | undefined;
};

/** `head`: the beginning of the file. Throws INPUT where it is none of the formats. */
export function sniff(known: Known, head: Uint8Array, whole: boolean): ImportSniff {
  const { file } = known;
  if (head.includes(0) && head[0] !== 0xff && head[0] !== 0xfe) {
    throw new StoreError('INPUT', 'the file is not text: JSON lines and CSV are imported', { path: file });
  }
  // A row that is cut off would be a bad one.
  const end = whole ? head.length : head.lastIndexOf(0x0a) + 1 || head.length;
  const open = (): ByteInput => inputOf(head.subarray(0, end));
  const format = known.format ?? formatOf(file, head);
  if (format === 'jsonl') return describe({ file, format }, new JsonRecords(open()));
  const delimiter = known.delimiter ?? delimiterOf(open);
  const header = known.header ?? hasHeader(new CsvReader(open(), delimiter));
  const source: ImportSource = { file, format, delimiter, header };
  return describe(source, new CsvRecords(open(), source));
}

/** Bytes in memory as an input. */
export function inputOf(bytes: Uint8Array): ByteInput {
  let at = 0;
  return new ByteInput((into) => {
    const part = bytes.subarray(at, at + into.length);
    into.set(part);
    at += part.length;
    return part.length;
  });
}

function formatOf(file: string, head: Uint8Array): ImportFormat {
  if (/\.(csv|tsv)$/i.test(file)) return 'csv';
  const first = head.find((b) => b > 0x20 && b < 0x80);
  if (first === 0x5b && /\.json$/i.test(file)) {
    throw new StoreError('INPUT', 'the file is one JSON list', {
      path: file,
      mend: "write one object a line, as with `jq -c '.[]'`",
    });
  }
  return /\.(jsonl|ndjson)$/i.test(file) || first === 0x7b ? 'jsonl' : 'csv';
}

/** The one that cuts the first record into most fields. */
function delimiterOf(open: () => ByteInput): string {
  let best: string = ',';
  let most = 1;
  for (const delimiter of DELIMITERS) {
    const reader = new CsvReader(open(), delimiter);
    if (attempt(() => reader.next()) === true && reader.count > most) {
      most = reader.count;
      best = delimiter;
    }
  }
  return best;
}

/** Names are there, no numbers, and different. */
function hasHeader(reader: CsvReader): boolean {
  if (attempt(() => reader.next()) !== true) return true;
  const names = Array.from({ length: reader.count }, (_, i) => reader.field(i) ?? '');
  return names.every((n) => n !== '' && !/^[-+]?[\d.]+$|^0x/i.test(n)) && new Set(names).size === names.length;
}

/** Undefined where what is read cannot be told apart: the import says why. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof StoreError) return undefined;
    throw thrown;
  }
}

function describe(source: ImportSource, records: Records & { readonly names: readonly string[] }): ImportSniff {
  const columns = new Map<string, string[]>();
  if (source.format === 'csv') for (const name of records.names) columns.set(name, []);
  for (let row = 0; row < ROWS && attempt(() => records.next()) === true; row++) {
    if (records.fault !== undefined) continue;
    for (const name of records.names) {
      const samples = columns.get(name) ?? [];
      columns.set(name, samples);
      if (samples.length < SAMPLES) samples.push(shortened(attemptCell(records, name)));
    }
  }
  const names = [...columns.keys()];
  const exported = ['key', 'value', 'seq', 'type'].every((n) => names.includes(n));
  // Rows with a key and a value are read as those of an export are.
  const named = names.includes('key') && names.includes('value');
  const guessed = named || names.length === 0 ? {} : guess(names);
  return { source: { ...source, ...guessed }, exported, columns: names, samples: [...columns.values()] };
}

function attemptCell(records: Records, name: string): string {
  try {
    const cell = records.cell(name);
    return typeof cell === 'string' ? cell : cell instanceof Uint8Array ? `${cell.length} bytes` : '';
  } catch {
    return '';
  }
}

function guess(names: readonly string[]): Pick<ImportSource, 'key' | 'value'> {
  const named = (wanted: readonly string[]): string | undefined => {
    for (const name of wanted) {
      const found = names.find((n) => n.toLowerCase() === name);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const key = named(KEY_NAMES) ?? (names[0] as string);
  const value = named(VALUE_NAMES) ?? (names.length === 2 ? names.find((n) => n !== key) : undefined);
  return { key, value: value ?? WHOLE_ROW };
}

function shortened(text: string): string {
  return text.length > SAMPLE_CHARS ? `${text.slice(0, SAMPLE_CHARS - 1)}…` : text;
}
