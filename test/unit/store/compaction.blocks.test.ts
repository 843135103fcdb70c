/** A compaction in batches against the same one entry by entry: the same tables, byte for byte, and the same digest. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BlockMerge } from '../../../engine/formats/block/kernel/blockMerge.ts';
import { BlockMachine } from '../../../engine/formats/block/kernel/machine.ts';
import { RunCursor } from '../../../engine/formats/block/runCursor.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { type Cursor, MAX_SEQUENCE } from '../../../engine/iter/cursor.ts';
import { MergingCursor } from '../../../engine/iter/merging.ts';
import { BYTEWISE } from '../../../engine/iter/order.ts';
import type { TableInfo } from '../../../engine/model/tree.ts';
import { Below } from '../../../engine/store/compaction/below.ts';
import { Grandparents } from '../../../engine/store/compaction/grandparents.ts';
import { MergeFilter } from '../../../engine/store/compaction/mergeFilter.ts';
import { Outputs } from '../../../engine/store/compaction/outputs.ts';
import { DigestWalk, StateDigest } from '../../../engine/store/compaction/proof.ts';
import { Stripes } from '../../../engine/store/compaction/stripes.ts';
import { TombstoneOutput } from '../../../engine/store/compaction/tombstoneOutput.ts';
import { random } from '../../support/random.ts';
import { type RunStore, runStore, Strict } from '../../support/runStore.ts';

interface Way {
  readonly from: Uint8Array | undefined;
  readonly to: Uint8Array | undefined;
  readonly zero: boolean;
  readonly below: boolean;
  readonly maxBytes: number;
  readonly grandparents: readonly TableInfo[];
}

function compact({ runs, source }: RunStore, way: Way, batches: boolean) {
  const machine = new BlockMachine();
  const damage = new Strict();
  const cursor: Cursor = batches
    ? new BlockMerge(machine, source, runs, BYTEWISE, damage)
    : new MergingCursor(
        runs.map((run) => new RunCursor(source, run, run[0]?.level ?? 0, BYTEWISE, damage)),
        BYTEWISE.compare,
      );
  const stripes = new Stripes([]);
  const below = new Below(way.below ? way.grandparents : [], BYTEWISE, false, () => true);
  const rules = { order: BYTEWISE, stripes, tombstones: undefined, below, zeroSequences: way.zero, merge: undefined };
  const fs = new MemFs();
  let number = 0;
  const outputs = new Outputs(
    fs,
    () => ({
      number: ++number,
      path: `/${number}.ldb`,
      options: { dialect: 'leveldb', order: BYTEWISE, formatVersion: 0, filterBitsPerKey: 10, blockSize: 512 },
    }),
    { maxBytes: way.maxBytes, grandparents: new Grandparents(way.grandparents, 1500, BYTEWISE) },
    new TombstoneOutput(undefined, BYTEWISE, stripes, below),
    { from: way.from, to: way.to },
    undefined,
    machine,
  );
  const digest = new StateDigest(rules, machine);
  const filter = new MergeFilter(cursor, rules, outputs, { witness: digest, end: way.to });
  if (way.from === undefined) cursor.first();
  else cursor.seek(way.from, MAX_SEQUENCE);
  while (filter.step(50));
  cursor.close();
  const files = outputs.finish().map(({ path, summary }) => {
    const bytes = new Uint8Array(summary.bytes);
    fs.open(path, 'read').readAt(bytes, 0);
    return Buffer.from(bytes).toString('base64');
  });
  return { files, digest: digest.digest, counts: { ...filter.counts } };
}

function digestOf({ runs, source }: RunStore, batches: boolean) {
  const machine = new BlockMachine();
  const cursor: Cursor = batches
    ? new BlockMerge(machine, source, runs, BYTEWISE, new Strict())
    : new MergingCursor(
        runs.map((run) => new RunCursor(source, run, run[0]?.level ?? 0, BYTEWISE, new Strict())),
        BYTEWISE.compare,
      );
  const stripes = new Stripes([]);
  const rules = { stripes, tombstones: undefined, below: new Below([], BYTEWISE, true), merge: undefined };
  const digest = new StateDigest(rules, machine);
  const walk = new DigestWalk(cursor, digest, stripes, undefined);
  cursor.first();
  while (walk.step(50));
  cursor.close();
  return digest.digest;
}

describe('a compaction in batches', () => {
  it('gives the tables, the digest and the counts of one entry by entry', () => {
    for (let seed = 1; seed <= 25; seed++) {
      const next = random(seed);
      const s = runStore(seed, 1 + Math.floor(next() * 5), 20 + Math.floor(next() * 400), {
        compression: next() < 0.5 ? 'snappy' : 'none',
        checksum: next() < 0.5 ? 1 : 4,
      });
      const all = s.runs.flat();
      const keyOf = (): Uint8Array => (all[Math.floor(next() * all.length)] as TableInfo).largest.key;
      const [a, b] = [keyOf(), keyOf()].sort(Buffer.compare) as [Uint8Array, Uint8Array];
      const below = next() < 0.5;
      const way: Way = {
        from: next() < 0.4 ? a : undefined,
        to: next() < 0.4 ? b : undefined,
        // As in a real compaction: only where nothing lies below.
        zero: !below && next() < 0.7,
        below,
        maxBytes: next() < 0.5 ? 3000 : 1 << 20,
        grandparents: below || next() < 0.6 ? (runStore(seed + 500, 1, 60, {}).runs[0] ?? []) : [],
      };
      const one = compact(s, way, false);
      const batch = compact(s, way, true);
      assert.deepEqual(batch, one, `seed ${seed}`);
      assert.deepEqual(digestOf(s, true), digestOf(s, false), `seed ${seed}`);
    }
  });
});
