import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { pack } from '../../../extension/panels/pack.ts';

test('pack: every byte string of a message becomes a view of one buffer, and all else stays', () => {
  const row = (i: number) => ({
    key: Uint8Array.of(i, i + 1),
    value: i % 3 === 0 ? null : new Uint8Array(i % 5).fill(i),
    size: i,
    columns: [{ name: new Uint8Array(), value: Uint8Array.of(7) }],
  });
  const message = {
    t: 'ok',
    id: 4,
    result: { items: Array.from({ length: 300 }, (_, i) => row(i & 127)), complete: true },
  };
  const packed = pack(message);
  assert.deepEqual(packed, message);
  const buffers = new Set<unknown>();
  for (const { key, value, columns } of packed.result.items) {
    for (const bytes of [key, value, columns[0]?.value]) if (bytes instanceof Uint8Array) buffers.add(bytes.buffer);
  }
  assert.equal(buffers.size, 1);
});

test('pack: typed arrays of every kind keep their kind, their values and their alignment', () => {
  // Odd lengths of bytes between the others, so that each kind would stand askew without care.
  const message = {
    bytes: Uint8Array.of(1),
    floats: Float64Array.of(Math.PI, Number.NaN, -0, Number.MAX_SAFE_INTEGER, 1e-300),
    more: Uint8Array.of(1, 2, 3),
    words: Uint32Array.of(0xffff_ffff, 0, 7),
    flags: Uint8Array.of(9),
    shorts: Uint16Array.of(0xffff, 1),
    again: Uint8Array.of(4),
    signed: [Int8Array.of(-1), Int16Array.of(-2), Int32Array.of(-3)],
    single: Float32Array.of(0.5),
    clamped: Uint8ClampedArray.of(255),
    odd: Uint8Array.of(5),
    large: BigUint64Array.of(2n ** 64n - 1n),
    largeSigned: BigInt64Array.of(-(2n ** 63n)),
    none: new Float64Array(0),
  };
  const packed = pack(message);
  assert.deepEqual(packed, message);
  const buffers = new Set<ArrayBufferLike>();
  for (const value of Object.values(packed).flat()) {
    buffers.add(value.buffer);
    assert.equal(value.byteOffset % value.BYTES_PER_ELEMENT, 0);
  }
  assert.equal(buffers.size, 1);
  assert.ok(Object.is(packed.floats[2], -0));
});

test('pack: a part of a buffer does not take the whole of it along', () => {
  const large = new Float64Array(10_000).fill(1);
  const packed = pack({ part: large.subarray(3, 5) });
  assert.deepEqual(packed.part, Float64Array.of(1, 1));
  assert.equal(packed.part.buffer.byteLength, 16);
});

test('pack: a Buffer of Node arrives as plain bytes', () => {
  const packed = pack({ a: Buffer.from('one'), b: Buffer.from('two') });
  assert.equal(packed.b.constructor, Uint8Array);
  assert.deepEqual([...packed.b], [...Buffer.from('two')]);
});

test('pack: random messages stay what they are', () => {
  let seed = 20_261;
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % n;
  };
  const make = (depth: number): unknown => {
    const length = random(9);
    switch (random(depth > 3 ? 6 : 8)) {
      case 0:
        return Uint8Array.from({ length }, () => random(256));
      case 1:
        return Float64Array.from({ length }, () => random(1_000_000) / 7);
      case 2:
        return Uint32Array.from({ length }, () => random(1_000_000));
      case 3:
        return Uint16Array.from({ length }, () => random(65_536));
      case 4:
        return random(2) === 0 ? null : random(100);
      case 5:
        return `text ${random(100)}`;
      case 6:
        return Array.from({ length }, () => make(depth + 1));
      default:
        return Object.fromEntries(Array.from({ length }, (_, i) => [`m${i}`, make(depth + 1)]));
    }
  };
  for (let round = 0; round < 300; round++) {
    const message = make(0);
    assert.deepEqual(pack(message), message, `round ${round}`);
  }
});

test('pack: a message with one whole byte string or none is left as it is', () => {
  const message = { t: 'ok', id: 1, result: Uint8Array.of(1, 2, 3) };
  assert.equal(pack(message), message);
  assert.equal(pack(undefined), undefined);
});
