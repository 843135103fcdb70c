/** Typed keys: each function's bytes, tuples, where plain text stays plain, and errors with their places. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { compareBytes, hex, utf8 } from '../../../engine/base/bytes.ts';
import { formatTime, parseTime, TIME_UNITS } from '../../../engine/model/calendar.ts';
import { parseKey } from '../../../engine/model/keyInput.ts';
import { parseKeyExpression } from '../../../engine/model/keySyntax.ts';
import { decodeScalar, encodeFloat, encodeInteger, type Scalar, scalarOf } from '../../../engine/model/scalars.ts';
import { random } from '../../support/random.ts';

function bytesOf(text: string): string {
  const parsed = parseKeyExpression(text);
  assert.ok(parsed.ok, `${text}: ${parsed.ok ? '' : parsed.message}`);
  return hex(parsed.bytes);
}

describe('typed keys', () => {
  it('reads every function', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['u8(255)', 'ff'],
      ['u16be(258)', '0102'],
      ['u16le(258)', '0201'],
      ['u32be(42)', '0000002a'],
      ['u32(0x2A)', '0000002a'],
      ['u64be(18446744073709551615)', 'ffffffffffffffff'],
      ['u64le(1_000)', 'e803000000000000'],
      ['i32(-1)', 'ffffffff'],
      ['i32(-1, flip)', '7fffffff'],
      ['i64be(5,flip)', '8000000000000005'],
      ['i64(5, flip, desc)', '7ffffffffffffffa'],
      ['f64(1.5)', '3ff8000000000000'],
      ['f64(-1.5, flip)', '4007ffffffffffff'],
      ['f32le(1)', '0000803f'],
      ['varint(300)', 'ac02'],
      ['uuid(00112233-4455-6677-8899-AABBCCDDEEFF)', '00112233445566778899aabbccddeeff'],
      ['ts(1970-01-02)', '0000000005265c00'],
      ['ts(1970-01-02T00:00:01Z, s)', '0000000000015181'],
      ['ts(1970-01-01T01:00:00.5+01:00, us)', '000000000007a120'],
      ['ts(1969-12-31T23:59:59Z, s)', 'ffffffffffffffff'],
      ['ts(1970-01-02, s, u32be)', '00015180'],
      ['ts(1970-01-01, ms, desc)', 'ffffffffffffffff'],
      ['hex(de AD be ef)', 'deadbeef'],
      ['text("a)+(b")', '61292b2862'],
      ['text(plain)', '706c61696e'],
      ["'a\\x00b'", '610062'],
      ['"é\\n"', 'c3a90a'],
      ['0xCAFE', 'cafe'],
      ['sensor:', '73656e736f723a'],
      ['"s:" + u16be(1)+0xff + text("/")', '733a0001ff2f'],
    ];
    for (const [typed, expected] of cases) assert.equal(bytesOf(typed), expected, typed);
  });

  it('names what is wrong and where', () => {
    const cases: readonly (readonly [string, RegExp, number])[] = [
      ['u8(256)', /256 does not fit into u8 \(position 4\)/, 3],
      ['u32be(-1)', /does not fit/, 6],
      ['u32be(x)', /takes a whole number/, 6],
      ['u32be()', /needs a value/, 6],
      ['u32be(1', /“\)” is missing/, 7],
      ['u32be(1) x', /“x” is not expected/, 9],
      ['u32be(1) +', /missing/, 10],
      ['u32be(1, down)', /no option “down”/, 9],
      ['nope(1)', /there is no “nope”/, 0],
      ['"abc', /closing quote/, 0],
      ['"a\\q"', /not an escape/, 2],
      ['0xabc', /two digits a byte/, 5],
      ['0xag', /“g” is not a hex digit/, 3],
      ['hex(1x)', /“x” is not a hex digit/, 5],
      ['uuid(12)', /no UUID/, 5],
      ['ts(2026-02-30)', /no time/, 3],
      ['ts(2026-01-01, s, u16be)', /does not fit/, 3],
      ['', /missing/, 0],
      [`"${'x'.repeat(70_000)}"`, /too long/, 0],
    ];
    for (const [typed, message, at] of cases) {
      const parsed = parseKeyExpression(typed);
      assert.ok(!parsed.ok, typed);
      assert.match(parsed.message, message);
      assert.equal(parsed.at, at, typed);
    }
  });

  it('leaves plain text plain in input boxes', () => {
    for (const text of ['foo(bar)', 'a+b', 'U32(1)', 'key u32be(1)', '(x)', 'sensor:+1']) {
      const parsed = parseKey(text);
      assert.ok(parsed.ok);
      assert.deepEqual(parsed.bytes, utf8(text), text);
    }
    for (const [text, bytes] of [
      ['u16be(1)', '0001'],
      ['"a" + u8(1)', '6101'],
      ['0xff+u8(1)', 'ff01'],
    ] as const) {
      const parsed = parseKey(text);
      assert.ok(parsed.ok, text);
      assert.equal(hex(parsed.bytes), bytes);
    }
    assert.equal(parseKey('u8(300)').ok, false, 'a function of ours with a wrong value is no text');
  });

  it('keeps numbers in their order with flip, and turns it round with desc', () => {
    const dice = random(3);
    for (const name of ['i8', 'i16be', 'i32be', 'i64be', 'u32be', 'f32be', 'f64be']) {
      const scalar = scalarOf(name) as Scalar;
      const whole = scalar.kind !== 'float';
      const range = scalar.bytes >= 4 ? 2 ** 31 : 2 ** (scalar.bytes * 8 - 1);
      const numbers = Array.from({ length: 200 }, () => {
        const n = (dice() * 2 - (scalar.kind === 'unsigned' ? 0 : 1)) * (range - 1);
        return whole ? Math.floor(n) : Math.fround(n);
      }).sort((a, b) => a - b);
      for (const desc of [false, true]) {
        const options = { flip: true, desc };
        const keys = numbers.map((n) =>
          whole ? (encodeInteger(scalar, BigInt(n), options) as Uint8Array) : encodeFloat(scalar, n, options),
        );
        for (let i = 1; i < keys.length; i++) {
          const order = compareBytes(keys[i - 1]!, keys[i]!);
          assert.ok(desc ? order >= 0 : order <= 0, `${name} ${numbers[i - 1]} ${numbers[i]}`);
        }
        for (const [i, key] of keys.entries()) assert.equal(decodeScalar(scalar, key, 0, options), numbers[i], name);
      }
    }
  });

  it('reads back every time that it writes', () => {
    const dice = random(8);
    for (let i = 0; i < 2000; i++) {
      for (const unit of TIME_UNITS) {
        const count = BigInt(Math.floor((dice() * 2 - 1) * 2 ** 50)) * (unit === 'ns' ? 1000n : 1n);
        const text = formatTime(count, unit);
        if (text === undefined || !/^\d{4}-|^[+-]\d{6}-/.test(text)) continue;
        assert.equal(parseTime(text, unit), count, text);
        if (unit === 'ms' && count > -8_000_000_000_000_000n && count < 8_000_000_000_000_000n) {
          assert.equal(text, new Date(Number(count)).toISOString());
        }
      }
    }
  });
});
