/**
 * RocksDB's own prefix extractors, by the names that OPTIONS and table properties give them: what part of a key
 * is its prefix, and of which keys there is one (rocksdb-leveldb.md §7, §11). Extractors of an application's own
 * are code, and known by name only.
 */

export interface PrefixExtractor {
  /** As RocksDB writes it into tables: `rocksdb.FixedPrefix.8`. */
  readonly name: string;
  /** Bytes of the prefix of a key of `length` bytes; -1 where the key has none. */
  prefixLength(length: number): number;
}

const NAMED = /^(?:rocksdb\.)?(?:(FixedPrefix|fixed)|(CappedPrefix|capped))[.:](\d{1,9})$/;
const NOOP = /^(?:rocksdb\.Noop|noop)$/;
/** `{id=rocksdb.FixedPrefix.8;}`, as an object of OPTIONS may be spelled. */
const OBJECT = /^\{\s*id=([^;{}]+);?\s*\}$/;

/** The extractor that `text` names; undefined for none, and for one that is not RocksDB's own. */
export function prefixExtractorFor(text: string | undefined): PrefixExtractor | undefined {
  if (text === undefined) return undefined;
  const id = (OBJECT.exec(text.trim())?.[1] ?? text).trim();
  if (NOOP.test(id)) return { name: 'rocksdb.Noop', prefixLength: (length) => length };
  const [, fixed, capped, digits] = NAMED.exec(id) ?? [];
  const bytes = Number(digits);
  if (fixed !== undefined) {
    return { name: `rocksdb.FixedPrefix.${bytes}`, prefixLength: (length) => (length < bytes ? -1 : bytes) };
  }
  if (capped !== undefined) {
    return { name: `rocksdb.CappedPrefix.${bytes}`, prefixLength: (length) => Math.min(length, bytes) };
  }
  return undefined;
}
