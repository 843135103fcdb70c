/** The page of SQL results without a page: order of values, links, copies; and its texts beside those of `lsm sql`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytesJson, bytesText, csvField } from '../../../engine/model/rowText.ts';
import { sortedQuery } from '../../../engine/model/sqlSort.ts';
import { headerText, plainText, rowText } from '../../../engine/model/sqlText.ts';
import type { SqlColumn, SqlValue } from '../../../engine/protocol/engineApi.ts';
import { isSqlRequest, type SqlCell, toCell } from '../../../engine/protocol/sqlView.ts';
import { SqlDatabase } from '../../../engine/query/sql.ts';
import { cellText, rowsText } from '../../../webview/sql/copy.ts';
import { linkOf } from '../../../webview/sql/links.ts';
import { compareCells, LoadedRows } from '../../../webview/sql/loadedRows.ts';

const bytes = (...b: number[]): Uint8Array => Uint8Array.from(b);
const limits = { elapsed: () => 0 };

/** Values of every kind that SQLite has, in no order. */
const VALUES = `VALUES ('b'), (2), (NULL), (x'00ff'), ('B'), (1.5), (-3), (9007199254740993), (x''), (''), ('é'),
  (9e999), ('\u{1f600}'), ('\uffee'), (x'00'), (-9e999), (9007199254740992), ('a'), ('ab'), (10)`;

const cellsOf = (query: string): SqlCell[] => {
  const database = new SqlDatabase([], query, limits);
  try {
    return database.rows(0, 1000).map(([value]) => toCell(value ?? null, 1024));
  } finally {
    database.close();
  }
};

describe('order of values', () => {
  test('is SQLite’s own, up and down', () => {
    const rows = new LoadedRows();
    rows.append({ offset: 0, rows: cellsOf(VALUES).map((cell) => [cell]), complete: true });
    for (const down of [false, true]) {
      const query = sortedQuery(VALUES, [{ name: 'v' }], { column: 0, down });
      assert.ok(query !== undefined);
      rows.sort(0, down);
      const here = Array.from({ length: rows.count }, (_, i) => rows.at(i)?.[0] ?? null);
      assert.deepEqual(here, cellsOf(query), down ? 'down' : 'up');
    }
    rows.unsort();
    assert.deepEqual(rows.at(0), ['b']);
  });

  test('rows of equal values stay in their order', () => {
    const rows = new LoadedRows();
    rows.append({
      offset: 0,
      rows: [
        [1, 'a'],
        [0, 'b'],
        [1, 'c'],
        [0, 'd'],
      ],
      complete: true,
    });
    rows.sort(0, true);
    assert.deepEqual(
      [0, 1, 2, 3].map((i) => rows.at(i)?.[1]),
      ['a', 'c', 'b', 'd'],
    );
    assert.deepEqual(
      [0, 1, 2, 3].map((i) => rows.position(i)),
      [0, 2, 1, 3],
    );
  });

  test('is told here only where all rows are, in full', () => {
    const rows = new LoadedRows();
    rows.append({ offset: 0, rows: [[1, 'a']], complete: false });
    assert.equal(rows.sorts(0), false);
    assert.equal(rows.append({ offset: 5, rows: [[9, 'z']], complete: true }), false, 'rows with a gap before them');
    rows.append({ offset: 1, rows: [[2, { cut: 'b', size: 9 }]], complete: true });
    assert.deepEqual([rows.sorts(0), rows.sorts(1), rows.count], [true, false, 2]);
  });
});

test('a sorted query keeps names, also those that are there twice, and is refused where SQLite cannot', () => {
  const columns: SqlColumn[] = [{ name: 'a' }, { name: 'a' }, { name: 'q"t' }];
  const query = sortedQuery('SELECT 1 AS a, 2 AS a, 3 AS "q""t" -- end', columns, { column: 1, down: true });
  assert.ok(query !== undefined);
  const database = new SqlDatabase([], query, limits);
  assert.deepEqual(
    database.columns().map((c) => c.name),
    ['a', 'a', 'q"t'],
  );
  assert.deepEqual(database.rows(0, 9), [[1, 2, 3]]);
  database.close();
  assert.equal(sortedQuery('EXPLAIN SELECT 1', columns, { column: 0, down: false }), undefined);
  assert.equal(sortedQuery('SELECT 1', columns, { column: 3, down: false }), undefined);
});

describe('values that cross to a page', () => {
  test('are cut, and spelled where JSON has no form for them', () => {
    assert.deepEqual(toCell(2n ** 60n, 10), { spelled: '1152921504606846976' });
    assert.deepEqual(toCell(-Infinity, 10), { spelled: '-Infinity' });
    assert.deepEqual(toCell('0123456789', 10), '0123456789');
    assert.deepEqual(toCell('0123456789a', 10), { cut: '0123456789', size: 11 });
    assert.deepEqual(toCell('012345678\u{1f600}', 10), { cut: '012345678', size: 11 }, 'not within a character');
    assert.deepEqual(toCell(bytes(1, 2, 3), 2), { cut: bytes(1, 2), size: 3 });
    assert.equal(compareCells(toCell(2n ** 60n, 9), toCell(2n ** 60n + 1n, 9)) < 0, true);
  });

  test('a request of another version is not taken for one of ours', () => {
    const good = { store: '/s', document: 'd', title: 't', query: 'q', range: { limit: 3, prefix: 'p' } };
    assert.equal(isSqlRequest(good), true);
    for (const bad of [null, {}, { ...good, query: 1 }, { ...good, range: null }, { ...good, range: { limit: '3' } }]) {
      assert.equal(isSqlRequest(bad), false, JSON.stringify(bad));
    }
  });
});

describe('links', () => {
  const from = (table: string, column: string): SqlColumn => ({ name: column, from: { table, column } });
  test('numbers and files of tables, keys as bytes and as text', () => {
    const columns = [from('tables', 'number'), from('tables', 'file'), from('versions', 'table_number')];
    assert.deepEqual(linkOf(columns, [7, '000007.sst', 9], 0), { to: 'table', table: 7 });
    assert.deepEqual(linkOf(columns, [7, '000007.sst', 9], 1), { to: 'table', table: 7 });
    assert.deepEqual(linkOf(columns, [7, '000007.sst', 9], 2), { to: 'table', table: 9 });
    assert.deepEqual(linkOf([from('tables', 'file')], ['000012.ldb'], 0), { to: 'table', table: 12 });
    const keys = [from('entries', 'family'), from('entries', 'key'), from('entries', 'key_text')];
    const row = ['meta', bytes(0, 255), 'ab'];
    assert.deepEqual(linkOf(keys, row, 1), { to: 'key', key: bytes(0, 255), family: 'meta' });
    assert.deepEqual(linkOf(keys, row, 2), { to: 'key', key: bytes(97, 98), family: 'meta' });
    assert.deepEqual(linkOf([{ name: 'key' }], ['0x00ff'], 0), { to: 'key', key: '0x00ff', family: null });
    assert.deepEqual(linkOf([{ name: 'table_number' }], [4], 0), { to: 'table', table: 4 });
  });
  test('none for NULL, for what was cut, and for numbers of something else', () => {
    assert.equal(linkOf([from('versions', 'table_number')], [null], 0), undefined);
    assert.equal(linkOf([from('entries', 'key')], [{ cut: bytes(1), size: 9 }], 0), undefined);
    assert.equal(linkOf([from('levels', 'level')], [3], 0), undefined);
    assert.equal(linkOf([from('wal', 'number')], [3], 0), undefined);
    assert.equal(linkOf([{ name: 'number' }], [3], 0), undefined);
  });
});

describe('rows as text', () => {
  const columns: SqlColumn[] = [{ name: 'a' }, { name: 'a' }, { name: 'b,c' }];
  const values: SqlValue[] = [
    null,
    0,
    -1.5,
    2n ** 60n,
    'x,"y"\n',
    '',
    bytes(97, 10),
    bytes(0, 255),
    bytes(),
    bytes(92, 98),
  ];

  test('are what `lsm sql` prints', () => {
    const plain = (v: SqlValue): string => (v === null ? '' : v instanceof Uint8Array ? bytesText(v) : String(v));
    const json = (v: SqlValue): unknown =>
      v instanceof Uint8Array ? bytesJson(v) : typeof v === 'bigint' ? String(v) : v;
    for (const value of values) {
      assert.equal(plainText(value), plain(value));
      assert.equal(rowText([{ name: 'v' }], [value], 'csv'), `${csvField(plain(value))}\n`);
      assert.equal(rowText([{ name: 'v' }], [value], 'jsonl'), `${JSON.stringify({ v: json(value) })}\n`);
    }
    assert.equal(headerText(columns, 'csv'), 'a,a,"b,c"\n');
    assert.equal(rowText(columns, [1, 2, 3], 'jsonl'), '{"a":1,"a_2":2,"b,c":3}\n');
  });

  test('long values are fetched for a copy, not too many of them', async () => {
    const whole = 'x'.repeat(2000);
    const cut: SqlCell = { cut: 'x'.repeat(1024), size: 2000 };
    const fetched: [number, number][] = [];
    const fetch = async (row: number, column: number): Promise<SqlCell> => {
      fetched.push([row, column]);
      return whole;
    };
    const row = (position: number) => ({ row: [1, cut], position });
    const text = await rowsText([{ name: 'n' }, { name: 'v' }], [row(4), row(2)], 'csv', fetch);
    assert.equal(text, `n,v\n1,${whole}\n1,${whole}\n`);
    assert.deepEqual(fetched, [
      [4, 1],
      [2, 1],
    ]);
    assert.equal(await rowsText([{ name: 'n' }, { name: 'v' }], [row(0)], 'text', fetch), `1\t${whole}`);
    await assert.rejects(
      rowsText(
        [{ name: 'v' }],
        Array.from({ length: 51 }, (_, i) => row(i)),
        'csv',
        fetch,
      ),
      /51/,
    );
    await assert.rejects(
      cellText(cut, async () => cut),
      /too long/,
    );
    assert.equal(await cellText({ spelled: '9007199254740993' }, async () => null), '9007199254740993');
  });
});
