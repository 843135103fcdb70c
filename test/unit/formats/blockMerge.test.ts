/** The merge kernel against the cursors in JavaScript: the same tables, walked both ways, whatever they hold. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { writeU32 } from '../../../engine/base/bytes.ts';
import { crc32c, mask } from '../../../engine/base/crc32c.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import type { CompressionName } from '../../../engine/codec/registry.ts';
import { BlockMerge } from '../../../engine/formats/block/kernel/blockMerge.ts';
import { BATCH_AT, Record, Status } from '../../../engine/formats/block/kernel/layout.ts';
import { BlockMachine } from '../../../engine/formats/block/kernel/machine.ts';
import { RunCursor } from '../../../engine/formats/block/runCursor.ts';
import type { TableBuilderOptions } from '../../../engine/formats/block/tableBuilder.ts';
import { type Cursor, MAX_SEQUENCE, ValueType } from '../../../engine/iter/cursor.ts';
import { MergingCursor } from '../../../engine/iter/merging.ts';
import { BYTEWISE } from '../../../engine/iter/order.ts';
import type { TableInfo } from '../../../engine/model/tree.ts';
import { random, randomBytes } from '../../support/random.ts';
import { type RunStore, runStore, Strict } from '../../support/runStore.ts';

const latin1 = (b: Uint8Array, start: number, length: number): string =>
  Buffer.from(b.buffer, b.byteOffset + start, length).toString('latin1');

const shown = (c: Cursor): string =>
  JSON.stringify([
    latin1(c.keyBuffer, c.keyStart, c.keyLength),
    c.sequence,
    c.type,
    latin1(c.valueBuffer, c.valueStart, c.valueLength),
    c.level,
    c.table,
  ]);

/** Every version, and the error that ended the walk. */
function walk(cursor: Cursor, from?: Uint8Array): string[] {
  const found: string[] = [];
  try {
    if (from === undefined) cursor.first();
    else cursor.seek(from, MAX_SEQUENCE);
    for (let c: Cursor | undefined = top(cursor); c !== undefined; c = top(cursor)) {
      found.push(shown(c));
      cursor.next();
    }
  } catch (thrown) {
    assert.ok(thrown instanceof StoreError, String(thrown));
    found.push(`${thrown.code} ${thrown.path}`);
  }
  cursor.close();
  return found;
}

function top(cursor: Cursor): Cursor | undefined {
  if (cursor instanceof MergingCursor) return cursor.current;
  return cursor.valid ? cursor : undefined;
}

function merging({ runs, source }: RunStore): MergingCursor {
  const damage = new Strict();
  return new MergingCursor(
    runs.map((run) => new RunCursor(source, run, run[0]?.level ?? 0, BYTEWISE, damage)),
    BYTEWISE.compare,
  );
}

const blocks = (s: RunStore, machine = new BlockMachine()): BlockMerge =>
  new BlockMerge(machine, s.source, s.runs, BYTEWISE, new Strict());

/** What `fill` and the cursor give in turns, until `fence`: the newest version of each key, and counts. */
function batches(s: RunStore, fence?: Uint8Array): { newest: string[]; hidden: number; tombstones: number } {
  const machine = new BlockMachine();
  const merge = blocks(s, machine);
  merge.setFence(fence);
  merge.first();
  const newest: string[] = [];
  let hidden = 0;
  let tombstones = 0;
  for (;;) {
    const status = merge.fill();
    hidden += merge.hidden;
    tombstones += merge.tombstones;
    for (let r = BATCH_AT; r < BATCH_AT + merge.count * Record.bytes; r += Record.bytes) {
      newest.push(
        JSON.stringify([
          latin1(machine.bytes, machine.pointer(r + Record.key), machine.word(r + Record.keyLength)),
          machine.sequence(r + Record.tag),
          machine.word(r + Record.tag) & 0xff,
          latin1(machine.bytes, machine.pointer(r + Record.value), machine.word(r + Record.valueLength)),
        ]),
      );
    }
    merge.settle();
    if (status === Status.end || status === Status.fence) break;
    if (status !== Status.other && status !== Status.otherUnderPut) continue;
    const key = latin1(merge.keyBuffer, merge.keyStart, merge.keyLength);
    if (status === Status.other) newest.push(JSON.stringify(JSON.parse(shown(merge)).slice(0, 4)));
    for (let first = status === Status.other; merge.valid; merge.next()) {
      if (latin1(merge.keyBuffer, merge.keyStart, merge.keyLength) !== key) break;
      if (first) first = false;
      else if (merge.type === ValueType.deletion) tombstones++;
      else hidden++;
    }
    merge.forgetGroup();
  }
  merge.close();
  return { newest, hidden, tombstones };
}

const SHAPES: readonly [Partial<TableBuilderOptions>, number, number][] = [
  [{ dialect: 'leveldb', formatVersion: 0, compression: 'snappy' }, 5, 400],
  [{ dialect: 'leveldb', formatVersion: 0, blockSize: 300 }, 3, 300],
  [{ dialect: 'leveldb', formatVersion: 0, compression: 'zstd' }, 1, 500],
  [{ formatVersion: 5, compression: 'snappy', checksum: 4, restartInterval: 1 }, 9, 100],
  [{ formatVersion: 6, compression: 'lz4' as CompressionName, checksum: 1 }, 4, 200],
  [{ formatVersion: 7, compression: 'none', checksum: 4, blockSize: 60 }, 4, 200],
  [{ formatVersion: 2, compression: 'zlib', checksum: 2 }, 2, 300],
  [{ formatVersion: 5, blockSize: 1 << 20 }, 2, 3000],
];

describe('the merge of blocks', () => {
  for (const [i, [options, runCount, perRun]] of SHAPES.entries()) {
    const name = Object.values(options).join(', ');
    const s = runStore(i + 1, runCount, perRun, options);
    const expected = walk(merging(s));

    it(`walks over every version (${name})`, () => {
      assert.deepEqual(walk(blocks(s)), expected);
    });

    it(`begins where it is told (${name})`, () => {
      const next = random(i + 77);
      for (let n = 0; n < 6; n++) {
        const from = Buffer.from(JSON.parse(expected[Math.floor(next() * expected.length)] as string)[0], 'latin1');
        const key = n % 2 === 0 ? from : Buffer.concat([from, randomBytes(1, n)]);
        assert.deepEqual(walk(blocks(s), key), walk(merging(s), key));
      }
      assert.deepEqual(walk(blocks(s), new Uint8Array(80_000).fill(0xff)), []);
    });

    it(`hands out the newest versions (${name})`, () => {
      const all = expected.map((e) => JSON.parse(e) as [string, number, number, string, number, number]);
      const newest = all.filter(([key], n) => n === 0 || all[n - 1]?.[0] !== key);
      const found = batches(s);
      assert.deepEqual(
        found.newest,
        newest.map((e) => JSON.stringify(e.slice(0, 4))),
      );
      assert.equal(found.newest.length + found.hidden + found.tombstones, all.length);
      const fence = Buffer.from(newest[newest.length >>> 1]?.[0] ?? '', 'latin1');
      assert.deepEqual(batches(s, fence).newest, found.newest.slice(0, newest.length >>> 1));
    });
  }

  it('says of damaged blocks what the other reader says, and never anything else', () => {
    let broken = 0;
    for (let seed = 1; seed <= 120; seed++) {
      const options = { dialect: 'leveldb', formatVersion: 0, compression: 'none', blockSize: 200 } as const;
      const s = runStore(seed, 2, 40, options);
      const next = random(seed + 1000);
      const info = s.runs[0]?.[0] as TableInfo;
      const file = s.fs.open(`/${info.file}`, 'read');
      const all = new Uint8Array(info.bytes);
      file.readAt(all, 0);
      const { index } = s.source.acquire(info);
      const b = Math.floor(next() * index.count);
      const [offset, size] = [index.offset(b), index.size(b)];
      for (let n = 0; n < 1 + next() * 3; n++) all[offset + Math.floor(next() * size)] = next() * 256;
      writeU32(all, offset + size + 1, mask(crc32c(all, offset, offset + size + 1)));
      const again = s.fs.open(`/${info.file}`, 'create');
      again.append(all);
      again.sync();
      const expected = walk(merging(s));
      if (expected.at(-1)?.startsWith('CORRUPT') === true) broken++;
      // Entries that are read before the damage is met may differ: whole blocks are looked at earlier here.
      const found = walk(blocks(s));
      if (expected.at(-1)?.startsWith('CORRUPT') === true) assert.equal(found.at(-1), expected.at(-1), `seed ${seed}`);
      else assert.deepEqual(found, expected, `seed ${seed}`);
      for (const [n, e] of found.slice(0, -1).entries()) assert.equal(e, expected[n], `seed ${seed}, entry ${n}`);
    }
    assert.ok(broken > 15, `${broken} of 120 were refused`);
  });
});
