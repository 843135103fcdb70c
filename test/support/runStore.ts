/** Tables of random entries in sorted runs, in memory, for what merges runs. */
import { type Problem, StoreError } from '../../engine/base/errors.ts';
import { TableBuilder, type TableBuilderOptions } from '../../engine/formats/block/tableBuilder.ts';
import { TableReader } from '../../engine/formats/block/tableReader.ts';
import { boundOf } from '../../engine/formats/leveldb/internalKey.ts';
import { MemFs } from '../../engine/fs/memFs.ts';
import { DamageLog } from '../../engine/iter/damage.ts';
import { BYTEWISE } from '../../engine/iter/order.ts';
import type { TableInfo } from '../../engine/model/tree.ts';
import { random, randomBytes } from './random.ts';
import { someKey, someValue, sortEntries, type TestEntry } from './writing.ts';

/** Throws what is reported. */
export class Strict extends DamageLog {
  override report(problem: Problem): void {
    throw new StoreError(problem.code, problem.message, { path: problem.path, offset: problem.offset });
  }
}

export interface RunStore {
  readonly runs: readonly (readonly TableInfo[])[];
  readonly source: { acquire(info: TableInfo): TableReader; release(): void };
  readonly fs: MemFs;
}

/** Runs of up to three tables; every run may hold versions of any key. */
export function runStore(
  seed: number,
  runCount: number,
  perRun: number,
  options: Partial<TableBuilderOptions>,
): RunStore {
  const next = random(seed);
  const fs = new MemFs();
  const pool: Uint8Array[] = [new Uint8Array(0)];
  for (let i = 0; i < perRun * 2; i++) pool.push(someKey(next, pool.slice(-30)));
  pool.push(randomBytes(300, seed), randomBytes(5000, seed + 1), randomBytes(70_000, seed + 2));
  let sequence = 0;
  let number = 0;
  const runs = Array.from({ length: runCount }, (_, run) => {
    const entries: TestEntry[] = [];
    for (let i = 0; i < perRun; i++) {
      const key = pool[Math.floor(next() * pool.length)] as Uint8Array;
      const type = [1, 1, 1, 1, 1, 1, 0, 0, 2, 7, 0x16][Math.floor(next() * 11)] as number;
      const value = type === 0 || type === 7 ? new Uint8Array(0) : someValue(next);
      entries.push({ key, sequence: ++sequence * 2 ** (seed % 20), type, value });
    }
    const sorted = sortEntries(entries);
    const tables: TableInfo[] = [];
    for (let at = 0; at < sorted.length; ) {
      let end = Math.min(sorted.length, at + 1 + Math.floor(next() * perRun));
      // A key never spans two tables.
      const same = (i: number): boolean =>
        Buffer.compare((sorted[i] as TestEntry).key, (sorted[i - 1] as TestEntry).key) === 0;
      while (end < sorted.length && same(end)) end++;
      tables.push(write(fs, ++number, run + 1, sorted.slice(at, end), options));
      at = end;
    }
    return tables;
  });
  const dialect = options.dialect ?? 'rocksdb';
  return {
    fs,
    runs,
    source: {
      acquire: (info) => new TableReader(fs.open(`/${info.file}`, 'read'), { dialect, order: BYTEWISE }),
      release: () => undefined,
    },
  };
}

function write(
  fs: MemFs,
  number: number,
  level: number,
  entries: readonly TestEntry[],
  options: Partial<TableBuilderOptions>,
): TableInfo {
  const file = fs.open(`/${number}.sst`, 'create');
  const builder = new TableBuilder(file, { dialect: 'rocksdb', order: BYTEWISE, formatVersion: 5, ...options });
  for (const e of entries) builder.add(e.key, 0, e.key.length, e.sequence, e.type, e.value, 0, e.value.length);
  const { bytes, smallest, largest } = builder.finish();
  file.sync();
  return {
    family: 0,
    level,
    number,
    file: `${number}.sst`,
    bytes,
    smallest: boundOf(smallest),
    largest: boundOf(largest),
  };
}
