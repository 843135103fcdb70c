/** Test helper: a store's MANIFEST applied just far enough to replay its logs. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LogReader } from '../../../engine/formats/leveldb/logReader.ts';
import { manifestFromCurrent, parseFileName } from '../../../engine/formats/leveldb/names.ts';
import { decodeLevelDbEdit } from '../../../engine/formats/leveldb/versionEdit.ts';
import { parseOptions } from '../../../engine/formats/rocksdb/options.ts';
import { decodeRocksDbEdit } from '../../../engine/formats/rocksdb/versionEdit.ts';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { keyOrder } from '../../../engine/iter/order.ts';
import { type ReplayResult, type ReplayState, replayWals } from '../../../engine/store/walReplay.ts';

export const CORPUS = join(import.meta.dirname, '../../../../shared/corpus');

/** Skip message for `node:test`, or false where the corpus is there. */
export const NO_CORPUS: string | false = existsSync(CORPUS) ? false : 'the corpus ../shared/corpus is absent';

/** 64-bit timestamps do not survive JSON.parse as numbers. */
export function jsonLines(path: string): Record<string, unknown>[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line.replace(/"ts":(\d+)/, '"ts":"$1"')) as Record<string, unknown>);
}

export interface ReplayedStore extends ReplayResult {
  readonly names: ReadonlyMap<number, string>;
}

export function replayStore(
  directory: string,
  engine: 'leveldb' | 'rocksdb',
  overrides: Partial<ReplayState> & { manifest?: string } = {},
): ReplayedStore {
  const names = nodeFs.list(directory);
  const manifest = overrides.manifest ?? manifestFromCurrent(readFileSync(join(directory, 'CURRENT')));
  const file = nodeFs.open(join(directory, manifest), 'read');
  const reader = new LogReader(file, { path: manifest });
  const families = new Map([[0, { name: 'default', logNumber: 0, comparator: 'leveldb.BytewiseComparator' }]]);
  let lastSequence = 0;
  let minLogNumberToKeep = 0;
  let prevLogNumber = 0;
  while (reader.next()) {
    const edit = engine === 'leveldb' ? decodeLevelDbEdit(reader.record) : decodeRocksDbEdit(reader.record);
    if (edit.familyAdded !== undefined) {
      families.set(edit.family, { name: edit.familyAdded, logNumber: 0, comparator: '' });
    }
    if (edit.familyDropped === true) families.delete(edit.family);
    const family = families.get(edit.family);
    if (family !== undefined) {
      family.logNumber = edit.logNumber ?? family.logNumber;
      family.comparator = edit.comparator ?? family.comparator;
    }
    lastSequence = edit.lastSequence ?? lastSequence;
    minLogNumberToKeep = Math.max(minLogNumberToKeep, edit.minLogNumberToKeep ?? 0);
    prevLogNumber = edit.prevLogNumber ?? prevLogNumber;
  }
  file.close();
  const options = names.filter((n) => parseFileName(n).kind === 'options').sort();
  const newest = options.at(-1);
  const parsed = newest === undefined ? undefined : parseOptions(readFileSync(join(directory, newest)), newest);
  const state: ReplayState = {
    engine,
    families: [...families].map(([id, f]) => ({ id, ...f, order: keyOrder(f.comparator) })),
    lastSequence,
    minLogNumberToKeep,
    prevLogNumber,
    allowTwoPhase: parsed?.db['allow_2pc'] === 'true',
    ...overrides,
  };
  const wals = names.map(parseFileName).flatMap((n) => (n.kind === 'wal' && n.number !== null ? [n.number] : []));
  return {
    ...replayWals(nodeFs, directory, wals, state),
    names: new Map([...families].map(([id, f]) => [id, f.name])),
  };
}
