/** One rule for what is text: held against the platform's own decoder. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { strictText, utf8 } from '../../../engine/base/bytes.ts';
import { seeded } from '../../../engine/base/entropy.ts';
import { isPrintable } from '../../../engine/query/printable.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what makes bytes unprintable
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

/** The same by the platform's decoder; a byte order mark, which it swallows, is a character as any other. */
function expected(b: Uint8Array): boolean {
  const text = strictText(b);
  return text !== undefined && !CONTROL.test(text);
}

describe('printable text', () => {
  it('takes every character but controls', () => {
    for (let code = 0; code <= 0x10ffff; code += code < 0x3000 ? 1 : 97) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const bytes = utf8(String.fromCodePoint(code));
      assert.equal(isPrintable(bytes, 0, bytes.length), expected(bytes), `U+${code.toString(16)}`);
    }
    assert.ok(isPrintable(new Uint8Array(0), 0, 0));
  });

  it('agrees with the decoder on random bytes, in the middle of others', () => {
    const next = seeded(20_261_122);
    let yes = 0;
    for (let round = 0; round < 200_000; round++) {
      const length = next() % 6;
      const bytes = new Uint8Array(length + 4).fill(0xbf);
      // Lead and continuation bytes more often than they would come by chance.
      for (let i = 0; i < length; i++) bytes[2 + i] = next() % 3 === 0 ? 0x80 + (next() % 64) : 0xbe + (next() % 66);
      const inside = bytes.slice(2, 2 + length);
      const found = isPrintable(bytes, 2, length);
      assert.equal(found, expected(inside), Buffer.from(inside).toString('hex'));
      if (found) yes++;
    }
    assert.ok(yes > 1000);
  });
});
