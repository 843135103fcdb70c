import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lru } from '../../../engine/base/lru.ts';

test('the least recently used entries leave first', () => {
  const gone: string[] = [];
  const cache = new Lru<string, number>(10, (_, key) => gone.push(key));
  for (const [i, key] of ['a', 'b', 'c'].entries()) cache.set(key, i, 3);
  assert.equal(cache.get('a'), 0);
  assert.equal(cache.get('a'), 0);
  cache.set('d', 3, 3);
  assert.deepEqual(gone, ['b']);
  assert.equal(cache.peek('c'), 2);
  cache.set('e', 4, 5);
  assert.deepEqual(gone, ['b', 'c', 'a']);
  assert.equal(cache.cost, 8);
  assert.equal(cache.size, 2);
});

test('replacing evicts the old value and counts the new cost', () => {
  const gone: number[] = [];
  const cache = new Lru<number, number>(10, (value) => gone.push(value));
  cache.set(1, 10, 4);
  cache.set(1, 11, 6);
  assert.deepEqual(gone, [10]);
  assert.equal(cache.cost, 6);
  assert.equal(cache.get(1), 11);
});

test('a value beyond the whole budget is refused and stays the caller’s', () => {
  const gone: number[] = [];
  const cache = new Lru<number, number>(10, (value) => gone.push(value));
  cache.set(1, 1, 5);
  assert.equal(cache.set(2, 2, 11), false);
  assert.equal(cache.get(2), undefined);
  assert.equal(cache.get(1), 1);
  assert.deepEqual(gone, []);
});

test('a smaller budget, delete and clear all evict', () => {
  const gone: number[] = [];
  const cache = new Lru<number, number>(10, (value) => gone.push(value));
  for (let i = 0; i < 5; i++) cache.set(i, i, 2);
  cache.setBudget(4);
  assert.deepEqual(gone, [0, 1, 2]);
  assert.equal(cache.delete(3), true);
  assert.equal(cache.delete(3), false);
  cache.clear();
  assert.deepEqual(gone, [0, 1, 2, 3, 4]);
  assert.equal(cache.cost, 0);
  assert.equal(cache.size, 0);
});

test('against a plain model', () => {
  let live = new Map<number, number>();
  const cache = new Lru<number, number>(50, (_, key) => assert.ok(live.delete(key)));
  let x = 1;
  for (let i = 0; i < 20_000; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    const key = (x >>> 8) % 40;
    if ((x >>> 20) % 3 > 0) {
      assert.equal(cache.get(key), live.get(key));
    } else {
      cache.delete(key);
      live = new Map(live).set(key, i);
      cache.set(key, i, 1 + (key % 7));
    }
    assert.ok(cache.cost <= 50);
    assert.equal(cache.size, live.size);
  }
});
