/**
 * Puts entries into the open data block, in WebAssembly (rocksdb-leveldb.md §6, "Data block"): {v32 shared,
 * v32 unshared, v32 value length, rest of the key, value} …; the offsets of the restart points, entries
 * that share nothing, are kept aside.
 *
 * `build` takes records of a batch one after the other and comes back after the one that fills the block,
 * or before one that it cannot take; JavaScript closes the block, makes room, begins a new table, or refuses.
 */
import { Func, type Local } from '../../../base/wasm.ts';
import { BLOOM_SEED } from '../../../base/xxph3.ts';
import { Build, Built, Record, SLOP } from './layout.ts';
import { copyBytes, copyWords, isNegative, matchLength } from './words.ts';

const TAG_BYTES = 8;
/** Three varints of up to five bytes. */
const HEADER_MAX = 15;
/** What `build` may write beyond the length of keys and values. */
export const ENTRY_ROOM = HEADER_MAX + TAG_BYTES + SLOP;

const HASH_FACTOR = 0xc6a4a793;

/** LevelDB's Hash32 of a user key (xxph3.ts has it in JavaScript). */
function hash32(f: Func, h: Local, key: Local, keyLength: Local): void {
  const at = f.let(key);
  const end = f.let(key.add(keyLength));
  const rest = f.local('i32');
  f.set(h, keyLength.mul(HASH_FACTOR).xor(BLOOM_SEED));
  f.while(end.sub(at).ge(4), () => {
    f.set(h, h.add(at.load32()).mul(HASH_FACTOR));
    f.set(h, h.xor(h.shr(16)));
    f.set(at, at.add(4));
  });
  f.set(rest, end.sub(at));
  f.if(rest, () => {
    f.set(h, h.add(at.load32().and(f.let(-1).shr(f.let(32).sub(rest.shl(3))))));
    f.set(h, h.mul(HASH_FACTOR));
    f.set(h, h.xor(h.shr(24)));
  });
}

function writeVarint(f: Func, at: Local, value: Local): void {
  const v = f.let(value);
  f.while(v.ge(0x80), () => {
    f.store8(at, v.or(0x80));
    f.set(v, v.shr(7));
    f.set(at, at.add(1));
  });
  f.store8(at, v);
  f.set(at, at.add(1));
}

/** build(record, end): the address of the first record that was not taken; why is in `Build.status`. */
export function buildKernel(): Func {
  const f = new Func(['i32', 'i32'], 'i32');
  const [record, end] = f.parameters as [Local, Local];
  const zero = f.let(0);
  const field = (at: number): Local => f.let(zero.load32(at));
  const block = field(Build.block);
  const capacity = field(Build.capacity);
  const interval = field(Build.interval);
  const restarts = field(Build.restarts);
  const last = field(Build.last);
  const lastCapacity = field(Build.lastCapacity);
  const blockSize = field(Build.blockSize);
  const cutAt = field(Build.cutAt);
  const bytewise = field(Build.bytewise);
  const hashes = field(Build.hashes);
  const hashCapacity = field(Build.hashCapacity);
  const length = field(Build.length);
  const entries = field(Build.entries);
  const counter = field(Build.counter);
  const restartCount = field(Build.restartCount);
  const lastLength = field(Build.lastLength);
  const lastTag = f.let(zero.load64(Build.lastTag));
  const hashCount = field(Build.hashCount);
  const smallest = f.let(zero.load64(Build.smallestTag));
  const largest = f.let(zero.load64(Build.largestTag));
  const keyBytes = f.let(zero.load64(Build.keyBytes));
  const valueBytes = f.let(zero.load64(Build.valueBytes));
  const leave = (status: number): void => {
    f.store(zero, length, Build.length);
    f.store(zero, entries, Build.entries);
    f.store(zero, counter, Build.counter);
    f.store(zero, restartCount, Build.restartCount);
    f.store(zero, lastLength, Build.lastLength);
    f.store(zero, lastTag, Build.lastTag);
    f.store(zero, hashCount, Build.hashCount);
    f.store(zero, smallest, Build.smallestTag);
    f.store(zero, largest, Build.largestTag);
    f.store(zero, keyBytes, Build.keyBytes);
    f.store(zero, valueBytes, Build.valueBytes);
    f.store(zero, status, Build.status);
    f.return(record);
  };
  const key = f.local('i32');
  const keyLength = f.local('i32');
  const tag = f.local('i64');
  const value = f.local('i32');
  const valueLength = f.local('i32');
  const common = f.local('i32');
  const shared = f.local('i32');
  const kept = f.local('i32');
  const order = f.local('i32');
  const newKey = f.local('i32');
  const at = f.local('i32');
  const rest = f.local('i32');
  const hash = f.local('i32');

  f.while(record.lt(end), () => {
    f.set(key, record.load32(Record.key));
    f.set(keyLength, record.load32(Record.keyLength));
    f.set(tag, record.load64(Record.tag));
    f.set(value, record.load32(Record.value));
    f.set(valueLength, record.load32(Record.valueLength));
    f.set(newKey, 1);
    f.set(shared, 0);
    f.if(lastLength.ne(-1), () => {
      f.set(common, keyLength);
      f.if(lastLength.lt(keyLength), () => f.set(common, lastLength));
      matchLength(f, shared, key, last, common);
      f.if(
        shared.lt(common),
        () => f.set(order, key.add(shared).load8().sub(last.add(shared).load8())),
        () => f.set(order, keyLength.sub(lastLength)),
      );
      f.if(
        order.eq(0),
        () => {
          f.set(newKey, 0);
          f.if(tag.ge(lastTag), () => leave(Built.misplaced));
        },
        () => f.if(isNegative(order).and(bytewise), () => leave(Built.misplaced)),
      );
    });
    f.if(newKey.and(length.ge(cutAt)), () => leave(Built.cut));
    // In this order no sum overflows: keys and values are far below 2^31 bytes, as the caller has seen to.
    f.if(length.add(keyLength).add(valueLength).add(ENTRY_ROOM).gt(capacity), () => leave(Built.growBlock));
    f.if(keyLength.gt(lastCapacity), () => leave(Built.growKey));
    f.if(restartCount.ge(zero.load32(Build.restartsCapacity)), () => leave(Built.growRestarts));
    f.if(hashCapacity, () => {
      // LevelDB's filters are for blocks: a key that goes on in another block stands in both.
      f.if(newKey.or(entries.eq(0)), () => {
        f.if(hashCount.ge(hashCapacity), () => leave(Built.growHashes));
        hash32(f, hash, key, keyLength);
        f.store(hashes.add(hashCount.shl(2)), hash);
        f.set(hashCount, hashCount.add(1));
      });
    });
    f.set(kept, shared);
    f.if(counter.ge(interval).or(entries.eq(0)), () => {
      f.store(restarts.add(restartCount.shl(2)), length);
      f.set(restartCount, restartCount.add(1));
      f.set(counter, 0);
      f.set(kept, 0);
    });
    f.set(counter, counter.add(1));
    f.set(entries, entries.add(1));
    f.set(at, block.add(length));
    f.set(rest, keyLength.sub(kept));
    f.if(
      kept.or(rest.add(TAG_BYTES)).or(valueLength).lt(0x80),
      () => {
        f.store8(at, kept);
        f.store8(at, rest.add(TAG_BYTES), 1);
        f.store8(at, valueLength, 2);
        f.set(at, at.add(3));
      },
      () => {
        writeVarint(f, at, kept);
        writeVarint(f, at, f.let(rest.add(TAG_BYTES)));
        writeVarint(f, at, valueLength);
      },
    );
    copyWords(f, at, key.add(kept), rest);
    f.set(at, at.add(rest));
    f.store(at, tag);
    f.set(at, at.add(TAG_BYTES));
    copyBytes(f, at, value, valueLength);
    f.set(length, at.add(valueLength).sub(block));
    copyWords(f, last.add(shared), key.add(shared), keyLength.sub(shared));
    f.set(lastLength, keyLength);
    f.set(lastTag, tag);
    f.if(tag.lt(smallest), () => f.set(smallest, tag));
    f.if(tag.gt(largest), () => f.set(largest, tag));
    f.set(keyBytes, keyBytes.add(keyLength.add(TAG_BYTES).toI64()));
    f.set(valueBytes, valueBytes.add(valueLength.toI64()));
    f.set(record, record.add(Record.bytes));
    f.if(length.add(restartCount.shl(2)).add(4).ge(blockSize), () => leave(Built.blockFull));
  });
  leave(Built.done);
  return f;
}
