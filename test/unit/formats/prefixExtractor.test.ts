/** Prefix extractors by the names that RocksDB gives them, and which keys have a prefix. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { prefixExtractorFor } from '../../../engine/formats/block/filter/prefixExtractor.ts';

describe('prefix extractors', () => {
  const lengths = (text: string): (number | undefined)[] =>
    [0, 3, 4, 9].map((n) => prefixExtractorFor(text)?.prefixLength(n));

  it('fixed ones have no prefix for a shorter key', () => {
    for (const text of ['rocksdb.FixedPrefix.4', 'fixed:4', '{id=rocksdb.FixedPrefix.4;}', ' rocksdb.FixedPrefix.4 ']) {
      assert.equal(prefixExtractorFor(text)?.name, 'rocksdb.FixedPrefix.4');
      assert.deepEqual(lengths(text), [-1, -1, 4, 4]);
    }
    assert.deepEqual(lengths('fixed:0'), [0, 0, 0, 0]);
  });

  it('capped ones take what there is', () => {
    for (const text of ['rocksdb.CappedPrefix.4', 'capped:4']) {
      assert.equal(prefixExtractorFor(text)?.name, 'rocksdb.CappedPrefix.4');
      assert.deepEqual(lengths(text), [0, 3, 4, 4]);
    }
  });

  it('Noop takes the whole key', () => {
    assert.deepEqual(lengths('rocksdb.Noop'), [0, 3, 4, 9]);
  });

  it('whatever else is named is not guessed at', () => {
    for (const text of [
      undefined,
      '',
      'nullptr',
      'TablePrefix',
      'rocksdb.FixedPrefix',
      'rocksdb.FixedPrefix.',
      'rocksdb.FixedPrefix.-1',
      'rocksdb.FixedPrefix.4.5',
      'rocksdb.FixedPrefix.12345678901234567890',
      'fixed:four',
      '{id=MyPrefix;n=4;}',
    ]) {
      assert.equal(prefixExtractorFor(text), undefined, String(text));
    }
  });
});
