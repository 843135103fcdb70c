/** Opening stores of 5,000 tables. */
import { onPath } from '../../scripts/lib.mjs';
import type { Tools } from './main.ts';
import { type Contender, jsonReport, nodeContender } from './measure.ts';
import type { Group, Target } from './report.ts';
import { benchStore, canMakeRocksDb, type StoreName } from './stores.ts';

const OPEN = 'engine open and summary';
const CLI = 'lsm get of an absent key, whole process';
const LDB = 'ldb list_live_files_metadata, whole process';
const SECONDS_MAX = 0.3;

async function groupOf(tools: Tools, name: StoreName): Promise<Group> {
  const { dir, engine, tables } = await benchStore(name);
  const absent: string[] = [];
  const contenders: Contender[] = [
    nodeContender(OPEN, true, tools.ours, ['open', dir], { read: jsonReport }),
    nodeContender(CLI, true, tools.lsm, ['get', dir, 'no such key']),
  ];
  const targets: Target[] = [
    { kind: 'time', ours: OPEN, seconds: SECONDS_MAX },
    { kind: 'time', ours: CLI, seconds: SECONDS_MAX },
  ];
  if (engine === 'leveldb') {
    contenders.push(
      nodeContender('classic-level open', false, tools.classicLevel, ['open', dir], { read: jsonReport }),
    );
  } else {
    contenders.push(
      nodeContender('rocksdb-native open', false, tools.rocksdbNative, ['open', dir], { read: jsonReport }),
    );
    const ldb = onPath('ldb');
    if (ldb === undefined) absent.push('ldb is not installed');
    else {
      const peer = (label: string, ...args: string[]): Contender => ({
        label,
        ours: false,
        file: ldb,
        args: [`--db=${dir}`, ...args],
        mute: true,
        against: CLI,
      });
      contenders.push(peer(LDB, 'list_live_files_metadata'), peer('ldb manifest_dump, whole process', 'manifest_dump'));
      targets.push({ kind: 'speed', ours: CLI, peer: LDB, ratio: 1 });
    }
  }
  return {
    title: `open of a ${engine === 'leveldb' ? 'LevelDB' : 'RocksDB'} store of ${tables} tables`,
    contenders,
    entryBytes: 0,
    unit: 'ms',
    absent,
    targets,
  };
}

export async function openGroups(tools: Tools): Promise<Group[]> {
  const groups = [await groupOf(tools, 'leveldb-5000')];
  if (canMakeRocksDb()) groups.push(await groupOf(tools, 'rocksdb-5000'));
  return groups;
}
