/** Full compaction of a store, each program on a fresh copy of the same. */
import { copyFileSync, linkSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { atomically, cacheFolder, onPath, run, Sentence, say, tail } from '../../scripts/lib.mjs';
import { feed, KEY_BYTES } from './children/writeFeed.ts';
import type { Tools } from './main.ts';
import { type Contender, jsonReport, nodeContender, pinned, type Report } from './measure.ts';
import type { Group, Target } from './report.ts';
import { canMakeRocksDb, tableCount, VALUE_BYTES } from './stores.ts';

/** Goes up whenever what is written changes. */
const STORES_VERSION = 1;
const PEAK_BYTES = 300 * 2 ** 20;
const RATIO_ONE_THREAD = 0.7;
const RATIO_TWO_THREADS = 1;

type Compression = 'snappy' | 'none';

export interface Input {
  readonly dir: string;
  /** Of all tables; what every program's MB/s is about. */
  readonly bytes: number;
  readonly tables: number;
  readonly copy: string;
}

const entriesOf = (tools: Tools): number => Math.round(tools.compactBytes / (KEY_BYTES + VALUE_BYTES));

/** Written in random order, compacted only as its engine does by itself, and then left at rest. */
async function fillLevel(dir: string, entries: number, compression: boolean): Promise<void> {
  const open = async (): Promise<ClassicLevel<Buffer, Buffer>> => {
    const db = new ClassicLevel<Buffer, Buffer>(dir, { keyEncoding: 'buffer', valueEncoding: 'buffer', compression });
    await db.open();
    return db;
  };
  const db = await open();
  await feed(entries, async (keys, values) => {
    await db.batch(keys.map((key, i) => ({ type: 'put', key, value: values[i] as Buffer }) as const));
  });
  await db.close();
  // Opening again moves what is left in the log into a table.
  await (await open()).close();
}

function benchOptions(dir: string, compression: Compression): string[] {
  return [
    `--db=${dir}`,
    `--key_size=${KEY_BYTES}`,
    `--value_size=${VALUE_BYTES}`,
    `--compression_type=${compression}`,
    '--min_level_to_compress=-1',
    '--write_buffer_size=8388608',
    '--target_file_size_base=8388608',
    '--max_bytes_for_level_base=33554432',
  ];
}

async function fillRocks(dir: string, entries: number, compression: Compression): Promise<void> {
  const args = ['--benchmarks=fillrandom,waitforcompaction', `--num=${entries}`, '--seed=7'];
  const { code, output } = await run(onPath('db_bench') as string, [...benchOptions(dir, compression), ...args]);
  if (code !== 0) throw new Sentence(`db_bench failed:\n${tail(output)}`);
}

export async function compactInput(
  tools: Tools,
  engine: 'leveldb' | 'rocksdb',
  compression: Compression,
): Promise<Input> {
  const entries = entriesOf(tools);
  const root = join(cacheFolder(), `bench-compact-${STORES_VERSION}`);
  const name = `${engine}-${compression}-${entries}`;
  const dir = join(root, name);
  await atomically(dir, async (part) => {
    say(`making the store ${name}, once`);
    if (engine === 'leveldb') await fillLevel(part, entries, compression === 'snappy');
    else await fillRocks(part, entries, compression);
  });
  const tables = readdirSync(dir).filter((n) => /\.(ldb|sst)$/.test(n));
  const bytes = tables.reduce((sum, n) => sum + statSync(join(dir, n)).size, 0);
  return { dir, bytes, tables: tableCount(dir), copy: join(root, 'copy') };
}

/** Tables never change, so links to them do. */
function renew({ dir, copy }: Input): void {
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  for (const name of readdirSync(dir)) {
    if (/\.(ldb|sst)$/.test(name)) linkSync(join(dir, name), join(copy, name));
    else copyFileSync(join(dir, name), join(copy, name));
  }
}

const WHOLE = 'lsm compact --in-place, whole process';
const JOB = 'lsm compact --in-place, the job (merge and proof)';
const TWO = 'lsm compact --in-place, whole process, two cores';

function oursOf(tools: Tools, store: Input): Contender[] {
  const args = ['compact', store.copy, '--in-place', '--json'];
  const prepare = (): void => renew(store);
  const job = (out: string): Report => {
    const { seconds } = jsonReport(out);
    return { count: store.bytes, ...(seconds === undefined ? {} : { seconds }) };
  };
  const whole = (): Report => ({ count: store.bytes });
  return [
    nodeContender(WHOLE, true, tools.lsm, args, { prepare, read: whole }),
    nodeContender(JOB, true, tools.lsm, args, { prepare, read: job }),
    ...(pinned ? [{ ...nodeContender(TWO, true, tools.lsm, args, { prepare, read: whole }), cores: '0,1' }] : []),
  ];
}

const PEAKS: Target[] = [WHOLE, ...(pinned ? [TWO] : [])].map((ours) => ({ kind: 'peak', ours, bytes: PEAK_BYTES }));

const titleOf = (name: string, c: Compression, s: Input, tools: Tools): string =>
  `full compaction of a ${name} store: ${Math.round(tools.compactBytes / 2 ** 20)} MB of entries, ${s.tables} tables of ${(s.bytes / 2 ** 20).toFixed(0)} MB, ${c === 'none' ? 'uncompressed' : 'Snappy'}; MB of tables a second`;

async function levelGroup(tools: Tools, compression: Compression): Promise<Group> {
  const store = await compactInput(tools, 'leveldb', compression);
  const peer = 'classic-level compactRange';
  const itself = 'classic-level compactRange, by the bytes it read itself';
  const level = (label: string, own: boolean): Contender =>
    nodeContender(label, false, tools.writeLevel, ['compact', store.copy, compression], {
      prepare: () => renew(store),
      against: JOB,
      read: (out) => {
        const { seconds, found } = jsonReport(out);
        if (seconds === undefined || found === undefined) throw new Error('printed no report');
        return { seconds, count: own ? found : store.bytes };
      },
    });
  const speed = (ours: string, to: string, ratio: number): Target => ({ kind: 'speed', ours, peer: to, ratio });
  return {
    title: titleOf('LevelDB', compression, store, tools),
    contenders: [...oursOf(tools, store), level(peer, false), level(itself, true)],
    entryBytes: 0,
    unit: 'MB/s',
    absent: [],
    targets: [
      speed(WHOLE, peer, RATIO_ONE_THREAD),
      speed(JOB, peer, RATIO_ONE_THREAD),
      speed(JOB, itself, RATIO_ONE_THREAD),
      ...(pinned ? [speed(TWO, peer, RATIO_TWO_THREADS), speed(TWO, itself, RATIO_TWO_THREADS)] : []),
      ...PEAKS,
    ],
  };
}

async function rocksGroup(tools: Tools, compression: Compression): Promise<Group> {
  const store = await compactInput(tools, 'rocksdb', compression);
  const prepare = (): void => renew(store);
  const peers: Contender[] = [];
  const absent: string[] = [];
  if (compression === 'none') {
    peers.push(
      nodeContender('rocksdb-native compactRange', false, tools.writeRocks, ['compact', store.copy], {
        prepare,
        against: JOB,
        read: (out) => ({ ...jsonReport(out), count: store.bytes }),
      }),
    );
  } else absent.push('rocksdb-native is built without Snappy');
  const ldb = onPath('ldb');
  if (ldb === undefined) absent.push('ldb is not installed');
  else {
    peers.push({
      label: 'ldb compact, whole process',
      ours: false,
      against: WHOLE,
      file: ldb,
      args: [
        `--db=${store.copy}`,
        '--try_load_options',
        `--compression_type=${compression === 'none' ? 'no' : 'snappy'}`,
        'compact',
      ],
      prepare,
      read: () => ({ count: store.bytes }),
    });
  }
  peers.push({
    label: 'db_bench compact (native limit, its own figure)',
    ours: false,
    against: JOB,
    file: onPath('db_bench') as string,
    args: [...benchOptions(store.copy, compression), '--use_existing_db=1', '--benchmarks=compact'],
    prepare,
    read: (out) => {
      const line = /compact\s*:\s*([\d.]+) micros\/op/.exec(out);
      if (line === null) throw new Error('printed no result');
      return { seconds: Number(line[1]) / 1e6, count: store.bytes };
    },
  });
  return {
    title: titleOf('RocksDB', compression, store, tools),
    contenders: [...oursOf(tools, store), ...peers],
    entryBytes: 0,
    unit: 'MB/s',
    absent,
    targets: PEAKS,
  };
}

export async function compactGroups(tools: Tools): Promise<Group[]> {
  const groups = [await levelGroup(tools, 'snappy'), await levelGroup(tools, 'none')];
  if (!canMakeRocksDb()) return groups;
  for (const compression of ['snappy', 'none'] as const) groups.push(await rocksGroup(tools, compression));
  return groups;
}
