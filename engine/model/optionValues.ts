/** Reads single values as OPTIONS files spell them (rocksdb-leveldb.md §11). Never throws. */

/** A finite number, or `fallback` where there is none. RocksDB's "no limit", 2^64 - 1, comes out as 2^64. */
export function optionNumber(value: string | undefined, fallback: number): number {
  if (value === undefined || value.trim() === '') return fallback;
  const n = Number(value);
  return Number.isFinite(n) ? n : fallback;
}

export function optionBoolean(value: string | undefined, fallback: boolean): boolean {
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  return fallback;
}

/**
 * Takes a nested value `{a=b;c={d=e;f=g}}` apart, one level: `{a: 'b', c: '{d=e;f=g}'}`. Text
 * without braces is taken as the inside of some.
 */
export function nestedOptions(value: string): Readonly<Record<string, string>> {
  // Names come from a file: no prototype for them to meet.
  const out = Object.create(null) as Record<string, string>;
  const trimmed = value.trim();
  const inner = trimmed.startsWith('{') && trimmed.endsWith('}') ? trimmed.slice(1, -1) : trimmed;
  let depth = 0;
  let start = 0;
  for (let i = 0; i <= inner.length; i++) {
    const c = inner[i];
    if (c === '{') depth++;
    else if (c === '}') depth--;
    else if (i === inner.length || (c === ';' && depth === 0)) {
      const pair = inner.slice(start, i);
      const equals = pair.indexOf('=');
      // Spaces and newlines may be what the value is about: a delimiter, for example.
      if (equals > 0) out[pair.slice(0, equals).trim()] = pair.slice(equals + 1);
      start = i + 1;
    }
  }
  return out;
}

/** One value out of `{a=1;b={c=2;};}`, without outer blanks; undefined where it is not there. */
export function nestedOption(group: string | undefined, name: string): string | undefined {
  return group === undefined ? undefined : nestedOptions(group)[name]?.trim();
}
