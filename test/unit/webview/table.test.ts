/** Words, strip and saved state of the table editor: the parts of it that need no page. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import type { FilterProfile, TableProfile } from '../../../engine/protocol/engineApi.ts';
import { propertyNote, propertyReading } from '../../../webview/table/propertyNotes.ts';
import { axisTop, stripColumns } from '../../../webview/table/stripModel.ts';
import { isTableUi, type TableUi } from '../../../webview/table/uiState.ts';
import {
  blocksCsv,
  bucketRange,
  bucketsShown,
  bucketTick,
  filterVerdict,
  percent,
  savedBy,
} from '../../../webview/table/words.ts';
import { random } from '../../support/random.ts';

describe('table editor: words', () => {
  it('shares have the digits that they need', () => {
    const cases: [number, string][] = [
      [0, '0 %'],
      [1, '100 %'],
      [0.9995, '100 %'],
      [0.031, '3.1 %'],
      [0.0092, '0.92 %'],
      [0.00018, '0.018 %'],
      [1e-9, '< 0.001 %'],
      [Number.NaN, '–'],
    ];
    for (const [share, text] of cases) assert.equal(percent(share), text);
    assert.equal(savedBy(300, 200), '1.50×');
    assert.equal(savedBy(0, 0), '–');
  });

  it('buckets of histograms are named by their sizes', () => {
    assert.deepEqual([0, 1, 2, 5, 11].map(bucketRange), ['0', '1', '2–3', '16–31', '1,024–2,047']);
    assert.deepEqual([0, 1, 5, 11, 17, 21, 31].map(bucketTick), ['0', '1', '16', '1K', '64K', '1M', '1G']);
    assert.deepEqual(bucketsShown([]), { first: 0, last: -1 });
    assert.deepEqual(bucketsShown([0, 0, 0, 7, 1]), { first: 2, last: 5 });
    assert.deepEqual(bucketsShown([3]), { first: 0, last: 1 });
  });

  it('a filter is judged by what it denies first, then by its rate', () => {
    const f = (more: Partial<FilterProfile>): FilterProfile => ({
      name: 'x',
      kind: 'full',
      bytes: 100,
      keys: 80,
      bitsPerKey: 10,
      hashes: 6,
      probes: 20_000,
      falsePositives: 190,
      expectedRate: 0.0096,
      falseNegatives: 0,
      ...more,
    });
    assert.equal(filterVerdict(f({})).kind, 'good');
    assert.equal(filterVerdict(f({ falsePositives: 0 })).kind, 'good');
    assert.equal(filterVerdict(f({ falsePositives: 900 })).kind, 'fair');
    assert.equal(filterVerdict(f({ falsePositives: 15_000 })).kind, 'bad');
    assert.equal(filterVerdict(f({ falseNegatives: 1 })).kind, 'bad');
    assert.equal(filterVerdict(f({ probes: 0, falsePositives: 0 })).kind, 'fair');
    assert.equal(filterVerdict(f({ expectedRate: null })).kind, 'good');
  });
});

describe('table editor: properties', () => {
  it('known ones are explained, others are not', () => {
    assert.ok(propertyNote('rocksdb.num.entries').length > 10);
    assert.equal(propertyNote('rocksdb.no.such'), '');
    assert.equal(propertyNote('constructor'), '');
    assert.equal(propertyNote('rocksdb.__proto__'), '');
  });

  it('bytes and times are read out', () => {
    assert.equal(propertyReading('rocksdb.data.size', '28000220'), '26.7 MB');
    assert.equal(propertyReading('rocksdb.file.creation.time', '1767312000'), '2026-01-02 00:00:00 UTC');
    assert.equal(propertyReading('rocksdb.num.entries', '28000220'), '');
    assert.equal(propertyReading('rocksdb.creation.time', '0'), '');
    assert.equal(propertyReading('rocksdb.creation.time', '999999999999999'), '');
    assert.equal(propertyReading('rocksdb.data.size', '0x00ff'), '');
  });
});

function blocksOf(raw: readonly number[]): TableProfile['blocks'] {
  return {
    offset: Float64Array.from(raw, (_, i) => i * 100),
    bytes: Float64Array.from(raw, (r) => Math.ceil(r / 2)),
    rawBytes: Float64Array.from(raw),
    entries: new Uint32Array(raw.length),
    compression: new Uint8Array(raw.length),
  };
}

describe('table editor: strip of blocks', () => {
  it('has every block in exactly one column, and loses no large one', () => {
    const next = random(5);
    for (const [n, width] of [
      [0, 500],
      [1, 500],
      [37, 500],
      [500, 500],
      [501, 500],
      [10_007, 733.6],
    ] as const) {
      const raw = Array.from({ length: n }, () => 1 + Math.floor(next() * 20_000));
      const columns = stripColumns(blocksOf(raw), width);
      assert.ok(columns.length <= width && columns.length === Math.min(n, Math.floor(width)));
      let block = 0;
      for (const c of columns) {
        assert.equal(c.first, block);
        assert.ok(c.last >= c.first);
        assert.equal(c.rawBytes, Math.max(...raw.slice(c.first, c.last + 1)));
        block = c.last + 1;
      }
      assert.equal(block, n);
    }
  });

  it('marks a column that holds a block that cannot be read', () => {
    const blocks = blocksOf(Array.from({ length: 100 }, () => 400));
    blocks.compression[57] = 255;
    blocks.rawBytes[57] = 0;
    const columns = stripColumns(blocks, 10);
    assert.deepEqual(
      columns.map((c) => c.damaged),
      columns.map((_, i) => i === 5),
    );
  });

  it('is written as comma-separated values', () => {
    const blocks = blocksOf([400, 500]);
    blocks.entries[0] = 7;
    blocks.compression[1] = 255;
    const profile = {
      blocks,
      compression: [{ compression: 'zstd', blocks: 1, bytes: 200, rawBytes: 400 }],
    } as unknown as TableProfile;
    assert.equal(
      blocksCsv(profile),
      'block,offset,stored_bytes,raw_bytes,compression,entries\n0,0,200,400,zstd,7\n1,100,250,,unreadable,\n',
    );
  });

  it('has a round top', () => {
    for (const bytes of [1, 3, 1000, 4096, 4097, 17_000, 65_536]) {
      const top = axisTop(bytes);
      assert.ok(top >= bytes && top < bytes * 1.3, `${bytes}: ${top}`);
    }
    assert.equal(axisTop(0), 1);
    assert.equal(axisTop(4097), 5120);
  });
});

describe('table editor: saved state', () => {
  const grid = { row: 1.5, left: 0, selected: -1, widths: { key: null, seq: 80 } };
  const ui: TableUi = {
    tab: 'blocks',
    figures: 'charts',
    format: 'text',
    blocks: grid,
    entries: grid,
    block: 4,
    detail: 200,
    search: 'x',
  };

  it('is taken only whole', () => {
    assert.ok(isTableUi(JSON.parse(JSON.stringify(ui))));
    assert.ok(isTableUi({ ...ui, block: null }));
    for (const name of Object.keys(ui)) assert.ok(!isTableUi({ ...ui, [name]: {} }), name);
    for (const wrong of [null, 3, {}, { ...ui, block: -1 }, { ...ui, block: 0.5 }, { ...ui, detail: Number.NaN }]) {
      assert.ok(!isTableUi(wrong));
    }
  });
});
