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

/** One value out of `{a=1;b={c=2;};}`; undefined where it is not there. */
export function nestedOption(group: string | undefined, name: string): string | undefined {
  if (group === undefined) return undefined;
  const trimmed = group.trim();
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
      if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
      start = i + 1;
    }
  }
  return undefined;
}
