import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FamilySummary, LevelSummary, QueryParams } from '../../../engine/protocol/engineApi.ts';
import { isSavedView, restoreParams, saveParams } from '../../../engine/protocol/viewState.ts';
import {
  barScale,
  barShare,
  comparatorName,
  engineName,
  isReverse,
  shapeOf,
  shownLevels,
} from '../../../webview/overview/metrics.ts';
import { isOverviewUi } from '../../../webview/overview/uiState.ts';
import { isResultsUi, statusText } from '../../../webview/results/uiState.ts';

const level = (n: number, tables: number, bytes: number): LevelSummary => ({
  level: n,
  tables,
  bytes,
  score: null,
  targetBytes: null,
});

function family(levels: readonly LevelSummary[], walEntries = 0): FamilySummary {
  return {
    id: 0,
    name: 'default',
    comparator: 'leveldb.BytewiseComparator',
    mergeOperator: null,
    compaction: 'leveled',
    levels,
    tables: 0,
    bytes: 0,
    memtable: { entries: walEntries, bytes: walEntries },
    blobFiles: [],
    blobBytes: 0,
    options: {},
    ordered: true,
  };
}

describe('shape of a family', () => {
  it('counts sorted runs and estimates space amplification', () => {
    assert.deepEqual(shapeOf(family([level(0, 4, 40), level(1, 3, 100), level(3, 9, 1000), level(2, 0, 0)], 5)), {
      sortedRuns: 7,
      spaceAmplification: 1.14,
    });
  });
  it('scales the bars by what the levels hold, and by targets that are not far away', () => {
    const withTarget = (bytes: number, targetBytes: number): LevelSummary => ({ ...level(1, 1, bytes), targetBytes });
    assert.equal(barScale(family([withTarget(100, 250)])), 250);
    assert.equal(barScale(family([withTarget(100, 100_000)])), 100);
    assert.equal(barScale(family([])), 1);
  });
  it('says nothing where no level holds the bulk', () => {
    assert.deepEqual(shapeOf(family([])), { sortedRuns: 0, spaceAmplification: null });
    assert.deepEqual(shapeOf(family([level(0, 4, 40)])), { sortedRuns: 4, spaceAmplification: null });
    assert.deepEqual(shapeOf(family([level(0, 1, 40)])), { sortedRuns: 1, spaceAmplification: 1 });
  });
  it('shows levels down to the last with tables', () => {
    assert.deepEqual(
      shownLevels(family([level(2, 1, 1), level(0, 0, 0), level(1, 0, 0), level(3, 0, 0)])).map((l) => l.level),
      [0, 1, 2],
    );
  });
  it('keeps a small bar visible and a big one inside', () => {
    assert.deepEqual(
      [barShare(0, 10), barShare(1, 1e9), barShare(5, 10), barShare(20, 10), barShare(1, 0)],
      [0, 0.002, 0.5, 1, 0],
    );
  });
  it('names engines and comparators', () => {
    assert.equal(engineName('rocksdb', '10.5.1'), 'RocksDB 10.5.1');
    assert.equal(engineName('leveldb', ''), 'LevelDB');
    assert.equal(comparatorName('leveldb.BytewiseComparator'), 'bytewise');
    assert.equal(comparatorName('idb_cmp1'), 'idb_cmp1');
    assert.equal(isReverse('rocksdb.ReverseBytewiseComparator'), true);
  });
});

describe('saved state', () => {
  it('brings query parameters through JSON', () => {
    const params: QueryParams = {
      family: 3,
      from: Uint8Array.of(0, 255),
      prefix: new Uint8Array(),
      reverse: true,
      limit: 10,
      at: 99,
      atTimestamp: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      table: 7,
      block: 0,
      where: 'value.x = 5',
      valueLens: 'value:json',
    };
    const back = restoreParams(JSON.parse(JSON.stringify(saveParams(params))));
    assert.deepEqual(back, { ...params, key: undefined, to: undefined, allVersions: undefined });
    const one = restoreParams(JSON.parse(JSON.stringify(saveParams({ family: 0, key: Uint8Array.of(7) }))));
    assert.deepEqual(one.key, Uint8Array.of(7));
    assert.deepEqual(restoreParams(saveParams({ family: 0 })).from, undefined);
  });
  it('refuses what another program or version left', () => {
    const good = { view: 'results', storePath: '/s', params: { family: 0 } };
    assert.equal(isSavedView(good), true);
    assert.equal(isSavedView({ view: 'overview', storePath: '/s' }), true);
    for (const bad of [
      null,
      undefined,
      7,
      {},
      { view: 'results', storePath: '/s' },
      { ...good, storePath: 1 },
      { ...good, view: 'x' },
    ]) {
      assert.equal(isSavedView(bad), false);
    }
    const ui = {
      grid: { row: 1.5, left: 0, selected: -1, widths: { key: 100, value: null } },
      format: 'hex',
      detail: 'right',
      sizes: { bottom: 200, right: 300 },
    };
    assert.equal(isResultsUi(ui), true);
    for (const bad of [
      null,
      { ...ui, format: 'x' },
      { ...ui, grid: null },
      { ...ui, grid: { ...ui.grid, row: Number.NaN } },
      { ...ui, grid: { ...ui.grid, widths: { a: 'x' } } },
    ]) {
      assert.equal(isResultsUi(bad), false);
    }
    assert.equal(isOverviewUi({ family: 0, axis: 'keys', mode: 'map', scroll: 0 }), true);
    assert.equal(isOverviewUi({ family: 0, axis: 'age', mode: 'map', scroll: 0 }), false);
  });
});

describe('status line', () => {
  const state = { query: 1, total: 632_506, complete: true, bytes: 0, millis: 812, problems: [], at: 1_234 };
  it('says how much, whether that is all, how long, and as of when', () => {
    assert.equal(statusText(state), '632,506 rows, complete, 812 ms, as of sequence 1,234');
    const counting = { ...state, total: 1, complete: false, bytes: 5 << 20 };
    assert.equal(statusText(counting), '1 row so far, 5.00 MB, counting…, 812 ms, as of sequence 1,234');
    assert.equal(
      statusText({ ...counting, scanned: 70_000 }),
      '1 row so far, 70,000 entries and 5.00 MB scanned, searching…, 812 ms, as of sequence 1,234',
    );
    assert.equal(
      statusText({ ...counting, scanned: 70_000, complete: true, stopped: true }),
      '1 row, 70,000 entries and 5.00 MB scanned, stopped, 812 ms, as of sequence 1,234',
    );
  });
});
