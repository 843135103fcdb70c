/** Writing: batches, single writes with and without sync, and what a full memtable costs. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { onPath } from '../../scripts/lib.mjs';
import { KEY_BYTES } from './children/writeFeed.ts';
import type { Tools } from './main.ts';
import { type Contender, jsonReport, nodeContender } from './measure.ts';
import type { Group, Target } from './report.ts';
import { VALUE_BYTES } from './stores.ts';

const ENTRY_BYTES = KEY_BYTES + VALUE_BYTES;
const BATCHED = 600_000;
const SINGLE = 100_000;
const SYNCED = 1000;
const TOGETHER = 10_000;
const FLUSHED = 300_000;
const PEAK_BYTES = 300 * 2 ** 20;

type Format = 'leveldb' | 'rocksdb';

/** One program and what it is to do. */
interface Row {
  readonly label: string;
  readonly program: 'ours' | 'level' | 'rocks';
  readonly task: string;
  readonly against?: string;
}

/** Each row writes a new store in the place of the one before. */
function contenders(tools: Tools, format: Format, count: number, rows: readonly Row[]): Contender[] {
  const dir = join(tools.scratch, 'written');
  const script = { ours: tools.writeOurs, level: tools.writeLevel, rocks: tools.writeRocks };
  return rows.map(({ label, program, task, against }) => {
    const ours = program === 'ours';
    const args = ours ? [task, dir, format, String(count)] : [task, dir, String(count)];
    return nodeContender(label, ours, script[program], args, {
      prepare: () => rmSync(dir, { recursive: true, force: true }),
      read: jsonReport,
      ...(against === undefined ? {} : { against }),
    });
  });
}

/** RocksDB's own benchmark, in-process. */
function dbBench(tools: Tools, name: string, count: number, options: readonly string[], absent: string[]): Contender[] {
  const file = onPath('db_bench');
  if (file === undefined) {
    absent.push('db_bench is not installed');
    return [];
  }
  const dir = join(tools.scratch, 'written');
  // Synced, it takes its keys from a thousandth of `num`, but does all of the writes.
  const num = name === 'fillsync' ? count * 1000 : count;
  return [
    {
      label: `db_bench ${name} (native limit, its own figure)`,
      ours: false,
      file,
      args: [
        `--db=${dir}`,
        `--benchmarks=${name}`,
        `--num=${num}`,
        `--writes=${count}`,
        `--key_size=${KEY_BYTES}`,
        `--value_size=${VALUE_BYTES}`,
        '--compression_type=none',
        ...options,
      ],
      prepare: () => rmSync(dir, { recursive: true, force: true }),
      read: (out) => {
        const line = new RegExp(`${name}\\s*:\\s*([\\d.]+) micros/op`).exec(out);
        if (line === null) throw new Error('printed no result');
        return { seconds: (Number(line[1]) * count) / 1e6, count };
      },
    },
  ];
}

const common = { entryBytes: ENTRY_BYTES, unit: 'entries/s' } as const;
const OURS = 'engine write';
const faster = (ours: string, peer: string): Target => ({ kind: 'speed', ours, peer, ratio: 1 });
const small = (ours: string): Target => ({ kind: 'peak', ours, bytes: PEAK_BYTES });

function levelGroups(tools: Tools): Group[] {
  const batch = 'classic-level batch([...])';
  const chained = 'classic-level batch().put().write()';
  const compacting = 'engine write, compacting as LevelDB does';
  const settled = 'engine write, compacting, and all of it done at the end';
  const settling = 'engine write, all compactions done after each batch';
  const inMemory = 'engine write, nothing flushed';
  const levelInMemory = 'classic-level batch([...]), nothing flushed';
  const absent = ['classic-level cannot be asked for a flush'];
  return [
    {
      ...common,
      title: `batched writes, LevelDB format: ${BATCHED} entries, 1000 a batch, no sync`,
      contenders: contenders(tools, 'leveldb', BATCHED, [
        { label: OURS, program: 'ours', task: 'batch' },
        { label: compacting, program: 'ours', task: 'batchCompacting' },
        { label: settled, program: 'ours', task: 'batchSettled' },
        { label: settling, program: 'ours', task: 'batchSettling' },
        { label: inMemory, program: 'ours', task: 'batchInMemory' },
        { label: batch, program: 'level', task: 'batch', against: compacting },
        { label: chained, program: 'level', task: 'chained', against: compacting },
        { label: levelInMemory, program: 'level', task: 'batchInMemory', against: inMemory },
      ]),
      absent: [],
      targets: [
        faster(OURS, batch),
        faster(compacting, batch),
        faster(settled, batch),
        faster(settling, batch),
        faster(inMemory, levelInMemory),
        small(OURS),
        small(compacting),
        small(settling),
      ],
    },
    {
      ...common,
      title: `single writes, LevelDB format: ${SINGLE} entries, each awaited, no sync`,
      contenders: contenders(tools, 'leveldb', SINGLE, [
        { label: OURS, program: 'ours', task: 'single' },
        { label: 'classic-level put', program: 'level', task: 'single' },
      ]),
      absent: [],
      targets: [],
    },
    {
      ...common,
      title: `single writes, LevelDB format: ${SYNCED} entries, each awaited, each synced`,
      contenders: contenders(tools, 'leveldb', SYNCED, [
        { label: OURS, program: 'ours', task: 'sync' },
        { label: 'classic-level put', program: 'level', task: 'sync' },
      ]),
      absent: [],
      targets: [],
    },
    {
      ...common,
      title: `single writes, LevelDB format: ${TOGETHER} entries, 1000 writers at once, each synced`,
      contenders: contenders(tools, 'leveldb', TOGETHER, [
        { label: OURS, program: 'ours', task: 'together' },
        { label: 'classic-level put', program: 'level', task: 'together' },
      ]),
      absent: [],
      targets: [],
    },
    {
      title: `flush of one memtable, LevelDB format: ${FLUSHED} entries; keys and values a second`,
      contenders: contenders(tools, 'leveldb', FLUSHED, [{ label: 'engine flush', program: 'ours', task: 'flush' }]),
      entryBytes: 0,
      unit: 'MB/s',
      absent,
      targets: [],
    },
  ];
}

function rocksGroups(tools: Tools): Group[] {
  const absent: string[] = [];
  const bench = (name: string, count: number, options: readonly string[] = []): Contender[] =>
    dbBench(tools, name, count, options, absent);
  return [
    {
      ...common,
      title: `batched writes, RocksDB format: ${BATCHED} entries, 1000 a batch, no sync, uncompressed`,
      contenders: [
        ...contenders(tools, 'rocksdb', BATCHED, [
          { label: OURS, program: 'ours', task: 'batch' },
          { label: 'rocksdb-native write batch', program: 'rocks', task: 'batch' },
        ]),
        ...bench('fillrandom', BATCHED, ['--batch_size=1000']),
      ],
      absent,
      targets: [small(OURS)],
    },
    {
      ...common,
      title: `single writes, RocksDB format: ${SINGLE} entries, each awaited, no sync`,
      contenders: [
        ...contenders(tools, 'rocksdb', SINGLE, [
          { label: OURS, program: 'ours', task: 'single' },
          { label: 'rocksdb-native write batch of one', program: 'rocks', task: 'single' },
        ]),
        ...bench('fillrandom', SINGLE),
      ],
      absent,
      targets: [],
    },
    {
      ...common,
      title: `single writes, RocksDB format: ${SYNCED} entries, each awaited, each synced`,
      contenders: [
        ...contenders(tools, 'rocksdb', SYNCED, [{ label: OURS, program: 'ours', task: 'sync' }]),
        ...bench('fillsync', SYNCED),
      ],
      absent: [...absent, 'rocksdb-native has no synced writes'],
      targets: [],
    },
    {
      title: `flush of one memtable, RocksDB format: ${FLUSHED} entries; keys and values a second`,
      contenders: contenders(tools, 'rocksdb', FLUSHED, [
        { label: 'engine flush', program: 'ours', task: 'flush' },
        { label: 'rocksdb-native flush', program: 'rocks', task: 'flush' },
      ]),
      entryBytes: 0,
      unit: 'MB/s',
      absent: ['db_bench does not time its flush'],
      targets: [],
    },
  ];
}

export async function writeGroups(tools: Tools): Promise<Group[]> {
  return [...levelGroups(tools), ...rocksGroups(tools)];
}
