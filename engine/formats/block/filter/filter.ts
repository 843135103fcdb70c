/**
 * RocksDB's full filters: one per table, or one per filter partition (rocksdb-leveldb.md §7).
 *
 * The last five bytes say which of four schemes the body is. Filters only ever save work, so whatever
 * is not understood, or does not add up, answers "maybe"; nothing here throws.
 */
import { readU32 } from '../../../base/bytes.ts';
import { FastLocalBloom } from './fastLocalBloom.ts';
import { LegacyBloom } from './legacyBloom.ts';
import { Ribbon } from './ribbon.ts';

/** What a filter's rate of false positives follows from. */
export interface FilterShape {
  /** `blocked-bloom`: all probes of a key fall into one line of `lineBits`. `constant` answers all keys alike. */
  readonly scheme: 'bloom' | 'blocked-bloom' | 'ribbon' | 'constant';
  /** Bits that keys can set, metadata aside. */
  readonly bits: number;
  /** Probes for one key; null where there are none to count. */
  readonly probes: number | null;
  readonly lineBits?: number;
  /** Ribbon: chance that a key that was not added agrees in all result bits. */
  readonly chance?: number;
}

export interface FilterReader {
  /** What it is, for people: `rocksdb.BuiltinBloomFilter: FastLocalBloom, 6 probes`. */
  readonly kind: string;
  readonly shape: FilterShape;
  /** False only if the key buf[start, end) was not added: a user key without timestamp, or a prefix. */
  mayContain(buf: Uint8Array, start: number, end: number): boolean;
}

/** Metaindex name of the filter policy that RocksDB's own filters go by, whatever their scheme. */
const POLICY = 'rocksdb.BuiltinBloomFilter';
const METADATA_BYTES = 5;
const MARK_NEW_BLOOM = -1;
const MARK_RIBBON = -2;
/** Probe counts above this are reserved in the new Bloom filter. */
const MAX_NEW_PROBES = 30;

function constantFilter(what: string, answer: boolean): FilterReader {
  return {
    kind: `${POLICY}: ${what}`,
    shape: { scheme: 'constant', bits: 0, probes: null, chance: answer ? 1 : 0 },
    mayContain: () => answer,
  };
}

/** The filter in `bytes`, a whole filter block without its trailer; it keeps the reference. */
export function openFullFilter(bytes: Uint8Array): FilterReader {
  const length = bytes.length - METADATA_BYTES;
  // The writer's form of a filter to which no key was added.
  if (length <= 0) return constantFilter('empty', false);
  const mark = ((bytes[length] as number) << 24) >> 24;
  if (mark >= 1) return openLegacy(bytes, length, mark);
  if (mark === MARK_NEW_BLOOM) return openNewBloom(bytes, length);
  if (mark === MARK_RIBBON) return openRibbon(bytes, length);
  return constantFilter(mark === 0 ? 'always true' : `unknown scheme ${mark}`, true);
}

function openLegacy(bytes: Uint8Array, length: number, probes: number): FilterReader {
  const lines = readU32(bytes, length + 1);
  const lineBytes = length / lines;
  // A power of two in whole bytes, as any cache line is.
  const sound = lines > 0 && length % lines === 0 && lineBytes < 1 << 20 && (lineBytes & (lineBytes - 1)) === 0;
  if (!sound) return constantFilter('legacy Bloom with damaged metadata', true);
  return new LegacyBloom(`${POLICY}: legacy Bloom, ${probes} probes`, bytes, probes, lines, lineBytes);
}

function openNewBloom(bytes: Uint8Array, length: number): FilterReader {
  const scheme = bytes[length + 1] as number;
  const shape = bytes[length + 2] as number;
  const probes = shape & 0x1f;
  const known = scheme === 0 && shape >>> 5 === 0 && bytes[length + 3] === 0 && bytes[length + 4] === 0;
  if (!known || probes < 1 || probes > MAX_NEW_PROBES || length < FastLocalBloom.lineBytes) {
    return constantFilter(`unknown Bloom scheme ${scheme}, ${shape}`, true);
  }
  return new FastLocalBloom(`${POLICY}: FastLocalBloom, ${probes} probes`, bytes, length, probes);
}

function openRibbon(bytes: Uint8Array, length: number): FilterReader {
  const seed = bytes[length + 1] as number;
  const blocks = readU32(bytes, length + 1) >>> 8;
  if (blocks < 2) return constantFilter('Ribbon128 of too few blocks', true);
  return new Ribbon(POLICY, bytes, length, seed, blocks);
}
