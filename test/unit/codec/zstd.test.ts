/** The ZSTD decoder of our own, held against Node's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { OutputBuffer } from '../../../engine/codec/outputBuffer.ts';
import { decodeFrame } from '../../../engine/codec/zstdDecoder.ts';
import { mixedBytes, random, randomBytes } from '../../support/random.ts';
import { frameHeaderBytes } from '../../support/zstdFrames.ts';

const output = new OutputBuffer();

function compress(b: Uint8Array, level: number, checksum: boolean, dictionary?: Uint8Array): Uint8Array {
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: checksum ? 1 : 0 };
  return zstdCompressSync(b, { params, ...(dictionary === undefined ? {} : { dictionary }) });
}

function decode(frame: Uint8Array, length: number, dictionary?: Uint8Array): Uint8Array | undefined {
  const checksum = (frame[4]! & 4) !== 0;
  const from = frameHeaderBytes(frame);
  if (!decodeFrame(frame, from, frame.length, 0, checksum, length, output, dictionary)) return undefined;
  return output.bytes.slice(0, length);
}

/** Prose-like bytes: skewed letters and repeated words, which Huffman and repeat modes thrive on. */
function prose(length: number, seed: number): Uint8Array {
  const next = random(seed);
  const words = Array.from({ length: 300 }, () => {
    const n = 2 + Math.floor(next() * 9);
    return String.fromCharCode(...Array.from({ length: n }, () => 97 + Math.floor(next() ** 2 * 26)));
  });
  let text = '';
  while (text.length < length)
    text += `${words[Math.floor(next() ** 3 * 300)]}${next() < 0.1 ? Math.floor(next() * 1e6) : ' '}`;
  return new TextEncoder().encode(text.slice(0, length));
}

function contents(): Uint8Array[] {
  const many: Uint8Array[] = [new Uint8Array(0), new Uint8Array(5000), new Uint8Array(300_000), randomBytes(5000, 1)];
  for (let i = 0; i < 80; i++) many.push(mixedBytes(i * i, i), prose(1 + i * i, i), mixedBytes(i * 53, i + 1000));
  // Several blocks: tables and offsets carry over.
  many.push(mixedBytes(600_000, 5), prose(500_000, 6), randomBytes(200_000, 7));
  return many;
}

test('every level, with and without checksum', () => {
  for (const b of contents()) {
    for (const level of [-5, 1, 3, 9, 19]) {
      if (level > 9 && b.length > 100_000) continue;
      for (const checksum of [false, true]) {
        const got = decode(compress(b, level, checksum), b.length);
        assert.ok(got !== undefined, `declined ${b.length} bytes, level ${level}`);
        assert.equal(Buffer.compare(got, b), 0, `${b.length} bytes, level ${level}`);
      }
    }
  }
});

test('dictionaries of raw content, changing from frame to frame', () => {
  const dictionaries = [prose(20_000, 1), mixedBytes(3000, 2), prose(100, 3)];
  for (let i = 0; i < 150; i++) {
    const dictionary = i % 4 === 3 ? undefined : dictionaries[i % 4];
    const b = Uint8Array.from([...prose(i * 20, 1), ...mixedBytes(i * 5, 2)]);
    assert.deepEqual(decode(compress(b, 1 + (i % 15), false, dictionary), b.length, dictionary), b);
  }
});

test('a wrong length, checksum or end is declined', () => {
  const b = prose(4000, 1);
  const frame = compress(b, 3, true);
  assert.ok(decode(frame, 4000));
  assert.equal(decode(frame, 3999), undefined);
  assert.equal(decode(frame, 4001), undefined);
  assert.equal(decode(frame.with(frame.length - 1, frame.at(-1)! ^ 1), 4000), undefined);
  assert.equal(decode(Uint8Array.from([...frame, 0]), 4000), undefined);
  for (let n = frameHeaderBytes(frame); n < frame.length; n++)
    assert.equal(decode(frame.subarray(0, n), 4000), undefined);
});

test('whatever is accepted of mutated frames, Node accepts with the same content', () => {
  const next = random(77);
  const frames = contents()
    .filter((b) => b.length > 0 && b.length < 7000)
    .map((b, i) => ({ length: b.length, frame: compress(b, [1, 3, 19][i % 3]!, false) }));
  let accepted = 0;
  for (let i = 0; i < 30_000; i++) {
    const { length, frame } = frames[i % frames.length]!;
    const from = frameHeaderBytes(frame);
    const s = frame.slice();
    for (let k = 0; k <= i % 3; k++) s[from + Math.floor(next() * (s.length - from))] = next() * 256;
    const got = decode(s, length);
    if (got === undefined) continue;
    accepted++;
    assert.equal(Buffer.compare(got, zstdDecompressSync(s)), 0);
  }
  assert.ok(accepted > 1000, `${accepted} accepted`);
});

test('random bytes as blocks and as dictionaries', () => {
  const header = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x60, 0, 1);
  for (let i = 0; i < 20_000; i++) {
    const body = randomBytes(10 + (i % 200), i);
    // A last, compressed block of the right size, with Huffman literals every other time.
    const size = body.length - 3;
    body.set([5 | ((size << 3) & 255), size >> 5, size >> 13]);
    if (i % 2 === 0) body[3] = (body[3]! & 0xfc) | 2;
    const dictionary = Uint8Array.from([0x37, 0xa4, 0x30, 0xec, 1, 0, 0, 0, ...randomBytes(i % 300, i + 1)]);
    const got = decode(Uint8Array.from([...header, ...body]), 256, i % 3 === 0 ? dictionary : undefined);
    assert.ok(got === undefined || got.length === 256);
  }
});
