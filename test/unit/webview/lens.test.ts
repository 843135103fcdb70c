import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LensInfo } from '../../../engine/protocol/engineApi.ts';
import { firstLens, hidesValues, readsKeys, whyText } from '../../../webview/results/lensChoice.ts';

const lens = (id: string, confidence: number): LensInfo => ({ id, title: id.toUpperCase(), confidence, why: 'it is' });
const found = [lens('bitcoin-core', 0.9), lens('go-ethereum', 0.4)];

describe('the lens to begin with', () => {
  test('the surest, if it is sure enough and wanted', () => {
    assert.equal(firstLens(found, { auto: true }), 'bitcoin-core');
    assert.equal(firstLens(found, { auto: false }), undefined);
    assert.equal(firstLens([lens('a', 0.79)], { auto: true }), undefined);
    assert.equal(firstLens([lens('a', 0.8)], { auto: true }), 'a');
    assert.equal(firstLens([], { auto: true }), undefined);
  });

  test('what was chosen before counts more, as long as it fits', () => {
    assert.equal(firstLens(found, { auto: true, chosen: null }), undefined);
    assert.equal(firstLens(found, { auto: false, chosen: 'go-ethereum' }), 'go-ethereum');
    assert.equal(firstLens(found, { auto: true, chosen: 'gone' }), 'bitcoin-core');
    assert.equal(firstLens(found, { auto: false, chosen: 'gone' }), undefined);
  });

  test('values of browsers are hidden, however unsure it is that it is one', () => {
    assert.equal(hidesValues(found), false);
    assert.equal(hidesValues([...found, lens('chromium-indexeddb', 0.1)]), true);
  });

  test('formats of values that are shown so anyway are only offered; the others are used', () => {
    assert.equal(firstLens([lens('value:json', 1), lens('value:utf8', 1)], { auto: true }), undefined);
    assert.equal(firstLens([lens('value:json', 1)], { auto: true, chosen: 'value:json' }), 'value:json');
    assert.equal(firstLens([lens('value:bson', 0.9)], { auto: true }), 'value:bson');
    assert.equal(readsKeys({ ...lens('value:bson', 1), kind: 'values' }), false);
    assert.ok(readsKeys({ ...lens('schema:0', 1), kind: 'schema' }) && readsKeys(lens('minecraft-bedrock', 1)));
  });

  test('why it fits', () => {
    assert.equal(whyText(lens('a', 0.954)), 'A: it is (95 % sure)');
  });
});
