/** The service's calls that write: samples, plans, compactions in place and on a copy, refusals, cancelling. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { type Code, StoreError } from '../../../engine/base/errors.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { readOnlyFs } from '../../../engine/fs/readOnlyFs.ts';
import type { EngineNotice } from '../../../engine/protocol/engineApi.ts';
import { Service } from '../../../engine/service.ts';
import { memEnvironment } from '../../support/memEnvironment.ts';

const AT = '/data/store';

async function made(sample = 'timeseries', format: 'leveldb' | 'rocksdb' = 'rocksdb') {
  const fs = new MemFs();
  fs.mkdir('/data');
  const write = memEnvironment(fs, 1e12);
  const notices: EngineNotice[] = [];
  let owner: { pid: number } | undefined;
  const service = new Service({
    fs: readOnlyFs(fs),
    write,
    clock: write.clock,
    lockOwner: () => owner,
    notify: (n) => void notices.push(n),
  });
  await service.call('createSample', { path: AT, format, sample });
  await service.call('open', { path: AT });
  const own = (pid: number | undefined): void => {
    owner = pid === undefined ? undefined : { pid };
  };
  return { fs, service, notices, write, own };
}

async function fails(run: () => unknown, code: Code): Promise<StoreError> {
  let caught: unknown;
  await assert.rejects(
    async () => run(),
    (e) => {
      caught = e;
      return e instanceof StoreError && e.code === code;
    },
  );
  return caught as StoreError;
}

/** Every visible entry of a family. */
async function rows(service: Service, family: number): Promise<string[]> {
  const { query } = await service.call('openQuery', { family });
  const page = await service.call('rows', { query, from: 0, count: 1e6, previewBytes: 64 });
  await service.call('closeQuery', { query });
  return page.items.map((r) => `${Buffer.from(r.key).toString('hex')}=${Buffer.from(r.value ?? []).toString('hex')}`);
}

const files = (fs: MemFs, directory: string): string[] => fs.list(directory).filter((name) => name !== 'LOCK');

describe('service: writing', () => {
  it('plans, compacts in place, says so, and keeps every entry', async () => {
    for (const format of ['leveldb', 'rocksdb'] as const) {
      const { fs, service, notices } = await made('timeseries', format);
      const before = await rows(service, 0);
      assert.ok(before.length > 1000);
      const was = files(fs, AT);
      const { plans, refusal, freeBytes } = await service.call('compactPlan', {});
      assert.deepEqual([plans.length, refusal, freeBytes], [1, null, 1e12]);
      assert.ok(plans[0]!.inputs.length > 1 && plans[0]!.droppableTombstones + plans[0]!.shadowedEntries > 0);
      assert.deepEqual(files(fs, AT), was, 'a plan writes nothing');
      const { directory, families } = await service.call('compact', { mode: 'inPlace' });
      const [done] = families;
      assert.equal(directory, AT);
      assert.equal(done!.kind, 'compact');
      assert.equal(done!.inputs.length, plans[0]!.inputs.length);
      assert.equal(done!.summary.droppedTombstones, plans[0]!.droppableTombstones);
      assert.equal(done!.summary.hiddenEntries, plans[0]!.shadowedEntries);
      assert.equal(done!.summary.after.sortedRuns, 1);
      assert.equal(done!.summary.keptTombstones, 0);
      const left = files(fs, AT).filter((name) => /\.(sst|ldb)$/.test(name));
      assert.equal(left.length, done!.summary.after.tables, 'the inputs are gone');
      const changed = notices.filter((n) => n.kind === 'storeChanged');
      assert.equal(changed.length, 1);
      assert.equal((await service.call('summary', {})).families[0]!.tables, done!.summary.after.tables);
      const told = notices.flatMap((n) => (n.kind === 'compactionProgress' ? [n.progress.percent] : []));
      assert.ok(told.every((p) => p >= 0 && p <= 100));
      assert.deepEqual(await rows(service, 0), before);
    }
  });

  it('a query that was open before reads on', async () => {
    const { service } = await made('sessions', 'leveldb');
    const { query } = await service.call('openQuery', { family: 0 });
    const page = { query, from: 0, count: 1e6, previewBytes: 16 };
    const before = await service.call('rows', page);
    await service.call('compact', { mode: 'inPlace' });
    assert.deepEqual((await service.call('rows', page)).items, before.items);
  });

  it('a copy leaves the original alone, whoever holds its LOCK', async () => {
    const { fs, service, own } = await made();
    const before = files(fs, AT);
    own(4711);
    const plan = await service.call('compactPlan', { family: 0 });
    assert.deepEqual([plan.refusal?.code, plan.refusal?.copyable], ['LOCKED', true]);
    assert.match(plan.plans[0]!.refused ?? '', /^LOCKED: process 4711/);
    const { directory, families } = await service.call('compact', { family: 0, mode: 'copy', out: '/data/copy' });
    assert.deepEqual([directory, families[0]!.kind], ['/data/copy', 'compact']);
    assert.deepEqual(files(fs, AT), before);
    const entries = await rows(service, 0);
    await service.call('open', { path: '/data/copy' });
    assert.deepEqual(await rows(service, 0), entries);
  });

  it('cancelled, in place all is as before; of a copy nothing is left', async () => {
    const { fs, service } = await made();
    const before = files(fs, AT);
    for (const way of [{ mode: 'inPlace' }, { mode: 'copy', out: '/data/copy' }] as const) {
      for (const asks of [0, 1, 3, 10]) {
        let asked = 0;
        const token = {
          get cancelled(): boolean {
            return asked++ >= asks;
          },
        };
        await fails(() => service.call('compact', { family: 0, ...way }, token), 'CANCELLED');
        assert.deepEqual(files(fs, AT), before, `${way.mode} after ${asks}`);
        assert.deepEqual(fs.list('/data'), ['store']);
      }
    }
    await service.call('compact', { mode: 'inPlace' });
  });

  it('wrong requests, and refusals before anything is touched', async () => {
    const { fs, service, write } = await made();
    const before = files(fs, AT);
    await fails(() => service.call('compact', { mode: 'inPlace', level: 0 }), 'INPUT');
    await fails(() => service.call('compactPlan', { family: 0, level: 0, tables: [1] }), 'INPUT');
    await fails(() => service.call('compact', { mode: 'copy', out: `${AT}/inside` }), 'INPUT');
    await fails(() => service.call('compact', { mode: 'copy', out: AT }), 'INPUT');
    await fails(() => service.call('createSample', { path: AT, format: 'leveldb', sample: 'sessions' }), 'INPUT');
    await fails(() => service.call('createSample', { path: '/data/x', format: 'leveldb', sample: 'blobs' }), 'INPUT');
    await fails(() => service.call('dump', { file: 'LOCK', offset: 0, limit: 1 }), 'INPUT');
    const held = write.lock(`${AT}/LOCK`);
    assert.match((await fails(() => service.call('compact', { mode: 'inPlace' }), 'LOCKED')).message, /4711/);
    held.release();
    assert.deepEqual(files(fs, AT), before);
    const reading = new Service({
      fs: readOnlyFs(fs),
      clock: write.clock,
      lockOwner: () => undefined,
      notify: () => {},
    });
    await reading.call('open', { path: AT });
    await fails(() => reading.call('compact', { mode: 'inPlace' }), 'READ_ONLY');
    assert.equal((await reading.call('compactPlan', {})).freeBytes, null);
  });

  it('nothing to do is no error', async () => {
    const { service } = await made('empty');
    const plan = await service.call('compactPlan', {});
    assert.equal(plan.plans[0]!.inputs.length, 0);
    assert.match(plan.plans[0]!.refused ?? '', /no tables/);
    assert.equal((await service.call('compact', { mode: 'inPlace' })).families[0]!.kind, 'none');
  });

  it('a second compaction of the same store waits for nobody: it is refused', async () => {
    const { service } = await made();
    const first = service.call('compact', { mode: 'inPlace' });
    await fails(() => service.call('compact', { mode: 'inPlace' }), 'LOCKED');
    await first;
  });
});
