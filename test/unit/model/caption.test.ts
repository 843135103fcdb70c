import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BYTEWISE } from '../../../engine/iter/order.ts';
import type { TableId, TreeEvent } from '../../../engine/model/events.ts';
import { HistoryBuilder } from '../../../engine/model/timeline/builder.ts';
import {
  captionOf,
  captionOfEvent,
  REASON_WORDS,
  reasonWords,
  shortBytes,
} from '../../../engine/model/timeline/caption.ts';
import { Timeline } from '../../../engine/model/timeline/timeline.ts';

const MB = 2 ** 20;
const tables = (level: number, numbers: readonly number[], bytes: number): TableId[] =>
  numbers.map((number) => ({ number, level, bytes: bytes / numbers.length }));
const event = (
  kind: TreeEvent['kind'],
  removed: TableId[],
  added: TableId[],
  more: Partial<TreeEvent> = {},
): TreeEvent => {
  const base = { seq: 1, source: 'manifest', inferred: false, family: 0, familyName: 'default' } as const;
  return { ...base, kind, removed, added, ...more };
};

const compaction = event(
  'compaction',
  [...tables(1, [4, 5, 6, 7, 8], 40 * MB), ...tables(0, [1, 2, 3], 12 * MB)],
  tables(1, [10, 11, 12, 13, 14, 15], 48 * MB),
  { why: 'LevelL0FilesNum' },
);

describe('captions', () => {
  it('say what a compaction did, and why', () => {
    const { text, constant, what } = captionOfEvent(compaction);
    assert.equal(text, 'compacted 3 at L0 (12 MB) + 5 at L1 (40 MB) into 6 at L1 (48 MB), reason: L0 files');
    assert.equal(constant, 'LevelL0FilesNum');
    assert.equal(what, 'compacted 3 at L0 (12 MB) + 5 at L1 (40 MB) into 6 at L1 (48 MB)');
  });

  it('are the same for an event of a timeline, with what it cost', () => {
    const builder = new HistoryBuilder({ compareUser: BYTEWISE.compareUser, direction: 'ascending' });
    builder.append(event('flush', [], tables(0, [1, 2, 3], 12 * MB)), false);
    builder.append(event('unknown', [], tables(1, [4, 5, 6, 7, 8], 40 * MB)), true);
    const facts = {
      finishedAt: 9,
      micros: 2e6,
      readBytes: 52 * MB,
      writtenBytes: 48 * MB,
      recordsIn: 9,
      recordsOut: 8,
    };
    builder.append(compaction, false, facts);
    for (const _ of builder.keys.rank());
    const timeline = new Timeline();
    timeline.append(builder.chunk(1, 0, 3));
    const said = captionOf(timeline, 2);
    assert.equal(said.text, `${captionOfEvent(compaction).text}; 2 s, 50 MB/s`);
    assert.equal(said.cost, '2 s, 50 MB/s');
    assert.equal(captionOf(timeline, 0).text, 'flushed 3 into L0 (12 MB)');
    assert.equal(captionOf(timeline, 1).text, 'history starts here: 5 tables (40 MB): 5 at L1 (40 MB)');
  });

  it('of the other kinds', () => {
    const one = tables(0, [1], 1536);
    const cases: [TreeEvent, string][] = [
      [event('flush', [], one, { why: 'Write Buffer Full' }), 'flushed 1 into L0 (1.5 KB), reason: write buffer full'],
      [event('move', one, tables(2, [1], 1536)), 'moved 1 at L0 (1.5 KB) to L2'],
      [event('ingest', [], tables(6, [1, 2], 10), { why: 'ExternalSstIngestion' }), 'ingested 2 into L6 (10 B)'],
      [
        event('drop', one, [], { why: 'FIFO: size 123', inferred: true }),
        'dropped 1 at L0 (1.5 KB), reason: over the size limit (inferred)',
      ],
      [event('compaction', one, []), 'compacted 1 at L0 (1.5 KB) into nothing'],
      [
        event('compaction', [...one, ...tables(1, [2], 2048)], [...tables(1, [2], 2048), ...tables(1, [3], 1024)]),
        'compacted 1 at L0 (1.5 KB) into 1 at L1 (1 KB), moved 1 at L1 (2 KB) to L1',
      ],
      [event('unknown', one, one), 'wrote anew what is known of 1 at L0 (1.5 KB)'],
      [event('unknown', [], one), 'removed nothing, added 1 at L0 (1.5 KB)'],
      [
        event('compaction', one, tables(1, [2], 10), { why: '1@0 + 0@1 files' }),
        'compacted 1 at L0 (1.5 KB) into 1 at L1 (10 B)',
      ],
    ];
    for (const [e, text] of cases) assert.equal(captionOfEvent(e).text, text);
  });

  it('keep a reason that they have no words for', () => {
    const { reason, constant } = captionOfEvent({ ...compaction, why: 'NewInVersion99' });
    assert.equal(reasonWords('toString'), 'toString');
    assert.equal(reasonWords('FIFO: creation time 17'), 'older than the time to live');
    assert.deepEqual([reason, constant], ['NewInVersion99', 'NewInVersion99']);
    assert.ok(Object.values(REASON_WORDS).every((w) => w === w.trim() && !w.endsWith('.')));
  });

  it('show bytes with as many digits as they need', () => {
    const sizes: [number, string][] = [
      [0, '0 B'],
      [1023, '1023 B'],
      [1024, '1 KB'],
      [1536, '1.5 KB'],
      [100 * MB, '100 MB'],
      [10.5 * MB, '10.5 MB'],
      [1000 * MB, '1000 MB'],
    ];
    for (const [n, text] of sizes) assert.equal(shortBytes(n), text);
  });
});
