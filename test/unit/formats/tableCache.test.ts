/** Open tables are bounded in number, never closed under a user, and closed once. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { TableCache } from '../../../engine/formats/block/tableCache.ts';
import type { TableReader } from '../../../engine/formats/block/tableReader.ts';
import type { TableInfo } from '../../../engine/model/tree.ts';

class Fake {
  closed = 0;
  memory: number;
  constructor(memory: number) {
    this.memory = memory;
  }
  close(): void {
    this.closed++;
  }
}

const info = (number: number): TableInfo => ({ number }) as TableInfo;

function setUp(memory = 1000) {
  const cache = new TableCache();
  const made: Fake[] = [];
  const acquire = (n: number): Fake =>
    cache.acquire(info(n), () => {
      const fake = new Fake(memory);
      made.push(fake);
      return fake as unknown as TableReader;
    }) as unknown as Fake;
  const release = (n: number, fake: Fake): void => cache.release(info(n), fake as unknown as TableReader);
  const open = (): number => made.filter((f) => f.closed === 0).length;
  return { cache, made, acquire, release, open };
}

describe('table cache', () => {
  it('the same table twice is opened once', () => {
    const { acquire, release, made } = setUp();
    const a = acquire(1);
    assert.equal(acquire(1), a);
    release(1, a);
    release(1, a);
    assert.equal(made.length, 1);
  });

  it('a thousand tables in use at once all stay open; when they are given back, most are closed', () => {
    const { acquire, release, made, open } = setUp();
    const held = Array.from({ length: 1000 }, (_, n) => acquire(n));
    assert.equal(open(), 1000);
    for (const [n, fake] of held.entries()) release(n, fake);
    for (let n = 1000; n < 1100; n++) release(n, acquire(n));
    assert.ok(open() <= 401, String(open()));
    assert.ok(made.every((f) => f.closed <= 1));
  });

  it('memory that a table takes later, for its filter, counts and is given back', () => {
    const { acquire, release, open } = setUp(1 << 20);
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 200; n++) {
        const fake = acquire(1000 * round + n);
        fake.memory = 4 << 20;
        release(1000 * round + n, fake);
      }
      // 48 MiB hold a dozen tables of 4 MiB.
      assert.ok(open() <= 14 && open() >= 8, `${open()} open after round ${round}`);
    }
  });

  it('a forgotten table is closed when its last user is done, and opened anew meanwhile', () => {
    const { cache, acquire, release } = setUp();
    const old = acquire(1);
    acquire(1);
    cache.forget(info(1));
    assert.equal(old.closed, 0);
    const fresh = acquire(1);
    assert.notEqual(fresh, old);
    release(1, old);
    assert.equal(old.closed, 0);
    release(1, old);
    assert.deepEqual([old.closed, fresh.closed], [1, 0]);
    cache.close();
    assert.equal(fresh.closed, 0);
    release(1, fresh);
    assert.equal(fresh.closed, 1);
  });

  it('a holder of a forgotten table can share it', () => {
    const { cache, acquire, release } = setUp();
    const held = acquire(1);
    cache.forget(info(1));
    assert.equal(cache.share(info(1), held as unknown as TableReader) as unknown as Fake, held);
    release(1, held);
    assert.equal(held.closed, 0);
    release(1, held);
    assert.equal(held.closed, 1);
  });

  it('a table that cannot be opened leaves nothing behind', () => {
    const { cache, acquire, open } = setUp();
    assert.throws(() => cache.acquire(info(1), () => assert.fail('no such table')), /no such table/);
    acquire(1);
    assert.equal(open(), 1);
  });
});
