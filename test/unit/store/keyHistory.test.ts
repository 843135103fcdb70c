/** The history of one key: every version and tombstone of it in the store, newest first, each with its table and block. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { hex, utf8 } from '../../../engine/base/bytes.ts';
import { systemClock } from '../../../engine/base/entropy.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import type { EntryFilter } from '../../../engine/model/entryView.ts';
import type { WriteOp } from '../../../engine/model/write.ts';
import type { EntryRow } from '../../../engine/protocol/engineApi.ts';
import type { Service } from '../../../engine/service.ts';
import { openStore } from '../../../engine/store/open.ts';
import { ResultSet } from '../../../engine/store/resultSet.ts';
import { AT, mount, tinyLevelDb, tinyRocksDb } from '../../support/tinyStores.ts';
import { benchOn } from '../../support/workbench.ts';

async function rows(service: Service, params: Parameters<Service['store']['view']['scan']>[1]): Promise<EntryRow[]> {
  const state = await service.call('openQuery', { family: 0, ...params, allVersions: true });
  const page = await service.call('rows', { query: state.query, from: 0, count: 100_000, previewBytes: 1 << 20 });
  await service.call('closeQuery', { query: state.query });
  return [...page.items];
}

for (const make of [tinyLevelDb, tinyRocksDb]) {
  describe(`history of a key: ${make.name}`, () => {
    it('has what a walk over everything says of that key', async () => {
      const { service } = await benchOn(await make());
      // How many versions LevelDB leaves is for it to say: it compacts as it finds the time.
      const ops = ['a', 'b', 'c'].map(
        (v): WriteOp => ({ kind: 'put', family: 0, key: utf8('written three times'), value: utf8(v) }),
      );
      if (make === tinyLevelDb) await service.call('write', { ops, sync: true });
      const all = await rows(service, {});
      const keys = new Map(all.map((r) => [hex(r.key), r.key]));
      let longest = 0;
      let ranges = 0;
      for (const [text, key] of keys) {
        const found = await rows(service, { key });
        const points = all.filter((r) => hex(r.key) === text && r.type !== 'range-delete');
        const covering = all.filter(
          (r) => r.until !== undefined && Buffer.compare(r.key, key) <= 0 && Buffer.compare(r.until, key) > 0,
        );
        const expected = [...points, ...covering].map((r) => `${r.seq} ${r.type} ${r.level}/${r.table}`);
        assert.deepEqual(found.map((r) => `${r.seq} ${r.type} ${r.level}/${r.table}`).sort(), expected.sort(), text);
        assert.deepEqual(
          found.map((r) => r.seq),
          found.map((r) => r.seq).toSorted((a, b) => b - a),
          'newest first',
        );
        for (const r of found) assert.equal(hex(r.key), text);
        longest = Math.max(longest, found.length);
        ranges += covering.length;
      }
      assert.ok(longest >= 3, `at most ${longest} versions of a key`);
      assert.equal(ranges > 0, make === tinyRocksDb);
      assert.deepEqual(await rows(service, { key: utf8('no such key') }), []);
    });

    it('leads to the block that holds each entry', async () => {
      const { service } = await benchOn(await make());
      const all = await rows(service, {});
      let checked = 0;
      for (const row of all.filter((r) => r.table !== null).filter((_, i) => i % 17 === 0)) {
        const { key, seq, table } = row;
        const asked = { table: table as number, key, seq };
        if (row.type === 'range-delete') {
          await assert.rejects(
            async () => service.call('blockOf', asked),
            (e) => e instanceof StoreError && e.code === 'INPUT',
          );
          continue;
        }
        const block = await service.call('blockOf', asked);
        const state = await service.call('openQuery', { family: 0, table: asked.table, block: block.index });
        const page = await service.call('rows', { query: state.query, from: 0, count: 10_000, previewBytes: 0 });
        assert.ok(page.items.some((r) => r.seq === seq && hex(r.key) === hex(key)));
        const details = await service.call('blockDetails', { table: asked.table, block: block.index });
        assert.equal(block.offset, details.offset);
        checked++;
      }
      assert.ok(checked > 20, `${checked} entries`);
      await assert.rejects(async () =>
        service.call('blockOf', { table: all.find((r) => r.table !== null)?.table ?? 0, key: utf8('zzz'), seq: 1 }),
      );
    });

    it('a search that is stopped keeps the rows that it has', async () => {
      const store = openStore(mount(await make()), AT);
      // Every look at the clock is a second later: a slice ends at its first look.
      let now = 0;
      const clock = { ...systemClock, elapsed: () => (now += 1000) };
      const even: EntryFilter = (e) => e.sequence % 2 === 0;
      const query = new ResultSet(1, store, { family: 0, where: 'seq' }, false, clock, even);
      query.step();
      const before = query.state();
      assert.ok(!before.complete && before.total > 0);
      query.stop();
      const after = query.state();
      assert.deepEqual([after.complete, after.stopped, after.total], [true, true, before.total]);
      assert.equal(query.step(), false);
      assert.equal(query.rows(0, 1000, 0).items.length, before.total);
      query.close();
    });
  });
}

describe('conditions and values, asked for one by one', () => {
  it('a condition that is wrong says where, one that is right says nothing', async () => {
    const { service } = await benchOn(await tinyLevelDb());
    assert.equal(await service.call('checkWhere', { family: 0, where: 'size > 3 and key ~ /^sensor/' }), null);
    const problem = await service.call('checkWhere', { family: 0, where: 'size > ' });
    assert.match(problem?.message ?? '', /position 8/);
    assert.equal(problem?.code, 'INPUT');
    assert.match(
      (await service.call('checkWhere', { family: 0, where: 'key.nothing = 1' }))?.message ?? '',
      /position/,
    );
  });

  it('a value is read by the format that is named, and by none that does not fit', async () => {
    const { service } = await benchOn(await tinyLevelDb());
    const key = utf8('k');
    const value = Uint8Array.of(0x81, 0xa1, 0x61, 0x05);
    const shown = await service.call('decode', { family: 0, key, value, lens: 'value:msgpack' });
    assert.deepEqual(JSON.parse(shown?.text ?? ''), { a: 5 });
    assert.equal(shown?.language, 'json');
    assert.equal(await service.call('decode', { family: 0, key, value }), null);
  });
});
