/** Snappy and LZ4: round trips through encoders that use every element of the formats, and malformed streams. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '../../../engine/base/errors.ts';
import { writeVarint } from '../../../engine/base/varint.ts';
import { decompress, OutputBuffer } from '../../../engine/codec/registry.ts';
import { mixedBytes, random, randomBytes } from '../../support/random.ts';

interface Copy {
  readonly literal: number;
  readonly offset: number;
  readonly length: number;
}

/** Greedy matches of at least `least` bytes; `from` is where the content starts after a dictionary. */
function parse(b: Uint8Array, from: number, least: number, maxOffset: number): Copy[] {
  const copies: Copy[] = [];
  const last = new Map<number, number>();
  const key = (at: number) => b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24);
  for (let i = 0; i + 4 <= from; i++) last.set(key(i), i);
  let literalAt = from;
  let at = from;
  while (at + least <= b.length) {
    const seen = last.get(key(at));
    last.set(key(at), at);
    if (seen === undefined || at - seen > maxOffset) {
      at++;
      continue;
    }
    let length = 4;
    while (at + length < b.length && b[seen + length] === b[at + length]) length++;
    copies.push({ literal: at - literalAt, offset: at - seen, length });
    at += length;
    literalAt = at;
  }
  copies.push({ literal: b.length - literalAt, offset: 0, length: 0 });
  return copies;
}

function varint(n: number): number[] {
  const b = new Uint8Array(10);
  return [...b.subarray(0, writeVarint(b, 0, n))];
}

function snappyLiteral(b: Uint8Array): number[] {
  const n = b.length - 1;
  if (n < 0) return [];
  if (n < 60) return [n << 2, ...b];
  if (n < 256) return [60 << 2, n, ...b];
  if (n < 65536) return [61 << 2, n & 255, n >> 8, ...b];
  return [62 << 2, n & 255, (n >> 8) & 255, n >> 16, ...b];
}

/** The short copy where it fits; else two-byte offsets, every seventh with four bytes. */
function snappyCopy(offset: number, length: number, i: number): number[] {
  if (length > 64) return [...snappyCopy(offset, 60, i + 1), ...snappyCopy(offset, length - 60, i + 2)];
  if (length >= 4 && length <= 11 && offset < 2048)
    return [((length - 4) << 2) | 1 | ((offset >> 8) << 5), offset & 255];
  const tag = (length - 1) << 2;
  if (offset < 65536 && i % 7 > 0) return [tag | 2, offset & 255, offset >> 8];
  return [tag | 3, offset & 255, (offset >> 8) & 255, (offset >> 16) & 255, offset >>> 24];
}

function snappyEncode(b: Uint8Array): Uint8Array {
  const out = varint(b.length);
  let at = 0;
  for (const [i, c] of parse(b, 0, 4, 2 ** 30).entries()) {
    for (const byte of snappyLiteral(b.subarray(at, at + c.literal))) out.push(byte);
    at += c.literal;
    if (c.length > 0) out.push(...snappyCopy(c.offset, c.length, i));
    at += c.length;
  }
  return Uint8Array.from(out);
}

function lz4Length(n: number): number[] {
  const out: number[] = [];
  let rest = n - 15;
  if (rest < 0) return out;
  for (; rest >= 255; rest -= 255) out.push(255);
  return [...out, rest];
}

function lz4Encode(b: Uint8Array, dictionary: Uint8Array = new Uint8Array(0)): Uint8Array {
  const all = Uint8Array.from([...dictionary, ...b]);
  const out = varint(b.length);
  let at = dictionary.length;
  for (const c of parse(all, dictionary.length, 12, 65535)) {
    out.push(
      (Math.min(c.literal, 15) << 4) | (c.length === 0 ? 0 : Math.min(c.length - 4, 15)),
      ...lz4Length(c.literal),
    );
    for (const byte of all.subarray(at, at + c.literal)) out.push(byte);
    if (c.length > 0) out.push(c.offset & 255, c.offset >> 8, ...lz4Length(c.length - 4));
    at += c.literal + c.length;
  }
  return Uint8Array.from(out);
}

const SNAPPY = 1;
const LZ4 = 4;
const CAP = 1 << 26;

function decode(type: number, stream: Uint8Array, dictionary?: Uint8Array, cap = CAP): Uint8Array {
  const out = new OutputBuffer();
  // The stream stands between other bytes, which must not matter.
  const input = Uint8Array.from([9, 9, 9, ...stream, 8, 8, 8]);
  const n = decompress('rocksdb', 5, type, input, 3, 3 + stream.length, out, dictionary, cap);
  return out.bytes.slice(0, n);
}

function inputs(): Uint8Array[] {
  const short = Array.from({ length: 70 }, (_, n) => mixedBytes(n, n));
  const periods = Array.from({ length: 40 }, (_, p) => Uint8Array.from({ length: 300 }, (_, i) => (i % (p + 1)) * 7));
  return [
    ...short,
    ...periods,
    ...Array.from({ length: 60 }, (_, i) => mixedBytes(300 + i * 71, i)),
    mixedBytes(200_000, 1),
    randomBytes(70_000, 2),
    new Uint8Array(100_000),
  ];
}

test('Snappy: what was encoded comes back', () => {
  for (const b of inputs()) assert.deepEqual(decode(SNAPPY, snappyEncode(b)), b);
});

test('LZ4: what was encoded comes back, with and without a dictionary', () => {
  for (const b of inputs()) assert.deepEqual(decode(LZ4, lz4Encode(b)), b);
  const dictionary = mixedBytes(80_000, 77);
  for (let i = 0; i < 30; i++) {
    const b = Uint8Array.from([...dictionary.subarray(i * 1000 + 20_000, i * 1000 + 20_300), ...mixedBytes(50 * i, i)]);
    const stream = lz4Encode(b, dictionary.subarray(0, 65_000));
    assert.deepEqual(decode(LZ4, stream, dictionary.subarray(0, 65_000)), b);
  }
});

function refused(type: number, stream: readonly number[], what: string, cap?: number): void {
  assert.throws(
    () => decode(type, Uint8Array.from(stream), undefined, cap),
    (e) => e instanceof StoreError && e.code === 'CORRUPT',
    what,
  );
}

test('Snappy: malformed streams', () => {
  refused(SNAPPY, [], 'no length');
  refused(SNAPPY, [0xff, 0xff, 0xff, 0xff, 0x7f], 'length beyond 32 bits');
  refused(SNAPPY, [5], 'nothing after the length');
  refused(SNAPPY, [5, 4 << 2, 1, 2, 3, 4], 'literal cut off');
  refused(SNAPPY, [4, 4 << 2, 1, 2, 3, 4, 5], 'literal longer than the content');
  refused(SNAPPY, [5, 3 << 2, 1, 2, 3, 4], 'content shorter than stated');
  refused(SNAPPY, [8, 3 << 2, 1, 2, 3, 4, 1, 0], 'offset 0');
  refused(SNAPPY, [8, 3 << 2, 1, 2, 3, 4, 1, 5], 'offset before the start');
  refused(SNAPPY, [8, 3 << 2, 1, 2, 3, 4, (3 << 2) | 3, 0, 0, 0, 0x80], 'offset of 2^31');
  refused(SNAPPY, [8, 3 << 2, 1, 2, 3, 4, 1], 'operand cut off');
  refused(SNAPPY, [8, 63 << 2, 0xff, 0xff, 0xff, 0xff, 1, 2], 'literal of 2^32 bytes');
  refused(SNAPPY, [0x80, 0x80, 0x80, 0x40, 0, 1], 'bomb by its claim');
  refused(SNAPPY, [...snappyEncode(new Uint8Array(5000))], 'beyond the limit', 4999);
});

test('LZ4: malformed streams', () => {
  refused(LZ4, [5], 'no token');
  refused(LZ4, [5, 0x50, 1, 2, 3, 4], 'literal cut off');
  refused(LZ4, [8, 0x40, 1, 2, 3, 4, 0, 0], 'offset 0');
  refused(LZ4, [8, 0x40, 1, 2, 3, 4, 5, 0], 'offset before the start');
  refused(LZ4, [8, 0x40, 1, 2, 3, 4, 1], 'offset cut off');
  refused(LZ4, [8, 0x4f, 1, 2, 3, 4, 1, 0], 'match length cut off');
  refused(LZ4, [8, 0x4f, 1, 2, 3, 4, 1, 0, 255, 255, 255, 0], 'match longer than the content');
  refused(LZ4, [8, 0xf0, ...new Array(300).fill(255)], 'literal length without end');
  refused(LZ4, [0x80, 0x80, 0x80, 0x40, 0x1f, 1, 1, 0], 'bomb by its claim');
});

test('mutated streams end as content of the stated length or as CORRUPT', () => {
  const next = random(99);
  for (const [type, encode] of [
    [SNAPPY, snappyEncode],
    [LZ4, lz4Encode],
  ] as const) {
    const streams = Array.from({ length: 8 }, (_, i) => encode(mixedBytes(2000, i)));
    let sound = 0;
    let bad = 0;
    for (let i = 0; i < 20_000; i++) {
      let s = streams[i % 8]!.slice();
      for (let k = 0; k <= i % 4; k++) s[Math.floor(next() * s.length)] = next() * 256;
      if (i % 5 === 0) s = s.slice(0, Math.floor(next() * s.length));
      try {
        decode(type, s, undefined, 1 << 16);
        sound++;
      } catch (e) {
        assert.ok(e instanceof StoreError && e.code === 'CORRUPT', String(e));
        bad++;
      }
    }
    assert.ok(sound > 0 && bad > 0);
  }
});
