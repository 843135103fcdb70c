import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { displayKey, displayValue, formatBytes, formatCount, hexDump } from '../../../engine/model/display.ts';
import { parseCount, parseKey } from '../../../extension/keyInput.ts';

function bytes(input: string): number[] {
  const parsed = parseKey(input);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.message);
  return [...parsed.bytes];
}

function refused(input: string): string {
  const parsed = parseKey(input);
  assert.ok(!parsed.ok, `${input} was accepted`);
  return parsed.message;
}

describe('keys that people type', () => {
  test('text, hex and quotes', () => {
    assert.deepEqual(bytes('user:1'), [...Buffer.from('user:1')]);
    assert.deepEqual(bytes('ключ'), [...Buffer.from('ключ')]);
    assert.deepEqual(bytes('0x00fF'), [0, 255]);
    assert.deepEqual(bytes('0x'), []);
    assert.deepEqual(bytes("'a\\x00b'"), [97, 0, 98]);
    assert.deepEqual(bytes('"a\\n\\t\\\\\\"\'"'), [97, 10, 9, 92, 34, 39]);
    assert.deepEqual(bytes("'🗝'"), [...Buffer.from('🗝')]);
    assert.deepEqual(bytes("''"), []);
    assert.deepEqual(bytes('a\\x00'), [...Buffer.from('a\\x00')], 'no escapes outside of quotes');
  });

  test('what is wrong is said', () => {
    assert.match(refused(''), /Type a key/);
    assert.match(refused('0x1'), /two digits/);
    assert.match(refused('0x1g'), /“g” is not a hex digit/);
    assert.match(refused("'abc"), /closing quote is missing/);
    assert.match(refused("'abc'd"), /after the closing quote/);
    assert.match(refused("'\\x0'"), /two hex digits/);
    assert.match(refused("'\\q'"), /“\\q” is not an escape/);
    assert.match(refused("'\\"), /not an escape/);
  });

  test('what is shown reads back as the same bytes', () => {
    const samples = [
      Buffer.from('plain'),
      Buffer.from('0xnot hex'),
      Buffer.from("'quoted'"),
      Buffer.from(' blank '),
      Buffer.from([0]),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('user\u0000id\u0001ab'),
      Buffer.from("back\\slash'and\u0007bell"),
      Buffer.from('right\u202eto left override'),
      Buffer.from('žluťoučký 🐴'),
      Buffer.from(''),
    ];
    for (const sample of samples) {
      const shown = displayKey(sample, 1000);
      assert.deepEqual(bytes(shown), [...sample], shown);
      assert.doesNotMatch(shown, /[\p{Cc}\u202e]/u);
    }
  });

  test('counts', () => {
    assert.deepEqual(parseCount('1,000', 1), { value: 1000 });
    assert.deepEqual(parseCount(' ', 1), { value: undefined });
    assert.deepEqual(parseCount('0', 1), { message: 'At least 1.' });
    assert.deepEqual(parseCount('1e3', 1), { message: 'Type a whole number.' });
    assert.deepEqual(parseCount('99999999999999999', 1), { message: 'The number is too large.' });
  });
});

describe('display', () => {
  test('long keys are cut, never inside a character', () => {
    const shown = displayKey(Buffer.from('🐴'.repeat(300)), 20);
    assert.ok(shown.length <= 20);
    assert.ok(shown.endsWith('🐴…'));
    assert.equal(displayKey(Buffer.alloc(1000, 0xff), 10), '0xfffffff…');
    assert.equal(displayKey(Buffer.from('a'.repeat(200)), 200), 'a'.repeat(200));
  });

  test('values stay on one line', () => {
    assert.equal(displayValue(Buffer.from('{"a":1}\n')), '{"a":1}\\x0a');
    assert.equal(displayValue(Buffer.from([1, 2, 3])), '0x010203');
    assert.equal(displayValue(Buffer.from("it's")), "it's");
  });

  test('sizes and counts', () => {
    assert.equal(formatBytes(0), '0 B');
    assert.equal(formatBytes(1023), '1023 B');
    assert.equal(formatBytes(1024), '1.00 KB');
    assert.equal(formatBytes(1536), '1.50 KB');
    assert.equal(formatBytes(12 * 1024 * 1024), '12.0 MB');
    assert.equal(formatBytes(1024 * 1024 - 1), '1024 KB');
    assert.equal(formatCount(632506), '632,506');
    assert.equal(formatCount(999), '999');
  });

  test('hex dump', () => {
    const lines = hexDump(Buffer.from('0123456789abcdefXYZ\u0000')).split('\n');
    assert.equal(lines[0], '00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  0123456789abcdef');
    assert.match(lines[1] as string, /^00000010 {2}58 59 5a 00 .* XYZ\.$/);
  });
});
