import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ANSWER_BYTES_MAX, answer, entryJson, plainJson, valueJson } from '../../../extension/assistant/answer.ts';

const bytes = (s: string): Uint8Array => new Uint8Array(Buffer.from(s, 'latin1'));

describe('answers for assistants', () => {
  test('are bounded in bytes, and tell what was left out', () => {
    for (const unit of ['x', 'ü', '\u0001', '"']) {
      const items = Array.from({ length: 500 }, (_, i) => ({ i, text: unit.repeat(i) }));
      const text = answer({ store: '/s' }, 'rows', items);
      assert.ok(Buffer.byteLength(text) <= ANSWER_BYTES_MAX, `${Buffer.byteLength(text)}`);
      assert.ok(Buffer.byteLength(text) > ANSWER_BYTES_MAX / 2);
      const read = JSON.parse(text) as { rows: { i: number }[]; truncated: boolean; leftOff: number };
      assert.equal(read.truncated, true);
      assert.equal(read.rows.length + read.leftOff, 500);
    }
    assert.deepEqual(JSON.parse(answer({}, 'rows', [1, 2])), { rows: [1, 2], truncated: false });
    assert.deepEqual(JSON.parse(answer({}, 'rows', [1], 9)), { rows: [1], truncated: true, leftOff: 8 });
    const huge = JSON.parse(answer({}, 'rows', ['y'.repeat(ANSWER_BYTES_MAX)]));
    assert.deepEqual(huge, { rows: [], truncated: true, leftOff: 1 });
  });

  test('values are text where they are, hex else, and say when they are cut', () => {
    assert.deepEqual(valueJson(bytes('abc'), 3, 10), { text: 'abc', size: 3 });
    assert.deepEqual(valueJson(bytes('abcdef'), 6, 3), { text: 'abc', size: 6, truncated: true });
    assert.deepEqual(valueJson(bytes('\x00\xff'), 2, 10), { hex: '00ff', size: 2 });
    const umlauts = new TextEncoder().encode('üüü');
    assert.deepEqual(valueJson(umlauts, 6, 3), { text: 'ü', size: 6, truncated: true }, 'not through a character');
    assert.deepEqual(valueJson(bytes('\xc3'), 1, 10), { hex: 'c3', size: 1 }, 'a whole value that ends in half of one');
  });

  test('entries name keys as they are typed', () => {
    const row = {
      key: bytes('\x00\xff'),
      value: bytes('v'),
      valueSize: 1,
      seq: 7,
      type: 'put',
      level: -1,
      table: null,
    };
    assert.deepEqual(entryJson(row as Parameters<typeof entryJson>[0], 10), {
      key: '0x00ff',
      type: 'put',
      seq: 7,
      level: 'write-ahead log',
      table: null,
      value: { text: 'v', size: 1 },
    });
  });

  test('anything of the engine is JSON', () => {
    const value = { a: bytes('k'), b: 1n << 60n, c: [undefined, Number.NaN, true], d: null };
    assert.deepEqual(JSON.parse(JSON.stringify(plainJson(value))), {
      a: 'k',
      b: '1152921504606846976',
      c: [null, null, true],
      d: null,
    });
  });
});
