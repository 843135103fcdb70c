/**
 * Random histories of a family, and what a reader must see of them: operations are applied one after the
 * other to a plain map, which is how a store is meant, and shares nothing with how it is read.
 */
import { compareBytes, concat, hex, text, utf8 } from '../../engine/base/bytes.ts';
import { StoreError } from '../../engine/base/errors.ts';
import { ValueType } from '../../engine/iter/cursor.ts';
import type { KeyOrder } from '../../engine/iter/order.ts';
import type { RangeTombstone } from '../../engine/iter/rangeTombstones.ts';
import type { ValueResolver } from '../../engine/iter/resolve.ts';
import type { Entry } from './arrayCursor.ts';

export interface History {
  readonly entries: readonly Entry[];
  readonly tombstones: readonly RangeTombstone[];
  /** Sequence number of the last operation. */
  readonly last: number;
  /** Hex of the user key → text of the value, as of sequence number `at`. */
  at(sequence: number): Map<string, string>;
  /** A key that occurs, or one near it; without timestamp. */
  key(): Uint8Array;
}

/** Blob indexes are text `blob:NAME`; merges join with commas. */
export const RESOLVER: ValueResolver = {
  blob: (index) => {
    if (text(index) === 'blob:gone')
      throw new StoreError('NOT_FOUND', 'the blob file is gone', { path: '000001.blob' });
    return utf8(`from ${text(index)}`);
  },
  columns: () => [],
  merge: (base, operands) => utf8([...(base === undefined ? [] : [text(base)]), ...operands.map(text)].join(',')),
};

type Apply = (state: Map<string, string>) => void;

export interface HistoryOptions {
  readonly order: KeyOrder;
  readonly operations: number;
  readonly dice: () => number;
  /** Shares of what is not a plain put; all of it when absent. */
  readonly only?: 'puts' | 'points';
}

export function history({ order, operations, dice, only }: HistoryOptions): History {
  const below = (n: number): number => Math.floor(dice() * n);
  const userKey = (): Uint8Array =>
    Uint8Array.from({ length: below(4) }, () => [0, 0x61, 0x62, 0x63, 0xff][below(5)] as number);
  const entries: Entry[] = [];
  const tombstones: RangeTombstone[] = [];
  const log: { sequence: number; apply: Apply }[] = [];
  let sequence = 0;
  for (let n = 0; n < operations; n++) {
    // Gaps, as batches that went to other families leave them.
    sequence += 1 + (dice() < 0.2 ? below(5) : 0);
    const stamp = new Uint8Array(order.timestampSize);
    if (stamp.length > 0) new DataView(stamp.buffer).setBigUint64(0, BigInt(sequence * 3), true);
    const user = userKey();
    const id = hex(user);
    const add = (type: number, value: string, apply: Apply): void => {
      entries.push({ key: concat([user, stamp]), sequence, type, value: utf8(value) });
      log.push({ sequence, apply });
    };
    const kind = only === 'puts' ? 0 : dice();
    const value = `v${sequence}`;
    if (kind < 0.45) add(ValueType.value, value, (s) => s.set(id, value));
    else if (kind < 0.6) {
      const type = order.timestampSize > 0 ? ValueType.deletionWithTimestamp : ValueType.deletion;
      add(type, '', (s) => s.delete(id));
    } else if (kind < 0.65) add(ValueType.singleDeletion, '', (s) => s.delete(id));
    else if (kind < 0.8) {
      add(ValueType.merge, value, (s) => s.set(id, s.has(id) ? `${s.get(id)},${value}` : value));
    } else if (kind < 0.85) add(ValueType.blobIndex, `blob:${value}`, (s) => s.set(id, `from blob:${value}`));
    else if (kind < 0.9 || only === 'points') {
      const preferred = `${value}!`;
      add(ValueType.valuePreferredSeqno, `${preferred}12345678`, (s) => s.set(id, preferred));
    } else {
      const other = userKey();
      const [begin, end] =
        order.compareUser(user, 0, user.length, other, 0, other.length) <= 0 ? [user, other] : [other, user];
      tombstones.push({ begin, end, sequence, level: 1, table: 1, ...(stamp.length > 0 ? { timestamp: stamp } : {}) });
      const inside = (k: string): boolean => {
        const b = Uint8Array.from(Buffer.from(k, 'hex'));
        return (
          order.compareUser(b, 0, b.length, begin, 0, begin.length) >= 0 &&
          order.compareUser(b, 0, b.length, end, 0, end.length) < 0
        );
      };
      log.push({
        sequence,
        apply: (s) => {
          for (const k of [...s.keys()]) if (inside(k)) s.delete(k);
        },
      });
    }
  }
  return {
    entries,
    tombstones,
    last: sequence,
    at: (limit) => {
      const state = new Map<string, string>();
      for (const { sequence: s, apply } of log) if (s <= limit) apply(state);
      return state;
    },
    key: userKey,
  };
}

/** Keys of `state` in the order of the family. */
export function ordered(state: ReadonlyMap<string, string>, order: KeyOrder): string[] {
  const compare = (a: string, b: string): number => {
    const [x, y] = [a, b].map((k) => Uint8Array.from(Buffer.from(k, 'hex'))) as [Uint8Array, Uint8Array];
    return order.reversed ? compareBytes(y, x) : compareBytes(x, y);
  };
  return [...state.keys()].sort(compare);
}
