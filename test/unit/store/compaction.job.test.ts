/**
 * Whole compactions of stores in memory: content against a model at every live snapshot, trees, cancelling,
 * failing and crashing at every step.
 */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { StoreError } from '../../../engine/base/errors.ts';
import { parseFileName } from '../../../engine/formats/leveldb/names.ts';
import type { FileHandle, FileSystem } from '../../../engine/fs/fileSystem.ts';
import type { TableInfo } from '../../../engine/model/tree.ts';
import type { CompactChoice } from '../../../engine/policy/policy.ts';
import { compactionJob } from '../../../engine/store/compaction/job.ts';
import { planJob } from '../../../engine/store/compaction/plan.ts';
import { StoreWriter } from '../../../engine/store/writer.ts';
import {
  assertSameFiles,
  assertTree,
  choiceFor,
  create,
  cut,
  DIR,
  FORMATS,
  files,
  fill,
  finish,
  run,
  scan,
} from '../../support/compacting.ts';
import { memEnvironment } from '../../support/memEnvironment.ts';

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
      rewriteTail: (p, from) => fs.rewriteTail(p, from),
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
