import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEX_BYTES_MAX, lineAtOffset, valueText } from '../../../extension/valueText.ts';

test('a value is JSON, text or a hex dump, by its content', () => {
  const json = valueText(Buffer.from('{"a":12345678901234567890}'));
  assert.deepEqual(json, { kind: 'json', extension: '.json', text: '{\n  "a": 12345678901234567890\n}' });
  assert.deepEqual(valueText(Buffer.from('one\n\ttwo\r\n')), {
    kind: 'text',
    extension: '.txt',
    text: 'one\n\ttwo\r\n',
  });
  assert.equal(valueText(Buffer.from('42')).kind, 'text', 'a bare number needs no JSON');
  assert.equal(valueText(Buffer.alloc(0)).text, '');
  for (const bytes of [
    [0xff, 0xfe],
    [0x61, 0x00],
    [0x1b, 0x5b, 0x31, 0x6d],
  ]) {
    assert.equal(valueText(Uint8Array.from(bytes)).kind, 'hex', bytes.join());
  }
});

test('a long hex dump is cut, and says so', () => {
  const { text } = valueText(new Uint8Array(HEX_BYTES_MAX + 5));
  assert.match(text, /\n… 5 more bytes: /);
  assert.equal(text.split('\n').length, HEX_BYTES_MAX / 16 + 1);
});

test('the line of a dump at a byte offset', () => {
  const dump = [
    '   0  table',
    '  90  footer',
    '  40  index',
    '  40    [0] at 0',
    '   0  block 0',
    '  20  block 1',
    'no offset',
  ].join('\n');
  assert.equal(lineAtOffset(dump, 0), 0);
  assert.equal(lineAtOffset(dump, 19), 0);
  assert.equal(lineAtOffset(dump, 25), 5);
  assert.equal(lineAtOffset(dump, 40), 2);
  assert.equal(lineAtOffset(dump, 1000), 1);
  assert.equal(lineAtOffset('', 5), 0);
  assert.equal(
    lineAtOffset(['0 table', '90 footer', '0 block 0', '0   CORRUPT: checksum', '50 block 1'].join('\n'), 0),
    3,
  );
});
