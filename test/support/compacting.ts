/** Small stores in memory to compact, and what compactions of them are held against. */
import { strict as assert } from 'node:assert';
import { equalBytes, hex, utf8 } from '../../engine/base/bytes.ts';
import { MemFs } from '../../engine/fs/memFs.ts';
import { DamageLog } from '../../engine/iter/damage.ts';
import { checkLevels } from '../../engine/model/check.ts';
import type { ManualTarget } from '../../engine/policy/manual.ts';
import type { Choice } from '../../engine/policy/policy.ts';
import { type CompactionResult, compactionJob, type JobOptions } from '../../engine/store/compaction/job.ts';
import { forcedChoice } from '../../engine/store/compaction/select.ts';
import { type SpawnRange, serveRange, type ThreadJob } from '../../engine/store/compaction/threads.ts';
import { createStore } from '../../engine/store/create.ts';
import type { WriteEnvironment } from '../../engine/store/writeEnvironment.ts';
import type { StoreWriter } from '../../engine/store/writer.ts';
import { memEnvironment } from './memEnvironment.ts';
import { random } from './random.ts';

export type Format = 'leveldb' | 'rocksdb';
export const FORMATS: readonly Format[] = ['leveldb', 'rocksdb'];
export const DIR = '/s';
export const NOW = 1_790_000_000;

export function create(format: Format): { fs: MemFs; env: WriteEnvironment } {
  const fs = new MemFs();
  const env = memEnvironment(fs);
  for (const _ of createStore(env, DIR, { format }));
  return { fs, env };
}

export function scan(writer: StoreWriter, at?: number): Map<string, string> {
  const damage = new DamageLog();
  const { view } = writer.reader;
  const found = new Map<string, string>();
  const entries = view.scan(0, { at }, damage);
  for (entries.first(); entries.valid; entries.next()) {
    const { keyBuffer, keyStart, keyLength, valueBuffer, valueStart, valueLength } = entries;
    const key = keyBuffer.slice(keyStart, keyStart + keyLength);
    found.set(hex(key), hex(valueBuffer.slice(valueStart, valueStart + valueLength)));
  }
  entries.close();
  assert.deepEqual(damage.problems, []);
  return found;
}

export function choiceFor(writer: StoreWriter, target: ManualTarget): Choice {
  const { view } = writer.reader;
  return forcedChoice(view, view.family(0), target, NOW);
}

export function run(
  writer: StoreWriter,
  env: WriteEnvironment,
  choice: Choice,
  more: Partial<JobOptions> = {},
): CompactionResult {
  const job = compactionJob(writer, 0, choice, { fs: env.fs, clock: env.clock, ...more });
  for (;;) {
    const step = job.next();
    if (step.done === true) return step.value;
    const { percent, readBytes, totalBytes } = step.value;
    assert.ok(percent >= 0 && percent < 100 && readBytes <= totalBytes, `${percent} %, ${readBytes} of ${totalBytes}`);
  }
}

/** Small tables, whatever the options say. */
export function cut(choice: Choice, maxOutputBytes = 2000): Choice {
  return choice.kind === 'compact' ? { ...choice, maxOutputBytes } : choice;
}

export function assertTree(writer: StoreWriter): void {
  const { order, view } = writer.reader.view.family(0);
  const compare = (a: Uint8Array, b: Uint8Array): number => order.compareUser(a, 0, a.length, b, 0, b.length);
  assert.deepEqual(checkLevels(view, compare, { lastSequence: writer.lastSequence }), []);
}

export const key = (n: number): Uint8Array => utf8(`key${String(n).padStart(4, '0')}`);

/** Tables in L0 with overwrites and deletions; the number of the next key is returned. */
export function fill(writer: StoreWriter, tables: number, keys = 60, seed = 1): void {
  const next = random(seed);
  for (let t = 0; t < tables; t++) {
    const batch = writer.batch();
    for (let i = 0; i < keys; i++) {
      const k = key(Math.floor(next() * 2 * keys));
      if (next() < 0.2) batch.delete(0, k);
      else batch.put(0, k, utf8(`value ${t} ${i} ${'x'.repeat(40)}`));
    }
    writer.writeSync(batch);
    writer.flush();
  }
}

export function files(fs: MemFs): Map<string, Uint8Array> {
  return new Map(fs.list(DIR).map((name) => [name, fs.read(`${DIR}/${name}`)]));
}

export function assertSameFiles(before: Map<string, Uint8Array>, after: Map<string, Uint8Array>): void {
  assert.deepEqual([...after.keys()], [...before.keys()]);
  for (const [name, bytes] of before) assert.ok(equalBytes(bytes, after.get(name) ?? new Uint8Array(0)), name);
}

export function finish<T>(job: Generator<unknown, T, void>): T {
  for (;;) {
    const step = job.next();
    if (step.done === true) return step.value;
  }
}

/** Threads that are none: each range is done when it is started, or never. */
export function spawnHere(fs: MemFs, env: WriteEnvironment, started: ThreadJob[], fails = false): SpawnRange {
  return (job, message, failed) => {
    started.push(job);
    if (fails) failed('it was told to');
    else serveRange(structuredClone(job), fs, env.clock, (m) => message(structuredClone(m)));
    return { stop: () => {} };
  };
}
