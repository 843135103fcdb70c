/** Compactions cut into ranges beside each other, and random histories against a sorted map. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { hex, utf8 } from '../../../engine/base/bytes.ts';
import { parseFileName } from '../../../engine/formats/leveldb/names.ts';
import type { ManualTarget } from '../../../engine/policy/manual.ts';
import type { ThreadJob } from '../../../engine/store/compaction/threads.ts';
import type { LiveSnapshot } from '../../../engine/store/snapshots.ts';
import { StoreWriter } from '../../../engine/store/writer.ts';
import {
  assertSameFiles,
  assertTree,
  choiceFor,
  create,
  cut,
  DIR,
  FORMATS,
  type Format,
  files,
  fill,
  key,
  run,
  scan,
  spawnHere,
} from '../../support/compacting.ts';
import { random } from '../../support/random.ts';

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
