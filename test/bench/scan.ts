/** Whole-store scans. */
import { dirname, join } from 'node:path';
import { onPath, run } from '../../scripts/lib.mjs';
import type { Tools } from './main.ts';
import { type Contender, jsonReport, nodeContender, type Report } from './measure.ts';
import type { Group, Target } from './report.ts';
import { type BenchStore, benchStore, canMakeRocksDb, renew, type StoreName, VALUE_BYTES } from './stores.ts';

const ENTRY_BYTES = 16 + VALUE_BYTES;
const PEAK_BYTES = 200 * 2 ** 20;

const COUNT = 'lsm scan --count';
const WALK = 'engine, keys and values touched';
const HEX = 'lsm scan --format hex > /dev/null';

function oursOf(tools: Tools, dir: string): Contender[] {
  return [
    nodeContender(COUNT, true, tools.lsm, ['scan', dir, '--count'], {
      read: (out) => ({ count: Number(/^\d+/.exec(out)?.[0]) }),
    }),
    nodeContender(WALK, true, tools.ours, ['walk', dir], { read: wholeProcess }),
    nodeContender(HEX, true, tools.lsm, ['scan', dir, '--format', 'hex'], { mute: true }),
  ];
}

/** The count from the program's report, the time from outside. */
function wholeProcess(out: string): Report {
  const { count } = jsonReport(out);
  return count === undefined ? {} : { count };
}

const PEAKS: Target[] = [COUNT, WALK, HEX].map((ours) => ({ kind: 'peak', ours, bytes: PEAK_BYTES }));

export async function scanGroups(tools: Tools): Promise<Group[]> {
  const groups = [await levelGroup(tools)];
  if (!canMakeRocksDb()) return groups;
  for (const name of ['rocksdb', 'rocksdb-levels'] as const) groups.push(await rocksGroup(tools, name));
  return groups;
}

async function levelGroup(tools: Tools): Promise<Group> {
  const store = await benchStore('leveldb');
  const { dir, tables } = store;
  const copy = join(dirname(dir), 'leveldb-copy');
  const peer = 'classic-level nextv(1000)';
  return {
    title: `scan of a LevelDB store: 1,200,000 entries, ${tables} tables in several levels, Snappy; whole process`,
    contenders: [
      ...oursOf(tools, dir),
      nodeContender(peer, false, tools.classicLevel, ['nextv', copy], {
        read: wholeProcess,
        against: WALK,
        prepare: () => renew(store, copy),
      }),
    ],
    entryBytes: ENTRY_BYTES,
    entries: 1_200_000,
    unit: 'entries/s',
    absent: [],
    targets: [{ kind: 'speed', ours: COUNT, peer, ratio: 3 }, { kind: 'speed', ours: WALK, peer, ratio: 3 }, ...PEAKS],
  };
}

async function rocksGroup(tools: Tools, name: StoreName): Promise<Group> {
  const store = await benchStore(name);
  const { dir } = store;
  const peers: Contender[] = [];
  const absent: string[] = [];
  if (name === 'rocksdb') absent.push('rocksdb-native is built without Snappy');
  else {
    const rest = { read: wholeProcess, against: WALK };
    peers.push(nodeContender('rocksdb-native iterator', false, tools.rocksdbNative, ['iterate', dir], rest));
  }
  const tool = (program: string, contender: (file: string) => Contender): void => {
    const file = onPath(program);
    if (file === undefined) absent.push(`${program} is not installed`);
    else peers.push(contender(file));
  };
  tool('ldb', (file) => ({
    label: 'ldb scan --hex > /dev/null',
    ours: false,
    file,
    args: [`--db=${dir}`, 'scan', '--hex'],
    mute: true,
    against: HEX,
  }));
  // It walks tables, not the store: with several levels it sees every version.
  tool('sst_dump', (file) => ({
    label: 'sst_dump --command=scan > /dev/null',
    ours: false,
    file,
    args: [`--file=${dir}`, '--command=scan', '--output_hex'],
    mute: true,
    against: HEX,
  }));
  tool('db_bench', (file) => readSequence(file, store));
  return {
    title: `scan of a RocksDB store: ${name === 'rocksdb' ? 'compacted, Snappy' : 'several levels, uncompressed'}, ${store.tables} tables; whole process`,
    contenders: [...oursOf(tools, dir), ...peers],
    entryBytes: ENTRY_BYTES,
    entries: await countOf(tools, dir),
    unit: 'entries/s',
    absent,
    targets: PEAKS,
  };
}

/** The native limit: RocksDB's own benchmark of its iterator, in-process. */
function readSequence(file: string, { dir }: BenchStore): Contender {
  return {
    label: 'db_bench readseq (native limit, its own figure)',
    ours: false,
    against: WALK,
    file,
    args: [`--db=${dir}`, '--benchmarks=readseq', '--use_existing_db=1', '--readonly=1', '--key_size=16'],
    read: (out) => {
      const line = /readseq\s*:.*?([\d.]+) seconds (\d+) operations/.exec(out);
      if (line === null) throw new Error('printed no result');
      return { seconds: Number(line[1]), count: Number(line[2]) };
    },
  };
}

const counts = new Map<string, number>();

/** Entries of a store, for programs that do not say how many they printed. */
async function countOf(tools: Tools, dir: string): Promise<number> {
  const known = counts.get(dir);
  if (known !== undefined) return known;
  const { output } = await run(process.execPath, [tools.lsm, 'scan', dir, '--count']);
  const count = Number(/\d+/.exec(output)?.[0]);
  counts.set(dir, count);
  return count;
}
