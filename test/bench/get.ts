/** Random look-ups. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onPath, run, Sentence, tail } from '../../scripts/lib.mjs';
import { absentKeys, readKeys } from './children/keys.ts';
import type { Tools } from './main.ts';
import { type Contender, jsonReport, nodeContender } from './measure.ts';
import type { Group } from './report.ts';
import { type BenchStore, benchStore, canMakeRocksDb, renew, type StoreName } from './stores.ts';

/** Few enough that their blocks fit into every engine's default cache. */
const HOT_KEYS = 1000;
const HOT_ROUNDS = 200;
const COLD_KEYS = 20_000;

interface Keys {
  readonly hot: string;
  readonly cold: string;
  readonly absent: string;
}

async function keysOf(tools: Tools, dir: string, name: string): Promise<Keys> {
  const file = (kind: string): string => join(tools.scratch, `${name}.${kind}.keys`);
  const keys = { hot: file('hot'), cold: file('cold'), absent: file('absent') };
  for (const [path, count] of [
    [keys.hot, HOT_KEYS],
    [keys.cold, COLD_KEYS],
  ] as const) {
    const { code, output } = await run(process.execPath, [tools.ours, 'sample', dir, path, String(count)]);
    if (code !== 0) throw new Sentence(`the keys of ${name} could not be sampled:\n${tail(output)}`);
  }
  writeFileSync(keys.absent, absentKeys(readKeys(readFileSync(keys.hot))));
  return keys;
}

interface Lookup {
  readonly label: string;
  readonly ours: boolean;
  readonly script: string;
  readonly task: string;
}

const OURS = 'engine get';

function lookups(
  list: readonly Lookup[],
  store: BenchStore,
  file: string,
  rounds: number,
  found: boolean,
): Contender[] {
  const copy = join(dirname(store.dir), 'leveldb-copy');
  return list.map(({ label, ours, script, task }) => {
    const onCopy = !ours && store.engine === 'leveldb';
    return nodeContender(label, ours, script, [task, onCopy ? copy : store.dir, file, String(rounds)], {
      prepare: () => {
        if (onCopy) renew(store, copy);
      },
      read: (out) => {
        const report = jsonReport(out);
        const wanted = found ? report.count : 0;
        if (report.found !== wanted) throw new Error(`found ${report.found} of ${report.count} keys`);
        return report;
      },
    });
  });
}

/** Three groups of one store: hot, cold, absent. */
async function groupsOf(
  tools: Tools,
  name: StoreName,
  peers: readonly Lookup[],
  target: string | undefined,
): Promise<Group[]> {
  const store = await benchStore(name);
  const { dir, engine } = store;
  const keys = await keysOf(tools, dir, name);
  const all = [{ label: OURS, ours: true, script: tools.ours, task: 'get' }, ...peers];
  const what = `${engine === 'leveldb' ? 'LevelDB' : 'RocksDB'} store`;
  const common = { entryBytes: 0, unit: 'gets/s', absent: [] } as const;
  const targets = target === undefined ? [] : [{ kind: 'speed', ours: OURS, peer: target, ratio: 1 } as const];
  const extra = name === 'rocksdb-levels' ? readRandom(dir) : [];
  return [
    {
      ...common,
      title: `get of present keys, ${what}, hot: ${HOT_KEYS} keys, ${HOT_ROUNDS} rounds after a first`,
      contenders: lookups(all, store, keys.hot, HOT_ROUNDS, true),
      targets,
    },
    {
      ...common,
      title: `get of present keys, ${what}, cold: ${COLD_KEYS} keys once in a fresh process (files in the page cache)`,
      contenders: [...lookups(all, store, keys.cold, 1, true), ...extra],
      targets: [],
    },
    {
      ...common,
      title: `get of absent keys, ${what}, hot`,
      contenders: lookups(all, store, keys.absent, HOT_ROUNDS, false),
      targets,
    },
  ];
}

/** RocksDB's own benchmark, in-process; a third of its keys is absent. */
function readRandom(dir: string): Contender[] {
  const file = onPath('db_bench');
  if (file === undefined) return [];
  return [
    {
      label: 'db_bench readrandom (native limit, its own figure)',
      ours: false,
      file,
      args: [
        `--db=${dir}`,
        '--benchmarks=readrandom',
        '--use_existing_db=1',
        '--readonly=1',
        '--key_size=16',
        '--num=1200000',
        `--reads=${COLD_KEYS}`,
      ],
      read: (out) => {
        const line = /readrandom\s*:.*?([\d.]+) seconds (\d+) operations/.exec(out);
        if (line === null) throw new Error('printed no result');
        return { seconds: Number(line[1]), count: Number(line[2]) };
      },
    },
  ];
}

export async function getGroups(tools: Tools): Promise<Group[]> {
  const level = (label: string, task: string): Lookup => ({ label, ours: false, script: tools.classicLevel, task });
  const groups = await groupsOf(
    tools,
    'leveldb',
    [level('classic-level getSync', 'getSync'), level('classic-level get', 'get')],
    'classic-level getSync',
  );
  if (!canMakeRocksDb()) return groups;
  const native = { label: 'rocksdb-native get', ours: false, script: tools.rocksdbNative, task: 'get' };
  return [...groups, ...(await groupsOf(tools, 'rocksdb-levels', [native], undefined))];
}
