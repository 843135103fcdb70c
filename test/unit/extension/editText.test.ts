import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type EditForm, editText, formOf, parseEdited } from '../../../extension/edit/editText.ts';
import { randomBytes } from '../../support/random.ts';

const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);

function there(bytes: Uint8Array): EditForm {
  const form = formOf(bytes);
  const back = parseEdited(editText(bytes, form), form);
  assert.ok(back.ok, form);
  assert.deepEqual(Buffer.from(back.bytes), Buffer.from(bytes), form);
  return form;
}

describe('values as texts to edit', () => {
  test('what is not touched comes back byte for byte', () => {
    const cases: readonly (readonly [string, EditForm])[] = [
      ['', 'text'],
      ['hello\nworld\n', 'text'],
      ['one\r\ntwo\r\n', 'text'],
      ['one\r\ntwo\n', 'hex'],
      ['a\rb', 'hex'],
      ['\ufeffmarked', 'hex'],
      ['line\u2028separator', 'hex'],
      ['zero\0', 'hex'],
      ['{"a":1,"b":[true,null,"x y\\n"],"a":2.50e+01}', 'json'],
      ['[]', 'json'],
      ['{"big":123456789012345678901234567890}', 'json'],
      ['{ "a": 1 }', 'text'],
      ['{"a":1}\n', 'text'],
      ['{"not json"', 'text'],
      ['7', 'text'],
    ];
    for (const [text, form] of cases) assert.equal(there(utf8(text)), form, JSON.stringify(text));
  });

  test('bytes of any kind come back', () => {
    for (let seed = 1; seed <= 200; seed++) there(randomBytes(seed, seed * 3));
    for (let n = 0; n < 40; n++) there(randomBytes(n + 1, n));
  });

  test('JSON that was changed is written without blanks, its tokens as they stand', () => {
    const edited = parseEdited('{\n  "s": "a  b\\" c",\n  "n": [ 1.0, 2 ]\n}\n', 'json');
    assert.ok(edited.ok);
    assert.equal(new TextDecoder().decode(edited.bytes), '{"s":"a  b\\" c","n":[1.0,2]}');
  });

  test('what is wrong is told with its place', () => {
    const json = parseEdited('{\n  "a": ?\n}', 'json');
    assert.ok(!json.ok);
    assert.match(json.message, /no JSON/);
    const cases: readonly (readonly [string, EditForm, number, number, RegExp])[] = [
      ['00 01\n02 0g', 'hex', 2, 5, /not a hex digit/],
      ['00 0', 'hex', 1, 4, /two digits/],
      ['abc', 'hex', 1, 1, /two digits/],
    ];
    for (const [text, form, line, column, message] of cases) {
      const edited = parseEdited(text, form);
      assert.ok(!edited.ok, text);
      assert.deepEqual([edited.line, edited.column], [line, column], text);
      assert.match(edited.message, message);
    }
  });

  test('remarks and the arrangement of hex mean nothing', () => {
    const edited = parseEdited('# 3 bytes\n00FF  # 00\n\n\t0a#zz', 'hex');
    assert.deepEqual(edited, { ok: true, bytes: Uint8Array.of(0, 0xff, 0x0a) });
  });
});
