/** bzip2: streams made by the reference program, and damage. `engine.test.ts` has those that RocksDB wrote. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { StoreError } from '../../../engine/base/errors.ts';
import { decompressBzip2 } from '../../../engine/codec/bzip2.ts';
import { OutputBuffer } from '../../../engine/codec/outputBuffer.ts';
import { mixedBytes, random, randomBytes } from '../../support/random.ts';

const HAS_BZIP2 = spawnSync('bzip2', ['--help']).status === 0;
const skip = !HAS_BZIP2 && 'the bzip2 program is not installed';

function compress(b: Uint8Array, level: number): Uint8Array {
  return new Uint8Array(spawnSync('bzip2', [`-${level}`, '-c'], { input: b, maxBuffer: 1 << 26 }).stdout);
}

function decode(stream: Uint8Array, length: number): Uint8Array {
  const output = new OutputBuffer();
  const input = Uint8Array.from([1, 2, ...stream, 3]);
  assert.equal(decompressBzip2(input, 2, 2 + stream.length, length, output, 1 << 26), length);
  return output.bytes.subarray(0, length);
}

/** `printf 'hello hello hello\n' | bzip2 -1`, and the empty input. */
const HELLO = Buffer.from('QlpoMTFBWSZTWeW18wkAAARRAAAQQAACRKAAIbUYDAKQacKjC7kinChIctr5hIA=', 'base64');
const NOTHING = Buffer.from('QlpoMRdyRThQkAAAAAA=', 'base64');

test('one block, and none at all', () => {
  assert.equal(Buffer.from(decode(HELLO, 18)).toString(), 'hello hello hello\n');
  assert.equal(decode(NOTHING, 0).length, 0);
});

test('what bzip2 made comes back', { skip }, () => {
  const runs = Uint8Array.from({ length: 5000 }, (_, i) => (i % 300 < 3 + (i % 270) ? 7 : i));
  const contents: Uint8Array[] = [1, 2, 3, 4, 5, 255, 256, 259, 260, 1000].map((n) => new Uint8Array(n).fill(9));
  contents.push(runs, mixedBytes(4096, 1), mixedBytes(250_000, 2), randomBytes(120_000, 3), new Uint8Array(1_000_000));
  for (const [i, b] of contents.entries()) {
    assert.equal(Buffer.compare(decode(compress(b, 1 + (i % 2) * 8), b.length), b), 0, `content ${i}`);
  }
});

function refused(stream: Uint8Array, length: number): void {
  assert.throws(
    () => decode(stream, length),
    (e) => e instanceof StoreError && e.code === 'CORRUPT',
  );
}

test('wrong lengths, cut and mutated streams are CORRUPT', { skip }, () => {
  const b = mixedBytes(3000, 1);
  const stream = compress(b, 1);
  for (const length of [0, 2999, 3001, 2 ** 31]) refused(stream, length);
  for (let n = 0; n < stream.length; n += 7) refused(stream.subarray(0, n), 3000);
  const next = random(4);
  let bad = 0;
  for (let i = 0; i < 1500; i++) {
    const s = stream.slice();
    for (let k = 0; k <= i % 3; k++) s[Math.floor(next() * s.length)] = next() * 256;
    try {
      assert.equal(Buffer.compare(decode(s, 3000), b), 0);
    } catch (e) {
      assert.ok(e instanceof StoreError && e.code === 'CORRUPT', String(e));
      bad++;
    }
  }
  assert.ok(bad > 1400);
});
