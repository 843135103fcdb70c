/** Exports: what is in the files is what is in the store; the directory appears whole, or not at all. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { parquetReadObjects } from 'hyparquet';
import { utf8 } from '../../../engine/base/bytes.ts';
import { type Code, StoreError } from '../../../engine/base/errors.ts';
import type { ExportParams } from '../../../engine/protocol/engineApi.ts';
import { hivePart } from '../../../engine/service/export.ts';
import { AT, tinyLevelDb, tinyRocksDb } from '../../support/tinyStores.ts';
import { type Bench, benchOn, contentOf, filesUnder, visibleOf } from '../../support/workbench.ts';

const OUT = '/out/made';
const ENTRIES: ExportParams = { to: OUT, format: 'parquet', what: 'entries' };

async function parquet({ fs }: Bench, name: string): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({ file: contentOf(fs, `${OUT}/${name}`).buffer, utf8: false });
}

const hexOf = (v: unknown): string => Buffer.from(v as Uint8Array).toString('hex');
const textOf = ({ fs }: Bench, name: string): string[] =>
  Buffer.from(contentOf(fs, `${OUT}/${name}`))
    .toString()
    .split('\n')
    .filter(Boolean);

async function fails(code: Code, run: () => unknown): Promise<void> {
  await assert.rejects(
    async () => run(),
    (e) => e instanceof StoreError && e.code === code,
  );
}

for (const make of [tinyLevelDb, tinyRocksDb]) {
  describe(`export of ${make === tinyLevelDb ? 'LevelDB' : 'RocksDB'}`, () => {
    it('entries as Parquet, JSON lines and CSV', async () => {
      const store = await make();
      const bench = await benchOn(store);
      const expected = visibleOf(store);
      const report = await bench.service.call('export', ENTRIES);
      assert.deepEqual(filesUnder(bench.fs, '/out'), ['made/part-0000.parquet']);
      assert.equal(report.rows, expected.length);
      assert.equal(report.lost, false);
      assert.deepEqual(report.files, [
        { name: 'part-0000.parquet', rows: expected.length, bytes: bench.fs.stat(`${OUT}/part-0000.parquet`).size },
      ]);
      const rows = await parquet(bench, 'part-0000.parquet');
      assert.deepEqual(
        rows.map((r) => `${r['family']} ${hexOf(r['key'])}=${hexOf(r['value'])}`),
        expected,
      );
      const json = await benchOn(store);
      await json.service.call('export', { ...ENTRIES, format: 'jsonl' });
      assert.deepEqual(
        textOf(json, 'part-0000.jsonl').map((line) => {
          const row = JSON.parse(line);
          return `${row.family} ${row.key.hex}=${row.value.hex}`;
        }),
        expected,
      );
      const csv = await benchOn(store);
      await csv.service.call('export', { ...ENTRIES, format: 'csv' });
      const lines = textOf(csv, 'part-0000.csv');
      assert.equal(lines[0], 'key,value,seq,type,level,table,family');
      assert.equal(lines.length, expected.length + 1);
      assert.match(lines[1] ?? '', /^sensor\/\d{5},\d:\d+:\d+,\d+,\w+,-?\d+,\d*,default$/);
    });

    it('partitions by family and level hold each entry once, where it stands', async () => {
      const store = await make();
      const bench = await benchOn(store);
      const report = await bench.service.call('export', { ...ENTRIES, partition: true });
      const found: string[] = [];
      for (const { name, rows } of report.files) {
        const [, family, level] = /^family=(\w+)\/level=(-?\d)\/part-0000\.parquet$/.exec(name) ?? [];
        const list = await parquet(bench, name);
        assert.equal(list.length, rows);
        assert.ok(rows > 0);
        for (const row of list) {
          assert.equal(row['table'] === null, level === '-1');
          assert.deepEqual([row['family'], row['level']], [undefined, undefined]);
          found.push(`${family} ${hexOf(row['key'])}=${hexOf(row['value'])}`);
        }
      }
      assert.deepEqual(found.sort(), visibleOf(store).sort());
      assert.ok(report.files.length > 1);
    });

    it('tables and events in every format', async () => {
      const store = await make();
      for (const what of ['tables', 'events'] as const) {
        const bench = await benchOn(store);
        const { rows: count } = await bench.service.call('export', { to: OUT, format: 'parquet', what });
        const rows = await parquet(bench, 'part-0000.parquet');
        assert.equal(rows.length, count);
        assert.ok(count > 0);
        if (what === 'tables') {
          for (const row of rows) {
            const { stats } = await bench.service.call('tableDetails', { table: Number(row['number']) });
            assert.equal(Number(row['entries']), stats.entries);
            assert.equal(Number(row['bytes']), stats.bytes);
            assert.equal(hexOf(row['smallest']), hexOf(stats.smallest.key));
            assert.equal(row['compression'], stats.compression);
          }
        }
        const json = await benchOn(store);
        await json.service.call('export', { to: OUT, format: 'jsonl', what });
        const objects = textOf(json, 'part-0000.jsonl').map((line) => JSON.parse(line));
        assert.deepEqual(Object.keys(objects[0]), Object.keys(rows[0] ?? {}));
        const csv = await benchOn(store);
        await csv.service.call('export', { to: OUT, format: 'csv', what });
        assert.equal(textOf(csv, 'part-0000.csv').length, count + 1);
      }
    });
  });
}

describe('export', () => {
  it('a range and a family', async () => {
    const store = await tinyRocksDb();
    const bench = await benchOn(store);
    const { families } = await bench.service.call('summary', {});
    const blobs = families.find((f) => f.name === 'blobs');
    assert.ok(blobs !== undefined);
    const range = { from: utf8('sensor/00100'), until: utf8('sensor/00150') };
    const report = await bench.service.call('export', { ...ENTRIES, family: blobs.id, ...range });
    const rows = await parquet(bench, 'part-0000.parquet');
    assert.equal(report.rows, rows.length);
    const keys = rows.map((r) => String(r['key_text']));
    assert.ok(keys.length > 20 && keys.every((k) => k >= 'sensor/00100' && k < 'sensor/00150'));
  });

  it('only what a condition holds for', async () => {
    for (const make of [tinyLevelDb, tinyRocksDb]) {
      const store = await make();
      const bench = await benchOn(store);
      const where = 'size > 20 and key ~ "1"';
      const report = await bench.service.call('export', { ...ENTRIES, where });
      const expected = visibleOf(store).filter((line) => {
        const [key = '', value = ''] = (line.split(' ')[1] ?? '').split('=');
        return value.length > 40 && Buffer.from(key, 'hex').toString().includes('1');
      });
      assert.ok(expected.length > 10 && expected.length < visibleOf(store).length);
      assert.equal(report.rows, expected.length);
      const rows = await parquet(bench, 'part-0000.parquet');
      assert.deepEqual(
        rows.map((r) => `${r['family']} ${hexOf(r['key'])}=${hexOf(r['value'])}`),
        expected,
      );
      const other = await benchOn(store);
      await fails('INPUT', () => other.service.call('export', { ...ENTRIES, where: 'size >' }));
      await fails('INPUT', () => other.service.call('export', { ...ENTRIES, what: 'tables', where }));
      assert.deepEqual(filesUnder(other.fs, '/out'), []);
    }
  });

  it('nothing to write is a file that says so', async () => {
    const bench = await benchOn(await tinyLevelDb());
    const report = await bench.service.call('export', { ...ENTRIES, prefix: utf8('nothing') });
    assert.equal(report.rows, 0);
    assert.deepEqual(await parquet(bench, 'part-0000.parquet'), []);
  });

  it('takes an empty directory, and refuses any other place', async () => {
    const bench = await benchOn(await tinyLevelDb());
    const { fs, service } = bench;
    fs.mkdir(OUT);
    await service.call('export', ENTRIES);
    await fails('INPUT', () => service.call('export', ENTRIES));
    await fails('INPUT', () => service.call('export', { ...ENTRIES, to: AT }));
    await fails('INPUT', () => service.call('export', { ...ENTRIES, to: `${AT}/inside` }));
    fs.mkdir('/out/other.partial');
    await fails('INPUT', () => service.call('export', { ...ENTRIES, to: '/out/other/' }));
    await fails('INPUT', () => service.call('export', { ...ENTRIES, to: '/out/x', what: 'tables', partition: true }));
    assert.deepEqual(fs.list('/out'), ['made', 'other.partial']);
  });

  it('leaves nothing behind when it is cancelled or the disk fails, at whatever moment', async () => {
    const store = await tinyRocksDb();
    for (const partition of [false, true]) {
      for (let at = 1; at < 60; at += at < 6 ? 1 : 9) {
        const bench = await benchOn(store);
        let operations = 0;
        bench.fs.before = () => {
          if (++operations === at) throw new StoreError('IO', 'no space left on the device');
        };
        const what = { ...ENTRIES, partition, what: 'entries' } as const;
        const done = await Promise.resolve(bench.service.call('export', what)).then(
          () => true,
          (e: unknown) => {
            assert.ok(e instanceof StoreError && e.code === 'IO');
            return false;
          },
        );
        bench.fs.before = undefined;
        if (done) break;
        assert.ok(!bench.fs.list('/out').includes('made'), `operation ${at}`);
        assert.deepEqual(filesUnder(bench.fs, '/out'), [], `operation ${at}`);
      }
    }
    const bench = await benchOn(store);
    await fails('CANCELLED', () => bench.service.call('export', ENTRIES, { cancelled: true }));
    assert.deepEqual(bench.fs.list('/out'), []);
  });

  it('names of families cannot leave the directory', () => {
    assert.equal(hivePart('plain-name_1.x'), 'plain-name_1.x');
    assert.equal(hivePart('a/b=c%d'), 'a%2Fb%3Dc%25d');
    assert.equal(hivePart('..'), '%2E%2E');
    assert.equal(hivePart('.'), '%2E');
    assert.equal(hivePart('a\\b\u0000'), 'a%5Cb%00');
    assert.equal(hivePart(''), '__HIVE_DEFAULT_PARTITION__');
    assert.equal(hivePart('größe'), 'größe');
  });
});
