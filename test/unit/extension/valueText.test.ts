import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEX_BYTES_MAX, lineAtOffset, lineOfKey, valueText } from '../../../extension/valueText.ts';

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

test('the line of a dump of a block at a key', () => {
  const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
  const long = 'k'.repeat(300);
  const dump = [
    '  0  data block 0 of 1, 90 bytes stored, up to b',
    '  0  00 01 02                    [0] restart point, shared 0, not shared 1, value 6 bytes',
    '  3  61                          key a',
    ' 12  6b 65 79 20 62              value 5 bytes: key b',
    ' 20  62                          key b',
    ` 31  6b 6b 6b 6b                 key ${'k'.repeat(119)}… (300 bytes)`,
    ' 40  00 00 01                    key 0x000001',
  ].join('\n');
  assert.deepEqual(
    ['a', 'b', 'c', long, long.slice(1), ''].map((key) => lineOfKey(dump, utf8(key))),
    [2, 4, -1, 5, -1, -1],
  );
  assert.equal(lineOfKey(dump, Uint8Array.of(0, 0, 1)), 6);
});
