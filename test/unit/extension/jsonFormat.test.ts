import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indentJson } from '../../../extension/jsonFormat.ts';

test('indents as JSON.stringify does', () => {
  const samples = [
    {},
    [],
    [[]],
    { a: 1, b: [1, 2, { c: null }], d: 'x: {y}, [z] "q" \\ \n' },
    [true, false, -1.5e10, ''],
    { '': {}, k: [] },
  ];
  for (const sample of samples) {
    const expected = JSON.stringify(sample, null, 2);
    assert.equal(indentJson(JSON.stringify(sample)), expected);
    assert.equal(indentJson(`  ${expected}\n`), expected);
  }
});

test('keeps tokens as they are', () => {
  assert.equal(indentJson('{"n":12345678901234567890,"n":1.0}'), '{\n  "n": 12345678901234567890,\n  "n": 1.0\n}');
  assert.equal(indentJson('["\\u0041"]'), '[\n  "\\u0041"\n]');
});

test('refuses what is not a JSON object or array', () => {
  for (const text of ['', 'hello', '1', '"a"', '{a:1}', '{"a":1', '[1,]'])
    assert.equal(indentJson(text), undefined, text);
});
