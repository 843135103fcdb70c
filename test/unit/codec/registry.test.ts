/** Dialects and framings of compressed blocks, limits, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constants, deflateRawSync, deflateSync, zstdCompressSync } from 'node:zlib';
import { StoreError } from '../../../engine/base/errors.ts';
import { writeVarint } from '../../../engine/base/varint.ts';
import { compressionName, type Dialect, decompress, OutputBuffer } from '../../../engine/codec/registry.ts';
import { mixedBytes, random } from '../../support/random.ts';

const CAP = 1 << 26;

function decode(dialect: Dialect, version: number, type: number, body: Uint8Array, dictionary?: Uint8Array, cap = CAP) {
  const out = new OutputBuffer();
  const n = decompress(dialect, version, type, body, 0, body.length, out, dictionary, cap);
  return out.bytes.slice(0, n);
}

function prefixed(length: number, body: Uint8Array): Uint8Array {
  const b = new Uint8Array(10);
  return Uint8Array.from([...b.subarray(0, writeVarint(b, 0, length)), ...body]);
}

function failure(code: string, f: () => unknown, what?: RegExp): void {
  assert.throws(f, (e) => e instanceof StoreError && e.code === code && (what === undefined || what.test(e.message)));
}

const raw = mixedBytes(5000, 1);
const streamed = zstdCompressSync(raw, { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } });

test('RocksDB: format_version 2 and above prefix the raw length, older ones do not', () => {
  assert.deepEqual(decode('rocksdb', 5, 0, raw), raw);
  assert.deepEqual(decode('rocksdb', 2, 2, prefixed(5000, deflateRawSync(raw))), raw);
  assert.deepEqual(decode('rocksdb', 1, 2, deflateRawSync(raw)), raw);
  assert.deepEqual(decode('rocksdb', 2, 7, prefixed(5000, zstdCompressSync(raw))), raw);
  assert.deepEqual(decode('rocksdb', 2, 7, prefixed(5000, streamed)), raw);
  assert.deepEqual(decode('rocksdb', 1, 7, zstdCompressSync(raw)), raw);
  assert.deepEqual(decode('rocksdb', 2, 0x40, prefixed(5000, zstdCompressSync(raw))), raw);
  const literals = Uint8Array.of(0x40, 1, 2, 3, 4);
  assert.deepEqual([...decode('rocksdb', 2, 5, prefixed(4, literals))], [1, 2, 3, 4]);
  assert.deepEqual([...decode('rocksdb', 1, 4, Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0, ...literals))], [1, 2, 3, 4]);
});

test('LevelDB: 1 Snappy, 2 ZSTD or (Bedrock) zlib told apart by content, 4 raw deflate', () => {
  assert.deepEqual([...decode('leveldb', 0, 1, Uint8Array.of(2, 4, 7, 8))], [7, 8]);
  assert.deepEqual(decode('leveldb', 0, 2, zstdCompressSync(raw)), raw);
  assert.deepEqual(decode('leveldb', 0, 2, streamed), raw);
  assert.deepEqual(decode('leveldb', 0, 2, deflateSync(raw)), raw);
  assert.deepEqual(decode('leveldb', 0, 4, deflateRawSync(raw)), raw);
  failure('CORRUPT', () => decode('leveldb', 0, 3, raw), /0x03/);
});

test('dictionaries of raw content', () => {
  const dictionary = mixedBytes(3000, 9);
  const content = Uint8Array.from([...dictionary.subarray(500, 1500), ...raw.subarray(0, 100)]);
  const deflated = prefixed(1100, deflateRawSync(content, { dictionary }));
  const zstd = prefixed(1100, zstdCompressSync(content, { dictionary }));
  assert.deepEqual(decode('rocksdb', 5, 2, deflated, dictionary), content);
  assert.deepEqual(decode('rocksdb', 5, 7, zstd, dictionary), content);
  failure('CORRUPT', () => decode('rocksdb', 5, 2, deflated));
  failure('CORRUPT', () => decode('rocksdb', 5, 7, zstd));
});

test('blocks of nothing', () => {
  const none = new Uint8Array(0);
  assert.equal(decode('rocksdb', 5, 0, none).length, 0);
  assert.equal(decode('rocksdb', 5, 2, prefixed(0, deflateRawSync(none))).length, 0);
  assert.equal(decode('rocksdb', 5, 7, prefixed(0, zstdCompressSync(none))).length, 0);
  for (const type of [1, 2, 4, 5, 7]) failure('CORRUPT', () => decode('rocksdb', 5, type, none));
  for (const type of [1, 2, 4]) failure('CORRUPT', () => decode('leveldb', 0, type, none));
});

test('names, and codecs that are not here', () => {
  const names = [0, 1, 2, 3, 4, 5, 6, 7, 8, 0x40, 0x80, 0xfe, 0xff].map((t) => compressionName('rocksdb', t));
  assert.deepEqual(names, [
    'none',
    'snappy',
    'zlib',
    'bzip2',
    'lz4',
    'lz4hc',
    'xpress',
    'zstd',
    'unknown',
    'zstd',
    'custom',
    'custom',
    'unknown',
  ]);
  assert.deepEqual(
    [0, 1, 2, 4, 5].map((t) => compressionName('leveldb', t)),
    ['none', 'snappy', 'zstd', 'zlib-raw', 'unknown'],
  );
  failure('UNSUPPORTED', () => decode('rocksdb', 5, 6, raw), /xpress/);
  failure('UNSUPPORTED', () => decode('rocksdb', 7, 0x81, raw), /0x81.*custom/);
  failure('CORRUPT', () => decode('rocksdb', 5, 0xff, raw), /0xff/);
});

test('a false claim of length is corrupt, before or after decoding', () => {
  for (const claim of [4999, 5001, 0, 2 ** 31]) {
    failure('CORRUPT', () => decode('rocksdb', 5, 2, prefixed(claim, deflateRawSync(raw))));
    failure('CORRUPT', () => decode('rocksdb', 5, 7, prefixed(claim, zstdCompressSync(raw))));
    failure('CORRUPT', () => decode('rocksdb', 5, 7, prefixed(claim, streamed)));
  }
});

test('bombs stop at the limit', () => {
  const zeros = new Uint8Array(1 << 22);
  const limit = 1 << 20;
  for (const body of [zstdCompressSync(zeros), deflateSync(zeros)]) {
    failure('CORRUPT', () => decode('leveldb', 0, 2, body, undefined, limit));
  }
  failure('CORRUPT', () => decode('leveldb', 0, 4, deflateRawSync(zeros), undefined, limit));
  failure('CORRUPT', () => decode('rocksdb', 5, 7, prefixed(1 << 22, zstdCompressSync(zeros)), undefined, limit));
  failure('CORRUPT', () => decode('rocksdb', 5, 0, zeros, undefined, limit));
});

test('mutated blocks end as content or as CORRUPT', () => {
  const next = random(5);
  const bodies = [
    [2, prefixed(5000, deflateRawSync(raw))],
    [7, prefixed(5000, zstdCompressSync(raw))],
    [7, prefixed(5000, streamed)],
  ] as const;
  for (const [type, body] of bodies) {
    let bad = 0;
    for (let i = 0; i < 1500; i++) {
      const s = body.slice(0, i % 4 === 0 ? Math.floor(next() * body.length) : body.length);
      for (let k = 0; k <= i % 3; k++) s[Math.floor(next() * s.length)] = next() * 256;
      try {
        assert.ok(decode('rocksdb', 5, type, s).length <= CAP);
      } catch (e) {
        assert.ok(e instanceof StoreError && e.code === 'CORRUPT', String(e));
        bad++;
      }
    }
    assert.ok(bad > 500);
  }
});
