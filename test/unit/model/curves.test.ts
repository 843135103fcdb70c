/** Curves against their definitions, reckoned anew for every event. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { BYTEWISE } from '../../../engine/iter/order.ts';
import type { EventKind, PlacedTable, TreeEvent } from '../../../engine/model/events.ts';
import { storeMetrics } from '../../../engine/model/metrics.ts';
import {
  type LeveledShapeOptions,
  levelDbScores,
  levelTargets,
  pendingCompactionBytes,
  rocksDbScores,
} from '../../../engine/model/score.ts';
import { HistoryBuilder } from '../../../engine/model/timeline/builder.ts';
import { type CurveShape, Curves } from '../../../engine/model/timeline/curves.ts';
import { Timeline, TreeAt } from '../../../engine/model/timeline/timeline.ts';
import { random } from '../../support/random.ts';

const OPTIONS = {
  max_bytes_for_level_base: '40000',
  max_bytes_for_level_multiplier: '4',
  level0_file_num_compaction_trigger: '3',
};

/** Tables come and go at random; half of them say how many deletions they hold. */
function randomHistory(seed: number, count: number): HistoryBuilder {
  const next = random(seed);
  const live: PlacedTable[] = [];
  const builder = new HistoryBuilder({ compareUser: BYTEWISE.compareUser, direction: 'ascending' });
  const kinds: EventKind[] = ['flush', 'compaction', 'ingest', 'drop', 'move', 'unknown'];
  let number = 1;
  for (let seq = 1; seq <= count; seq++) {
    const removed = live.splice(0, Math.floor(next() * Math.min(4, live.length)));
    const added = Array.from({ length: Math.floor(next() * 4) }, (): PlacedTable => {
      const key = utf8(`k${number}`);
      const bound = { key, seq: 1, type: 'put' as const };
      const bytes = Math.floor(next() * 50_000);
      return { number: number++, level: Math.floor(next() * 4), bytes, smallest: bound, largest: bound };
    });
    live.push(...added);
    const kind = kinds[Math.floor(next() * kinds.length)] as EventKind;
    const event: TreeEvent = {
      seq,
      source: 'manifest',
      inferred: true,
      kind,
      family: 0,
      familyName: '',
      removed,
      added,
    };
    const e = builder.append(event, false);
    builder.eachLife(e, (life, n) => {
      const note = { entries: 10, rawBytes: 1, filterBytes: 1, createdAt: 1 };
      if (n % 2 === 0) builder.describe(life, { ...note, deletions: n });
    });
  }
  for (const _ of builder.keys.rank());
  return builder;
}

const SHAPES: [string, CurveShape][] = [
  ['static targets', { engine: 'rocksdb', compaction: 'leveled', options: OPTIONS }],
  [
    'dynamic targets',
    { engine: 'rocksdb', compaction: 'leveled', options: { ...OPTIONS, level_compaction_dynamic_level_bytes: 'true' } },
  ],
  ['universal', { engine: 'rocksdb', compaction: 'universal', options: OPTIONS }],
  ['fifo', { engine: 'rocksdb', compaction: 'fifo', options: { compaction_options_fifo: '{allow_compaction=true}' } }],
  ['LevelDB', { engine: 'leveldb', compaction: 'leveled', options: {} }],
];

describe('curves', () => {
  for (const [name, shape] of SHAPES) {
    it(`are what the tree is at every place: ${name}`, () => {
      const builder = randomHistory(11, 300);
      const timeline = new Timeline();
      const curves = new Curves(timeline, shape);
      // In three helpings, of which the first has none of the deepest level.
      for (const end of [2, 100, 300]) {
        timeline.append(builder.chunk(1, timeline.events, end - timeline.events));
        curves.grow();
      }
      assert.equal(curves.places, 301);
      const at = new TreeAt(timeline);
      let written = 0;
      let arrived = 0;
      for (let place = 0; place <= 300; place++) {
        at.seek(place);
        const levels = curves.bytes.map((_, level) => {
          const bytes = [...at.lives(level)].reduce((n, life) => n + (timeline.bytes[life] as number), 0);
          return { level, tables: at.lives(level).length, bytes };
        });
        assert.deepEqual(
          curves.bytes.map((b) => b[place]),
          levels.map((l) => l.bytes),
        );
        assert.deepEqual(
          curves.tables.map((b) => b[place]),
          levels.map((l) => l.tables),
        );
        const metrics = storeMetrics([{ levels }]);
        assert.equal(curves.sortedRuns[place], metrics.readAmplification);
        assert.equal(curves.spaceAmplification[place], metrics.spaceAmplification);
        const scores =
          shape.engine === 'leveldb' ? levelDbScores(levels) : rocksDbScores(levels, shape.options, shape.compaction);
        assert.deepEqual(
          curves.scores.map((s) => s[place]),
          scores.map((s) => s.score ?? Number.NaN),
          `place ${place}`,
        );
        const known = levels
          .flatMap(({ level }) => [...at.lives(level)])
          .map((life) => timeline.deletions[life] as number);
        const told = known.filter((n) => !Number.isNaN(n));
        const deletions = told.length === 0 && known.length > 0 ? Number.NaN : told.reduce((n, d) => n + d, 0);
        if (levels.some((l) => l.bytes > 0)) assert.equal(curves.tombstones[place], deletions);
        if (place > 0) {
          const kind = timeline.kind[place - 1];
          const wrote = timeline.writtenBytes[place - 1] as number;
          if (!Number.isNaN(wrote)) written += wrote;
          if (kind === 1 || kind === 4) arrived += wrote;
          assert.equal(curves.writtenBytes[place], wrote);
        }
        assert.equal(curves.writeAmplification[place], arrived === 0 ? Number.NaN : written / arrived);
        assert.equal(Number.isNaN(curves.pendingBytes[place]), !(shape.compaction === 'leveled'));
      }
      assert.ok(written > arrived && arrived > 0);
    });
  }
});

describe('pending compaction bytes', () => {
  const shape: LeveledShapeOptions = {
    num_levels: 5,
    level0_file_num_compaction_trigger: 4,
    max_bytes_for_level_base: 100,
    max_bytes_for_level_multiplier: 10,
    level_compaction_dynamic_level_bytes: false,
  };
  const pending = (l0: number, bytes: number[]): number =>
    pendingCompactionBytes(l0, bytes, shape, levelTargets(bytes, shape));

  it('are nothing while no level is over its target', () => {
    assert.equal(pending(3, [99, 100, 1000, 0, 0]), 0);
  });

  it('are L0 and the base level once L0 is due', () => {
    assert.equal(pending(4, [40, 50, 0, 0, 0]), 90);
    assert.equal(pending(1, [100, 0, 0, 0, 0]), 100, 'by bytes too');
  });

  it('are what is over the target, times the fan-out below', () => {
    // 60 of 160 bytes go down into 320: 60 * (320 / 160 + 1).
    assert.equal(pending(0, [0, 160, 320, 0, 0]), 180);
    // L0 brings 40: 100 bytes of 200 go down; L2 then has 1100, of which 100 go into 2200.
    assert.equal(pending(4, [40, 160, 1000, 2200, 0]), 40 + 160 + 100 * (1000 / 200 + 1) + 100 * (2200 / 1100 + 1));
  });
});
