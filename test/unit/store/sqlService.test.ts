/** SQL over stores of the real engines: what its tables hold is what the other calls tell. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { type Code, StoreError } from '../../../engine/base/errors.ts';
import type { SqlPage, SqlParams, SqlValue } from '../../../engine/protocol/engineApi.ts';
import type { Service } from '../../../engine/service.ts';
import { tinyLevelDb, tinyRocksDb } from '../../support/tinyStores.ts';
import { benchOn, visibleOf } from '../../support/workbench.ts';

const hexOf = (v: SqlValue | undefined): string =>
  v instanceof Uint8Array ? Buffer.from(v).toString('hex') : String(v);

/** All rows of a query. */
async function all(service: Service, query: string, p: Partial<SqlParams> = {}): Promise<SqlValue[][]> {
  const rows: SqlValue[][] = [];
  let page: SqlPage = await service.call('sql', { ...p, query, count: 100 });
  for (;;) {
    rows.push(...(page.rows as SqlValue[][]));
    if (page.complete) break;
    page = await service.call('sqlRows', { cursor: page.cursor, offset: rows.length, count: 10_000 });
  }
  await service.call('sqlClose', { cursor: page.cursor });
  return rows;
}

async function fails(code: Code, run: () => unknown, message = /./): Promise<void> {
  await assert.rejects(
    async () => run(),
    (e) => e instanceof StoreError && e.code === code && message.test(e.message),
  );
}

for (const make of [tinyLevelDb, tinyRocksDb]) {
  describe(`SQL over ${make === tinyLevelDb ? 'LevelDB' : 'RocksDB'}`, () => {
    it('entries are what a reader sees', async () => {
      const store = await make();
      const { service } = await benchOn(store);
      const rows = await all(service, 'SELECT family, key, value, key_text, value_text, value_size FROM entries');
      assert.deepEqual(
        rows.map(([family, key, value]) => `${family} ${hexOf(key)}=${hexOf(value)}`),
        visibleOf(store),
      );
      for (const [, key, value, keyText, valueText, size] of rows) {
        assert.equal(keyText, Buffer.from(key as Uint8Array).toString());
        assert.equal(valueText, Buffer.from(value as Uint8Array).toString());
        assert.equal(size, (value as Uint8Array).length);
      }
      // The same without the columns that were not asked for.
      assert.deepEqual(await all(service, 'SELECT count(*), sum(value_size) FROM entries'), [
        [rows.length, rows.reduce((n, r) => n + Number(r[5]), 0)],
      ]);
    });

    it('tables, levels, families and blocks are what the other calls tell', async () => {
      const { service } = await benchOn(await make());
      const summary = await service.call('summary', {});
      assert.deepEqual(
        await all(service, 'SELECT id, name, tables, bytes FROM families'),
        summary.families.map((f) => [f.id, f.name, f.tables, f.bytes]),
      );
      assert.deepEqual(
        await all(service, 'SELECT family, level, tables, bytes FROM levels'),
        summary.families.flatMap((f) => f.levels.map((l) => [f.name, l.level, l.tables, l.bytes])),
      );
      const rows = await all(
        service,
        `SELECT number, family, level, bytes, entries, deletions, raw_key_bytes + raw_value_bytes, smallest, largest_text,
                data_blocks, compression, filter FROM tables`,
      );
      assert.equal(
        rows.length,
        summary.families.reduce((n, f) => n + f.tables, 0),
      );
      for (const row of rows) {
        const { stats } = await service.call('tableDetails', { table: row[0] as number });
        assert.deepEqual(row, [
          ...[stats.number, stats.family, stats.level, stats.bytes, stats.entries, stats.deletions],
          ...[stats.rawKeyBytes + stats.rawValueBytes, stats.smallest.key, Buffer.from(stats.largest.key).toString()],
          ...[stats.dataBlocks, stats.compression, stats.filter],
        ]);
        const blocks = await service.call('blocks', { table: stats.number, offset: 0, limit: 1e6 });
        assert.deepEqual(
          await all(service, `SELECT block, offset, size, separator FROM blocks WHERE table_number = ${stats.number}`),
          blocks.items.map((b) => [b.index, b.offset, b.size, b.separator]),
        );
      }
      assert.deepEqual(
        await all(service, 'SELECT file, number, bytes, records FROM wal'),
        summary.wal.map((w) => [w.file, w.number, w.bytes, w.records]),
      );
      assert.deepEqual(await all(service, 'SELECT * FROM problems'), []);
    });

    it('bytes by prefix and level add up to the tables', async () => {
      const { service } = await benchOn(await make());
      const [example] = await service.call('sqlExamples', {});
      assert.match(example?.title ?? '', /prefix and level/);
      const sums = await all(
        service,
        `SELECT family, level, sum(entries), sum(raw_bytes), sum(file_bytes) FROM (${example?.sql})
         GROUP BY family, level ORDER BY family, level`,
      );
      const tables = await all(
        service,
        `SELECT family, level, sum(entries), sum(raw_key_bytes + raw_value_bytes), sum(bytes) FROM tables
         GROUP BY family, level ORDER BY family, level`,
      );
      assert.ok(tables.length > 0);
      assert.deepEqual(sums, tables);
    });

    it('versions are every version in the tables and the log', async () => {
      const { service } = await benchOn(await make());
      const summary = await service.call('summary', {});
      const rows = await all(service, 'SELECT family, key, seq, type, level, table_number FROM versions');
      const expected: unknown[] = [];
      for (const { id, name } of summary.families) {
        const { query } = await service.call('openQuery', { family: id, allVersions: true });
        const page = await service.call('rows', { query, from: 0, count: 1e6, previewBytes: 16 });
        for (const r of page.items) expected.push([name, r.key, r.seq, r.type, r.level, r.table]);
      }
      assert.ok(rows.length > 1000);
      assert.deepEqual(rows, expected);
    });

    it('a range, a family and a limit narrow what is read, and the limit is told', async () => {
      const store = await make();
      const { service } = await benchOn(store);
      const count = 'SELECT count(*) FROM entries';
      const family = (await service.call('summary', {})).families.at(-1);
      assert.ok(family !== undefined);
      const wanted = visibleOf(store).filter((line) => line.startsWith(`${family.name} `));
      assert.deepEqual(await all(service, count, { family: family.id }), [[wanted.length]]);
      const from = utf8('sensor/00100');
      const to = utf8('sensor/00200');
      const inside = wanted.filter((line) => between(line, 100, 200));
      assert.deepEqual(await all(service, count, { family: family.id, from, to }), [[inside.length]]);
      assert.deepEqual(await all(service, count, { family: family.id, prefix: utf8('sensor/001') }), [[inside.length]]);
      const versions = await all(service, 'SELECT min(key_text), max(key_text) FROM versions', {
        family: family.id,
        from,
        to,
      });
      assert.ok(String(versions[0]?.[0]) >= 'sensor/00100' && String(versions[0]?.[1]) < 'sensor/00200');
      const page = await service.call('sql', { query: count, entriesMax: 10 });
      assert.deepEqual(page.rows, [[10]]);
      assert.match(page.notes.join(), /first 10 rows/);
      const whole = await service.call('sql', { query: count });
      assert.deepEqual(whole.notes, []);
    });

    it('events, options and properties', async () => {
      const { service } = await benchOn(await make());
      const events = await all(service, 'SELECT seq, kind, added, removed, added_tables FROM events');
      assert.ok(events.length > 0);
      for (const [, , added, , list] of events) assert.equal(JSON.parse(String(list)).length, added);
      const leveldb = make === tinyLevelDb;
      const [properties] = await all(service, 'SELECT count(*), count(DISTINCT table_number) FROM properties');
      const [options] = await all(service, "SELECT count(*), count(family) FROM options WHERE name LIKE '%size%'");
      assert.equal(Number(properties?.[0]) > 0, !leveldb);
      assert.equal(Number(options?.[1]) > 0, !leveldb);
      const [blobs] = await all(service, 'SELECT count(*), sum(bytes) > 0 FROM blob_files');
      assert.deepEqual(blobs, leveldb ? [0, null] : [Number(blobs?.[0]), 1]);
    });
  });
}

const between = (line: string, from: number, to: number): boolean => {
  const key = Buffer.from(line.slice(line.indexOf(' ') + 1, line.indexOf('=')), 'hex').toString();
  const n = Number(key.slice('sensor/'.length));
  return n >= from && n < to;
};

describe('SQL service', () => {
  it('says what is wrong with a query, and stays usable', async () => {
    const { service } = await benchOn(await tinyLevelDb());
    await fails('INPUT', () => service.call('sql', { query: 'DROP TABLE tables' }), /only reads/);
    await fails('INPUT', () => service.call('sql', { query: 'SELECT nonesuch FROM tables' }), /no such column/);
    await fails('INPUT', () => service.call('sql', { query: 'SELECT abs(-9223372036854775807 - 1)' }), /overflow/);
    await fails('INPUT', () => service.call('sqlRows', { cursor: 99, offset: 0, count: 1 }), /closed/);
    await fails('INPUT', () => service.call('sql', { query: 'SELECT 1', family: 77 }));
    assert.deepEqual((await service.call('sql', { query: 'SELECT 1' })).rows, [[1]]);
  });

  it('is cancelled while it fills, and hands out no more than 10,000 rows at once', async () => {
    const { service } = await benchOn(await tinyLevelDb());
    const query = 'SELECT count(*) FROM entries';
    await fails('CANCELLED', () => service.call('sql', { query }, { cancelled: true }));
    const page = await service.call('sql', { query: 'SELECT a.key FROM entries a, entries b', count: 1e9 });
    assert.equal(page.rows.length, 10_000);
    assert.equal(page.complete, false);
  });

  it('keeps the results that were used last, and closes with the store', async () => {
    const { service } = await benchOn(await tinyLevelDb());
    const cursors: number[] = [];
    for (let i = 0; i < 6; i++) cursors.push((await service.call('sql', { query: `SELECT ${i}` })).cursor);
    const rows = (cursor: number) => service.call('sqlRows', { cursor, offset: 0, count: 1 });
    await fails('INPUT', () => rows(cursors[0] as number));
    assert.deepEqual((await rows(cursors[5] as number)).rows, [[5]]);
    await service.call('close', {});
    await fails('INPUT', () => rows(cursors[5] as number));
  });

  it('names every table and column once', async () => {
    const { service } = await benchOn(await tinyLevelDb());
    const schema = await service.call('sqlSchema', {});
    assert.equal(new Set(schema.map((t) => t.name)).size, schema.length);
    for (const t of schema) assert.equal(new Set(t.columns.map((c) => c.name)).size, t.columns.length, t.name);
  });
});
