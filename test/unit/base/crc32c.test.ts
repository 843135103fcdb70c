import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { crc32c, mask, unmask } from '../../../engine/base/crc32c.ts';
import { randomBytes } from '../../support/random.ts';

/** Bit by bit, as the polynomial says. */
function slow(b: Uint8Array, start: number, end: number): number {
  let c = ~0;
  for (let i = start; i < end; i++) {
    c ^= b[i]!;
    for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (c & 1 ? 0x82f63b78 : 0);
  }
  return ~c >>> 0;
}

test('known values (RFC 3720 B.4 and the usual check string)', () => {
  assert.equal(crc32c(utf8('123456789'), 0, 9), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(32), 0, 32), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff), 0, 32), 0x62a8ab43);
  assert.equal(
    crc32c(
      Uint8Array.from({ length: 32 }, (_, i) => i),
      0,
      32,
    ),
    0x46dd794e,
  );
  assert.equal(crc32c(new Uint8Array(0), 0, 0), 0);
});

test('every length and alignment agrees with the bitwise definition', () => {
  const b = randomBytes(700, 1);
  for (let n = 0; n <= 600; n++)
    assert.equal(crc32c(b, n % 17, (n % 17) + n), slow(b, n % 17, (n % 17) + n), `length ${n}`);
});

test('a seed continues, also over ranges larger than the window', () => {
  const b = randomBytes(400_000, 2);
  const whole = crc32c(b, 0, b.length);
  assert.equal(whole, slow(b, 0, b.length));
  for (const cut of [0, 1, 15, 16, 17, 114_688, 114_689, 399_999, 400_000]) {
    assert.equal(crc32c(b, cut, b.length, crc32c(b, 0, cut)), whole, `cut at ${cut}`);
  }
});

test('mask and unmask are inverse and differ from the identity', () => {
  assert.equal(mask(0), 0xa282ead8);
  for (const c of [0, 1, 0x7fff, 0x8000, 0xdeadbeef, 0xffffffff]) {
    assert.equal(unmask(mask(c)), c);
    assert.notEqual(mask(c), c);
    assert.notEqual(mask(mask(c)), mask(c));
  }
});
