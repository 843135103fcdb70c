/** What a compaction or a flush of ours tells while it runs: inputs, growing outputs, events; and how often. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { compareBytes, hex, utf8 } from '../../../engine/base/bytes.ts';
import type { CompactionProgress, RunningJob } from '../../../engine/model/compaction.ts';
import type { TreeEvent } from '../../../engine/model/events.ts';
import { compactInPlace } from '../../../engine/service/compaction.ts';
import { Rated, type Watch } from '../../../engine/service/progress.ts';
import { Maintenance } from '../../../engine/store/background.ts';
import { compactionJob, type Progress } from '../../../engine/store/compaction/job.ts';
import { LIVE_KEY_BYTES, LIVE_OUTPUTS_MAX } from '../../../engine/store/compaction/outputs.ts';
import type { ThreadJob } from '../../../engine/store/compaction/threads.ts';
import type { WriteEnvironment } from '../../../engine/store/writeEnvironment.ts';
import { StoreWriter } from '../../../engine/store/writer.ts';
import { choiceFor, create, cut, DIR, FORMATS, fill, key, spawnHere } from '../../support/compacting.ts';

interface Told {
  readonly watch: Watch;
  readonly progress: CompactionProgress[];
  readonly events: TreeEvent[];
}

function listening({ clock }: WriteEnvironment): Told {
  const progress: CompactionProgress[] = [];
  const events: TreeEvent[] = [];
  const watch = {
    clock,
    isCancelled: () => false,
    progress: (p: CompactionProgress) => void progress.push(structuredClone(p)),
    event: (e: TreeEvent) => void events.push(e),
  };
  return { watch, progress, events };
}

/** Numbers in key order, and no table that shrinks or loses keys from one notice to the next. */
function assertGrows(jobs: readonly RunningJob[]): void {
  const seen = new Map<number, RunningJob['outputs'][number]>();
  for (const { outputs } of jobs) {
    for (const [i, o] of outputs.entries()) {
      const before = outputs[i - 1];
      assert.ok(compareBytes(o.smallest, o.largest) <= 0);
      if (before !== undefined) assert.ok(compareBytes(before.largest, o.smallest) < 0, 'in key order, apart');
      const then = seen.get(o.number);
      if (then !== undefined) {
        // The open block counts as it is before it is compressed.
        assert.ok(o.bytes >= then.bytes - 4200, `${o.number}: ${then.bytes} → ${o.bytes}`);
        assert.ok(compareBytes(o.largest, then.largest) >= 0);
        assert.deepEqual(o.smallest, then.smallest);
      }
      seen.set(o.number, o);
    }
  }
}

/** Progress of every slice; slices are short, since the clock ticks at every look. */
function slices(writer: StoreWriter, env: WriteEnvironment, bytes: number, threads?: WriteEnvironment['threads']) {
  const choice = cut(choiceFor(writer, { kind: 'store' }), bytes);
  const all: Progress[] = [];
  const more = threads === undefined ? {} : { threads: { ...threads, bytesMin: 1 } };
  const job = compactionJob(writer, 0, choice, { fs: env.fs, clock: env.clock, ...more });
  for (;;) {
    const step = job.next();
    if (step.done === true) return { all, result: step.value };
    all.push(step.value);
  }
}

describe('a compaction under way', () => {
  for (const format of FORMATS) {
    it(`tells of its inputs at once, of outputs as they grow, and in the end of what is in the tree (${format})`, async () => {
      const { env } = create(format);
      const filling = StoreWriter.open(env, DIR);
      fill(filling, 4, 3000);
      const inputs = filling.reader.view.family(0).tables.map(({ number, level, bytes }) => ({ number, level, bytes }));
      filling.close();
      const { watch, progress, events } = listening(env);
      const report = await compactInPlace(env, DIR, {}, watch);
      const jobs = progress.map((p) => p.job as RunningJob);
      assert.ok(jobs.length > 5, `${jobs.length} notices`);
      assert.deepEqual(jobs[0]?.outputs, []);
      const byNumber = (list: readonly { number: number }[]): object[] => [...list].sort((a, b) => a.number - b.number);
      for (const job of jobs) {
        assert.deepEqual([job.kind, job.family, job.why], ['compaction', 0, 'ManualCompaction']);
        assert.deepEqual(byNumber(job.inputs), byNumber(inputs));
        assert.equal(job.outputLevel, report.families[0]?.outputLevel);
        assert.ok(job.outputs.every((o) => o.level === job.outputLevel));
      }
      const merging = jobs.filter((_, i) => progress[i]?.phase === 'merge' && jobs[i]?.outputs.length);
      assert.ok(new Set(merging.map((j) => j.outputs.at(-1)?.bytes)).size > 2, 'seen to grow');
      assertGrows(jobs);
      const last = progress.at(-1) as CompactionProgress;
      assert.deepEqual([last.phase, last.percent, last.etaSeconds === null], ['commit', 100, last.etaSeconds === null]);
      assert.deepEqual(
        last.job?.outputs.map(({ number, level, bytes }) => ({ number, level, bytes })),
        report.families[0]?.outputs,
      );
      const [event, ...others] = events;
      assert.equal(others.length, 0);
      assert.deepEqual([event?.kind, event?.why, event?.source], ['compaction', 'ManualCompaction', 'live']);
      const { summary, readBytes, writtenBytes } = report.families[0]!;
      assert.deepEqual(event?.io, { readBytes, writtenBytes });
      assert.equal(event?.recordsIn, summary.entriesRead);
      const gone = summary.hiddenEntries + summary.droppedTombstones;
      assert.equal(event?.recordsOut, summary.entriesRead - gone);
      assert.ok((event?.micros ?? 0) > 0);
      const writer = StoreWriter.open(env, DIR);
      for (const t of writer.reader.view.family(0).tables) {
        const told = last.job?.outputs.find((o) => o.number === t.number);
        assert.deepEqual([told?.smallest, told?.largest], [t.smallest.key, t.largest.key]);
      }
      writer.close();
    });

    it(`shows the outputs of all its threads in key order (${format})`, () => {
      const { fs, env } = create(format);
      const writer = StoreWriter.open(env, DIR);
      fill(writer, 4, 3000);
      const started: ThreadJob[] = [];
      const { all, result } = slices(writer, env, 20_000, { count: 3, spawn: spawnHere(fs, env, started) });
      assert.equal(started.length, 2);
      const told = all.at(-1)?.outputs.map((o) => o.number) ?? [];
      const known = new Set(result.outputs.map((t) => t.number));
      assert.ok(told.every((n) => known.has(n)));
      for (const { numbers } of started) {
        assert.ok(
          told.some((n) => numbers.includes(n)),
          'each thread shows one at least',
        );
      }
      assertGrows(all.map((p) => ({ outputs: p.outputs.map((o) => ({ ...o, level: 1 })) }) as unknown as RunningJob));
      writer.close();
    });

    it(`tells of the newest outputs only, and of the beginnings of long keys (${format})`, () => {
      const { env } = create(format);
      const writer = StoreWriter.open(env, DIR);
      for (let round = 0; round < 2; round++) {
        const batch = writer.batch();
        for (let i = 0; i < 1500; i++) batch.put(0, utf8(`${hex(key(i))}${'k'.repeat(2 * LIVE_KEY_BYTES)}`), utf8('v'));
        writer.writeSync(batch);
        writer.flush();
      }
      const { all, result } = slices(writer, env, 1);
      assert.ok(result.outputs.length > LIVE_OUTPUTS_MAX, `${result.outputs.length} outputs`);
      const most = Math.max(...all.map((p) => p.outputs.length));
      assert.equal(most, LIVE_OUTPUTS_MAX);
      const last = all.at(-1)?.outputs.at(-1);
      assert.equal(last?.number, result.outputs.at(-1)?.number);
      for (const p of all) {
        for (const { smallest, largest } of p.outputs) {
          assert.ok(Math.max(smallest.length, largest.length) <= LIVE_KEY_BYTES);
          assert.equal(smallest.byteLength, smallest.buffer.byteLength, 'nothing else is sent along');
        }
      }
      writer.close();
    });
  }

  it('a trivial move in the background is told as begun and as done', () => {
    const { env } = create('leveldb');
    const events: TreeEvent[] = [];
    const writer = StoreWriter.open(env, DIR, { onEvent: (e) => void events.push(e) });
    for (let t = 0; t < 4; t++) {
      const batch = writer.batch();
      for (let i = 0; i < 10; i++) batch.put(0, key(100 * t + i), utf8('v'));
      writer.writeSync(batch);
      writer.flush();
    }
    const [oldest] = [...writer.reader.view.family(0).tables].sort((a, b) => a.number - b.number);
    const told: RunningJob[] = [];
    const maintenance = new Maintenance(writer, env, {
      onProgress: (job) => void told.push(job),
      onDone: (result, job) => {
        assert.equal(result.kind, 'move');
        told.push(job);
      },
    });
    maintenance.settle();
    assert.deepEqual(
      told.slice(0, 2).map((j) => [j.why, j.inputs.map((t) => t.number), j.outputs.map((o) => [o.number, o.level])]),
      [
        ['LevelL0FilesNum', [oldest?.number], []],
        ['LevelL0FilesNum', [oldest?.number], [[oldest?.number, 1]]],
      ],
    );
    const move = events.find((e) => e.kind === 'move');
    assert.deepEqual([move?.why, move?.removed[0]?.level, move?.added[0]?.level], ['LevelL0FilesNum', 0, 1]);
    maintenance.close();
    writer.close();
  });
});

describe('events of flushes', () => {
  for (const format of FORMATS) {
    it(`carry why, bytes and records (${format})`, () => {
      const { env } = create(format);
      const events: TreeEvent[] = [];
      const writer = StoreWriter.open(env, DIR, { onEvent: (e) => void events.push(e) });
      const batch = writer.batch();
      for (let i = 0; i < 50; i++) batch.put(0, key(i % 25), utf8(`value ${i}`));
      writer.writeSync(batch);
      writer.flush();
      const [table] = writer.reader.view.family(0).tables;
      const [event] = events;
      assert.equal(events.length, 1);
      assert.deepEqual([event?.kind, event?.why, event?.removed.length], ['flush', 'Manual Flush', 0]);
      assert.deepEqual(event?.io, { readBytes: 0, writtenBytes: table?.bytes });
      // LevelDB writes hidden versions too.
      assert.deepEqual([event?.recordsIn, event?.recordsOut], [50, format === 'leveldb' ? 50 : 25]);
      assert.ok((event?.micros ?? 0) > 0);
      writer.close();
    });
  }
});

describe('notices at a rate', () => {
  it('the first at once, then the newest once an interval, and in the end what was kept back', () => {
    let now = 0;
    const sent: [number, number][] = [];
    const clock = { now: () => now, elapsed: () => now, turn: () => Promise.resolve() };
    const rated = new Rated<number>(clock, 100, (value) => void sent.push([now, value]));
    for (now = 0; now < 1000; now += 7) rated.tell(now);
    rated.end();
    rated.end();
    assert.deepEqual(sent[0], [0, 0]);
    assert.equal(sent.at(-1)?.[1], 994);
    const gaps = sent.slice(1, -1).map(([at], i) => at - (sent[i]?.[0] as number));
    assert.ok(Math.min(...gaps) >= 100 && sent.length >= 10 && sent.length <= 12, String(gaps));
  });
});
