import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { displayKey } from '../../../engine/model/display.ts';
import { layoutJson } from '../../../webview/text/json.ts';
import { count, duration, levelName, plural, ratio, size } from '../../../webview/text/numbers.ts';
import {
  decodeBytes,
  hexDump,
  hexText,
  isBinary,
  segmentsOf,
  trimCutSequence,
  visibleText,
} from '../../../webview/text/visible.ts';

const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);

describe('visible text', () => {
  it('leaves printable text of any script alone', () => {
    const text = 'user:7 é 漢字 🙂 العربية <b>&amp;</b> \\x00';
    assert.equal(visibleText(utf8(text)), text);
    assert.deepEqual(segmentsOf(text), [{ text, escaped: false }]);
  });

  it('escapes every control, bidi and invisible character', () => {
    assert.equal(visibleText(utf8('\u001b[31m\u0000\t\r\n\u007f\u0085')), '\\x1b[31m\\x00\\t\\r\\n\\x7f\\u0085');
    assert.equal(visibleText(utf8('a\u202eb\u2066c\u2069\u200f\u061c')), 'a\\u202eb\\u2066c\\u2069\\u200f\\u061c');
    assert.equal(
      visibleText(utf8('\u200b\ufeff\u00ad\u2028\u{e0041}\u2060')),
      '\\u200b\\ufeff\\u00ad\\u2028\\u{e0041}\\u2060',
    );
  });

  it('tells an escape from the same characters in plain text', () => {
    assert.deepEqual(segmentsOf('\\x00\u0000\u0001'), [
      { text: '\\x00', escaped: false },
      { text: '\\x00\\x01', escaped: true },
    ]);
  });

  it('shows each byte that is not UTF-8', () => {
    assert.equal(
      visibleText(Uint8Array.of(0x61, 0xff, 0xc3, 0x28, 0xe2, 0x82, 0xed, 0xa0, 0x80)),
      'a\\xff\\xc3(\\xe2\\x82\\xed\\xa0\\x80',
    );
    assert.equal(visibleText(Uint8Array.of(0xf0, 0x9f, 0x99, 0x82, 0xf0, 0x9f)), '🙂\\xf0\\x9f');
    assert.equal(visibleText(Uint8Array.of(0xc0, 0x80, 0xf5, 0x80)), '\\xc0\\x80\\xf5\\x80');
  });

  it('decodes what is UTF-8 as the platform does, for every pair and many triples of bytes', () => {
    const loose = new TextDecoder('utf-8', { ignoreBOM: true });
    for (let a = 0; a < 256; a++) {
      for (let b = 0; b < 256; b++) {
        for (const c of [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x9f, 0xa0, 0xbf, 0xc2, 0xff]) {
          const bytes = Uint8Array.of(a, b, c);
          const ours = decodeBytes(bytes);
          const theirs = loose.decode(bytes);
          assert.equal(ours.replace(/[\udc80-\udcff]+/g, '?'), theirs.replace(/\ufffd+/g, '?'), `${a} ${b} ${c}`);
        }
      }
    }
  });

  it('keeps line breaks where several lines are shown', () => {
    assert.deepEqual(segmentsOf('a\n\tb\r', true), [
      { text: 'a\n\tb', escaped: false },
      { text: '\\r', escaped: true },
    ]);
  });

  it('cuts a preview before an incomplete sequence only', () => {
    assert.equal(trimCutSequence(utf8('aé').subarray(0, 2)).length, 1);
    assert.equal(trimCutSequence(utf8('aé')).length, 3);
    assert.equal(trimCutSequence(utf8('🙂').subarray(0, 3)).length, 0);
    assert.equal(trimCutSequence(Uint8Array.of(0x80, 0x80, 0x80, 0x80)).length, 4);
    assert.equal(trimCutSequence(new Uint8Array()).length, 0);
    assert.equal(visibleText(utf8('abcdef'), 3), 'abc…');
  });

  it('tells binary from text as the tree does', () => {
    const binary = (...b: number[]): boolean => isBinary(decodeBytes(Uint8Array.from(b)));
    assert.equal(binary(0, 0, 0, 1), true);
    assert.equal(binary(0x61, 0x62, 0x63, 0x64, 0, 1), false);
    assert.equal(binary(0x61, 0x62, 0, 1), true);
    assert.equal(binary(), false);
    assert.equal(isBinary('\n\n\t\n'), false);
    for (const key of ['user:7', '\u0000\u0001', 'ab\u0000', 'é\u200b', '\u202eabc']) {
      assert.equal(isBinary(key), displayKey(utf8(key)).startsWith('0x'), JSON.stringify(key));
    }
  });

  it('prints hex and dumps', () => {
    assert.equal(hexText(Uint8Array.of(0, 255, 16)), '00ff10');
    assert.equal(hexText(Uint8Array.of(0, 255, 16), 2), '00ff…');
    assert.equal(
      hexDump(utf8('0123456789abcdef\nz')),
      '00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  0123456789abcdef\n' +
        '00000010  0a 7a                                             .z',
    );
    const big = Uint8Array.from({ length: 100 }, (_, i) => i);
    assert.equal(`${hexDump(big, 0, 48)}\n${hexDump(big, 48, 100)}`, hexDump(big).replace(/$/, ''));
  });
});

describe('layoutJson', () => {
  it('keeps literals as they are written', () => {
    const text = '{ "id":12345678901234567890,"f":1.50e3,\n "s":"a\\u0041 \\" {[,:]}", "id":2 , "e":{ },"n":[ ]}';
    assert.equal(
      layoutJson(text, 0),
      '{"id": 12345678901234567890, "f": 1.50e3, "s": "a\\u0041 \\" {[,:]}", "id": 2, "e": {}, "n": []}',
    );
    assert.equal(
      layoutJson('[1,{"a":[true,null]}]', 2),
      '[\n  1,\n  {\n    "a": [\n      true,\n      null\n    ]\n  }\n]',
    );
  });

  it('changes nothing but blanks', () => {
    const value = { a: [1, 2.5, -3e-7, { b: 'x, y: {z}' }], c: '', d: [[], {}], e: '\\' };
    assert.deepEqual(JSON.parse(layoutJson(JSON.stringify(value), 2) ?? ''), value);
    assert.deepEqual(JSON.parse(layoutJson(JSON.stringify(value, null, '\t'), 0) ?? ''), value);
  });

  it('refuses what is not an object or an array', () => {
    for (const text of ['', '12', '"a"', '{', '{a:1}', '[1,]', 'null', '\u0000{}'])
      assert.equal(layoutJson(text, 2), undefined, text);
  });

  it('survives long numbers and deep nesting', () => {
    const long = `[${'9'.repeat(1500)}]`;
    assert.equal(layoutJson(long, 0), long);
    const deep = `${'['.repeat(3000)}1${']'.repeat(3000)}`;
    const laid = layoutJson(deep, 2);
    assert.equal(laid?.replace(/\s/g, ''), deep);
  });
});

describe('numbers', () => {
  it('reads well', () => {
    assert.equal(count(632506), '632,506');
    assert.deepEqual(
      [0, 1, 2].map((n) => plural(n, 'row')),
      ['0 rows', '1 row', '2 rows'],
    );
    assert.deepEqual([0, 1023, 1024, 1536, 1024 ** 2 - 1, 1024 ** 3 * 2.5].map(size), [
      '0 B',
      '1023 B',
      '1.00 KB',
      '1.50 KB',
      '1024 KB',
      '2.50 GB',
    ]);
    assert.deepEqual([0.4, 812, 2400, 200_000].map(duration), ['0 ms', '812 ms', '2.4 s', '3 min 20 s']);
    assert.deepEqual([1.254, 250.4].map(ratio), ['1.25×', '250×']);
    assert.deepEqual([-1, 0, 6].map(levelName), ['WAL', 'L0', 'L6']);
  });
});
