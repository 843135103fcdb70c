/** What a reader sees, in both directions and in every order of keys, against a map that is simply written to. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { fromHex, hex, startsWith, text } from '../../../engine/base/bytes.ts';
import { type Cursor, MAX_SEQUENCE, ValueType } from '../../../engine/iter/cursor.ts';
import { MergingCursor } from '../../../engine/iter/merging.ts';
import { BYTEWISE, type KeyOrder, keyOrder } from '../../../engine/iter/order.ts';
import { Bounds, type KeyRange } from '../../../engine/iter/range.ts';
import { RangeTombstones } from '../../../engine/iter/rangeTombstones.ts';
import { type ResolveContext, resolveVersions } from '../../../engine/iter/resolve.ts';
import { ReverseVisibleCursor, VisibleCursor, type VisibleEntries } from '../../../engine/iter/visible.ts';
import { ArrayCursor, type Entry } from '../../support/arrayCursor.ts';
import { type History, history, ordered, RESOLVER } from '../../support/model.ts';
import { random } from '../../support/random.ts';

const ORDERS = [
  'leveldb.BytewiseComparator',
  'rocksdb.ReverseBytewiseComparator',
  'leveldb.BytewiseComparator.u64ts',
  'rocksdb.ReverseBytewiseComparator.u64ts',
].map(keyOrder);

/** Entries dealt out to runs, as flushes and compactions do with no respect for age. */
function dealt(entries: readonly Entry[], order: KeyOrder, dice: () => number): Cursor[] {
  const runs: Entry[][] = Array.from({ length: 1 + Math.floor(dice() * 6) }, () => []);
  for (const e of entries) runs[Math.floor(dice() * runs.length)]!.push(e);
  return runs.map((run, i) => new ArrayCursor(run, order, i, i + 1));
}

function collect(e: VisibleEntries): string[] {
  const out: string[] = [];
  for (e.first(); e.valid; e.next()) {
    assert.ok(out.length < 100_000);
    const key = hex(e.keyBuffer.slice(e.keyStart, e.keyStart + e.keyLength));
    out.push(`${key}=${text(e.valueBuffer.slice(e.valueStart, e.valueStart + e.valueLength))}`);
  }
  return out;
}

/** By the words of the contract: `to` exclusive, in the family's order; `prefix` narrows both. */
function inRange(key: Uint8Array, range: KeyRange, order: KeyOrder): boolean {
  const compare = (b: Uint8Array): number => order.compareUser(key, 0, key.length, b, 0, b.length);
  if (range.from !== undefined && compare(range.from) < 0) return false;
  if (range.to !== undefined && compare(range.to) >= 0) return false;
  return range.prefix === undefined || startsWith(key, range.prefix);
}

function randomRange(h: History, dice: () => number): KeyRange {
  return {
    ...(dice() < 0.4 ? { from: h.key() } : {}),
    ...(dice() < 0.4 ? { to: h.key() } : {}),
    ...(dice() < 0.4 ? { prefix: h.key() } : {}),
  };
}

describe('visible entries', () => {
  for (const order of ORDERS) {
    for (const only of ['puts', 'points', undefined] as const) {
      it(`${order.name}, ${only ?? 'all operations'}: scans of any range as of any sequence number`, () => {
        for (let seed = 1; seed <= 40; seed++) {
          const dice = random(seed * 7919);
          const h = history({ order, operations: 1 + Math.floor(dice() * 120), dice, ...(only && { only }) });
          for (let round = 0; round < 8; round++) {
            const at = round === 0 ? MAX_SEQUENCE : Math.floor(dice() * (h.last + 2));
            const range = round < 2 ? {} : randomRange(h, dice);
            const state = h.at(at);
            const expected = ordered(state, order)
              .filter((k) => inRange(fromHex(k)!, range, order))
              .map((k) => `${k}=${state.get(k)}`);
            const tombstones = h.tombstones.length === 0 ? undefined : new RangeTombstones(h.tombstones, order);
            const context: ResolveContext = { resolver: RESOLVER, tombstones, at, values: true };
            const bounds = (): Bounds => new Bounds(order, range);
            const merged = (): MergingCursor => new MergingCursor(dealt(h.entries, order, dice), order.compare);
            const what = `seed ${seed}, at ${at}, ${JSON.stringify(range)}`;
            assert.deepEqual(collect(new VisibleCursor(merged(), order, bounds(), context)), expected, what);
            const alone = new ArrayCursor(h.entries, order);
            assert.deepEqual(collect(new VisibleCursor(alone, order, bounds(), context)), expected, `alone, ${what}`);
            const backward = collect(new ReverseVisibleCursor(merged(), order, bounds(), context));
            assert.deepEqual(backward.reverse(), expected, `backward, ${what}`);
          }
        }
      });
    }
  }

  for (const order of ORDERS.filter((o) => o.timestampSize > 0)) {
    it(`${order.name}: as of a user timestamp, of any sequence number, both ways`, () => {
      const stamped = (key: number, time: number): Uint8Array => {
        const b = new Uint8Array(9);
        b[0] = key;
        new DataView(b.buffer).setBigUint64(1, BigInt(time), true);
        return b;
      };
      for (let seed = 1; seed <= 60; seed++) {
        const dice = random(seed * 104_729);
        // Times that differ in their low and in their high bytes.
        const times = [0, 1, 255, 256, 65_535, 65_536, 2 ** 40, 2 ** 40 + 1, 2 ** 52];
        const writes = Array.from({ length: 60 }, (_, i) => {
          const [key, time] = [Math.floor(dice() * 6), times[Math.floor(dice() * times.length)] as number];
          return { key, time, sequence: i + 1, deleted: dice() < 0.25 };
        });
        const entries: Entry[] = writes.map(({ key, time, sequence, deleted }) => ({
          key: stamped(key, time),
          sequence,
          type: deleted ? ValueType.deletionWithTimestamp : ValueType.value,
          value: new TextEncoder().encode(deleted ? '' : `${key}@${time}#${sequence}`),
        }));
        for (let round = 0; round < 12; round++) {
          const limit = (times[Math.floor(dice() * times.length)] as number) + Math.floor(dice() * 2);
          const at = round % 2 === 0 ? MAX_SEQUENCE : Math.floor(dice() * 62);
          // By the words of the contract: of the writes that are seen, the one with the latest time, then the newest.
          const expected: string[] = [];
          for (let key = 0; key < 6; key++) {
            const seen = writes.filter((w) => w.key === key && w.time <= limit && w.sequence <= at);
            const last = seen.sort((a, b) => b.time - a.time || b.sequence - a.sequence)[0];
            if (last === undefined || last.deleted) continue;
            expected.push(`0${key}=${key}@${last.time}#${last.sequence}`);
          }
          if (order.reversed) expected.reverse();
          const atTimestamp = stamped(0, limit).subarray(1);
          const context: ResolveContext = { resolver: RESOLVER, tombstones: undefined, at, values: true, atTimestamp };
          const merged = (): MergingCursor => new MergingCursor(dealt(entries, order, dice), order.compare);
          const bounds = (): Bounds => new Bounds(order, {});
          const what = `seed ${seed}, time ${limit}, at ${at}`;
          assert.deepEqual(collect(new VisibleCursor(merged(), order, bounds(), context)), expected, what);
          const backward = collect(new ReverseVisibleCursor(merged(), order, bounds(), context));
          assert.deepEqual(backward.reverse(), expected, `backward, ${what}`);
        }
      }
    });
  }

  it('a blob that cannot be read is an entry with its problem, and the walk goes on', () => {
    const value = (t: string): Uint8Array => new TextEncoder().encode(t);
    const entries: Entry[] = [
      { key: value('a'), sequence: 1, type: 0x11, value: value('blob:gone') },
      { key: value('b'), sequence: 2, type: 0x01, value: value('there') },
      { key: value('c'), sequence: 3, type: 0x5f, value: value('?') },
    ];
    const context: ResolveContext = { resolver: RESOLVER, tombstones: undefined, at: MAX_SEQUENCE, values: true };
    for (const e of [
      new VisibleCursor(new ArrayCursor(entries, BYTEWISE), BYTEWISE, new Bounds(BYTEWISE, {}), context),
    ]) {
      e.first();
      assert.deepEqual([e.hasValue, e.problem?.code, e.problem?.path], [false, 'NOT_FOUND', '000001.blob']);
      e.next();
      assert.deepEqual([e.hasValue, e.problem, e.valueLength], [true, undefined, 5]);
      e.next();
      assert.deepEqual([e.hasValue, e.problem?.code], [false, 'UNSUPPORTED']);
      e.next();
      assert.equal(e.valid, false);
    }
  });

  it('operands of an operator that is not known are shown, oldest first, with their base', () => {
    const bytes = (t: string): Uint8Array => new TextEncoder().encode(t);
    const version = (sequence: number, type: number, t: string) => ({
      type,
      sequence,
      value: bytes(t),
      level: 0,
      table: 1,
    });
    const context: ResolveContext = {
      resolver: { ...RESOLVER, merge: () => undefined },
      tombstones: undefined,
      at: MAX_SEQUENCE,
      values: true,
    };
    const r = resolveVersions(bytes('k'), [version(9, 2, 'z'), version(5, 2, 'y'), version(3, 1, 'x')], context);
    assert.deepEqual(r?.operands?.map(text), ['y', 'z']);
    assert.equal(text(r!.base!), 'x');
    assert.deepEqual([r!.value, r!.sequence], [undefined, 9]);
    const onDeleted = resolveVersions(bytes('k'), [version(9, 2, 'z'), version(5, 0, ''), version(3, 1, 'x')], context);
    assert.deepEqual([onDeleted?.operands?.map(text), onDeleted?.base], [['z'], undefined]);
  });
});
