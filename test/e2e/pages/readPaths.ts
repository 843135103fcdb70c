/** Made-up explained gets over a made-up history: the bottom-most table that may hold the key does. */
import type { BlockStep, FilterStep, ReadPath, ReadStep, SkippedTables } from '../../../engine/protocol/engineApi.ts';
import { type History, keyBytes } from './history.ts';

/** The newest tree of `h`; L0 newest first, then by level and key. */
function liveTables(h: History) {
  const events = h.events.slice(0, h.shown);
  const gone = new Set(events.flatMap((e) => [...e.removed]));
  const live = events.flatMap((e) => e.added).filter((t) => !gone.has(t.life));
  return live.sort((a, b) => a.level - b.level || (a.level === 0 ? b.number - a.number : a.lo - b.lo));
}

function bloom(bytes: number, verdict: 'no' | 'maybe', falsePositive: boolean | null): FilterStep {
  const name = 'rocksdb.BuiltinBloomFilter';
  const scheme = 'FastLocalBloom, 6 probes';
  return { name, kind: 'full', scheme, bytes: Math.round(bytes / 90), bitsPerKey: 10.02, verdict, falsePositive };
}

/** `digits` of the key that is asked for; keys whose digits end in 0 are not there. */
export function readPath(h: History, family: number, key: Uint8Array): ReadPath {
  const digits = Number(/\d+/.exec(new TextDecoder().decode(key))?.[0] ?? 0);
  const live = liveTables(h);
  const around = live.filter((t) => t.lo <= digits && digits <= t.hi);
  const absent = digits % 10 === 0;
  const steps: ReadStep[] = [
    {
      ...{
        kind: 'memtable',
        level: -1,
        table: null,
        file: '000412.log',
        smallest: null,
        largest: null,
        bytes: 1_834_221,
      },
      ...{ filter: null, index: null, blocks: [], versions: [], rangeDeletion: null, problem: null },
      ...{ outcome: 'absent', why: 'no version of the key is in the write-ahead log', micros: 3.4 },
    },
  ];
  for (const [i, t] of around.entries()) {
    const holds = !absent && i === around.length - 1;
    const falsePositive = !holds && i === around.length - 2;
    const verdict = holds || falsePositive ? 'maybe' : 'no';
    const block: BlockStep = {
      ...{ block: 118 + i, offset: 484_412 + i * 4096, bytes: 4051, rawBytes: 16_388, compression: 'zstd' },
      cached: falsePositive,
    };
    const file = `${String(t.number).padStart(6, '0')}.sst`;
    steps.push({
      ...{ kind: 'table', level: t.level, table: t.number, file, bytes: t.bytes, problem: null, rangeDeletion: null },
      ...{ smallest: keyBytes(t.lo), largest: keyBytes(t.hi) },
      filter: bloom(t.bytes, verdict, verdict === 'no' ? null : falsePositive),
      index: { block: block.block, blocks: 1024, separator: keyBytes(digits + 3), depth: 1 },
      blocks: verdict === 'no' ? [] : [block],
      versions: holds ? [{ seq: t.seqHi, type: 'put', valueBytes: 212 }] : [],
      outcome: holds ? 'found' : verdict === 'no' ? 'filtered' : 'absent',
      why: holds
        ? `the newest version decides (put, sequence ${t.seqHi}): nothing older is left to ask`
        : verdict === 'no'
          ? 'the filter says that the key is not here: no data block is read'
          : 'the filter said maybe, but the key is not here: a false positive, for which a block was looked into in vain',
      micros: verdict === 'no' ? 1.9 : falsePositive ? 8.25 : 164.7,
    });
  }
  const skipped: SkippedTables[] = [];
  for (const level of new Set(live.map((t) => t.level))) {
    const out = live.filter((t) => t.level === level && !around.includes(t));
    if (out.length > 0) skipped.push({ level, tables: out.length, numbers: out.slice(0, 8).map((t) => t.number) });
  }
  const tables = steps.slice(1);
  const last = tables.at(-1);
  const value = new TextEncoder().encode(
    `{"id":${digits},"name":"Ada Löwe","cart":[{"sku":"A-1182","n":2}],"seen":1767600}`,
  );
  const found = last?.outcome === 'found';
  return {
    family,
    key,
    at: live.reduce((newest, t) => Math.max(newest, t.seqHi), 0),
    entry: found
      ? {
          ...{ key, value, valueSize: value.length, seq: last.versions[0]?.seq ?? 0 },
          ...{ type: 'put', level: last.level, table: last.table },
        }
      : undefined,
    steps,
    skipped,
    totals: {
      tablesAsked: tables.length,
      filtered: tables.filter((s) => s.outcome === 'filtered').length,
      falsePositives: tables.filter((s) => s.filter?.falsePositive === true).length,
      blocksRead: found ? 1 : 0,
      bytesRead: found ? 4051 : 0,
      blocksCached: tables.filter((s) => s.filter?.falsePositive === true).length,
    },
    problems: [],
    micros: 214.6,
  };
}
