/**
 * LevelDB directories that other programs wrote: golang/leveldb, plyvel, Chrome's IndexedDB with a
 * comparator of its own, Minecraft with zlib. Counts and keys are those that the files' origin promises.
 */
import { strict as assert } from 'node:assert';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { equalBytes, hex, text, utf8 } from '../../engine/base/bytes.ts';
import { systemClock } from '../../engine/base/entropy.ts';
import { StoreError } from '../../engine/base/errors.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import { DamageLog } from '../../engine/iter/damage.ts';
import { compareIdbKeys } from '../../engine/iter/idbOrder.ts';
import type { EntryRow, QueryParams } from '../../engine/protocol/engineApi.ts';
import { openStore, openTableFile } from '../../engine/store/open.ts';
import { PointGet } from '../../engine/store/pointGet.ts';
import type { StoreReader } from '../../engine/store/reader.ts';
import { ResultSet } from '../../engine/store/resultSet.ts';
import { CORPUS, directoryState, noCorpus } from '../support/reading.ts';

const fs = readOnlyFs(nodeFs);
const path = (name: string): string => `${CORPUS}leveldb-variants/${name}`;

/** Opens, reads, and sees that the directory stays as it was and that no problem is found beside `problems`. */
function reading(name: string, use: (store: StoreReader) => void, problems: readonly RegExp[] = []): void {
  const before = directoryState(path(name));
  const store = openStore(fs, path(name));
  assert.equal(store.shared.dialect.id, 'leveldb');
  assert.equal(store.view.problems.length, problems.length, JSON.stringify(store.view.problems));
  for (const [i, p] of problems.entries()) assert.match(store.view.problems[i]!.message, p);
  use(store);
  store.close();
  assert.deepEqual(directoryState(path(name)), before);
}

function query(store: StoreReader, params: Partial<QueryParams> = {}): readonly EntryRow[] {
  const result = new ResultSet(1, store, { family: 0, ...params }, false, systemClock);
  while (result.step());
  const { items, complete } = result.rows(0, Number.POSITIVE_INFINITY, 1 << 20);
  assert.ok(complete);
  assert.deepEqual(result.state().problems, []);
  result.close();
  return items;
}

const pairs = (rows: readonly EntryRow[]): string[] => rows.map((r) => `${text(r.key)}=${text(r.value!)}`);

describe('LevelDB directories of other programs', { skip: noCorpus }, () => {
  it('golang/leveldb: logs preallocated with zeros, in four stages', () => {
    const stages: readonly [string, readonly string[], number][] = [
      ['db-stage-1', [], 0],
      ['db-stage-2', ['baz=three', 'foo=four'], 5],
      ['db-stage-3', ['baz=three', 'foo=four'], 5],
      ['db-stage-4', ['foo=five', 'quux=six'], 8],
    ];
    for (const [stage, expected, versions] of stages) {
      reading(`golang-leveldb/${stage}`, (store) => {
        assert.deepEqual(pairs(query(store)), expected);
        assert.deepEqual(pairs(query(store, { reverse: true })), expected.toReversed());
        assert.equal(query(store, { allVersions: true }).length, versions);
        const get = new PointGet(store.view, 0, new DamageLog());
        for (const line of expected) {
          const [key = '', value = ''] = line.split('=');
          assert.equal(text(get.get(utf8(key))!.value!), value);
        }
        assert.equal(get.get(utf8('bar')), undefined);
      });
    }
  });

  it('tables without internal keys (golang/leveldb h*.ldb) are refused with file and offset', () => {
    for (const name of ['h.ldb', 'h.no-compression.ldb', 'h.bloom.no-compression.ldb']) {
      assert.throws(
        () => openTableFile(fs, path(`golang-leveldb/${name}`)),
        (e) => e instanceof StoreError && e.path === name && e.offset !== undefined,
      );
    }
  });

  it('plyvel: 100,000 keys, and ten of them deleted', () => {
    const numbered = (rows: readonly EntryRow[]): Set<number> =>
      new Set(rows.map((r) => new DataView(r.key.buffer, r.key.byteOffset).getUint32(0, true)));
    reading('dfindexeddb-leveldb/100k keys', (store) => {
      const rows = query(store);
      assert.equal(rows.length, 100_000);
      assert.equal(numbered(rows).size, 100_000);
      const prefix = utf8('test value');
      for (const r of rows) assert.ok(equalBytes(r.value!, Uint8Array.from([...prefix, ...r.key])));
      const backward = query(store, { reverse: true, limit: 3000 });
      assert.deepEqual(
        backward.map((r) => hex(r.key)),
        rows
          .slice(-3000)
          .reverse()
          .map((r) => hex(r.key)),
      );
    });
    reading('dfindexeddb-leveldb/100k keys delete', (store) => {
      const rows = query(store);
      assert.equal(rows.length, 99_990);
      assert.equal(query(store, { allVersions: true }).length, 100_010);
      const there = numbered(rows);
      const get = new PointGet(store.view, 0, new DamageLog());
      for (let n = 0; n < 100_000; n++) {
        if (n > 200 && there.has(n)) continue;
        const key = new Uint8Array(4);
        new DataView(key.buffer).setUint32(0, n, true);
        assert.equal(get.get(key) !== undefined, there.has(n), String(n));
      }
    });
  });

  it('plyvel: one key created, deleted, large', () => {
    reading('dfindexeddb-leveldb/create key', (s) => assert.deepEqual(pairs(query(s)), ['test str=test value']));
    reading('dfindexeddb-leveldb/delete key', (s) => {
      assert.deepEqual(query(s), []);
      assert.ok(query(s, { allVersions: true }).some((r) => r.type === 'delete'));
      assert.equal(new PointGet(s.view, 0, new DamageLog()).get(utf8('test str')), undefined);
    });
    // The writer stopped between the table and the edit that would have named it: the store itself is empty.
    reading('dfindexeddb-leveldb/create large key', (s) => assert.deepEqual(query(s, { allVersions: true }), []));
    const orphan = openTableFile(fs, path('dfindexeddb-leveldb/create large key/000005.ldb'));
    const [row] = query(orphan);
    assert.ok(row !== undefined && row.key.length + row.valueSize > 393_606 / 2);
    orphan.close();
    reading('dfindexeddb-leveldb/large logfilerecord', (s) => {
      const rows = query(s);
      assert.deepEqual(
        rows.map((r) => text(r.key)),
        ['A', 'B', 'C'],
      );
      for (const [i, r] of rows.entries()) {
        assert.ok(r.value!.every((byte) => byte === 0x30 + i));
      }
    });
  });

  it('plyvel: a folder without its MANIFEST is one error that names CURRENT', () => {
    assert.throws(
      () => openStore(fs, path('dfindexeddb-leveldb/delete large key')),
      (e) =>
        e instanceof StoreError &&
        e.code === 'NOT_FOUND' &&
        e.path === 'CURRENT' &&
        /MANIFEST-000002/.test(e.message) &&
        /each table/.test(e.mend ?? ''),
    );
    for (const table of ['000005.ldb', '000007.ldb']) {
      const store = openTableFile(fs, path(`dfindexeddb-leveldb/delete large key/${table}`));
      assert.ok(query(store, { allVersions: true }).length > 0);
      store.close();
    }
  });

  for (const system of ['linux', 'win11']) {
    it(`Chrome 109 on ${system}: entries come in the order of idb_cmp1`, () => {
      const name = `chrome-indexeddb-${system}_109_64/file__0.indexeddb.leveldb`;
      reading(name, (store) => {
        const rows = query(store, { allVersions: true });
        assert.equal(rows.length, 154);
        assert.equal(rows.filter((r) => r.type === 'delete').length, 48);
        assert.deepEqual(
          rows.map((r) => r.seq).sort((a, b) => a - b),
          rows.map((_, i) => i + 1),
        );
        for (let i = 1; i < rows.length; i++) {
          const [a, b] = [rows[i - 1] as EntryRow, rows[i] as EntryRow];
          const order = compareIdbKeys(a.key, 0, a.key.length, b.key, 0, b.key.length);
          assert.ok(order < 0 || (order === 0 && a.seq > b.seq), `${hex(a.key)} before ${hex(b.key)}`);
        }
        // The newest version of each key is what a scan and a get find.
        const newest = new Map<string, EntryRow>();
        for (const r of rows) if ((newest.get(hex(r.key))?.seq ?? -1) < r.seq) newest.set(hex(r.key), r);
        const visible = query(store);
        assert.equal(visible.length, [...newest.values()].filter((r) => r.type !== 'delete').length);
        const get = new PointGet(store.view, 0, new DamageLog());
        for (const r of newest.values()) {
          const found = get.get(r.key);
          if (r.type === 'delete') assert.equal(found, undefined);
          else assert.deepEqual(found?.value, r.value);
        }
        assert.equal(get.get(utf8('no such key')), undefined);
        assert.throws(() => query(store, { prefix: utf8('x') }), { code: 'INPUT' });
      });
    });
  }

  it('Minecraft 1.17 and 1.18: zlib and raw deflate blocks, chunk keys of the world', () => {
    reading('minecraft-bedrock-1_17_40-caves_and_cliffs', (store) => {
      const rows = query(store);
      assert.equal(rows.length, 1675);
      assert.ok(rows.some((r) => text(r.key) === '~local_player'));
      assert.equal(query(store, { prefix: utf8('~local_player') }).length, 1);
    });
    reading('minecraft-bedrock-1_18-superflat', (store) => {
      const rows = query(store);
      assert.equal(rows.length, 42);
      assert.ok(rows.some((r) => text(r.key) === '~local_player'));
    });
    const file = path('minecraft-bedrock-1_17_40-caves_and_cliffs/SOURCE.txt');
    assert.ok(existsSync(file) && /zlib/.test(readFileSync(file, 'utf8')));
  });
});
