/**
 * Whole compactions of stores in memory: content against a model at every live snapshot, trees, cancelling,
 * failing and crashing at every step.
 */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { equalBytes, hex, utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { parseFileName } from '../../../engine/formats/leveldb/names.ts';
import type { FileHandle, FileSystem } from '../../../engine/fs/fileSystem.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { DamageLog } from '../../../engine/iter/damage.ts';
import { checkLevels } from '../../../engine/model/check.ts';
import type { TableInfo } from '../../../engine/model/tree.ts';
import type { ManualTarget } from '../../../engine/policy/manual.ts';
import type { Choice, CompactChoice } from '../../../engine/policy/policy.ts';
import { type CompactionResult, compactionJob, type JobOptions } from '../../../engine/store/compaction/job.ts';
import { planJob } from '../../../engine/store/compaction/plan.ts';
import { forcedChoice } from '../../../engine/store/compaction/select.ts';
import { type SpawnRange, serveRange, type ThreadJob } from '../../../engine/store/compaction/threads.ts';
import { createStore } from '../../../engine/store/create.ts';
import type { LiveSnapshot } from '../../../engine/store/snapshots.ts';
import type { WriteEnvironment } from '../../../engine/store/writeEnvironment.ts';
import { StoreWriter } from '../../../engine/store/writer.ts';
import { memEnvironment } from '../../support/memEnvironment.ts';
import { random } from '../../support/random.ts';

type Format = 'leveldb' | 'rocksdb';
const FORMATS: readonly Format[] = ['leveldb', 'rocksdb'];
const DIR = '/s';
const NOW = 1_790_000_000;

function create(format: Format): { fs: MemFs; env: WriteEnvironment } {
  const fs = new MemFs();
  const env = memEnvironment(fs);
  for (const _ of createStore(env, DIR, { format }));
  return { fs, env };
}

function scan(writer: StoreWriter, at?: number): Map<string, string> {
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

function choiceFor(writer: StoreWriter, target: ManualTarget): Choice {
  const { view } = writer.reader;
  return forcedChoice(view, view.family(0), target, NOW);
}

function run(
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
function cut(choice: Choice, maxOutputBytes = 2000): Choice {
  return choice.kind === 'compact' ? { ...choice, maxOutputBytes } : choice;
}

function assertTree(writer: StoreWriter): void {
  const { order, view } = writer.reader.view.family(0);
  const compare = (a: Uint8Array, b: Uint8Array): number => order.compareUser(a, 0, a.length, b, 0, b.length);
  assert.deepEqual(checkLevels(view, compare, { lastSequence: writer.lastSequence }), []);
}

const key = (n: number): Uint8Array => utf8(`key${String(n).padStart(4, '0')}`);

/** Tables in L0 with overwrites and deletions; the number of the next key is returned. */
function fill(writer: StoreWriter, tables: number, keys = 60, seed = 1): void {
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

function files(fs: MemFs): Map<string, Uint8Array> {
  return new Map(fs.list(DIR).map((name) => [name, fs.read(`${DIR}/${name}`)]));
}

function assertSameFiles(before: Map<string, Uint8Array>, after: Map<string, Uint8Array>): void {
  assert.deepEqual([...after.keys()], [...before.keys()]);
  for (const [name, bytes] of before) assert.ok(equalBytes(bytes, after.get(name) ?? new Uint8Array(0)), name);
}

describe('a forced compaction', () => {
  for (const format of FORMATS) {
    it(`leaves one sorted run without tombstones or hidden entries (${format})`, () => {
      const { fs, env } = create(format);
      const writer = StoreWriter.open(env, DIR);
      fill(writer, 5);
      const before = scan(writer);
      const choice = choiceFor(writer, { kind: 'store' });
      const plan = finish(planJob(writer.reader.view, writer.reader.view.family(0), choice, env.clock));
      const result = run(writer, env, cut(choice));
      assert.deepEqual(scan(writer), before);
      assert.equal(result.kind, 'compact');
      assert.equal(result.summary.after.sortedRuns, 1);
      assert.equal(result.summary.before.tables, 5);
      assert.ok(result.outputs.length > 1, 'cut into several tables');
      // RocksDB's flush leaves hidden versions out already.
      if (format === 'leveldb') assert.equal(plan.entries, 300);
      assert.equal(plan.entries - plan.droppableTombstones - plan.shadowedEntries, before.size);
      assert.equal(result.summary.entriesRead, plan.entries);
      assert.equal(result.summary.droppedTombstones, plan.droppableTombstones);
      assert.equal(result.summary.hiddenEntries, plan.shadowedEntries);
      assertTree(writer);
      const tables = fs.list(DIR).filter((name) => parseFileName(name).kind === 'table');
      assert.equal(tables.length, result.outputs.length, 'the inputs are gone');
      writer.close();
      const again = StoreWriter.open(env, DIR);
      assert.deepEqual(scan(again), before);
      again.close();
    });

    it(`is cancelled without a trace (${format})`, () => {
      const { fs, env } = create(format);
      const writer = StoreWriter.open(env, DIR);
      fill(writer, 4, 3000);
      const before = files(fs);
      const choice = cut(choiceFor(writer, { kind: 'store' }));
      const options = { fs: env.fs, clock: env.clock };
      for (const steps of [1, 3, 9]) {
        const job = compactionJob(writer, 0, choice, options);
        for (let i = 0; i < steps; i++) assert.equal(job.next().done, false, 'still under way');
        job.return(undefined as never);
        assertSameFiles(before, files(fs));
        assert.equal(writer.pendingOutputs.size, 0);
      }
      let asked = 0;
      assert.throws(() => run(writer, env, choice, { isCancelled: () => ++asked > 4 }), { code: 'CANCELLED' });
      assertSameFiles(before, files(fs));
      writer.close();
    });
  }

  it('says why there is nothing to do', () => {
    const { env } = create('rocksdb');
    const writer = StoreWriter.open(env, DIR);
    const result = run(writer, env, choiceFor(writer, { kind: 'store' }));
    assert.equal(result.kind, 'none');
    assert.match(result.why, /no tables/);
    writer.close();
  });

  it('asks for pauses where a rate is given', () => {
    const { env } = create('leveldb');
    const writer = StoreWriter.open(env, DIR);
    fill(writer, 4, 400);
    let pause = 0;
    const options = { fs: env.fs, clock: env.clock, bytesPerSecond: 100 };
    for (const p of compactionJob(writer, 0, choiceFor(writer, { kind: 'store' }), options))
      pause = Math.max(pause, p.pauseMs);
    assert.ok(pause > 1000, `${pause} ms`);
    writer.close();
  });

  it('moves tables by an edit alone where the policy says so', () => {
    const { fs, env } = create('rocksdb');
    const writer = StoreWriter.open(env, DIR);
    fill(writer, 1);
    const before = scan(writer);
    const table = writer.reader.view.family(0).tables[0] as TableInfo;
    const choice = choiceFor(writer, { kind: 'store' }) as CompactChoice;
    const result = run(writer, env, { ...choice, isTrivialMove: true });
    assert.equal(result.kind, 'move');
    assert.ok(fs.list(DIR).includes(table.file));
    const moved = writer.reader.view.family(0).tables[0] as TableInfo;
    assert.equal(moved.number, table.number);
    assert.equal(moved.level, choice.outputLevel);
    assert.deepEqual(scan(writer), before);
    writer.close();
  });

  it('refuses inputs that are not live any more', () => {
    const { env } = create('rocksdb');
    const writer = StoreWriter.open(env, DIR);
    fill(writer, 3);
    const choice = choiceFor(writer, { kind: 'store' });
    run(writer, env, choice);
    assert.throws(() => run(writer, env, choice), StoreError);
    writer.close();
  });

  it('refuses to begin where the disk has no room', () => {
    const { env } = create('rocksdb');
    const writer = StoreWriter.open(env, DIR);
    fill(writer, 3);
    assert.throws(() => run(writer, env, choiceFor(writer, { kind: 'store' }), { freeBytes: () => 100 }), {
      code: 'READ_ONLY',
    });
    writer.close();
  });
});

function finish<T>(job: Generator<unknown, T, void>): T {
  for (;;) {
    const step = job.next();
    if (step.done === true) return step.value;
  }
}

describe('the proof', () => {
  it('commits nothing if the outputs are not what they should be', () => {
    const { fs, env } = create('leveldb');
    const writer = StoreWriter.open(env, DIR);
    fill(writer, 4);
    const before = files(fs);
    const content = scan(writer);
    // The second output becomes a copy of the first: checksums and sizes are right, entries are not.
    const made: string[] = [];
    const lying: FileSystem = {
      list: (d) => fs.list(d),
      stat: (p) => fs.stat(p),
      rename: (a, b) => fs.rename(a, b),
      remove: (p) => fs.remove(p),
      link: (a, b) => fs.link(a, b),
      mkdir: (p) => fs.mkdir(p),
      syncDir: (d) => {
        fs.syncDir(d);
      },
      open: (path, mode): FileHandle => {
        const file = fs.open(path, mode);
        if (mode !== 'create') return file;
        made.push(path);
        const isSecond = made.length === 2;
        return {
          path,
          readAt: (into, at) => file.readAt(into, at),
          append: (bytes) => file.append(bytes),
          sync: () => file.sync(),
          size: () => file.size(),
          close: () => {
            file.close();
            if (isSecond) fs.put(path, fs.read(made[0] as string));
          },
        };
      },
    };
    const choice = cut(choiceFor(writer, { kind: 'store' }));
    assert.throws(
      () => run(writer, env, choice, { fs: lying }),
      (e: StoreError) => {
        assert.equal(e.code, 'CORRUPT');
        return true;
      },
    );
    assert.ok(made.length >= 2);
    assertSameFiles(before, files(fs));
    assert.deepEqual(scan(writer), content);
    // Nothing of the failed attempt is remembered.
    run(writer, env, choice);
    assert.deepEqual(scan(writer), content);
    writer.close();
  });

  it('finds a bit that flipped on its way to the disk', () => {
    const { fs, env } = create('rocksdb');
    const writer = StoreWriter.open(env, DIR);
    fill(writer, 4);
    const before = files(fs);
    const inner = fs.open.bind(fs);
    fs.open = (path, mode): FileHandle => {
      const file = inner(path, mode);
      if (mode !== 'create') return file;
      const append = file.append.bind(file);
      file.append = (bytes) => {
        const copy = bytes.slice();
        copy[20] = (copy[20] as number) ^ 4;
        append(copy);
      };
      return file;
    };
    assert.throws(() => run(writer, env, choiceFor(writer, { kind: 'store' })), { code: 'CORRUPT' });
    fs.open = inner;
    assertSameFiles(before, files(fs));
    writer.close();
  });
});

describe('a compaction that fails or crashes', () => {
  for (const format of FORMATS) {
    it(`fails at any operation without losing anything (${format})`, () => {
      for (let n = 1; ; n++) {
        const { fs, env } = create(format);
        const writer = StoreWriter.open(env, DIR);
        fill(writer, 3, 40);
        const content = scan(writer);
        let left = n;
        fs.before = (operation, path) => {
          if (--left === 0) throw new StoreError('IO', `${operation} failed`, { path });
        };
        let failed = false;
        try {
          run(writer, env, cut(choiceFor(writer, { kind: 'store' })));
        } catch (thrown) {
          assert.ok(thrown instanceof StoreError, String(thrown));
          failed = true;
        }
        fs.before = undefined;
        assert.deepEqual(scan(writer), content, `operation ${n}`);
        writer.close();
        const again = StoreWriter.open(env, DIR);
        assert.deepEqual(scan(again), content, `reopened, operation ${n}`);
        assertTree(again);
        again.close();
        if (left > 0) {
          assert.equal(failed, false);
          assert.ok(n > 8, `${n} operations`);
          return;
        }
      }
    });

    it(`keeps everything whatever a crash takes away (${format})`, () => {
      for (let n = 1; ; n++) {
        const { fs, env } = create(format);
        const writer = StoreWriter.open(env, DIR);
        fill(writer, 3, 40);
        const content = scan(writer);
        let left = n;
        const crash = new Error('crash');
        fs.before = () => {
          if (--left <= 0) throw crash;
        };
        try {
          run(writer, env, cut(choiceFor(writer, { kind: 'store' })));
        } catch {
          // The machine is gone: what counts is what is on the disk.
        }
        const over = left > 0;
        for (const survivors of [
          {},
          { changes: (all: number) => all },
          { changes: (all: number) => all >> 1, bytes: (_p: string, s: number, w: number) => s + ((w - s) >> 1) },
        ]) {
          const disk = fs.fork();
          disk.crash(survivors);
          const fresh = memEnvironment(disk);
          const again = StoreWriter.open(fresh, DIR);
          assert.deepEqual(scan(again), content, `crash at operation ${n}`);
          assertTree(again);
          again.close();
        }
        if (over) return;
      }
    });
  }
});

/** Threads that are none: each range is done when it is started, or never. */
function spawnHere(fs: MemFs, env: WriteEnvironment, started: ThreadJob[], fails = false): SpawnRange {
  return (job, message, failed) => {
    started.push(job);
    if (fails) failed('it was told to');
    else serveRange(structuredClone(job), fs, env.clock, (m) => message(structuredClone(m)));
    return { stop: () => {} };
  };
}

describe('ranges in threads', () => {
  for (const format of FORMATS) {
    it(`give the same content, cut at user keys (${format})`, () => {
      for (const count of [2, 3, 7]) {
        const { fs, env } = create(format);
        const writer = StoreWriter.open(env, DIR);
        fill(writer, 4, 400, count);
        if (format === 'rocksdb') {
          const batch = writer.batch();
          batch.deleteRange(0, key(100), key(500));
          batch.put(0, key(300), utf8('after the range'));
          writer.writeSync(batch);
          writer.flush();
        }
        const snapshot = writer.snapshot();
        fill(writer, 1, 200, count + 1);
        const content = scan(writer);
        const then = scan(writer, snapshot.sequence);
        const started: ThreadJob[] = [];
        const threads = { count, spawn: spawnHere(fs, env, started), bytesMin: 1 };
        const choice = cut(choiceFor(writer, { kind: 'store' }), 8000);
        const result = run(writer, env, choice, { threads });
        assert.equal(started.length, count - 1);
        assert.deepEqual(scan(writer), content);
        assert.deepEqual(scan(writer, snapshot.sequence), then);
        assertTree(writer);
        assert.equal(writer.pendingOutputs.size, 0);
        const tables = fs.list(DIR).filter((name) => parseFileName(name).kind === 'table');
        assert.equal(tables.length, result.outputs.length);
        snapshot.release();
        writer.close();
        const again = StoreWriter.open(env, DIR);
        assert.deepEqual(scan(again), content);
        again.close();
      }
    });

    it(`leave nothing behind when one of them fails or all are cancelled (${format})`, () => {
      const { fs, env } = create(format);
      const writer = StoreWriter.open(env, DIR);
      fill(writer, 4, 3000);
      const before = files(fs);
      const choice = cut(choiceFor(writer, { kind: 'store' }), 8000);
      const failing = { count: 3, spawn: spawnHere(fs, env, [], true), bytesMin: 1 };
      assert.throws(() => run(writer, env, choice, { threads: failing }), { code: 'IO' });
      assertSameFiles(before, files(fs));
      const threads = { count: 3, spawn: spawnHere(fs, env, []), bytesMin: 1 };
      assert.throws(() => run(writer, env, choice, { threads, isCancelled: () => true }), { code: 'CANCELLED' });
      assertSameFiles(before, files(fs));
      assert.equal(writer.pendingOutputs.size, 0);
      writer.close();
    });
  }
});

describe('random histories', () => {
  for (const format of FORMATS) {
    it(`reads as a sorted map does, at every live snapshot (${format})`, () => {
      for (let seed = 1; seed <= 25; seed++) history(format, seed);
    });
  }
});

function history(format: Format, seed: number): void {
  const { env } = create(format);
  const next = random(seed);
  const pick = (n: number): number => Math.floor(next() * n);
  let writer = StoreWriter.open(env, DIR);
  let model = new Map<string, string>();
  let snapshots: { live: LiveSnapshot; model: Map<string, string> }[] = [];
  const trail = `${format}, seed ${seed}`;
  const check = (): void => {
    assert.deepEqual(
      [...scan(writer)],
      [...model].sort(([a], [b]) => (a < b ? -1 : 1)),
      trail,
    );
    for (const s of snapshots) {
      const then = [...s.model].sort(([a], [b]) => (a < b ? -1 : 1));
      assert.deepEqual([...scan(writer, s.live.sequence)], then, `${trail}, snapshot ${s.live.sequence}`);
    }
    assertTree(writer);
  };
  for (let step = 0; step < 60; step++) {
    const what = next();
    if (what < 0.6) {
      const batch = writer.batch();
      for (let i = pick(20); i >= 0; i--) {
        const n = pick(80);
        const kind = next();
        if (kind < 0.6) {
          const value = utf8(`s${step} i${i} ${'y'.repeat(pick(60))}`);
          batch.put(0, key(n), value);
          model.set(hex(key(n)), hex(value));
        } else if (kind < 0.93 || format === 'leveldb') {
          batch.delete(0, key(n));
          model.delete(hex(key(n)));
        } else {
          const end = n + 1 + pick(20);
          batch.deleteRange(0, key(n), key(end));
          for (let k = n; k < end; k++) model.delete(hex(key(k)));
        }
      }
      writer.writeSync(batch);
    } else if (what < 0.75) writer.flush();
    else if (what < 0.82) snapshots.push({ live: writer.snapshot(), model: new Map(model) });
    else if (what < 0.86) snapshots.splice(pick(snapshots.length + 1), 1)[0]?.live.release();
    else if (what < 0.97) {
      const { tables } = writer.reader.view.family(0);
      const some = tables.filter(() => next() < 0.4).map((t) => t.number);
      const [from, to] = [pick(80), pick(80)].sort((a, b) => a - b) as [number, number];
      const targets: ManualTarget[] = [
        { kind: 'store' },
        { kind: 'range', from: key(from), to: key(to) },
        { kind: 'level', level: pick(3) },
        { kind: 'tables', numbers: some },
      ];
      run(writer, env, cut(choiceFor(writer, targets[pick(targets.length)] as ManualTarget), 300 + pick(1500)));
      check();
    } else {
      for (const s of snapshots) s.live.release();
      snapshots = [];
      writer.close();
      writer = StoreWriter.open(env, DIR);
      check();
    }
  }
  check();
  for (const s of snapshots) s.live.release();
  model = new Map();
  writer.close();
}
