/** The database behind SQL: what a query may do, what it is told, and how its rows are paged. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { type Code, StoreError } from '../../../engine/base/errors.ts';
import type { SqlValue } from '../../../engine/model/sql.ts';
import { SqlDatabase } from '../../../engine/query/sql.ts';
import { SQL_EXAMPLES } from '../../../engine/query/sqlExamples.ts';
import { SQL_SCHEMA } from '../../../engine/query/sqlSchema.ts';

const forever = { elapsed: () => performance.now() };

function open(query: string, millisMax?: number): SqlDatabase {
  return new SqlDatabase(SQL_SCHEMA, query, { ...forever, millisMax });
}

/** `count` rows of `wal`, whose numbers are 0, 1, … */
function filled(query: string, count: number, millisMax?: number): SqlDatabase {
  const database = open(query, millisMax);
  const need = database.needs.find((n) => n.table.name === 'wal');
  assert.ok(need !== undefined);
  const insert = database.inserter(need.table);
  database.begin();
  for (let i = 0; i < count; i++) insert([`${i}.log`, i, i * 2, null]);
  database.end();
  return database;
}

function fails(code: Code, run: () => unknown, what: string): void {
  assert.throws(run, (e) => e instanceof StoreError && e.code === code, what);
}

describe('SQL', () => {
  it('is cancelled from outside while SQLite is at work', () => {
    const database = filled('SELECT count(*) FROM wal a, wal b, wal c, wal d', 10_000, 86_400_000);
    let asked = 0;
    fails('CANCELLED', () => database.rows(0, 1, undefined, () => ++asked > 20), 'it goes on');
    assert.equal(asked, 21);
    database.close();
  });

  it('every table can be read, and every ready-made query compiles', () => {
    for (const { name, columns } of SQL_SCHEMA) {
      const database = open(`SELECT * FROM ${name}`);
      assert.deepEqual(
        database.columns().map((c) => c.name),
        columns.map((c) => c.name),
      );
      assert.deepEqual(
        database.needs.map((n) => [n.table.name, n.columns.size]),
        [[name, columns.length]],
      );
      database.close();
    }
    for (const { title, sql } of SQL_EXAMPLES) {
      const database = open(sql);
      assert.ok(database.needs.length > 0, title);
      assert.deepEqual(database.rows(0, 10), [], title);
      database.close();
    }
  });

  it('asks for the tables and columns that are read, and no others', () => {
    const need = (query: string): [string, string[]][] => {
      const database = open(query);
      database.close();
      return database.needs.map((n) => [n.table.name, [...n.columns].sort()]);
    };
    assert.deepEqual(need('SELECT count(*) FROM entries'), [['entries', []]]);
    // A column of another table that has a table's name.
    assert.deepEqual(need('SELECT entries FROM tables'), [['tables', ['entries']]]);
    assert.deepEqual(need('SELECT v.level FROM versions v JOIN entries USING (seq)'), [
      ['versions', ['level', 'seq']],
      ['entries', ['level', 'seq']],
    ]);
    assert.deepEqual(need('SELECT 1'), []);
  });

  it('runs nothing that could change, load or open anything', () => {
    for (const query of [
      "ATTACH 'x.db' AS y",
      'DETACH main',
      'PRAGMA journal_mode=WAL',
      "VACUUM INTO 'x.db'",
      "SELECT load_extension('x')",
      'WITH a AS (SELECT 1) DELETE FROM rows_of_wal',
      "WITH a AS (SELECT 1) INSERT INTO rows_of_wal VALUES ('', 1, 1, 1)",
      'WITH a AS (SELECT 1) UPDATE rows_of_wal SET number = 1',
      'EXPLAIN DROP TABLE rows_of_wal',
      'CREATE TABLE x (y)',
      "SELECT writefile('x', 'y')",
      "SELECT readfile('/etc/passwd')",
      "SELECT fts3_tokenizer('x', x'00')",
      'SELECT edit(1)',
      'SELECT * FROM nothing',
      'SELECT "no such column" FROM wal',
      'SELECT (',
      'SELECT 1; DROP TABLE wal',
    ]) {
      fails('INPUT', () => open(query), query);
    }
  });

  it('numbers beyond 2^53, bytes and text come as they are', () => {
    const database = open("SELECT 9007199254740993, 9007199254740991, -5, 1.5, x'00ff', 'a', NULL");
    assert.deepEqual(database.rows(0, 10), [
      [9007199254740993n, 9007199254740991, -5, 1.5, Uint8Array.of(0, 255), 'a', null] as SqlValue[],
    ]);
    database.close();
  });

  it('pages go on, back and forth', () => {
    const database = filled('SELECT number FROM wal ORDER BY number DESC', 1000);
    const page = (offset: number, count: number): unknown[] => database.rows(offset, count).map((r) => r[0]);
    assert.deepEqual(page(0, 3), [999, 998, 997]);
    assert.deepEqual(page(3, 2), [996, 995]);
    assert.deepEqual(page(998, 5), [1, 0]);
    assert.deepEqual(page(1000, 5), []);
    assert.deepEqual(page(5, 1), [994]);
    assert.deepEqual(page(5000, 5), []);
    assert.deepEqual(database.columns(), [{ name: 'number', from: { table: 'wal', column: 'number' } }]);
    database.close();
    fails('INPUT', () => database.rows(0, 1), 'closed');
  });

  it('a page ends where it has the bytes that were asked for', () => {
    const database = open('SELECT zeroblob(1000) FROM (VALUES (1), (2), (3), (4), (5))');
    assert.equal(database.rows(0, 10, 1500).length, 2);
    assert.equal(database.ended, false);
    assert.equal(database.rows(2, 10, 1500).length, 2);
    assert.equal(database.rows(4, 10, 1500).length, 1);
    assert.equal(database.ended, true);
    assert.equal(database.rows(0, 1).length, 1);
    assert.equal(database.ended, false);
    database.close();
  });

  it('text columns are the text of their bytes', () => {
    const database = open('SELECT key, key_text, typeof(key), typeof(key_text), length(key_text) FROM entries');
    const [need] = database.needs;
    assert.ok(need !== undefined);
    const insert = database.textInserter(need.table, ['key', 'key_text', 'seq']);
    database.begin();
    insert([Uint8Array.of(0xc3, 0xa9), 1, 1]);
    insert([Uint8Array.of(0xff), 0, 2]);
    insert([new Uint8Array(0), 1, 3]);
    database.end();
    assert.deepEqual(database.rows(0, 9), [
      [Uint8Array.of(0xc3, 0xa9), 'é', 'blob', 'text', 1],
      [Uint8Array.of(0xff), null, 'blob', 'null', null],
      [new Uint8Array(0), '', 'blob', 'text', 0],
    ]);
    database.close();
  });

  it('ends a query that takes too long, in joins too, and refuses recursion then', () => {
    const database = filled('SELECT count(*) FROM wal a, wal b, wal c WHERE a.number < b.bytes + c.number', 3000, 50);
    const began = performance.now();
    fails('CANCELLED', () => database.rows(0, 1), 'too long');
    assert.ok(performance.now() - began < 5000);
    database.close();
    const recursion = 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 5) SELECT x FROM c';
    fails('INPUT', () => open(recursion, 1000), 'recursion');
    const unlimited = open(recursion);
    assert.equal(unlimited.rows(0, 10).length, 5);
    unlimited.close();
  });
});
