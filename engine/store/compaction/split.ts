/** Cuts a compaction into ranges of about equal work, for threads beside each other. */
import type { TableSource } from '../../formats/block/runCursor.ts';
import type { KeyOrder } from '../../iter/order.ts';
import type { TableInfo } from '../../model/tree.ts';

export interface KeySpan {
  /** Inclusive; undefined is open. */
  readonly from: Uint8Array | undefined;
  /** Exclusive. */
  readonly to: Uint8Array | undefined;
}

/** Index entries looked at of each table. */
const SAMPLES = 128;

/** Up to `parts` ranges, in key order, that cover everything. Throws StoreError for a table that cannot be opened. */
export function splitRange(
  tables: readonly TableInfo[],
  source: TableSource,
  order: KeyOrder,
  parts: number,
): readonly KeySpan[] {
  const samples: { key: Uint8Array; weight: number }[] = [];
  for (const info of tables) {
    const table = source.acquire(info);
    try {
      const { index } = table;
      const stride = Math.max(1, Math.ceil(index.count / SAMPLES));
      for (let i = stride - 1; i < index.count; i += stride) {
        samples.push({ key: index.separator(i).slice(), weight: (info.bytes * stride) / index.count });
      }
    } finally {
      source.release(info, table);
    }
  }
  const compare = (a: Uint8Array, b: Uint8Array): number => order.compareUser(a, 0, a.length, b, 0, b.length);
  samples.sort((a, b) => compare(a.key, b.key));
  const total = samples.reduce((sum, s) => sum + s.weight, 0);
  const cuts: Uint8Array[] = [];
  let weight = 0;
  for (const s of samples) {
    weight += s.weight;
    if (cuts.length + 1 >= parts) break;
    if (weight < ((cuts.length + 1) * total) / parts) continue;
    const last = cuts.at(-1);
    if (last === undefined || compare(last, s.key) < 0) cuts.push(s.key);
  }
  return [undefined, ...cuts].map((from, i) => ({ from, to: cuts[i] }));
}
