/**
 * Stores that RocksDB opened as a TTL database (`DBWithTTL`, `ldb --ttl`): behind each value stand four bytes, the
 * time of its writing in seconds since 1970, little-endian. A compaction drops what is older than the ttl that the
 * database is opened with, which no file states.
 */
import { hex, readU32, strictText } from '../../base/bytes.ts';
import { isoTime } from '../../base/entropy.ts';
import type { DecodedValue, Lens, LensContext, LensKind, LensMatch } from '../lens.ts';

const SUFFIX_BYTES = 4;
/** RocksDB takes times before this one, in May 2013, for damage. */
const EARLIEST = 1_368_146_402;
const LATEST = 0x7fff_ffff;
/** Objects that only such databases have, as OPTIONS name them. */
const MARKS = /\bTtl(?:MergeOperator|CompactionFilter(?:Factory)?)\b/;

function writtenAt(value: Uint8Array): number | undefined {
  if (value.length < SUFFIX_BYTES) return undefined;
  const seconds = readU32(value, value.length - SUFFIX_BYTES);
  return seconds >= EARLIEST && seconds <= LATEST ? seconds : undefined;
}

export const ttlLens: Lens = {
  id: 'rocksdb-ttl',
  title: 'RocksDB TTL',
  key: () => undefined,
  value: (_key, value): DecodedValue | undefined => {
    const seconds = writtenAt(value);
    if (seconds === undefined) return undefined;
    const own = value.subarray(0, value.length - SUFFIX_BYTES);
    const shown = strictText(own) ?? `0x${hex(own)}`;
    return { text: `${shown} (written ${isoTime(seconds) ?? ''})`, language: 'text' };
  },
};

export const ttl: LensKind = {
  id: ttlLens.id,
  title: ttlLens.title,
  detect: (context: LensContext): LensMatch | undefined => {
    if (context.engine !== 'rocksdb') return undefined;
    for (const name of ['merge_operator', 'compaction_filter_factory', 'compaction_filter']) {
      const found = MARKS.exec(context.options?.[name] ?? '')?.[0];
      if (found === undefined) continue;
      // Something else may have been written since by who opened it without a ttl.
      if (context.sample.some(({ value }) => value.length < SUFFIX_BYTES)) return undefined;
      return { lens: ttlLens, confidence: 0.9, why: `${name} in its OPTIONS is ${found}` };
    }
    return undefined;
  },
};
