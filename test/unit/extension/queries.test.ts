import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  identity,
  inOrder,
  pointQuery,
  readStored,
  remember,
  type StoredQuery,
  scanQuery,
} from '../../../extension/history/queries.ts';

const key = (n: number): Uint8Array => Uint8Array.of(n >> 8, n & 255);
const get = (n: number, more: Partial<StoredQuery> = {}): StoredQuery => ({
  query: pointQuery('get', '/s', 'default', key(n)),
  title: `Get ${n}`,
  time: n,
  count: 1,
  ...more,
});

describe('remembered queries', () => {
  test('a query that is run again stands first, once, and stays pinned', () => {
    let list: StoredQuery[] = [];
    for (const n of [1, 2, 3]) list = remember(list, get(n, n === 1 ? { pinned: true } : {}), 10);
    list = remember([...list.slice(0, 2), get(1, { pinned: true })], get(1, { time: 9, count: 0 }), 10);
    assert.deepEqual(
      list.map((q) => q.title),
      ['Get 1', 'Get 3', 'Get 2'],
    );
    assert.deepEqual([list[0]?.pinned, list[0]?.time, list[0]?.count], [true, 9, 0]);
  });

  test('the oldest are forgotten, pinned ones not', () => {
    let list: StoredQuery[] = [get(1000, { pinned: true })];
    for (let n = 0; n < 300; n++) list = remember(list, get(n), 200);
    assert.equal(list.length, 200);
    assert.equal(list[0]?.title, 'Get 299');
    assert.equal(list.at(-1)?.title, 'Get 1000');
    assert.equal(list.at(-2)?.title, 'Get 101');
    assert.equal(inOrder(list)[0]?.title, 'Get 1000');
  });

  test('what makes two queries one', () => {
    const scan = (family: number, limit?: number): string =>
      identity(scanQuery('/s', 'default', { family, prefix: key(1), ...(limit === undefined ? {} : { limit }) }));
    assert.equal(scan(0), scan(5), 'the id of a family may change, its name counts');
    assert.notEqual(scan(0), scan(0, 10));
    const at = (n?: number): string => identity(pointQuery('get', '/s', 'default', key(1), n));
    assert.notEqual(at(), at(0));
    assert.notEqual(at(), identity(pointQuery('explain', '/s', 'default', key(1))));
  });

  test('only what has our shape is read back', () => {
    const good = JSON.parse(JSON.stringify([get(1), { ...get(2), query: scanQuery('/s', 'f', { family: 2 }) }]));
    const bad = [
      null,
      7,
      { ...get(1), title: 1 },
      { ...get(1), count: 'many' },
      { ...get(1), query: { kind: 'drop', store: '/s', family: 'f', key: '00' } },
      { ...get(1), query: { kind: 'get', store: '/s', family: 'f', key: 'zz' } },
      { ...get(1), query: { kind: 'scan', store: '/s', family: 'f' } },
    ];
    assert.equal(readStored([...good, ...bad]).length, 2);
    assert.deepEqual(readStored('nonsense'), []);
  });
});
