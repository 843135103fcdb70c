/** Compressed blocks, read back by the decoders, and the engines' rules about when a block stays raw. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StoreError } from '../../../engine/base/errors.ts';
import { canCompress, compress, compressAlways, compressionTypeByte } from '../../../engine/codec/compress.ts';
import { type CompressionName, type Dialect, decompress, OutputBuffer } from '../../../engine/codec/registry.ts';
import { mixedBytes, random, randomBytes } from '../../support/random.ts';

const out = new OutputBuffer();
const back = new OutputBuffer();

function read(dialect: Dialect, formatVersion: number, name: CompressionName, n: number): Uint8Array {
  const type = compressionTypeByte(dialect, name);
  const length = decompress(dialect, formatVersion, type, out.bytes.slice(0, n), 0, n, back, undefined, 1 << 30);
  return back.bytes.slice(0, length);
}

/** At an odd place in a larger buffer, so that nothing before or behind may leak in. */
function roundTrip(name: CompressionName, raw: Uint8Array): void {
  const input = new Uint8Array(raw.length + 10).fill(0xaa);
  input.set(raw, 3);
  const n = compressAlways(2, name, input, 3, 3 + raw.length, out);
  assert.ok(Buffer.compare(read('rocksdb', 2, name, n), raw) === 0, `${name}, ${raw.length} bytes`);
}

const NAMES: readonly CompressionName[] = ['snappy', 'lz4', 'lz4hc', 'zstd', 'zlib'];

describe('compressed content comes back', () => {
  for (const name of NAMES) {
    it(`${name}: every short length`, () => {
      for (let n = 0; n < 200; n++) {
        roundTrip(name, mixedBytes(n, n));
        roundTrip(name, new Uint8Array(n).fill(7));
        roundTrip(name, randomBytes(n, n));
      }
    });
    it(`${name}: long inputs, far offsets, long runs`, () => {
      const next = random(5);
      for (let i = 0; i < 60; i++) roundTrip(name, mixedBytes(Math.floor(next() * 90_000), 100 + i));
      roundTrip(name, new Uint8Array(1 << 20));
      roundTrip(name, mixedBytes(2 << 20, 4));
      roundTrip(name, randomBytes(1 << 18, 4));
      // The same 70,000 random bytes twice: just beyond the farthest offset, and just within it.
      for (const distance of [65_534, 65_535, 65_536, 70_000]) {
        const once = randomBytes(distance, distance);
        roundTrip(name, Uint8Array.from([...once, ...once]));
      }
    });
  }

  it('in the framing of old format versions and of LevelDB', () => {
    const raw = mixedBytes(4000, 9).fill(1, 1000, 3000);
    const cases: [Dialect, number, CompressionName][] = [
      ['rocksdb', 1, 'lz4'],
      ['rocksdb', 0, 'snappy'],
      ['rocksdb', 5, 'zstd'],
      ['leveldb', 0, 'snappy'],
      ['leveldb', 0, 'zstd'],
      ['leveldb', 0, 'zlib-raw'],
    ];
    for (const [dialect, version, name] of cases) {
      const n = compress(dialect, version, name, raw, 0, raw.length, out);
      assert.ok(n > 0);
      assert.deepEqual(read(dialect, version, name, n), raw, `${dialect} ${version} ${name}`);
    }
  });
});

describe('what is stored', () => {
  it('incompressible blocks stay raw, in both dialects', () => {
    const raw = randomBytes(4096, 1);
    for (const name of NAMES) assert.equal(compress('rocksdb', 5, name, raw, 0, raw.length, out), 0, name);
    assert.equal(compress('leveldb', 0, 'snappy', raw, 0, raw.length, out), 0);
    assert.equal(compress('rocksdb', 5, 'none', new Uint8Array(4096), 0, 4096, out), 0);
    assert.equal(compress('rocksdb', 5, 'snappy', raw, 0, 0, out), 0);
  });

  it('the limit is 7/8 of the raw size, and less than that for LevelDB', () => {
    let kept = 0;
    let left = 0;
    for (let zeros = 0; zeros < 1200; zeros += 3) {
      const raw = randomBytes(4096, zeros);
      raw.fill(0, 0, zeros);
      const all = compressAlways(5, 'snappy', raw, 0, raw.length, out);
      const rocks = compress('rocksdb', 5, 'snappy', raw, 0, raw.length, out);
      const level = compress('leveldb', 0, 'snappy', raw, 0, raw.length, out);
      assert.equal(rocks, all <= 3584 ? all : 0);
      assert.equal(level, all < 3584 ? all : 0);
      if (rocks > 0) kept++;
      else left++;
    }
    assert.ok(kept > 20 && left > 20, `${kept} kept, ${left} left raw`);
  });

  it('levels reach the library', () => {
    const raw = new TextEncoder().encode(Array.from({ length: 3000 }, (_, i) => `${i * 7919} `).join(''));
    const sizes = [1, 9].map((level) => compress('rocksdb', 5, 'zlib', raw, 0, raw.length, out, level));
    assert.ok((sizes[0] as number) > (sizes[1] as number));
  });

  it('codecs that are only read are refused', () => {
    for (const name of ['bzip2', 'xpress', 'custom', 'unknown'] as const) {
      assert.equal(canCompress('rocksdb', name), false);
      assert.throws(() => compress('rocksdb', 5, name, randomBytes(100, 1), 0, 100, out), StoreError);
    }
    assert.equal(canCompress('leveldb', 'lz4'), false);
  });
});

it('forty thousand blocks do not disturb each other', () => {
  // The table of positions is never cleared between blocks; its epoch has to come round without harm.
  const a = mixedBytes(3000, 1);
  const b = mixedBytes(3000, 2);
  for (let i = 0; i < 40_000; i++) compress('rocksdb', 5, 'snappy', i % 2 === 0 ? a : b, 0, 3000, out);
  roundTrip('snappy', a);
  roundTrip('snappy', b);
});
