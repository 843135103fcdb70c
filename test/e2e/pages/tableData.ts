/** A made-up table for its editor, as an engine would answer: the same one on every run. */
import type {
  BlockRow,
  EntryRow,
  QueryState,
  StoreSummary,
  TableDetails,
  TableProfile,
  TableRow,
} from '../../../engine/protocol/engineApi.ts';
import type { FromView, ToView } from '../../../engine/protocol/viewApi.ts';
import { DAMAGE, HTML_KEY, makeRow, scramble } from './data.ts';

type TableInit = Extract<Extract<ToView, { t: 'init' }>['init'], { view: 'table' }>;

export interface TableHarness {
  readonly init: TableInit;
  /** Undefined for a method that is none of the table's. */
  answer(method: string, params: unknown): { readonly result: unknown } | undefined;
  /** Milliseconds until the profile comes, with progress on the way. */
  readonly profileMillis: number;
  /** Queries that were opened and not closed. */
  readonly openQueries: Set<number>;
}

const utf8 = new TextEncoder();
const keyOf = (n: number): Uint8Array => utf8.encode(`user:${String(n).padStart(10, '0')}:event`);

interface Shape {
  readonly engine: 'rocksdb' | 'leveldb';
  readonly blocks: number;
  readonly perBlock: number;
  readonly damaged: readonly number[];
  readonly falseNegatives: number;
}

function shapeOf(scenario: string): Shape {
  if (scenario === 'leveldb') return { engine: 'leveldb', blocks: 486, perBlock: 31, damaged: [], falseNegatives: 0 };
  if (scenario === 'damaged')
    return { engine: 'rocksdb', blocks: 1024, perBlock: 33, damaged: [211, 640, 641], falseNegatives: 12 };
  if (scenario === 'tiny') return { engine: 'rocksdb', blocks: 1, perBlock: 3, damaged: [], falseNegatives: 0 };
  if (scenario === 'huge') return { engine: 'rocksdb', blocks: 262_144, perBlock: 30, damaged: [], falseNegatives: 0 };
  return { engine: 'rocksdb', blocks: 4096, perBlock: 33, damaged: [], falseNegatives: 0 };
}

function makeBlocks(s: Shape): TableProfile['blocks'] {
  const blocks = {
    offset: new Float64Array(s.blocks),
    bytes: new Float64Array(s.blocks),
    rawBytes: new Float64Array(s.blocks),
    entries: new Uint32Array(s.blocks),
    compression: new Uint8Array(s.blocks),
  };
  let at = 0;
  for (let i = 0; i < s.blocks; i++) {
    const r = scramble(i + 77);
    const raw = 16_200 + (r % 900) + (r % 61 === 0 ? 9000 + (r % 40_000) : 0);
    const plain = r % 13 === 0;
    const slow = 0.36 + 0.18 * Math.sin((i / s.blocks) * 9) + (r % 100) / 900;
    blocks.offset[i] = at;
    blocks.rawBytes[i] = s.damaged.includes(i) ? 0 : raw;
    blocks.bytes[i] = plain ? raw : Math.round(raw * slow);
    blocks.entries[i] = s.damaged.includes(i) ? 0 : s.perBlock + (r % 5) - 2;
    blocks.compression[i] = s.damaged.includes(i) ? 255 : plain ? 1 : 0;
    at += (blocks.bytes[i] as number) + 5;
  }
  return blocks;
}

const sum = (numbers: Iterable<number>): number => {
  let total = 0;
  for (const n of numbers) total += n;
  return total;
};

function histogram(counts: readonly number[], min: number, max: number, mean: number) {
  return { counts, min, max, mean, total: Math.round(sum(counts) * mean) };
}

function compressionOf(blocks: TableProfile['blocks']): TableProfile['compression'] {
  return ['zstd', 'none'].map((compression, code) => {
    const share = { compression, blocks: 0, bytes: 0, rawBytes: 0 };
    blocks.compression.forEach((c, i) => {
      if (c !== code) return;
      share.blocks++;
      share.bytes += blocks.bytes[i] as number;
      share.rawBytes += blocks.rawBytes[i] as number;
    });
    return share;
  });
}

const PROPERTIES: readonly (readonly [string, string])[] = [
  ['rocksdb.block.based.table.index.type', '0'],
  ['rocksdb.block.based.table.prefix.filtering', '0'],
  ['rocksdb.block.based.table.whole.key.filtering', '1'],
  ['rocksdb.column.family.id', '0'],
  ['rocksdb.column.family.name', 'default'],
  ['rocksdb.comparator', 'leveldb.BytewiseComparator'],
  ['rocksdb.compression', 'ZSTD'],
  ['rocksdb.compression_options', 'window_bits=-14; level=32767; strategy=0; max_dict_bytes=0; '],
  ['rocksdb.creating.db.identity', '2b37e10a-14b4-40de-a8d3-41c0e2b947a7'],
  ['rocksdb.creation.time', '1767225600'],
  ['rocksdb.data.size', '28000220'],
  ['rocksdb.deleted.keys', '4190'],
  ['rocksdb.file.creation.time', '1767312000'],
  ['rocksdb.filter.policy', 'bloomfilter'],
  ['rocksdb.filter.size', '163845'],
  ['rocksdb.fixed.key.length', '0'],
  ['rocksdb.format.version', '6'],
  ['rocksdb.index.size', '98230'],
  ['rocksdb.merge.operands', '0'],
  ['rocksdb.merge.operator', 'nullptr'],
  ['rocksdb.num.data.blocks', '4096'],
  ['rocksdb.num.entries', '135168'],
  ['rocksdb.num.filter_entries', '131072'],
  ['rocksdb.num.range-deletions', '14'],
  ['rocksdb.oldest.key.time', '1767225600'],
  ['rocksdb.original.file.number', '118'],
  ['rocksdb.prefix.extractor.name', 'nullptr'],
  ['rocksdb.raw.key.size', '3784704'],
  ['rocksdb.raw.value.size', '64020310'],
  ['rocksdb.tail.start.offset', '28000220'],
  [`user.${HTML_KEY}`, '<b>bold</b>\u202e'],
];

function makeProfile(s: Shape, row: TableRow, blocks: TableProfile['blocks']): TableProfile {
  const entries = sum(blocks.entries) + (s.engine === 'rocksdb' ? 14 : 0);
  const deletes = Math.round(entries * 0.031);
  const merges = Math.round(entries * 0.004);
  const ranges = s.engine === 'rocksdb' ? 14 : 0;
  const keys = Math.round((entries - ranges) * 0.97);
  const data = sum(blocks.bytes) + 5 * s.blocks;
  const expected = s.engine === 'rocksdb' ? 0.0096 : 0.0084;
  const falsePositives = s.damaged.length > 0 ? 912 : s.engine === 'rocksdb' ? 184 : 213;
  const filterBytes = Math.ceil((keys * 10) / 8);
  const scale = entries / 135_000;
  const counts = (list: readonly number[]): number[] => list.map((n) => Math.round(n * scale));
  return {
    stats: {
      family: 'default',
      level: row.level,
      number: row.number,
      file: row.file,
      bytes: row.bytes,
      entries,
      deletions: deletes + ranges,
      rangeDeletions: ranges,
      merges,
      smallest: { key: row.smallest, seq: 9_000_000, type: 'put' },
      largest: { key: row.largest, seq: 9_400_000, type: 'put' },
      smallestSeq: row.smallestSeq,
      largestSeq: row.largestSeq,
      formatVersion: 6,
      compression: 'zstd',
      checksum: 'XXH3',
      filter: s.engine === 'rocksdb' ? 'rocksdb.BuiltinBloomFilter' : 'leveldb.BuiltinBloomFilter2',
      filterBytes,
      indexType: 'binary',
      dataBlocks: s.blocks,
      rawKeyBytes: entries * 28,
      rawValueBytes: sum(blocks.rawBytes) - entries * 20,
      createdAt: '2026-01-02T00:00:00Z',
    },
    properties: s.engine === 'rocksdb' ? PROPERTIES.map(([name, value]) => ({ name, value })) : [],
    entries,
    types: [
      { type: 'put' as const, count: entries - deletes - merges - ranges },
      { type: 'delete' as const, count: deletes },
      ...(merges > 0 ? [{ type: 'merge' as const, count: merges }] : []),
      ...(ranges > 0 ? [{ type: 'range-delete' as const, count: ranges }] : []),
    ],
    tombstoneShare: (deletes + ranges) / entries,
    keys,
    keySizes: histogram(counts([0, 0, 0, 0, 1200, 128_000, 5200, 600]), 9, 118, 21.3),
    valueSizes: histogram(
      counts([4200, 0, 0, 0, 60, 900, 6400, 12_000, 30_400, 52_000, 21_000, 6800, 1100, 120, 14, 2]),
      0,
      21_804,
      473.6,
    ),
    filter: {
      name:
        s.engine === 'rocksdb'
          ? 'rocksdb.BuiltinBloomFilter: FastLocalBloom, 6 probes'
          : 'leveldb.BuiltinBloomFilter2: Bloom per 2048 bytes',
      kind: s.engine === 'rocksdb' ? 'full' : 'block-based',
      bytes: filterBytes,
      keys,
      bitsPerKey: (filterBytes * 8) / keys,
      hashes: 6,
      probes: 20_000,
      falsePositives,
      expectedRate: expected,
      falseNegatives: s.falseNegatives,
    },
    compression: compressionOf(blocks),
    blocks,
    parts:
      s.engine === 'rocksdb'
        ? [
            { part: 'data', bytes: data },
            { part: 'index', bytes: s.blocks * 24 },
            { part: 'filter', bytes: filterBytes + 5 },
            { part: 'properties', bytes: 1180 },
            { part: 'range deletions', bytes: 622 },
            { part: 'metaindex', bytes: 118 },
            { part: 'footer', bytes: 53 },
          ]
        : [
            { part: 'data', bytes: data },
            { part: 'index', bytes: s.blocks * 30 },
            { part: 'filter', bytes: filterBytes + 5 },
            { part: 'metaindex', bytes: 55 },
            { part: 'footer', bytes: 48 },
          ],
    smallestSeq: 6_100_204,
    largestSeq: 6_998_117,
    problems: s.damaged.length > 0 ? DAMAGE.slice(0, 1) : [],
  };
}

/** Row `i` of the table: what the editor's grid pages through. */
function entryRow(i: number, table: number): EntryRow {
  return { ...makeRow(i), level: -1, table };
}

export function tableHarness(scenario: string, summary: StoreSummary): TableHarness {
  const shape = shapeOf(scenario);
  const blocks = makeBlocks(shape);
  const row: TableRow = {
    family: 0,
    level: 3,
    number: 118,
    file: shape.engine === 'rocksdb' ? '000118.sst' : '000118.ldb',
    bytes: sum(blocks.bytes) + 5 * shape.blocks + 260_000,
    smallest: keyOf(31_007),
    largest: keyOf(31_007 + shape.blocks * 997),
    smallestSeq: shape.engine === 'rocksdb' ? 6_100_204 : null,
    largestSeq: shape.engine === 'rocksdb' ? 6_998_117 : null,
    createdAt: shape.engine === 'rocksdb' ? 1_767_312_000 : null,
    problem: null,
  };
  const profile = makeProfile(shape, row, blocks);
  const details: TableDetails = {
    stats: profile.stats,
    properties: profile.properties,
    problems: [],
  };
  const rows = Math.max(14, profile.entries - 14);
  const openQueries = new Set<number>();
  const queries = new Map<number, number>();
  let nextQuery = 1;
  const state = (query: number, complete: boolean): QueryState => ({
    query,
    total: complete ? (queries.get(query) ?? 0) : Math.min(900, queries.get(query) ?? 0),
    complete,
    bytes: 0,
    millis: 12,
    problems: [],
    at: 7_002_918,
  });
  const blockRow = (index: number): BlockRow => ({
    index,
    offset: blocks.offset[index] as number,
    size: blocks.bytes[index] as number,
    separator: keyOf(31_007 + (index + 1) * 997),
  });
  const single = scenario === 'single';
  return {
    init: {
      view: 'table',
      storeName: 'rocksdb',
      storePath: single ? '/var/lib/flink/checkpoints/000118.sst' : summary.path,
      summary: { ...summary, engine: shape.engine, kind: single ? 'table' : 'directory' },
      table: row,
      lens: { auto: true },
    },
    profileMillis: scenario === 'slow' ? 4000 : 60,
    openQueries,
    answer: (method, params) => {
      const p = params as Record<string, number>;
      if (method === 'tableDetails') return { result: details };
      if (method === 'tableProfile') {
        if (scenario === 'failing') throw new Error('000118.sst is not there any more');
        return { result: profile };
      }
      if (method === 'blocks') {
        const from = p['offset'] as number;
        const n = Math.max(0, Math.min(p['limit'] as number, shape.blocks - from));
        const items = Array.from({ length: n }, (_, i) => blockRow(from + i));
        return { result: { items, offset: from, total: shape.blocks, complete: true } };
      }
      if (method === 'openQuery') {
        const query = nextQuery++;
        openQueries.add(query);
        queries.set(query, p['block'] === undefined ? rows : (blocks.entries[p['block']] as number));
        return { result: state(query, p['block'] !== undefined) };
      }
      if (method === 'queryState') return { result: state(p['query'] as number, true) };
      if (method === 'closeQuery') {
        openQueries.delete(p['query'] as number);
        return { result: undefined };
      }
      if (method === 'rows') {
        const total = queries.get(p['query'] as number) ?? 0;
        const from = p['from'] as number;
        const n = Math.max(0, Math.min(p['count'] as number, total - from));
        const items = Array.from({ length: n }, (_, i) => entryRow(from + i, row.number));
        return { result: { items, offset: from, total, complete: true } };
      }
      return undefined;
    },
  };
}

/** Sends what the engine says while it measures, then the answer. */
export function measureSlowly(
  harness: TableHarness,
  call: Extract<FromView, { t: 'call' }>,
  post: (message: ToView) => void,
  cancelled: () => boolean,
): void {
  const total = harness.init.table.number === 118 ? 4096 : 1;
  const steps = 20;
  const step = (i: number): void => {
    if (cancelled()) return;
    if (i < steps) {
      post({ t: 'profileProgress', table: 118, done: Math.round((total * i) / steps), total });
      setTimeout(() => step(i + 1), harness.profileMillis / steps);
      return;
    }
    try {
      post({ t: 'ok', id: call.id, result: harness.answer('tableProfile', call.params)?.result });
    } catch (thrown) {
      post({ t: 'error', id: call.id, error: { code: 'IO', message: (thrown as Error).message } });
    }
  };
  step(1);
}
