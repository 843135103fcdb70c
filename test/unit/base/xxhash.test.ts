import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createXXHash3, createXXHash32, createXXHash64 } from 'hash-wasm';
import { xxh3Low, xxhash32, xxhash64Low } from '../../../engine/base/xxhash.ts';
import { randomBytes } from '../../support/random.ts';
import { lowHalf, patterned, VECTORS } from './xxhVectors.ts';

test('XXH3 gives the vectors of the format document', () => {
  const b = patterned(1025);
  for (const [length, , hash] of VECTORS) assert.equal(xxh3Low(b, 0, length), lowHalf(hash), `length ${length}`);
});

test('the empty input', () => {
  const none = new Uint8Array(0);
  assert.equal(xxhash32(none, 0, 0), 0x02cc5d05);
  assert.equal(xxhash64Low(none, 0, 0), 0x51d8e999);
  assert.equal(xxh3Low(none, 0, 0), 0x38d394c2);
});

test('all lengths to 3000, and large inputs, agree with an independent implementation', async () => {
  const b = randomBytes(300_000, 3);
  const peers = [
    [xxhash32, await createXXHash32(0)],
    [xxhash64Low, await createXXHash64(0, 0)],
    [xxh3Low, await createXXHash3(0, 0)],
  ] as const;
  const lengths = [...Array.from({ length: 3000 }, (_, i) => i), 65_535, 65_536, 131_072, 299_980];
  for (const [ours, theirs] of peers) {
    for (const n of lengths) {
      const from = n % 19;
      const expected = lowHalf(
        theirs
          .init()
          .update(b.subarray(from, from + n))
          .digest('hex'),
      );
      assert.equal(ours(b, from, from + n), expected, `${ours.name} of ${n} bytes`);
    }
  }
});
