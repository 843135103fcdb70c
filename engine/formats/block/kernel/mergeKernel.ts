/**
 * The merge of sorted runs over raw data blocks, in WebAssembly: the innermost loop of a compaction and of
 * its proof, for user keys that compare bytewise.
 *
 * `merge` hands out the newest version of each user key, as long as that is a plain put, as records of a
 * batch, and counts the versions under it, which nobody sees. Whatever has to be judged it leaves on top of
 * the heap and comes back; JavaScript does that key and goes on. It comes back too where a run has no more
 * blocks in memory: values stay where they are in their blocks, so that the batch must be used up before
 * the run gets others.
 *
 * Lengths and positions from blocks are held against the ends of the block before anything is read by them.
 */
import { Func, type Local, type Value } from '../../../base/wasm.ts';
import { BATCH_AT, Cursor, Merge, Record, Status } from './layout.ts';
import { compareKeys, copyWords, isNegative, matchLength } from './words.ts';

const TAG_BYTES = 8;
const PUT = 1;
const MERGE = 2;

/** What leaves the function that is being built, with a status. */
type Leave = (status: number) => void;

/** Reads a varint of up to 32 bits at `p` before `limit` into `into`. */
function varint(f: Func, p: Local, limit: Local, into: Local, leave: Leave): void {
  const shift = f.let(0);
  const byte = f.let(0x80);
  f.set(into, 0);
  f.while(byte.ge(0x80), () => {
    // Five bytes at most, the fifth with four bits.
    f.if(p.ge(limit).or(shift.gt(28)), () => leave(Status.corrupt));
    f.set(byte, p.load8());
    f.if(shift.eq(28).and(byte.gt(15)), () => leave(Status.corrupt));
    f.set(into, into.or(byte.and(0x7f).shl(shift)));
    f.set(shift, shift.add(7));
    f.set(p, p.add(1));
  });
}

/** Moves the cursor at `c` to its next entry, of the next block where this one is at its end. */
function advance(f: Func, c: Local, leave: Leave): void {
  const p = f.let(c.load32(Cursor.next));
  const limit = f.let(c.load32(Cursor.limit));
  const shared = f.local('i32');
  const unshared = f.local('i32');
  const valueLength = f.local('i32');
  const length = f.local('i32');
  const key = f.local('i32');
  f.if(p.ge(limit), () => {
    const pair = f.let(c.load32(Cursor.blocks));
    f.if(pair.ge(c.load32(Cursor.blocksEnd)), () => leave(Status.empty));
    f.set(p, pair.load32());
    f.set(limit, pair.load32(4));
    f.store(c, pair.add(8), Cursor.blocks);
    f.store(c, p, Cursor.next);
    f.store(c, limit, Cursor.limit);
    f.store(c, 0, Cursor.internalLength);
  });
  f.set(shared, p.load8());
  f.set(unshared, p.load8(1));
  f.set(valueLength, p.load8(2));
  f.if(
    shared.or(unshared).or(valueLength).lt(0x80).and(limit.sub(p).ge(3)),
    () => f.set(p, p.add(3)),
    () => {
      varint(f, p, limit, shared, leave);
      varint(f, p, limit, unshared, leave);
      varint(f, p, limit, valueLength, leave);
    },
  );
  f.if(unshared.gt(limit.sub(p)), () => leave(Status.corrupt));
  f.if(valueLength.gt(limit.sub(p).sub(unshared)), () => leave(Status.corrupt));
  f.if(shared.gt(c.load32(Cursor.internalLength)), () => leave(Status.corrupt));
  f.set(length, shared.add(unshared));
  f.if(length.lt(TAG_BYTES), () => leave(Status.corrupt));
  f.if(length.gt(c.load32(Cursor.capacity)), () => leave(Status.longKey));
  f.set(key, c.load32(Cursor.key));
  copyWords(f, key.add(shared), p, unshared);
  f.set(p, p.add(unshared));
  f.store(c, length, Cursor.internalLength);
  f.set(length, length.sub(TAG_BYTES));
  f.store(c, length, Cursor.keyLength);
  f.store(c, key.add(length).load64(), Cursor.tag);
  f.store(c, p, Cursor.value);
  f.store(c, valueLength, Cursor.valueLength);
  f.store(c, p.add(valueLength), Cursor.next);
}

/** Sets `first` to 1 if the cursor at `a` comes before that at `b`: key, newest version, upper level. */
function before(f: Func, first: Local, a: Local, b: Local): void {
  const order = f.local('i32');
  const aLength = f.let(a.load32(Cursor.keyLength));
  const bLength = f.let(b.load32(Cursor.keyLength));
  compareKeys(f, order, f.let(a.load32(Cursor.key)), aLength, f.let(b.load32(Cursor.key)), bLength);
  f.set(first, isNegative(order));
  f.if(order.eq(0), () => {
    const aTag = f.let(a.load64(Cursor.tag));
    const bTag = f.let(b.load64(Cursor.tag));
    f.set(first, aTag.gt(bTag));
    // Equal tags happen in damaged or salvaged stores only. The write-ahead log, level -1, is no input.
    f.if(aTag.eq(bTag), () => f.set(first, a.load32(Cursor.level).lt(b.load32(Cursor.level))));
  });
}

/** Moves the cursor at position `from` of the heap down to its place. */
function sink(f: Func, from: Value, size: Local): void {
  const heap = f.let(f.let(0).load32(Merge.heap));
  const at = f.let(from);
  const item = f.let(heap.add(at.shl(2)).load32());
  const child = f.let(at.shl(1).add(1));
  const one = f.local('i32');
  const other = f.local('i32');
  const first = f.local('i32');
  f.while(child.lt(size), () => {
    f.set(one, heap.add(child.shl(2)).load32());
    f.if(child.add(1).lt(size), () => {
      f.set(other, heap.add(child.shl(2)).load32(4));
      before(f, first, other, one);
      f.if(first, () => {
        f.set(one, other);
        f.set(child, child.add(1));
      });
    });
    before(f, first, one, item);
    f.if(
      first,
      () => {
        f.store(heap.add(at.shl(2)), one);
        f.set(at, child);
        f.set(child, at.shl(1).add(1));
      },
      () => f.set(child, size),
    );
  });
  f.store(heap.add(at.shl(2)), item);
}

/** merge(): fills the batch; a `Status`. */
export function mergeKernel(): Func {
  const f = new Func([], 'i32');
  const zero = f.let(0);
  const field = (at: number): Local => f.let(zero.load32(at));
  const heap = field(Merge.heap);
  const size = field(Merge.heapSize);
  const countMax = field(Merge.countMax);
  const arenaEnd = field(Merge.arenaEnd);
  const fence = field(Merge.fence);
  const fenceLength = field(Merge.fenceLength);
  const zeroes = field(Merge.zero);
  const group = field(Merge.group);
  const groupLength = field(Merge.groupLength);
  const arena = field(Merge.arena);
  const count = f.local('i32');
  const record = f.let(BATCH_AT);
  const hidden = f.local('i32');
  const tombstones = f.local('i32');
  const zeroed = f.local('i32');
  const bytes = f.local('i64');
  const leave: Leave = (status) => {
    f.store(zero, count, Merge.count);
    f.store(zero, group, Merge.group);
    f.store(zero, groupLength, Merge.groupLength);
    f.store(zero, hidden, Merge.hidden);
    f.store(zero, tombstones, Merge.tombstones);
    f.store(zero, zeroed, Merge.zeroed);
    f.store(zero, bytes, Merge.bytes);
    f.return(status);
  };
  // The key handed out last moves to the front of the memory for keys, which is used again.
  f.if(groupLength.ne(-1), () => {
    f.copy(arena, group, groupLength);
    f.set(group, arena);
    f.set(arena, arena.add(groupLength));
  });
  f.if(size.eq(0), () => leave(Status.end));
  const c = f.local('i32');
  const key = f.local('i32');
  const keyLength = f.local('i32');
  const type = f.local('i32');
  const same = f.local('i32');
  const shared = f.local('i32');
  const order = f.local('i32');
  f.doWhile(() => {
    f.set(c, heap.load32());
    f.set(key, c.load32(Cursor.key));
    f.set(keyLength, c.load32(Cursor.keyLength));
    f.set(type, c.load8(Cursor.tag));
    f.set(same, 0);
    f.if(keyLength.eq(groupLength), () => {
      matchLength(f, shared, key, group, keyLength);
      f.set(same, shared.eq(keyLength));
    });
    f.if(
      same,
      () => {
        f.if(
          type,
          () => {
            f.if(type.gt(MERGE), () => leave(Status.otherUnderPut));
            f.set(hidden, hidden.add(1));
          },
          () => f.set(tombstones, tombstones.add(1)),
        );
      },
      () => {
        f.if(fenceLength.ne(-1), () => {
          compareKeys(f, order, key, keyLength, fence, fenceLength);
          f.if(isNegative(order).eq(0), () => leave(Status.fence));
        });
        f.if(type.ne(PUT), () => leave(Status.other));
        f.if(count.ge(countMax).or(keyLength.gt(arenaEnd.sub(arena))), () => leave(Status.full));
        copyWords(f, arena, key, keyLength);
        f.store(record, arena, Record.key);
        f.store(record, keyLength, Record.keyLength);
        f.store(record, c.load64(Cursor.tag), Record.tag);
        f.if(zeroes, () => {
          f.set(zeroed, zeroed.add(c.load64(Cursor.tag).gt(0xffn)));
          f.store(record, BigInt(PUT), Record.tag);
        });
        f.store(record, c.load32(Cursor.value), Record.value);
        f.store(record, c.load32(Cursor.valueLength), Record.valueLength);
        f.set(record, record.add(Record.bytes));
        f.set(count, count.add(1));
        f.set(group, arena);
        f.set(groupLength, keyLength);
        f.set(arena, arena.add(keyLength));
      },
    );
    f.set(bytes, bytes.add(keyLength.toI64()).add(c.load32(Cursor.valueLength).toI64()));
    advance(f, c, leave);
    f.if(size.gt(1), () => sink(f, zero, size));
  }, f.let(1));
  f.return(Status.end);
  return f;
}

/** step(): moves the top of the heap to its next entry; a `Status`. Again after new blocks have come. */
export function stepKernel(): Func {
  const f = new Func([], 'i32');
  const zero = f.let(0);
  const size = f.let(zero.load32(Merge.heapSize));
  f.if(size.eq(0), () => f.return(Status.end));
  const c = f.let(zero.load32(Merge.heap).load32());
  advance(f, c, (status) => f.return(status));
  sink(f, zero, size);
  f.return(Status.done);
  return f;
}

/** settle(from): gives the cursor at position `from` of the heap its place below. */
export function settleKernel(): Func {
  const f = new Func(['i32'], 'i32');
  const [from] = f.parameters as [Local];
  sink(f, from, f.let(f.let(0).load32(Merge.heapSize)));
  f.return(0);
  return f;
}

/** advance(c): moves one cursor on, wherever it stands in the heap; a `Status`. */
export function advanceKernel(): Func {
  const f = new Func(['i32'], 'i32');
  const [c] = f.parameters as [Local];
  advance(f, c, (status) => f.return(status));
  f.return(Status.done);
  return f;
}
