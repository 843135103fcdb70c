/**
 * The inner loops of the xxHash family, as WebAssembly (it has 64-bit products, JavaScript has not):
 * XXH32, XXH64, final XXH3-64, and the XXPH3 of RocksDB's filters (rocksdb-leveldb.md §6, §7).
 *
 * XXH3 and XXPH3 share their structure: by length, five ways to mix up to 240 bytes, and above that
 * eight 64-bit accumulators over 64-byte stripes, scrambled after every 1024 bytes. What differs is
 * marked by `final` below, as §7 lists it.
 */
import { fromHex, readU32 } from './bytes.ts';
import { assemble, constant, Func, type Local, type Value, WasmMemory } from './wasm.ts';

const P32_1 = 0x9e3779b1;
const P32_2 = 0x85ebca77;
const P32_3 = 0xc2b2ae3d;
const P32_4 = 0x27d4eb2f;
const P32_5 = 0x165667b1;
const P64_1 = 0x9e3779b185ebca87n;
const P64_2 = 0xc2b2ae3d27d4eb4fn;
const P64_3 = 0x165667b19e3779f9n;
const P64_4 = 0x85ebca77c2b2ae63n;
const P64_5 = 0x27d4eb2f165667c5n;
/** Multipliers of the final XXH3's avalanche and of its 4 to 8 byte mix. */
const MIX_1 = 0x165667919e3779f9n;
const MIX_2 = 0x9fb21c651e98df25n;
const AVALANCHE_PREVIEW = 0x165667b19e3779f9n;

/** The default secret of XXH3 and XXPH3, 192 bytes. */
export const SECRET_HEX =
  'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221' +
  'b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8' +
  'a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb' +
  '170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e';
const SECRET_BYTES = 192;
const STRIPE = 64;
const BLOCK = 1024;

/** Memory: the secret, the 64-bit result, and from here on the input. */
const SECRET_AT = 64;
const RESULT_AT = 0;
const INPUT_AT = 512;
/** Up to here a loop is quicker than `set`, which needs a view of the source. */
const COPIED_SINGLY = 48;

/** A constant word of the secret. */
const view = new DataView((fromHex(SECRET_HEX) as Uint8Array<ArrayBuffer>).buffer);
const secret64 = (at: number): bigint => view.getBigUint64(at, true);
const secret32 = (at: number): number => view.getUint32(at, true);

/** Leaves with a 64-bit hash: all of it at `RESULT_AT`, its low half as the result (an i64 would come out as a BigInt). */
function leave(f: Func, hash: Value): void {
  const h = f.let(hash);
  f.store(constant(RESULT_AT), h);
  f.return(h.low32());
}

/** h ^ (h >>> shift) */
const fold = (h: Local, shift: bigint): Value => h.xor(h.shr(shift));

/** Low half of the 128-bit product of `a` and `b`, xor its high half. */
function foldProduct(f: Func, x: Value, y: Value): Value {
  const a = f.let(x);
  const b = f.let(y);
  const LOW = 0xffff_ffffn;
  const al = f.let(a.and(LOW));
  const ah = f.let(a.shr(32n));
  const bl = f.let(b.and(LOW));
  const bh = f.let(b.shr(32n));
  const first = f.let(ah.mul(bl).add(al.mul(bl).shr(32n)));
  const second = al.mul(bh).add(first.and(LOW)).shr(32n);
  return a.mul(b).xor(ah.mul(bh).add(first.shr(32n)).add(second));
}

function avalanche64(f: Func, start: Value): void {
  const h = f.let(start);
  f.set(h, fold(h, 33n).mul(P64_2));
  f.set(h, fold(h, 29n).mul(P64_3));
  leave(f, fold(h, 32n));
}

/** xxh3(length): hash of the input; `final` false gives XXPH3. */
function xxh3(final: boolean): Func {
  const f = new Func(['i32'], 'i32');
  const length = f.parameters[0] as Local;
  const input = f.let(INPUT_AT);
  const end = f.let(length.add(INPUT_AT));
  const length64 = f.let(length.toI64());
  const h = f.local('i64');

  const avalanche = (start: Value): Value => {
    f.set(h, start);
    f.set(h, fold(h, 37n).mul(final ? MIX_1 : AVALANCHE_PREVIEW));
    return fold(h, 32n);
  };
  /** Adds 16 bytes at `at` to `sum`, mixed with the secret at address `secret`. */
  const mix16 = (sum: Local, at: Value, secret: Value): void => {
    f.set(sum, sum.add(foldProduct(f, at.load64().xor(secret.load64()), at.load64(8).xor(secret.load64(8)))));
  };

  f.if(length.le(16), () => {
    f.if(length.gt(8), () => {
      if (final) {
        const lo = f.let(input.load64().xor(secret64(24) ^ secret64(32)));
        const hi = f.let(
          end
            .sub(8)
            .load64()
            .xor(secret64(40) ^ secret64(48)),
        );
        const swapped = f.local('i64');
        swap64(f, swapped, lo);
        leave(
          f,
          avalanche(
            length64
              .add(swapped)
              .add(hi)
              .add(foldProduct(f, lo, hi)),
          ),
        );
      } else {
        const lo = f.let(input.load64().xor(secret64(0)));
        const hi = f.let(end.sub(8).load64().xor(secret64(8)));
        leave(
          f,
          avalanche(
            length64
              .add(lo)
              .add(hi)
              .add(foldProduct(f, lo, hi)),
          ),
        );
      }
    });
    f.if(length.ge(4), () => {
      const first = input.load32().toI64();
      const last = end.sub(4).load32().toI64();
      if (final) {
        const k = f.let(last.add(first.shl(32n)).xor(secret64(8) ^ secret64(16)));
        f.set(k, k.xor(k.rotl(49n)).xor(k.rotl(24n)).mul(MIX_2));
        f.set(k, k.xor(k.shr(35n).add(length64)).mul(MIX_2));
        leave(f, fold(k, 28n));
      } else {
        const k = f.let(first.or(last.shl(32n)).xor(secret64(0)));
        f.set(k, length64.add(fold(k, 51n).mul(BigInt(P32_1))));
        leave(f, avalanche(fold(k, 47n).mul(P64_2)));
      }
    });
    f.if(length.gt(0), () => {
      const first = input.load8();
      const middle = input.add(length.shr(1)).load8();
      const last = end.sub(1).load8();
      if (final) {
        const c = first.shl(16).or(middle.shl(24)).or(last).or(length.shl(8));
        avalanche64(f, c.xor(secret32(0) ^ secret32(4)).toI64());
      } else {
        const c = first.or(middle.shl(8)).or(last.shl(16)).or(length.shl(24));
        leave(f, avalanche(c.xor(secret32(0)).toI64().mul(P64_1)));
      }
    });
    if (final) avalanche64(f, constant(secret64(56) ^ secret64(64)));
    else leave(f, foldProduct(f, constant(secret64(0)), constant(P64_2)));
  });

  f.if(length.le(240), () => {
    const sum = f.let(length64.mul(P64_1));
    const at = f.let(input);
    const secret = f.let(SECRET_AT);
    f.if(
      length.le(128),
      () => {
        // Pairs of 16 bytes from both ends towards the middle; one more pair for every 32 bytes begun.
        const last = f.let(end.sub(16));
        f.doWhile(() => {
          mix16(sum, at, secret);
          mix16(sum, last, secret.add(16));
          f.set(at, at.add(16));
          f.set(last, last.sub(16));
          f.set(secret, secret.add(32));
        }, at.sub(INPUT_AT).shl(1).lt(length));
      },
      () => {
        f.doWhile(
          () => {
            mix16(sum, at, secret);
            f.set(at, at.add(16));
            f.set(secret, secret.add(16));
          },
          at.lt(INPUT_AT + 128),
        );
        f.set(sum, avalanche(sum));
        f.set(secret, SECRET_AT + 3);
        f.while(at.le(end.sub(16)), () => {
          mix16(sum, at, secret);
          f.set(at, at.add(16));
          f.set(secret, secret.add(16));
        });
        mix16(sum, end.sub(16), f.let(SECRET_AT + 136 - 17));
      },
    );
    leave(f, avalanche(sum));
  });

  const start: bigint[] = [BigInt(P32_3), P64_1, P64_2, P64_3, P64_4, BigInt(P32_2), P64_5, BigInt(P32_1)];
  const acc = start.map((x) => f.let(x));
  const data = f.local('i64');
  const key = f.local('i64');
  const stripe = (at: Value, secret: Value): void => {
    for (const [lane, own] of acc.entries()) {
      f.set(data, at.load64(8 * lane));
      f.set(key, data.xor(secret.load64(8 * lane)));
      const target = final ? (acc[lane ^ 1] as Local) : own;
      f.set(target, target.add(data));
      f.set(own, own.add(key.and(0xffff_ffffn).mul(key.shr(32n))));
    }
  };
  const secret = f.local('i32');
  const at = f.let(input);
  const stripes = (until: Value): void => {
    f.set(secret, SECRET_AT);
    f.while(at.lt(until), () => {
      stripe(at, secret);
      f.set(at, at.add(STRIPE));
      f.set(secret, secret.add(8));
    });
  };
  // The final XXH3 always leaves at least one byte to the last, overlapping stripe.
  const counted = final ? length.sub(1) : length;
  const blocksEnd = f.let(counted.and(-BLOCK).add(INPUT_AT));
  const stripesEnd = f.let(counted.and(-STRIPE).add(INPUT_AT));
  f.while(at.lt(blocksEnd), () => {
    stripes(f.let(at.add(BLOCK)));
    for (const [lane, own] of acc.entries()) {
      f.set(
        own,
        fold(own, 47n)
          .xor(secret64(SECRET_BYTES - STRIPE + 8 * lane))
          .mul(BigInt(P32_1)),
      );
    }
  });
  stripes(stripesEnd);
  const lastStripe = (): void => stripe(f.let(end.sub(STRIPE)), f.let(SECRET_AT + SECRET_BYTES - STRIPE - 7));
  if (final) lastStripe();
  else f.if(length.and(STRIPE - 1), lastStripe);
  const sum = f.let(length64.mul(P64_1));
  for (let i = 0; i < 4; i++) {
    const a = (acc[2 * i] as Local).xor(secret64(11 + 16 * i));
    const b = (acc[2 * i + 1] as Local).xor(secret64(19 + 16 * i));
    f.set(sum, sum.add(foldProduct(f, a, b)));
  }
  leave(f, avalanche(sum));
  return f;
}

/** target = the bytes of `x` in reverse. */
function swap64(f: Func, target: Local, x: Local): void {
  f.set(target, x.rotl(32n));
  f.set(target, target.and(0x0000ffff0000ffffn).shl(16n).or(target.shr(16n).and(0x0000ffff0000ffffn)));
  f.set(target, target.and(0x00ff00ff00ff00ffn).shl(8n).or(target.shr(8n).and(0x00ff00ff00ff00ffn)));
}

/** xxh64(length): XXH64 with seed 0. */
function xxh64(): Func {
  const f = new Func(['i32'], 'i32');
  const length = f.parameters[0] as Local;
  const at = f.let(INPUT_AT);
  const end = f.let(length.add(INPUT_AT));
  const h = f.let(P64_5);
  const round = (sum: Value, word: Value): Value => sum.add(word.mul(P64_2)).rotl(31n).mul(P64_1);
  f.if(length.ge(32), () => {
    const lanes = [P64_1 + P64_2, P64_2, 0n, -P64_1].map((x) => f.let(x));
    f.doWhile(
      () => {
        for (const [i, lane] of lanes.entries()) f.set(lane, round(lane, at.load64(8 * i)));
        f.set(at, at.add(32));
      },
      at.le(end.sub(32)),
    );
    const [a, b, c, d] = lanes as [Local, Local, Local, Local];
    f.set(h, a.rotl(1n).add(b.rotl(7n)).add(c.rotl(12n)).add(d.rotl(18n)));
    for (const lane of lanes)
      f.set(
        h,
        h
          .xor(round(constant(0n), lane))
          .mul(P64_1)
          .add(P64_4),
      );
  });
  f.set(h, h.add(length.toI64()));
  f.while(at.add(8).le(end), () => {
    f.set(
      h,
      h
        .xor(round(constant(0n), at.load64()))
        .rotl(27n)
        .mul(P64_1)
        .add(P64_4),
    );
    f.set(at, at.add(8));
  });
  f.if(at.add(4).le(end), () => {
    f.set(h, h.xor(at.load32().toI64().mul(P64_1)).rotl(23n).mul(P64_2).add(P64_3));
    f.set(at, at.add(4));
  });
  f.while(at.lt(end), () => {
    f.set(h, h.xor(at.load8().toI64().mul(P64_5)).rotl(11n).mul(P64_1));
    f.set(at, at.add(1));
  });
  avalanche64(f, h);
  return f;
}

/** xxh32(length): XXH32 with seed 0. */
function xxh32(): Func {
  const f = new Func(['i32'], 'i32');
  const length = f.parameters[0] as Local;
  const at = f.let(INPUT_AT);
  const end = f.let(length.add(INPUT_AT));
  const h = f.let(P32_5);
  f.if(length.ge(16), () => {
    const lanes = [P32_1 + P32_2, P32_2, 0, -P32_1].map((x) => f.let(x));
    f.doWhile(
      () => {
        for (const [i, lane] of lanes.entries()) {
          f.set(
            lane,
            lane
              .add(at.load32(4 * i).mul(P32_2))
              .rotl(13)
              .mul(P32_1),
          );
        }
        f.set(at, at.add(16));
      },
      at.le(end.sub(16)),
    );
    const [a, b, c, d] = lanes as [Local, Local, Local, Local];
    f.set(h, a.rotl(1).add(b.rotl(7)).add(c.rotl(12)).add(d.rotl(18)));
  });
  f.set(h, h.add(length));
  f.while(at.add(4).le(end), () => {
    f.set(h, h.add(at.load32().mul(P32_3)).rotl(17).mul(P32_4));
    f.set(at, at.add(4));
  });
  f.while(at.lt(end), () => {
    f.set(h, h.add(at.load8().mul(P32_5)).rotl(11).mul(P32_1));
    f.set(at, at.add(1));
  });
  f.set(h, h.xor(h.shr(15)).mul(P32_2));
  f.set(h, h.xor(h.shr(13)).mul(P32_3));
  f.return(h.xor(h.shr(16)));
  return f;
}

/** One of the hashes, assembled when it is first used. */
export class HashKernel {
  readonly #build: () => Func;
  #memory: WasmMemory | undefined;
  #hash: (length: number) => number = () => 0;

  constructor(build: () => Func) {
    this.#build = build;
  }

  /** Low 32 bits, unsigned, of the hash of buf[start, end). */
  hash(buf: Uint8Array, start: number, end: number): number {
    const memory = this.#memory ?? this.#assemble();
    const length = end - start;
    memory.reserve(INPUT_AT + length);
    const { bytes } = memory;
    if (length > COPIED_SINGLY) bytes.set(buf.subarray(start, end), INPUT_AT);
    else for (let i = 0; i < length; i++) bytes[INPUT_AT + i] = buf[start + i] as number;
    return this.#hash(length) >>> 0;
  }

  /** High 32 bits, unsigned, of the 64-bit hash computed last. */
  high(): number {
    return this.#memory === undefined ? 0 : readU32(this.#memory.bytes, RESULT_AT + 4);
  }

  #assemble(): WasmMemory {
    const { memory, call } = assemble({ hash: this.#build() }, 1 << 16);
    this.#hash = call['hash'] as (length: number) => number;
    this.#memory = new WasmMemory(memory);
    this.#memory.bytes.set(new Uint8Array(view.buffer), SECRET_AT);
    return this.#memory;
  }
}

export const XXH32 = new HashKernel(xxh32);
export const XXH64 = new HashKernel(xxh64);
export const XXH3 = new HashKernel(() => xxh3(true));
export const XXPH3 = new HashKernel(() => xxh3(false));
