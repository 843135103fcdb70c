/** The service's flush: log to tables, then what the policy wants; notices on the way; refusals and cancelling. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { type Code, StoreError } from '../../../engine/base/errors.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { readOnlyFs } from '../../../engine/fs/readOnlyFs.ts';
import type { CompactionProgress } from '../../../engine/model/compaction.ts';
import { EVENT_KINDS, FLAG_INFERRED } from '../../../engine/model/timeline/columns.ts';
import type { EngineNotice } from '../../../engine/protocol/engineApi.ts';
import { Service } from '../../../engine/service.ts';
import { createStore } from '../../../engine/store/create.ts';
import { StoreWriter } from '../../../engine/store/writer.ts';
import { memEnvironment } from '../../support/memEnvironment.ts';

const AT = '/data/store';

/** A store with `tables` tables in L0 that overlap, and some entries in the log only. */
async function made(format: 'leveldb' | 'rocksdb', tables: number, sample = 'empty') {
  const fs = new MemFs();
  fs.mkdir('/data');
  const env = memEnvironment(fs, 1e12);
  for (const _ of createStore(env, AT, { format, sample }));
  const writer = StoreWriter.open(env, AT);
  for (let t = 0; t <= tables; t++) {
    const batch = writer.batch();
    for (let i = 0; i < 2000; i++) batch.put(0, utf8(`k${(i * 7919) % 5000}`), utf8(`value ${t} ${i}`));
    writer.writeSync(batch);
    if (t < tables) writer.flush();
  }
  writer.close();
  const notices: EngineNotice[] = [];
  const service = new Service({
    fs: readOnlyFs(fs),
    write: env,
    clock: env.clock,
    lockOwner: () => undefined,
    notify: (n) => void notices.push(structuredClone(n)),
  });
  await service.call('open', { path: AT });
  const progress = (): CompactionProgress[] =>
    notices.flatMap((n) => (n.kind === 'compactionProgress' ? [n.progress] : []));
  return { fs, env, service, notices, progress };
}

async function rows(service: Service): Promise<string[]> {
  const { query } = await service.call('openQuery', { family: 0 });
  const page = await service.call('rows', { query, from: 0, count: 1e6, previewBytes: 64 });
  await service.call('closeQuery', { query });
  return page.items.map((r) => `${Buffer.from(r.key)}=${Buffer.from(r.value ?? [])}`);
}

async function fails(run: () => unknown, code: Code): Promise<void> {
  await assert.rejects(
    async () => run(),
    (e) => e instanceof StoreError && e.code === code,
  );
}

describe('service: flush', () => {
  for (const format of ['leveldb', 'rocksdb'] as const) {
    it(`writes the log to a table, compacts as the policy wants, and tells of both (${format})`, async () => {
      const { service, notices, progress } = await made(format, 3);
      const before = await rows(service);
      const was = await service.call('summary', {});
      assert.equal(was.families[0]?.memtable.entries, 2000);
      const report = await service.call('flush', {});
      assert.deepEqual([report.settled, report.problems, report.tables.length], [true, [], 1]);
      assert.deepEqual([report.tables[0]?.level, report.tables[0]?.family], [0, 'default']);
      assert.equal(report.tables[0]?.entries, 2000);
      // The table of the flush was the fourth of L0.
      assert.equal(report.compactions.length, 1);
      assert.equal(report.compactions[0]?.inputs.length, 4);
      const now = await service.call('summary', {});
      const l0 = now.families[0]?.levels.find((l) => l.level === 0);
      assert.deepEqual([now.families[0]?.memtable.entries, l0?.tables ?? 0], [0, 0]);
      assert.equal(notices.filter((n) => n.kind === 'storeChanged').length, 1);
      assert.equal(notices.at(-1)?.kind, 'storeChanged');
      const [first] = progress();
      assert.deepEqual(
        [first?.job?.kind, first?.job?.why, first?.job?.outputs.length],
        ['flush', 'Manual Flush', 0],
        'told before it begins',
      );
      const last = progress().at(-1);
      assert.deepEqual([last?.phase, last?.percent, last?.job?.kind], ['commit', 100, 'compaction']);
      assert.equal(last?.job?.why, 'LevelL0FilesNum');
      assert.deepEqual(
        last?.job?.outputs.map((o) => o.number),
        report.compactions[0]?.outputs.map((o) => o.number),
      );
      assert.deepEqual(await rows(service), before);
      assert.deepEqual(await service.call('flush', {}), { tables: [], compactions: [], problems: [], settled: true });
    });

    it(`is told by the history as what it was (${format})`, async () => {
      const { service } = await made(format, 3);
      const then = await service.call('timeline', { family: 0 });
      const report = await service.call('flush', {});
      const { epoch, events } = await service.call('timeline', { family: 0 });
      assert.equal(events, then.events + 2);
      const chunk = await service.call('timelineChunk', { family: 0, epoch, from: then.events, count: 2 });
      const [compaction] = report.compactions;
      const told = [0, 1].map((i) => ({
        kind: EVENT_KINDS[chunk.kind[i] as number],
        why: chunk.reasons[chunk.why[i] as number],
        io: [chunk.readBytes[i], chunk.writtenBytes[i]],
        records: [chunk.recordsIn[i], chunk.recordsOut[i]],
      }));
      const kept = (compaction?.summary.entriesRead ?? 0) - (compaction?.summary.hiddenEntries ?? 0);
      assert.deepEqual(told, [
        { kind: 'flush', why: 'Manual Flush', io: [0, report.tables[0]?.bytes], records: [2000, 2000] },
        {
          kind: 'compaction',
          why: 'LevelL0FilesNum',
          io: [compaction?.readBytes, compaction?.writtenBytes],
          records: [compaction?.summary.entriesRead, kept],
        },
      ]);
      assert.ok((chunk.micros[0] as number) > 0 && (chunk.micros[1] as number) > 0);
      assert.equal((chunk.flags[0] as number) & FLAG_INFERRED, 0);
    });

    it(`reports the table even where opening wrote it (${format})`, async () => {
      const { fs, service } = await made(format, 0);
      // A log that ends in a torn record is not taken over.
      const log = fs.list(AT).find((n) => n.endsWith('.log')) as string;
      const file = fs.open(`${AT}/${log}`, 'append');
      file.append(Uint8Array.of(1, 2, 3, 4, 5));
      file.close();
      await service.call('refresh', {});
      const before = await rows(service);
      const report = await service.call('flush', {});
      assert.deepEqual([report.tables.length, report.tables[0]?.level], [1, 0]);
      assert.deepEqual(await rows(service), before);
    });
  }

  it('asked to stop, it keeps the flush and gives up the compaction', async () => {
    const { fs, service } = await made('rocksdb', 3);
    const before = await rows(service);
    let asked = 0;
    const token = {
      get cancelled(): boolean {
        return asked++ >= 3;
      },
    };
    const report = await service.call('flush', {}, token);
    assert.deepEqual([report.settled, report.tables.length, report.compactions], [false, 1, []]);
    assert.equal(fs.list(AT).filter((n) => n.endsWith('.sst')).length, 4, 'nothing of the compaction is left');
    assert.deepEqual(await rows(service), before);
    await fails(() => service.call('flush', {}, { cancelled: true }), 'CANCELLED');
  });

  it('is refused while somebody else has the store, and for one table', async () => {
    const { fs, env, service } = await made('leveldb', 1);
    const held = env.lock(`${AT}/LOCK`);
    const files = fs.list(AT);
    await fails(() => service.call('flush', {}), 'LOCKED');
    assert.deepEqual(fs.list(AT), files);
    held.release();
    const both = Promise.allSettled([service.call('flush', {}), service.call('flush', {})]);
    assert.deepEqual((await both).map((r) => r.status).sort(), ['fulfilled', 'rejected']);
    const table = fs.list(AT).find((n) => n.endsWith('.ldb')) as string;
    await service.call('openTable', { path: `${AT}/${table}` });
    await fails(() => service.call('flush', {}), 'INPUT');
  });

  it('notices come at most every 100 ms, the first and the last in any case', async () => {
    const { service, env, notices } = await made('rocksdb', 3, 'timeseries');
    const at: number[] = [];
    const push = notices.push.bind(notices);
    notices.push = (...more) => {
      if (more.some((n) => n.kind === 'compactionProgress')) at.push(env.clock.elapsed());
      return push(...more);
    };
    await service.call('compact', { mode: 'inPlace' });
    const gaps = at.slice(1, -1).map((t, i) => t - (at[i] as number));
    assert.ok(gaps.length > 2 && Math.min(...gaps) >= 100, gaps.join(' '));
    const told = notices.flatMap((n) => (n.kind === 'compactionProgress' ? [n.progress] : []));
    assert.deepEqual([told[0]?.percent, told[0]?.job?.outputs.length], [0, 0]);
    assert.deepEqual([told.at(-1)?.percent, told.at(-1)?.phase], [100, 'commit']);
  });
});
