/**
 * The unique id of a table, as the MANIFEST repeats it (rocksdb-leveldb.md §14): made of the database's id,
 * the session that wrote the table, and its file number. RocksDB compares the two when it opens a table
 * (`verify_sst_unique_id_in_manifest`).
 *
 * It takes XXH3 in its 128-bit form, with a seed, over some 36 bytes: here in BigInts, for it is computed
 * once a table.
 */
import { fromHex, utf8 } from '../../base/bytes.ts';
import { SECRET_HEX } from '../../base/xxh3Kernel.ts';

const MASK = 0xffff_ffff_ffff_ffffn;
const P32_2 = 0x85ebca77n;
const P64_1 = 0x9e3779b185ebca87n;
const P64_2 = 0xc2b2ae3d27d4eb4fn;
const P64_3 = 0x165667b19e3779f9n;
const P64_4 = 0x85ebca77c2b2ae63n;
const MIX_1 = 0x165667919e3779f9n;
const MIX_2 = 0x9fb21c651e98df25n;
/** Longer inputs are mixed in another way, which no database id needs. */
const INPUT_MAX = 240;

const secretBytes = fromHex(SECRET_HEX) as Uint8Array<ArrayBuffer>;
const secretView = new DataView(secretBytes.buffer);

interface Wide {
  readonly low: bigint;
  readonly high: bigint;
}

const wrap = (x: bigint): bigint => x & MASK;

function avalanche3(x: bigint): bigint {
  const h = wrap((x ^ (x >> 37n)) * MIX_1);
  return h ^ (h >> 32n);
}

function avalanche64(x: bigint): bigint {
  let h = wrap((x ^ (x >> 33n)) * P64_2);
  h = wrap((h ^ (h >> 29n)) * P64_3);
  return h ^ (h >> 32n);
}

function swapBytes(x: bigint, bytes: number): bigint {
  let out = 0n;
  for (let i = 0; i < bytes; i++) out = (out << 8n) | ((x >> BigInt(8 * i)) & 0xffn);
  return out;
}

/** XXH3-128 of at most 240 bytes, with a 64-bit seed; undefined for longer input. */
export function xxh3Wide(input: Uint8Array, seed: bigint): Wide | undefined {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  const n = input.length;
  const length = BigInt(n);
  const s64 = (at: number): bigint => secretView.getBigUint64(at, true);
  const s32 = (at: number): bigint => BigInt(secretView.getUint32(at, true));
  const r64 = (at: number): bigint => view.getBigUint64(at, true);
  const r32 = (at: number): bigint => BigInt(view.getUint32(at, true));
  if (n > INPUT_MAX) return undefined;
  if (n === 0) return { low: avalanche64(seed ^ s64(64) ^ s64(72)), high: avalanche64(seed ^ s64(80) ^ s64(88)) };
  if (n <= 3) {
    const byte = (at: number): bigint => BigInt(input[at] as number);
    const low = (byte(0) << 16n) | (byte(n >> 1) << 24n) | byte(n - 1) | (length << 8n);
    const swapped = swapBytes(low, 4);
    const high = ((swapped << 13n) | (swapped >> 19n)) & 0xffff_ffffn;
    return {
      low: avalanche64(low ^ wrap((s32(0) ^ s32(4)) + seed)),
      high: avalanche64(high ^ wrap((s32(8) ^ s32(12)) - seed)),
    };
  }
  if (n <= 8) {
    const mixed = seed ^ (swapBytes(seed & 0xffff_ffffn, 4) << 32n);
    const keyed = (r32(0) | (r32(n - 4) << 32n)) ^ wrap((s64(16) ^ s64(24)) + mixed);
    const product = keyed * wrap(P64_1 + (length << 2n));
    let low = wrap(product);
    const high = wrap((product >> 64n) + (low << 1n));
    low ^= high >> 3n;
    low = wrap((low ^ (low >> 35n)) * MIX_2);
    return { low: low ^ (low >> 28n), high: avalanche3(high) };
  }
  if (n <= 16) return medium(r64(0), r64(n - 8), s64, seed, length);
  return long(r64, s64, seed, n);
}

/** 9 to 16 bytes. */
function medium(first: bigint, last: bigint, s64: (at: number) => bigint, seed: bigint, length: bigint): Wide {
  const flipLow = wrap((s64(32) ^ s64(40)) - seed);
  const flipHigh = wrap((s64(48) ^ s64(56)) + seed);
  const product = (first ^ last ^ flipLow) * P64_1;
  let low = wrap(wrap(product) + ((length - 1n) << 54n));
  const keyed = last ^ flipHigh;
  const high = wrap((product >> 64n) + keyed + (keyed & 0xffff_ffffn) * (P32_2 - 1n));
  low ^= swapBytes(high, 8);
  const second = low * P64_2;
  return { low: avalanche3(wrap(second)), high: avalanche3(wrap((second >> 64n) + high * P64_2)) };
}

/** 17 to 240 bytes: pairs of 16 from both ends, or in a row. */
function long(r64: (at: number) => bigint, s64: (at: number) => bigint, seed: bigint, n: number): Wide {
  const length = BigInt(n);
  let low = wrap(length * P64_1);
  let high = 0n;
  const mix16 = (at: number, secret: number, withSeed: bigint): bigint => {
    const product = (r64(at) ^ wrap(s64(secret) + withSeed)) * (r64(at + 8) ^ wrap(s64(secret + 8) - withSeed));
    return wrap(product) ^ (product >> 64n);
  };
  const mix32 = (a: number, b: number, secret: number, withSeed: bigint): void => {
    low = wrap(low + mix16(a, secret, withSeed)) ^ wrap(r64(b) + r64(b + 8));
    high = wrap(high + mix16(b, secret + 16, withSeed)) ^ wrap(r64(a) + r64(a + 8));
  };
  if (n <= 128) {
    if (n > 96) mix32(48, n - 64, 96, seed);
    if (n > 64) mix32(32, n - 48, 64, seed);
    if (n > 32) mix32(16, n - 32, 32, seed);
    mix32(0, n - 16, 0, seed);
  } else {
    for (let i = 32; i < 160; i += 32) mix32(i - 32, i - 16, i - 32, seed);
    low = avalanche3(low);
    high = avalanche3(high);
    for (let i = 160; i <= n; i += 32) mix32(i - 32, i - 16, 3 + i - 160, seed);
    mix32(n - 16, n - 32, 136 - 17 - 16, wrap(-seed));
  }
  const sum = wrap(low + high);
  const other = wrap(low * P64_1 + high * P64_4 + wrap(length - seed) * P64_2);
  return { low: avalanche3(sum), high: wrap(-avalanche3(other)) };
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const SESSION_CHARS = 20;
const SESSION_HEAD = 8;
const LOW_62 = (1n << 62n) - 1n;

function base36(text: string): bigint | undefined {
  let value = 0n;
  for (const c of text) {
    const digit = DIGITS.indexOf(c);
    if (digit < 0) return undefined;
    value = value * 36n + BigInt(digit);
  }
  return value;
}

/** A session id out of 16 random bytes: 20 digits of base 36. */
export function sessionIdOf(random: Uint8Array): string {
  const view = new DataView(random.buffer, random.byteOffset, 16);
  const digits = (value: bigint, count: number): string => {
    let out = '';
    for (let i = 0, v = value; i < count; i++, v /= 36n) out = (DIGITS[Number(v % 36n)] as string) + out;
    return out;
  };
  return (
    digits(view.getBigUint64(0, true) % 36n ** 8n, SESSION_HEAD) +
    digits(view.getBigUint64(8, true) & LOW_62, SESSION_CHARS - SESSION_HEAD)
  );
}

/**
 * The 16 bytes of custom 12 for a table with these properties; undefined where there is none to be had: a
 * session id that is not of the engine's form, or a database id of more than 240 bytes.
 */
export function uniqueIdOf(databaseId: string, sessionId: string, fileNumber: number): Uint8Array | undefined {
  if (sessionId.length !== SESSION_CHARS || databaseId === '') return undefined;
  const a = base36(sessionId.slice(0, SESSION_HEAD));
  const b = base36(sessionId.slice(SESSION_HEAD));
  if (a === undefined || b === undefined) return undefined;
  const hash = xxh3Wide(utf8(databaseId), a >> 2n);
  if (hash === undefined) return undefined;
  const out = new DataView(new ArrayBuffer(16));
  out.setBigUint64(0, (b & LOW_62) | wrap(a << 62n), true);
  out.setBigUint64(8, hash.high ^ BigInt(fileNumber), true);
  return new Uint8Array(out.buffer);
}
