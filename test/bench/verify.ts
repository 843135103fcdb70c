/** Checking a store: every check that there is, and the checksums alone, beside `sst_dump --command=verify`. */
import { onPath } from '../../scripts/lib.mjs';
import { compactInput } from './compact.ts';
import type { Tools } from './main.ts';
import { type Contender, nodeContender, pinned } from './measure.ts';
import type { Group } from './report.ts';
import { canMakeRocksDb } from './stores.ts';

const FULL = 'lsm verify, every check';
const SUMS = 'lsm verify --checksums';
const TWO = 'lsm verify --checksums, two cores';
const PEER = 'sst_dump --command=verify (checksums)';

export async function verifyGroups(tools: Tools): Promise<Group[]> {
  const groups = [await group(tools, 'leveldb', 'snappy')];
  if (!canMakeRocksDb()) return groups;
  for (const compression of ['snappy', 'none'] as const) groups.push(await group(tools, 'rocksdb', compression));
  return groups;
}

async function group(tools: Tools, engine: 'leveldb' | 'rocksdb', compression: 'snappy' | 'none'): Promise<Group> {
  const { dir, bytes, tables } = await compactInput(tools, engine, compression);
  const read = (): { count: number } => ({ count: bytes });
  const ours = (label: string, args: readonly string[]): Contender =>
    nodeContender(label, true, tools.lsm, ['verify', dir, ...args], { read });
  const contenders: Contender[] = [ours(FULL, ['--threads', '1']), ours(SUMS, ['--checksums', '--threads', '1'])];
  if (pinned) contenders.push({ ...ours(TWO, ['--checksums', '--threads', '2']), cores: '0,1' });
  const absent: string[] = [];
  const dump = onPath('sst_dump');
  if (engine === 'leveldb') absent.push('sst_dump has no word for tables of LevelDB');
  else if (dump === undefined) absent.push('sst_dump is not installed');
  else
    contenders.push({
      label: PEER,
      ours: false,
      against: SUMS,
      file: dump,
      args: [`--file=${dir}`, '--command=verify'],
      read,
    });
  const compared = engine === 'rocksdb' && dump !== undefined;
  return {
    title: `checking a ${engine === 'leveldb' ? 'LevelDB' : 'RocksDB'} store: ${tables} tables of ${(bytes / 2 ** 20).toFixed(0)} MB, ${compression === 'none' ? 'uncompressed' : 'Snappy'}; MB of tables a second, whole process`,
    contenders,
    entryBytes: 0,
    unit: 'MB/s',
    absent,
    targets: compared ? [{ kind: 'speed', ours: SUMS, peer: PEER, ratio: 1 }] : [],
  };
}
