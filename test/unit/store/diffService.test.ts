/** What differs between two stores: nothing after a compaction, and exactly what was edited after an edit. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { compareBytes, utf8 } from '../../../engine/base/bytes.ts';
import { seeded } from '../../../engine/base/entropy.ts';
import { type Code, StoreError } from '../../../engine/base/errors.ts';
import type { DiffParams, DiffReport, DiffRow } from '../../../engine/protocol/engineApi.ts';
import type { Service } from '../../../engine/service.ts';
import { StoreWriter } from '../../../engine/store/writer.ts';
import { memEnvironment } from '../../support/memEnvironment.ts';
import { tinyLevelDb, tinyRocksDb } from '../../support/tinyStores.ts';
import { type Bench, benchOn, visibleOf } from '../../support/workbench.ts';

const OTHER = '/out/other';

async function fails(code: Code, run: () => unknown, message = /./): Promise<void> {
  await assert.rejects(
    async () => run(),
    (e) => e instanceof StoreError && e.code === code && message.test(e.message),
  );
}

/** The open store, compacted, as `/out/other`. */
async function compacted({ service }: Bench): Promise<void> {
  await service.call('compact', { mode: 'copy', out: OTHER });
}

/** A second store like the first: its compaction, edited. */
async function edited(bench: Bench, edit: (w: StoreWriter) => void): Promise<void> {
  await compacted(bench);
  const writer = StoreWriter.open(memEnvironment(bench.fs), OTHER);
  edit(writer);
  writer.close();
}

const line = (r: DiffRow): string => `${r.kind} ${r.family} ${Buffer.from(r.key).toString()}`;

/** All pages of a comparison. */
async function pages(service: Service, p: DiffParams): Promise<DiffRow[]> {
  const rows: DiffRow[] = [];
  let report: DiffReport = await service.call('diff', p);
  for (;;) {
    rows.push(...report.rows);
    if (report.next === undefined) return rows;
    report = await service.call('diff', { ...p, after: report.next });
  }
}

for (const make of [tinyLevelDb, tinyRocksDb]) {
  describe(`differences of ${make === tinyLevelDb ? 'LevelDB' : 'RocksDB'} stores`, () => {
    it('a compaction changes no entry, but tables', async () => {
      const store = await make();
      const bench = await benchOn(store);
      await compacted(bench);
      const report = await bench.service.call('diff', { path: OTHER });
      assert.deepEqual(report.rows, []);
      assert.deepEqual(report.counts, { added: 0, removed: 0, changed: 0, same: visibleOf(store).length });
      assert.deepEqual([report.next, report.familiesAdded, report.familiesRemoved], [undefined, [], []]);
      assert.equal(report.lost, false);
      assert.ok(report.tables.length > 0);
    });

    it('edits are found, each once, and nothing else', async () => {
      const store = await make();
      const bench = await benchOn(store);
      const [family = 'default', entries] = [...store.visible][0] ?? [];
      const keys = [...(entries ?? new Map<string, string>()).keys()].sort();
      const next = seeded(3);
      const picked = [...new Set(Array.from({ length: 60 }, () => keys[next() % keys.length] as string))];
      const expected: string[] = [];
      await edited(bench, (writer) => {
        const batch = writer.batch();
        picked.forEach((hex, i) => {
          const key = Uint8Array.from(Buffer.from(hex, 'hex'));
          const name = Buffer.from(key).toString();
          if (i % 3 === 0) {
            batch.delete(0, key);
            expected.push(`removed ${family} ${name}`);
          } else if (i % 3 === 1) {
            batch.put(0, key, utf8(`another value ${i}`));
            expected.push(`changed ${family} ${name}`);
          } else {
            // The same value once more is no difference.
            batch.put(0, key, Uint8Array.from(Buffer.from(entries?.get(hex) ?? '', 'hex')));
            const added = utf8(`${name}+`);
            batch.put(0, added, utf8('new'));
            expected.push(`added ${family} ${name}+`);
          }
        });
        writer.writeSync(batch);
        if (make === tinyRocksDb) writer.flush();
      });
      const whole = await bench.service.call('diff', { path: OTHER });
      assert.deepEqual(whole.rows.map(line).sort(), expected.sort());
      for (let i = 1; i < whole.rows.length; i++) {
        assert.ok(compareBytes((whole.rows[i - 1] as DiffRow).key, (whole.rows[i] as DiffRow).key) < 0);
      }
      for (const row of whole.rows) {
        assert.equal(row.before === undefined, row.kind === 'added');
        assert.equal(row.after === undefined, row.kind === 'removed');
        const { key } = row;
        if (row.before !== undefined) {
          const value = await bench.service.call('value', { family: 0, key, maxBytes: 1e6 });
          assert.equal(row.before.valueSize, value.length);
        }
        const other = { path: OTHER, family, key, maxBytes: 1e6 };
        if (row.after === undefined) await fails('NOT_FOUND', () => bench.service.call('diffValue', other));
        else assert.equal((await bench.service.call('diffValue', other)).length, row.after.valueSize);
      }
      for (const limit of [1, 7]) assert.deepEqual(await pages(bench.service, { path: OTHER, limit }), whole.rows);
      const keysOnly = await bench.service.call('diff', { path: OTHER, keysOnly: true });
      assert.deepEqual(keysOnly.rows.map(line).sort(), expected.filter((e) => !e.startsWith('changed')).sort());
      const only = await bench.service.call('diff', { path: OTHER, family, limit: 1 });
      assert.equal(only.rows.length, 1);
      await fails('INPUT', () => bench.service.call('diff', { path: OTHER, family: 'nonesuch' }), /no column family/);
    });

    it('the other way round what was added was removed', async () => {
      const bench = await benchOn(await make());
      await edited(bench, (writer) => {
        const batch = writer.batch();
        batch.put(0, utf8('zz-new'), utf8('v'));
        writer.writeSync(batch);
      });
      const from = (await bench.service.call('summary', {})).path;
      await bench.service.call('open', { path: OTHER });
      const report = await bench.service.call('diff', { path: from });
      assert.deepEqual(report.rows.map(line), ['removed default zz-new']);
    });
  });
}

describe('differences', () => {
  it('of stores with other column families: these are added or removed, with their entries', async () => {
    const rocks = await tinyRocksDb();
    const bench = await benchOn(rocks);
    bench.fs.mkdir('/level');
    for (const [name, bytes] of (await tinyLevelDb()).files) bench.fs.put(`/level/${name}`, bytes);
    const report = await bench.service.call('diff', { path: '/level' });
    assert.deepEqual([report.familiesAdded, report.familiesRemoved.toSorted()], [[], ['blobs', 'ribbon']]);
    const ribbon = report.rows.filter((r) => r.family === 'ribbon');
    assert.equal(ribbon.length, rocks.visible.get('ribbon')?.size);
    assert.ok(ribbon.every((r) => r.kind === 'removed'));
  });

  it('are cancelled, and a path without a store is told', async () => {
    const bench = await benchOn(await tinyLevelDb());
    await compacted(bench);
    await fails('CANCELLED', () => bench.service.call('diff', { path: OTHER }, { cancelled: true }));
    await fails('NOT_FOUND', () => bench.service.call('diff', { path: '/nowhere' }));
  });
});
