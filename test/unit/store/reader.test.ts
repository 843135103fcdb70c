/** A store that its owner changes while it is read: refreshes, vanished tables, a store made anew. */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import RocksDB from 'rocksdb-native';
import { fromHex, hex, utf8 } from '../../../engine/base/bytes.ts';
import { systemClock } from '../../../engine/base/entropy.ts';
import { parseFileName } from '../../../engine/formats/leveldb/names.ts';
import type { MemFs } from '../../../engine/fs/memFs.ts';
import { readOnlyFs } from '../../../engine/fs/readOnlyFs.ts';
import { DamageLog } from '../../../engine/iter/damage.ts';
import { openStore, openTableFile } from '../../../engine/store/open.ts';
import { PointGet } from '../../../engine/store/pointGet.ts';
import type { StoreReader } from '../../../engine/store/reader.ts';
import { ResultSet } from '../../../engine/store/resultSet.ts';
import { VanishedError } from '../../../engine/store/vanished.ts';
import { logRecords } from '../../support/mutate.ts';
import { visibleLines } from '../../support/reading.ts';
import { AT, loadFiles, mount, type TinyStore, tinyLevelDb, tinyRocksDb } from '../../support/tinyStores.ts';

/** The store after its owner has opened it, compacted everything and written one key more. */
async function compacted(before: TinyStore): Promise<ReadonlyMap<string, Uint8Array>> {
  const dir = mkdtempSync(join(tmpdir(), 'lsm-owner-'));
  try {
    for (const [name, bytes] of before.files) writeFileSync(join(dir, name), bytes);
    const { ColumnFamily } = RocksDB;
    const blobs = new ColumnFamily('blobs', { enableBlobFiles: true, minBlobSize: 40 });
    const db = new RocksDB(dir, { columnFamilies: [new ColumnFamily('ribbon'), blobs] });
    await db.ready();
    await db.compactRange();
    const batch = db.write();
    batch.tryPut(Buffer.from('sensor/new'), Buffer.from('written later'));
    await batch.flush();
    batch.destroy();
    await db.close({ force: true });
    return loadFiles(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function become(fs: MemFs, files: ReadonlyMap<string, Uint8Array>): void {
  for (const name of fs.list(AT)) if (!files.has(name)) fs.remove(`${AT}/${name}`);
  for (const [name, bytes] of files) {
    if (fs.list(AT).includes(name) && hex(fs.read(`${AT}/${name}`)) === hex(bytes)) continue;
    // As a new file, not over the old one: what is open stays what it was.
    if (fs.list(AT).includes(name)) fs.remove(`${AT}/${name}`);
    fs.put(`${AT}/${name}`, bytes);
  }
}

const linesOf = (truth: TinyStore): string[] =>
  [...truth.visible].flatMap(([cf, m]) => [...m].map(([k, v]) => `${cf}/${k}=${v}`)).sort();

const read = (store: StoreReader): string[] =>
  visibleLines(store)
    .map((l) => `${l.cf}/${l.key}=${l.value}`)
    .sort();

describe('a store under its owner', () => {
  it('refresh is false while nothing changed, and true once after a change', async () => {
    const truth = await tinyRocksDb();
    const fs = mount(truth);
    const store = openStore(readOnlyFs(fs), AT);
    assert.deepEqual([store.refresh(), store.generation], [false, 0]);
    become(fs, await compacted(truth));
    assert.deepEqual([store.refresh(), store.refresh(), store.generation], [true, false, 1]);
    const expected = [...linesOf(truth), `default/${hex(utf8('sensor/new'))}=${hex(utf8('written later'))}`].sort();
    assert.deepEqual(read(store), expected);
    assert.deepEqual(store.view.problems, []);
    store.close();
  });

  it('tables that were compacted away lead to a new look at the MANIFEST, not to an error', async () => {
    const truth = await tinyRocksDb();
    const fs = mount(truth);
    const store = openStore(readOnlyFs(fs), AT);
    const { view } = store;
    become(fs, await compacted(truth));
    const key = [...truth.visible.get('default')!.keys()].find((k) => k < hex(utf8('sensor/00300')))!;
    assert.throws(() => visibleLines(store), VanishedError);
    const found = store.retry((v) => new PointGet(v, 0, new DamageLog()).get(fromHex(key)!));
    assert.equal(hex(found!.value!), truth.visible.get('default')!.get(key));
    assert.notEqual(store.view, view);
    const later = store.retry((v) => new PointGet(v, 0, new DamageLog()).get(utf8('sensor/new')));
    assert.equal(hex(later!.value!), hex(utf8('written later')));
    store.close();
  });

  it('a query that has begun shows its moment to the end, with its tables gone from the directory', async () => {
    const truth = await tinyRocksDb();
    const fs = mount(truth);
    const store = openStore(readOnlyFs(fs), AT);
    const query = new ResultSet(1, store, { family: 0 }, true, systemClock);
    become(fs, await compacted(truth));
    assert.ok(store.refresh());
    while (query.step());
    const rows = query.rows(0, 1e6, 1 << 20).items.map((r) => `default/${hex(r.key)}=${hex(r.value!)}`);
    assert.deepEqual(
      rows.sort(),
      linesOf({ ...truth, visible: new Map([['default', truth.visible.get('default')!]]) }),
    );
    assert.deepEqual(query.state().problems, []);
    query.close();
    // And a query that finds its tables gone before it could open them begins on the new state.
    const other = mount(truth);
    const late = openStore(readOnlyFs(other), AT);
    become(other, await compacted(truth));
    const fresh = new ResultSet(2, late, { family: 0 }, true, systemClock);
    while (fresh.step());
    assert.equal(fresh.state().total, truth.visible.get('default')!.size + 1);
    fresh.close();
    late.close();
    store.close();
  });

  it('a table that is gone for good is damage, not an endless search', async () => {
    const truth = await tinyRocksDb();
    const fs = mount(truth);
    const store = openStore(readOnlyFs(fs), AT);
    const table = [...store.view.version.tables.values()][0]!;
    fs.remove(`${AT}/${table.file}`);
    assert.throws(() => store.retry((v) => v.acquire(table)), VanishedError);
    store.close();
    const again = openStore(readOnlyFs(fs), AT);
    assert.ok(again.view.problems.some((p) => p.code === 'NOT_FOUND' && p.path === table.file));
    again.close();
  });

  it('a store made anew at the same path, with the same file numbers: nothing of the old one is shown', async () => {
    const truth = await tinyLevelDb();
    const fs = mount(truth);
    const store = openStore(readOnlyFs(fs), AT);
    const get = (key: string) => store.retry((v) => new PointGet(v, 0, new DamageLog()).get(fromHex(key)!));
    const [key, value] = [...truth.visible.get('default')!][5]!;
    assert.equal(hex(get(key)!.value!), value);
    assert.deepEqual(read(store), linesOf(truth));
    // The same files under one number less: what was table N is now another one.
    const other = await tinyRocksDb();
    const tables = [...other.files.keys()].filter((n) => parseFileName(n).kind === 'table');
    assert.ok(tables.length > 1);
    const rocks = mount(other);
    const reader = openStore(readOnlyFs(rocks), AT);
    assert.deepEqual(read(reader), linesOf(other));
    become(rocks, await compacted(other));
    reader.refresh();
    become(rocks, other.files);
    reader.refresh();
    assert.deepEqual(read(reader), linesOf(other));
    reader.close();
    store.close();
  });

  it('closing twice, and releasing a view that is no longer the newest, close each file once', async () => {
    const truth = await tinyRocksDb();
    const fs = mount(truth);
    const store = openStore(readOnlyFs(fs), AT);
    const view = store.stableView(0, true);
    become(fs, await compacted(truth));
    store.refresh();
    view.release();
    assert.ok(read(store).length > 0);
    store.close();
  });
});

describe('a MANIFEST that is damaged late', () => {
  it('all that was ever live is shown from level 0, newest version first, in scans and gets alike', async () => {
    const truth = await tinyRocksDb();
    const name = [...truth.files.keys()].find((n) => n.startsWith('MANIFEST'))!;
    const file = truth.files.get(name)!;
    const records = logRecords(file).filter((r) => r.length > 0);
    // From the record on at which all column families are known.
    for (const record of records.slice(-8)) {
      const copy = file.slice();
      copy[record.at + record.header] = copy[record.at + record.header]! ^ 0xff;
      const store = openStore(mount(truth, { [name]: copy }), AT);
      if (!store.view.snapshot.manifest.damaged) continue;
      assert.deepEqual(
        [...store.view.version.families.values()].map((f) => f.state.name),
        ['default', 'ribbon', 'blobs'],
      );
      assert.deepEqual(read(store), linesOf(truth), `damage at ${record.at}`);
      for (const [cf, entries] of truth.visible) {
        const get = new PointGet(store.view, store.view.familyByName(cf).state.id, new DamageLog());
        for (const [key, value] of entries) assert.equal(hex(get.get(fromHex(key)!)!.value!), value);
      }
      store.close();
    }
  });

  it('column families that only their tables tell of keep their names, and do not mix', async () => {
    const truth = await tinyRocksDb();
    const name = [...truth.files.keys()].find((n) => n.startsWith('MANIFEST'))!;
    const file = truth.files.get(name)!;
    const [, second] = logRecords(file).filter((r) => r.length > 0);
    const copy = file.slice();
    copy[second!.at + second!.header] = copy[second!.at + second!.header]! ^ 0xff;
    const store = openStore(mount(truth, { [name]: copy }), AT);
    assert.deepEqual([...store.view.version.families.values()].map((f) => f.state.name).sort(), [
      'blobs',
      'default',
      'ribbon',
    ]);
    const families = new Map<string, number>();
    for (const line of visibleLines(store)) families.set(line.cf, (families.get(line.cf) ?? 0) + 1);
    assert.equal(families.size, 3);
    store.close();
  });
});

describe('one table as a store', () => {
  it('each table of a store opens by itself; the sum of entries is that of the store’s tables', async () => {
    for (const truth of [await tinyLevelDb(), await tinyRocksDb()]) {
      const fs = readOnlyFs(mount(truth));
      const store = openStore(fs, AT);
      for (const info of store.view.version.tables.values()) {
        const whole: string[] = [];
        const c = store.view.tableCursor(info.number, new DamageLog());
        for (c.first(); c.valid; c.next()) whole.push(`${hex(c.keyBuffer.slice(0, c.keyLength))}@${c.sequence}`);
        c.close();
        const alone = openTableFile(fs, `${AT}/${info.file}`);
        const own: string[] = [];
        const d = alone.view.tableCursor(info.number, new DamageLog());
        for (d.first(); d.valid; d.next()) own.push(`${hex(d.keyBuffer.slice(0, d.keyLength))}@${d.sequence}`);
        d.close();
        assert.deepEqual(own, whole);
        const described = alone.view.tableInfo(info.number);
        assert.deepEqual(
          [hex(described.smallest.key), hex(described.largest.key)],
          [hex(info.smallest.key), hex(info.largest.key)],
        );
        if (info.largestSeq !== undefined)
          assert.deepEqual([described.smallestSeq, described.largestSeq], [info.smallestSeq, info.largestSeq]);
        alone.close();
      }
      store.close();
    }
  });
});
