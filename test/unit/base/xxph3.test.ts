import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import {
  BLOOM_SEED,
  HASH_INDEX_SEED,
  hash32Level,
  hash32Rocks,
  xxph3,
  xxph3Result,
} from '../../../engine/base/xxph3.ts';
import { patterned, VECTORS } from './xxhVectors.ts';

function xxph3Hex(b: Uint8Array, start: number, end: number): string {
  xxph3(b, start, end);
  return [xxph3Result.hi, xxph3Result.lo].map((x) => x.toString(16).padStart(8, '0')).join('');
}

test('XXPH3 gives the vectors of the format document', () => {
  const b = patterned(1025);
  for (const [length, hash] of VECTORS) assert.equal(xxph3Hex(b, 0, length), hash, `length ${length}`);
  assert.equal(xxph3Hex(utf8('xabcx'), 1, 4), 'd39eeb71bb5342e8');
});

test('a hash does not depend on what was hashed before, nor on where the key stands', () => {
  const long = patterned(600);
  for (let n = 0; n < 300; n++) {
    const alone = xxph3Hex(long.slice(5, 5 + n), 0, n);
    xxph3(patterned(601), 1, 601);
    assert.equal(xxph3Hex(long, 5, 5 + n), alone, `length ${n}`);
  }
});

test('Hash32: RocksDB extends the sign of tail bytes, LevelDB does not', () => {
  const odd = Uint8Array.of(0xff, 0x80, 0xe2);
  assert.equal(hash32Rocks(odd, 0, 3, BLOOM_SEED), 0xad5215c9);
  assert.equal(hash32Level(odd, 0, 3, BLOOM_SEED), 0x8c8ca8e8);
  const abc = utf8('abc');
  for (const hash of [hash32Rocks, hash32Level]) {
    assert.equal(hash(abc, 0, 3, BLOOM_SEED), 0x855d012f);
    assert.equal(hash(abc, 0, 3, HASH_INDEX_SEED), 0x1d9aa392);
  }
});
