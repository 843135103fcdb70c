/**
 * The hash of the proof (store/compaction/proof.ts), in WebAssembly: two lanes of 64 bits that take words
 * in turn, a multiplication and a shift for each, and at the end the finalizer of MurmurHash3.
 *
 * `digestBatch` hashes plain puts as they stand in a batch. Everything else goes through `begin`, `absorb`,
 * `number` and `end`, one part after the other, and comes to the same sums for the same parts.
 */
import { Func, type Local, type Value } from '../../../base/wasm.ts';
import { Digest, Record } from './layout.ts';

const X_FACTOR = 0x9fb21c651e98df25n;
const Y_FACTOR = 0xc2b2ae3d27d4eb4fn;
const X_START = 0x9e3779b97f4a7c15n;
const Y_START = 0x165667b19e3779f9n;

/** Kinds of a state; a plain put is `value`. */
export const StateKind = { value: 1, deleted: 2, operands: 3 } as const;

/** What a `Value`'s type adds before its bytes; the same number as its type byte in tables. */
const PUT = 1;

interface Lanes {
  readonly x: Local;
  readonly y: Local;
}

function start(f: Func, { x, y }: Lanes, reader: Value | number, kind: Value | number): void {
  const wide = (v: Value | number): Value | bigint => (typeof v === 'number' ? BigInt(v) : v.toI64());
  f.set(x, f.let(X_START).xor(wide(reader)));
  f.set(y, f.let(Y_START).add(wide(kind)));
}

function takeNumber(f: Func, { x, y }: Lanes, n: Value | bigint): void {
  f.set(x, x.xor(n).mul(X_FACTOR));
  f.set(x, x.xor(x.shr(32n)));
  f.set(y, y.add(n).mul(Y_FACTOR));
  f.set(y, y.xor(y.shr(29n)));
}

/** The length is part of it, so that no two lists of parts look alike. Reads up to 15 bytes too many. */
function takeBytes(f: Func, lanes: Lanes, from: Value, length: Local): void {
  const { x, y } = lanes;
  const at = f.let(from);
  const left = f.let(length);
  const tail = f.local('i64');
  f.while(left.ge(16), () => {
    f.set(x, x.xor(at.load64()).mul(X_FACTOR));
    f.set(y, y.xor(at.load64(8)).mul(Y_FACTOR));
    f.set(x, x.xor(x.shr(32n)));
    f.set(y, y.xor(y.shr(29n)));
    f.set(at, at.add(16));
    f.set(left, left.sub(16));
  });
  f.if(left.ge(8), () => {
    f.set(x, x.xor(at.load64()).mul(X_FACTOR));
    f.set(x, x.xor(x.shr(32n)));
    f.set(at, at.add(8));
    f.set(left, left.sub(8));
  });
  f.set(tail, 0n);
  f.if(left, () => {
    const bits = f.let(f.let(64).sub(left.shl(3)).toI64());
    f.set(tail, at.load64().shl(bits).shr(bits));
  });
  f.set(x, x.xor(tail).mul(X_FACTOR));
  f.set(x, x.xor(x.shr(31n)));
  f.set(y, y.add(length.toI64()).mul(Y_FACTOR));
  f.set(y, y.xor(y.shr(33n)));
}

function finish(f: Func, { x, y }: Lanes, low: Local, high: Local): void {
  const h = f.let(x.xor(y.rotl(23n)));
  f.set(h, h.xor(h.shr(33n)).mul(0xff51afd7ed558ccdn));
  f.set(h, h.xor(h.shr(33n)).mul(0xc4ceb9fe1a85ec53n));
  f.set(h, h.xor(h.shr(33n)));
  f.set(low, low.add(h.low32()));
  f.set(high, high.add(h.shr(32n).low32()));
}

/** digestBatch(record, end): adds the records, plain puts all of them, to the sums. */
function batchKernel(): Func {
  const f = new Func(['i32', 'i32'], undefined);
  const [record, end] = f.parameters as [Local, Local];
  const zero = f.let(0);
  const lanes = { x: f.local('i64'), y: f.local('i64') };
  const low = f.let(zero.load32(Digest.low));
  const high = f.let(zero.load32(Digest.high));
  const keyLength = f.local('i32');
  const valueLength = f.local('i32');
  f.while(record.lt(end), () => {
    f.set(keyLength, record.load32(Record.keyLength));
    f.set(valueLength, record.load32(Record.valueLength));
    start(f, lanes, 0, StateKind.value);
    takeBytes(f, lanes, record.load32(Record.key), keyLength);
    takeNumber(f, lanes, BigInt(PUT));
    takeBytes(f, lanes, record.load32(Record.value), valueLength);
    finish(f, lanes, low, high);
    f.set(record, record.add(Record.bytes));
  });
  f.store(zero, low, Digest.low);
  f.store(zero, high, Digest.high);
  return f;
}

/** A function that works on the lanes in memory. */
function part(parameters: number, body: (f: Func, lanes: Lanes, arguments_: readonly Local[]) => void): Func {
  const f = new Func(new Array<'i32'>(parameters).fill('i32'), undefined);
  const zero = f.let(0);
  const lanes = { x: f.let(zero.load64(Digest.x)), y: f.let(zero.load64(Digest.y)) };
  body(f, lanes, f.parameters);
  f.store(zero, lanes.x, Digest.x);
  f.store(zero, lanes.y, Digest.y);
  return f;
}

export function digestKernels(): Readonly<Record<string, Func>> {
  return {
    digestBatch: batchKernel(),
    /** digestBegin(reader, kind) */
    digestBegin: part(2, (f, lanes, [reader, kind]) => start(f, lanes, reader as Local, kind as Local)),
    /** digestBytes(address, length) */
    digestBytes: part(2, (f, lanes, [at, length]) => takeBytes(f, lanes, at as Local, length as Local)),
    /** digestNumber(n) */
    digestNumber: part(1, (f, lanes, [n]) => takeNumber(f, lanes, (n as Local).toI64())),
    /** digestEnd(): adds the hash to the sums. */
    digestEnd: part(0, (f, lanes) => {
      const zero = f.let(0);
      const low = f.let(zero.load32(Digest.low));
      const high = f.let(zero.load32(Digest.high));
      finish(f, lanes, low, high);
      f.store(zero, low, Digest.low);
      f.store(zero, high, Digest.high);
    }),
  };
}
