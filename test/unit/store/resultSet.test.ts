/** Paging: rows at any position are the rows of one long list, whatever was read before and in whatever direction. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { hex, utf8 } from '../../../engine/base/bytes.ts';
import { type Clock, systemClock } from '../../../engine/base/entropy.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { BYTEWISE } from '../../../engine/iter/order.ts';
import type { KeyRange } from '../../../engine/iter/range.ts';
import type { EntryRow, QueryParams } from '../../../engine/protocol/engineApi.ts';
import { openStore } from '../../../engine/store/open.ts';
import type { StoreReader } from '../../../engine/store/reader.ts';
import { ResultSet } from '../../../engine/store/resultSet.ts';
import { random } from '../../support/random.ts';
import { AT, mount, tinyLevelDb, tinyRocksDb } from '../../support/tinyStores.ts';

const line = (r: EntryRow): string =>
  `${hex(r.key)}@${r.seq} ${r.type} ${r.level}/${r.table} ${r.value === null ? '-' : hex(r.value)} ${r.until === undefined ? '' : hex(r.until)}`;

function counted(store: StoreReader, params: QueryParams): ResultSet {
  const set = new ResultSet(7, store, params, false, systemClock);
  while (set.step());
  return set;
}

function all(store: StoreReader, params: QueryParams): string[] {
  const set = counted(store, params);
  const rows = set.rows(0, 1e9, 1 << 20).items.map(line);
  set.close();
  return rows;
}

describe('result set', () => {
  for (const make of [tinyLevelDb, tinyRocksDb]) {
    it(`${make.name}: any page of any query`, async () => {
      const truth = await make();
      const store = openStore(mount(truth), AT);
      const dice = random(11);
      const ranges: Partial<QueryParams>[] = [
        {},
        { prefix: utf8('sensor/001') },
        { from: utf8('sensor/00050'), to: utf8('sensor/00400') },
        { prefix: utf8('no such prefix') },
        { at: 700 },
      ];
      for (const family of store.view.version.families.keys()) {
        for (const range of ranges) {
          for (const kind of [{}, { reverse: true }, { allVersions: true }]) {
            const params = { family, ...range, ...kind };
            const expected = all(store, params);
            if (kind.reverse === true) assert.deepEqual(all(store, { family, ...range }).toReversed(), expected);
            const set = counted(store, params);
            assert.deepEqual([set.state().total, set.state().complete], [expected.length, true]);
            for (let n = 0; n < 15; n++) {
              const from = Math.floor(dice() * (expected.length + 5));
              const count = Math.floor(dice() * 40);
              const page = set.rows(from, count, 1 << 20);
              assert.deepEqual(
                page.items.map(line),
                expected.slice(from, from + count),
                JSON.stringify([params, from, count]),
              );
            }
            set.close();
            const limit = Math.floor(dice() * 50);
            assert.deepEqual(all(store, { ...params, limit }), expected.slice(0, limit));
          }
        }
      }
      for (const [number, info] of store.view.version.tables) {
        const params = { family: 0, table: number };
        const expected = all(store, params);
        assert.ok(expected.length > 0);
        const set = counted(store, params);
        for (let n = 0; n < 10; n++) {
          const from = Math.floor(dice() * expected.length);
          assert.deepEqual(set.rows(from, 5, 1 << 20).items.map(line), expected.slice(from, from + 5));
        }
        set.close();
        const blocks = store.view.acquire(info).index.count;
        const joined = Array.from({ length: blocks }, (_, block) => all(store, { ...params, block })).flat();
        assert.deepEqual(joined, expected);
      }
      store.close();
    });
  }

  it('previews are cut, sizes are whole', async () => {
    const store = openStore(mount(await tinyLevelDb()), AT);
    const set = counted(store, { family: 0 });
    for (const row of set.rows(0, 50, 3).items) {
      assert.ok(row.value!.length <= 3 && row.valueSize > 3);
    }
    set.close();
    assert.throws(
      () => set.rows(0, 1, 1),
      (e) => e instanceof StoreError && e.code === 'INPUT',
    );
    assert.equal(set.has(1e9), true);
    assert.equal(set.step(), false);
    store.close();
  });

  it('counting stops after its slice, and rows so far can be read meanwhile', async () => {
    const store = openStore(mount(await tinyLevelDb()), AT);
    let now = 0;
    // Each look at the clock is a slice long.
    const clock: Clock = { now: () => now, elapsed: () => (now += 100), turn: () => Promise.resolve() };
    const set = new ResultSet(1, store, { family: 0 }, false, clock);
    assert.equal(set.step(), true);
    const { total, complete } = set.state();
    assert.deepEqual([total, complete, set.has(total), set.has(total + 1)], [512, false, true, false]);
    const page = set.rows(500, 100, 10);
    assert.deepEqual([page.items.length, page.complete], [12, false]);
    while (set.step());
    assert.equal(set.state().total, 817);
    set.close();
    store.close();
  });

  it('a query over nothing, and a family that is not there', async () => {
    const store = openStore(mount(await tinyLevelDb()), AT);
    const set = counted(store, { family: 0, from: utf8('z'), to: utf8('a') });
    assert.deepEqual([set.state().total, set.rows(0, 10, 10).items], [0, []]);
    set.close();
    assert.throws(() => new ResultSet(1, store, { family: 9 }, false, systemClock), /no column family/);
    assert.throws(() => new ResultSet(1, store, { family: 0, table: 99 }, false, systemClock), /no live table/);
    store.close();
  });

  for (const reverse of [false, true]) {
    it(`millions of rows: bookmarks are thinned, pages stay right (${reverse ? 'backward' : 'forward'})`, () => {
      const rows = 4_500_000;
      const set = new ResultSet(1, numbers(rows), { family: 0, reverse }, false, systemClock);
      while (set.step());
      assert.equal(set.state().total, rows);
      const dice = random(5);
      for (let n = 0; n < 200; n++) {
        const from = n === 0 ? rows - 3 : Math.floor(dice() * rows);
        const { items } = set.rows(from, 5, 8);
        for (const [i, row] of items.entries()) {
          const number = reverse ? rows - 1 - (from + i) : from + i;
          assert.equal(hex(row.key), number.toString(16).padStart(8, '0'));
        }
        assert.equal(items.length, Math.min(5, rows - from));
      }
      set.close();
    });
  }
});

/** A store that is nothing but the numbers below `count` as 4-byte keys; only what a query needs of one. */
function numbers(count: number): StoreReader {
  const numberOf = (key: Uint8Array | undefined, otherwise: number): number => {
    if (key === undefined) return otherwise;
    const n = Buffer.from(key).readUInt32BE(0);
    // A longer key stands behind the number that it begins with.
    return key.length > 4 ? n + 1 : n;
  };
  const view = {
    lastSequence: 1,
    family: () => ({ order: BYTEWISE }),
    release: () => {},
    scan: (_: number, options: KeyRange & { reverse?: boolean }) => {
      const from = numberOf(options.from, 0);
      const to = Math.min(count, numberOf(options.to, count));
      const key = new Uint8Array(4);
      let n = 0;
      const entries = {
        valid: false,
        keyBuffer: key,
        keyStart: 0,
        keyLength: 4,
        valueBuffer: key,
        valueStart: 0,
        valueLength: 4,
        hasValue: true,
        sequence: 1,
        type: 1,
        level: 1,
        table: 1,
        first: () => {
          n = options.reverse === true ? to - 1 : from;
          entries.show();
        },
        next: () => {
          n += options.reverse === true ? -1 : 1;
          entries.show();
        },
        show: () => {
          entries.valid = n >= from && n < to;
          key[0] = n >>> 24;
          key[1] = n >>> 16;
          key[2] = n >>> 8;
          key[3] = n;
        },
        close: () => {},
      };
      return entries;
    },
  };
  return { stableView: () => view } as unknown as StoreReader;
}
