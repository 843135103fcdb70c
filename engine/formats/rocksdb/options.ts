/**
 * OPTIONS files of RocksDB (rocksdb-leveldb.md §11): an INI dialect with sections `[Version]`,
 * `[DBOptions]`, `[CFOptions "name"]` and `[TableOptions/BlockBasedTable "name"]`.
 *
 * Every key is kept, known or not. A file that was cut or holds nonsense gives what is there, plus
 * problems. Note that RocksDB loses newlines around a value when it reads such a file back.
 */
import { text } from '../../base/bytes.ts';
import type { Problem } from '../../base/errors.ts';

export type OptionValues = Readonly<Record<string, string>>;

export interface FamilyOptions {
  readonly cf: OptionValues;
  readonly table: OptionValues;
}

export interface OptionsFile {
  /** Version of the engine that wrote it, or ''. */
  readonly version: string;
  readonly db: OptionValues;
  readonly families: ReadonlyMap<string, FamilyOptions>;
  readonly problems: readonly Problem[];
}

/** An OPTIONS file is some kilobytes per family; anything larger than this is something else. */
export const OPTIONS_BYTES_MAX = 64 * 1024 * 1024;

const PROBLEMS_MAX = 20;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Undoes the escapes `\n \r \\ \: \#`; a backslash before anything else stands for that. */
export function unescapeOption(value: string): string {
  return value.includes('\\') ? value.replace(/\\(.)/gs, (_, c: string) => ESCAPES[c] ?? c) : value;
}

/** Cuts a comment, which begins at the first `#` that is not escaped. */
function withoutComment(line: string): string {
  if (!line.includes('#')) return line;
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '\\') i++;
    else if (line[i] === '#') return line.slice(0, i);
  }
  return line;
}

/** `path` is the file's name for problems. Never throws. */
export function parseOptions(bytes: Uint8Array, path: string): OptionsFile {
  const problems: Problem[] = [];
  const version: Record<string, string> = emptyRecord();
  const db: Record<string, string> = emptyRecord();
  const families = new Map<string, { cf: Record<string, string>; table: Record<string, string> }>();
  const report = (offset: number, message: string): void => {
    if (problems.length < PROBLEMS_MAX) problems.push({ code: 'CORRUPT', path, offset, message });
  };
  const familyOf = (name: string): { cf: Record<string, string>; table: Record<string, string> } => {
    let found = families.get(name);
    if (found === undefined) {
      found = { cf: emptyRecord(), table: emptyRecord() };
      families.set(name, found);
    }
    return found;
  };
  const sections = new Set<string>();
  let into: Record<string, string> | undefined;
  const content = bytes.length <= OPTIONS_BYTES_MAX ? bytes : bytes.subarray(0, OPTIONS_BYTES_MAX);

  for (let at = 0; at < content.length; ) {
    const newline = content.indexOf(0x0a, at);
    const end = newline < 0 ? content.length : newline;
    const line = withoutComment(text(content.subarray(at, end))).trim();
    const offset = at;
    at = end + 1;
    if (line === '') continue;
    if (line.startsWith('[')) {
      const section = /^\[\s*([^\s"\]]+)\s*(?:"(.*)")?\s*\]$/.exec(line);
      const kind = section?.[1] ?? '';
      const name = unescapeOption(section?.[2] ?? 'default');
      into = undefined;
      if (section === null && newline >= 0) report(offset, `bad section ${JSON.stringify(line.slice(0, 80))}`);
      else if (kind === 'Version') into = version;
      else if (kind === 'DBOptions') into = db;
      else if (kind === 'CFOptions') into = familyOf(name).cf;
      else if (kind.startsWith('TableOptions')) into = familyOf(name).table;
      sections.add(kind);
      continue;
    }
    const equals = line.indexOf('=');
    if (equals <= 0) {
      // The last line, without its newline, is reported below.
      if (newline >= 0) report(offset, `line without "=": ${JSON.stringify(line.slice(0, 80))}`);
    } else if (into !== undefined) {
      into[line.slice(0, equals).trim()] = unescapeOption(line.slice(equals + 1).trim());
    } else if (sections.size === 0) {
      report(offset, 'option outside of any section');
    }
  }
  const complete = sections.has('Version') && sections.has('DBOptions') && sections.has('CFOptions');
  const endsWhole = content.length > 0 && content[content.length - 1] === 0x0a;
  if (!complete) report(content.length, 'the file lacks sections: it was cut off, or is no OPTIONS file');
  else if (!endsWhole) report(content.length, 'the file does not end with a newline: it was cut off');
  else if (missingTables(families)) report(content.length, 'the last sections are missing: it was cut off');
  return { version: version['rocksdb_version'] ?? '', db, families, problems };
}

/** The engine writes both sections for each family, one after the other. */
function missingTables(families: ReadonlyMap<string, FamilyOptions>): boolean {
  for (const f of families.values()) {
    if (f.cf['table_factory'] !== undefined && f.cf['table_factory'] !== 'BlockBasedTable') continue;
    if (Object.keys(f.table).length === 0) return true;
  }
  return false;
}

/** Keys come from the file: no prototype for them to meet. */
function emptyRecord(): Record<string, string> {
  return Object.create(null) as Record<string, string>;
}
