/** The service as its callers use it: every method on sound stores, wrong requests, cancelling, closing. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { fromHex, hex, utf8 } from '../../../engine/base/bytes.ts';
import { type Clock, systemClock } from '../../../engine/base/entropy.ts';
import { type Code, StoreError } from '../../../engine/base/errors.ts';
import { readOnlyFs } from '../../../engine/fs/readOnlyFs.ts';
import type { EngineNotice, EntryRow } from '../../../engine/protocol/engineApi.ts';
import { Service } from '../../../engine/service.ts';
import { logRecords, sealRecord } from '../../support/mutate.ts';
import { AT, mount, type TinyStore, tinyLevelDb, tinyRocksDb } from '../../support/tinyStores.ts';

function serve(truth: TinyStore, clock: Clock = systemClock) {
  const notices: EngineNotice[] = [];
  let owner: { pid: number } | undefined;
  const service = new Service({
    fs: readOnlyFs(mount(truth)),
    clock,
    lockOwner: (path) => (path === `${AT}/LOCK` ? owner : undefined),
    notify: (n) => void notices.push(n),
  });
  const own = (pid: number | undefined): void => {
    owner = pid === undefined ? undefined : { pid };
  };
  return { service, notices, own };
}

async function fails(run: () => unknown, code: Code): Promise<void> {
  await assert.rejects(
    async () => run(),
    (e) => e instanceof StoreError && e.code === code,
  );
}

describe('service', () => {
  it('open tells what a view needs; nothing is open before and after', async () => {
    const { service, own } = serve(await tinyRocksDb());
    await fails(() => service.call('summary', {}), 'INPUT');
    const summary = await service.call('open', { path: AT });
    assert.deepEqual(
      [summary.engine, summary.version, summary.locked, summary.problems],
      ['rocksdb', '10.5.1', false, []],
    );
    assert.deepEqual(
      summary.families.map((f) => [f.id, f.name, f.ordered]),
      [
        [0, 'default', true],
        [1, 'ribbon', true],
        [2, 'blobs', true],
      ],
    );
    for (const f of summary.families) {
      assert.equal(
        f.tables,
        f.levels.reduce((n, l) => n + l.tables, 0),
      );
      assert.ok(f.memtable.entries > 0 && f.bytes > 0);
    }
    assert.ok(summary.families[2]!.blobFiles.length > 0 && summary.families[2]!.blobBytes > 0);
    assert.ok(summary.wal.some((w) => w.records > 0));
    own(4711);
    assert.equal((await service.call('summary', {})).locked, true);
    assert.equal((await service.call('refresh', {})).changed, false);
    await service.call('close', {});
    await fails(() => service.call('summary', {}), 'INPUT');
  });

  it('get and value: what is there, what is not, as of older moments', async () => {
    for (const truth of [await tinyLevelDb(), await tinyRocksDb()]) {
      const { service } = serve(truth);
      const { families, lastSequence } = await service.call('open', { path: AT });
      for (const { id, name } of families) {
        for (const [key, value] of [...truth.visible.get(name)!].filter((_, i) => i % 13 === 0)) {
          const found = await service.call('get', { family: id, key: fromHex(key)! });
          assert.deepEqual([hex(found.entry!.value!), found.problems, found.at], [value, [], lastSequence]);
          assert.ok(found.micros >= 0);
          assert.equal(hex(await service.call('value', { family: id, key: fromHex(key)!, maxBytes: 1 << 20 })), value);
          const { seq } = found.entry!;
          assert.equal(
            hex(await service.call('value', { family: id, key: fromHex(key)!, seq, maxBytes: 1 << 20 })),
            value,
          );
          const before = await service.call('get', { family: id, key: fromHex(key)!, at: seq - 1 });
          assert.ok(before.entry === undefined || before.entry.seq < seq);
        }
      }
      const [key] = [...truth.visible.get('default')!.keys()];
      const family = 0;
      assert.equal((await service.call('get', { family, key: utf8('no such key') })).entry, undefined);
      await fails(() => service.call('value', { family, key: utf8('no such key'), maxBytes: 9 }), 'NOT_FOUND');
      await fails(() => service.call('value', { family, key: fromHex(key!)!, maxBytes: 1 }), 'INPUT');
      await fails(
        () => service.call('value', { family, key: fromHex(key!)!, seq: 2 ** 40, maxBytes: 1 << 20 }),
        'NOT_FOUND',
      );
      await fails(() => service.call('get', { family: 77, key: utf8('x') }), 'INPUT');
    }
  });

  it('tables, details, blocks: counts agree with each other and with the entries', async () => {
    for (const truth of [await tinyLevelDb(), await tinyRocksDb()]) {
      const { service } = serve(truth);
      const { families } = await service.call('open', { path: AT });
      for (const { id, levels, tables } of families) {
        const all = await service.call('tables', { family: id, level: -1, offset: 0, limit: 1000 });
        assert.deepEqual([all.total, all.items.length, all.complete], [tables, tables, true]);
        for (const l of levels) {
          const page = await service.call('tables', { family: id, level: l.level, offset: 0, limit: 1 });
          assert.deepEqual([page.total, page.items.length], [l.tables, 1]);
        }
        for (const t of all.items) {
          assert.equal(t.problem, null);
          const { stats, problems } = await service.call('tableDetails', { table: t.number });
          assert.deepEqual(problems, []);
          const query = await service.call('openQuery', { family: id, table: t.number });
          const rows = await service.call('rows', { query: query.query, from: 0, count: 1e6, previewBytes: 0 });
          assert.ok(rows.complete);
          const points = rows.items.filter((r) => r.type !== 'range-delete').length;
          assert.ok(
            stats.entries === points || stats.entries === points + stats.rangeDeletions,
            `${stats.entries} and ${points}`,
          );
          const blocks = await service.call('blocks', { table: t.number, offset: 0, limit: 1e6 });
          assert.deepEqual([blocks.total, blocks.items.length], [stats.dataBlocks, stats.dataBlocks]);
          let inBlocks = 0;
          for (const b of blocks.items) {
            const details = await service.call('blockDetails', { table: t.number, block: b.index });
            assert.deepEqual([details.offset, details.size], [b.offset, b.size]);
            assert.ok(details.rawSize >= 8 && details.restarts >= 1);
            inBlocks += details.entries;
          }
          assert.equal(inBlocks, points);
          await fails(() => service.call('blockDetails', { table: t.number, block: stats.dataBlocks }), 'INPUT');
          await fails(() => service.call('blockDetails', { table: t.number, block: -1 }), 'INPUT');
        }
      }
      await fails(() => service.call('tableDetails', { table: 987_654 }), 'INPUT');
      await fails(() => service.call('blocks', { table: 987_654, offset: 0, limit: 1 }), 'INPUT');
    }
  });

  it('a query counts on by itself, says so, and its rows wait for the count', async () => {
    const truth = await tinyRocksDb();
    const { service, notices } = serve(truth);
    await service.call('open', { path: AT });
    const { query } = await service.call('openQuery', { family: 0 });
    const rows: EntryRow[] = [];
    for (let from = 0; ; from += 37) {
      const page = await service.call('rows', { query, from, count: 37, previewBytes: 1 << 16 });
      rows.push(...page.items);
      if (page.items.length < 37) break;
    }
    assert.deepEqual(
      rows.map((r) => `${hex(r.key)}=${hex(r.value!)}`),
      [...truth.visible.get('default')!].map(([k, v]) => `${k}=${v}`).sort(),
    );
    const state = await service.call('queryState', { query });
    assert.deepEqual([state.total, state.complete, state.problems], [rows.length, true, []]);
    await systemClock.turn();
    assert.ok(notices.some((n) => n.kind === 'queryProgress' && n.state.query === query && n.state.complete));
    await service.call('closeQuery', { query });
    await fails(() => service.call('queryState', { query }), 'INPUT');
    await fails(() => service.call('rows', { query, from: 0, count: 1, previewBytes: 1 }), 'INPUT');
    await service.call('closeQuery', { query });
  });

  it('of very many queries the one unused for longest is closed', async () => {
    const { service } = serve(await tinyLevelDb());
    await service.call('open', { path: AT });
    const first = await service.call('openQuery', { family: 0 });
    const second = await service.call('openQuery', { family: 0 });
    for (let n = 0; n < 31; n++) {
      await service.call('rows', { query: first.query, from: 0, count: 1, previewBytes: 1 });
      await service.call('openQuery', { family: 0 });
    }
    await fails(() => service.call('queryState', { query: second.query }), 'INPUT');
    assert.equal((await service.call('queryState', { query: first.query })).query, first.query);
  });

  it('a call that is cancelled while it waits ends with CANCELLED', async () => {
    const token = { cancelled: false };
    let elapsed = 0;
    // Every look at the clock ends a slice, so that counting takes many turns.
    const clock: Clock = { now: () => 0, elapsed: () => (elapsed += 50), turn: () => systemClock.turn() };
    const { service } = serve(await tinyLevelDb(), clock);
    await service.call('open', { path: AT });
    const { query } = await service.call('openQuery', { family: 0 });
    const waiting = service.call('rows', { query, from: 0, count: 1e6, previewBytes: 1 }, token);
    token.cancelled = true;
    await fails(() => waiting, 'CANCELLED');
    assert.equal((await service.call('rows', { query, from: 0, count: 5, previewBytes: 1 })).items.length, 5);
  });

  it('dump pages through any file; a file that is not there is NOT_FOUND', async () => {
    for (const truth of [await tinyLevelDb(), await tinyRocksDb()]) {
      const { service } = serve(truth);
      await service.call('open', { path: AT });
      for (const file of [...truth.files.keys()]
        .filter((n) => /MANIFEST|log$|sst$|ldb$|CURRENT|OPTIONS/.test(n))
        .slice(0, 6)) {
        const whole = await service.call('dump', { file, offset: 0, limit: 1e6 });
        assert.ok(whole.complete && whole.total === whole.items.length);
        const page = await service.call('dump', { file, offset: 2, limit: 3 });
        assert.deepEqual(page.items, whole.items.slice(2, 5));
      }
      await fails(() => service.call('dump', { file: '999999.sst', offset: 0, limit: 1 }), 'NOT_FOUND');
    }
  });

  it('formats of values are told, and one is a lens whether it fits or not', async () => {
    const truth = await tinyLevelDb();
    const { service } = serve(truth);
    await service.call('open', { path: AT });
    const all = await service.call('valueFormats', {});
    assert.ok(
      ['value:json', 'value:msgpack', 'value:protobuf', 'value:hex'].every((id) => all.some((f) => f.id === id)),
    );
    assert.deepEqual(await service.call('valueFormats', { format: 'value:cql:map<text,int>' }), [
      { id: 'value:cql:map<text,int>', title: 'CQL map<text,int>' },
    ]);
    for (const format of ['value:none', 'value:cql:map<text>', 'value:zstd+none', 'json', 'idb', '']) {
      await fails(() => service.call('valueFormats', { format }), 'INPUT');
    }
    const fitting = await service.call('lenses', { family: 0 });
    const asked = await service.call('lenses', { family: 0, format: 'value:cql:blob' });
    assert.deepEqual(asked.slice(0, -1), fitting);
    assert.deepEqual([asked.at(-1)?.id, asked.at(-1)?.kind, asked.at(-1)?.confidence], ['value:cql:blob', 'values', 0]);
    assert.deepEqual(await service.call('lenses', { family: 0, format: 'value:none' }), fitting);
    for (const { id } of fitting) {
      assert.deepEqual(await service.call('lenses', { family: 0, format: id }), fitting, 'it is there already');
    }
    const { query } = await service.call('openQuery', { family: 0 });
    const ask = { query, from: 0, count: 5, previewBytes: 1 << 20, lens: 'value:cql:blob' };
    const { items } = await service.call('rows', ask);
    assert.ok(items.length > 0);
    for (const { value, shown } of items) {
      assert.deepEqual(JSON.parse(shown?.value?.text ?? ''), { hex: hex(value as Uint8Array) });
    }
  });

  it('methods that are not there, and names that every object has, are INPUT', async () => {
    const { service } = serve(await tinyLevelDb());
    for (const method of ['nothing', 'constructor', '__proto__', 'toString']) {
      await fails(() => service.call(method as 'close', {}), 'INPUT');
    }
  });

  it('a comparator with line breaks in its name makes a problem of one line', async () => {
    const truth = await tinyLevelDb();
    const name = [...truth.files.keys()].find((n) => n.startsWith('MANIFEST'))!;
    const file = truth.files.get(name)!.slice();
    const [first] = logRecords(file);
    file.set(utf8('evil\n\u001b[31m\r'), first!.at + first!.header + 2);
    sealRecord(file, first!);
    const { service } = serve({ ...truth, files: new Map([...truth.files, [name, file]]) });
    const { problems, families } = await service.call('open', { path: AT });
    assert.equal(families[0]!.ordered, false);
    assert.match(problems[0]!.message, /^comparator evil\\x0a\\x1b\[31m\\x0d/);
    assert.ok(problems.every((p) => /^[\x20-\x7e’–]*$/.test(p.message)));
    // Ranges are a filter then: a prefix is still a prefix.
    const { query } = await service.call('openQuery', { family: 0, prefix: utf8('sensor/0001') });
    const rows = await service.call('rows', { query, from: 0, count: 1e6, previewBytes: 1 });
    assert.ok(rows.items.length > 0 && rows.items.every((r) => hex(r.key).startsWith(hex(utf8('sensor/0001')))));
  });

  it('a path that cannot be opened leaves nothing open', async () => {
    const { service } = serve(await tinyLevelDb());
    await service.call('open', { path: AT });
    await fails(() => service.call('open', { path: '/nowhere' }), 'NOT_FOUND');
    await fails(() => service.call('summary', {}), 'INPUT');
    await fails(() => service.call('openTable', { path: `${AT}/CURRENT` }), 'CORRUPT');
    await service.call('open', { path: AT });
    assert.equal((await service.call('summary', {})).engine, 'leveldb');
  });
});
