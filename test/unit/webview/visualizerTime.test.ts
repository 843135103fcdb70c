import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TimelineInfo } from '../../../engine/model/timeline/columns.ts';
import { Timeline } from '../../../engine/model/timeline/timeline.ts';
import { columnsOf, extremes, means, placesIn, yMarks } from '../../../webview/visualizer/decimate.ts';
import { broadBands, density, LANE_OF, stallBands } from '../../../webview/visualizer/density.ts';
import {
  hasTimes,
  numberTicks,
  panned,
  placeTimes,
  TimeScale,
  timeTicks,
  zoomed,
} from '../../../webview/visualizer/timeScale.ts';
import { chunkOf, type History, infoOf, makeHistory } from '../../e2e/pages/history.ts';

function timelineOf(h: History): Timeline {
  const t = new Timeline();
  while (t.events < h.shown) t.append(chunkOf(h, t.events, 100));
  return t;
}

/** A number in [0, 1) by a small generator with a seed. */
function dice(seed: number): () => number {
  let x = seed;
  return () => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    return x / 2 ** 32;
  };
}

describe('times of places', () => {
  it('puts what nobody tells in between, and never goes back', () => {
    const t = timelineOf(makeHistory('small'));
    t.at.set([Number.NaN, 100, Number.NaN, Number.NaN, 400, 300, Number.NaN]);
    t.at.fill(Number.NaN, 7);
    const times = placeTimes(t);
    assert.equal(times.length, t.events + 1);
    assert.deepEqual([...times.subarray(0, 9)], [100, 100, 100, 200, 300, 400, 400, 400, 400]);
  });

  it('has none where no event has one', () => {
    const t = timelineOf(makeHistory('small'));
    t.at.fill(Number.NaN);
    assert.equal(placeTimes(t).length, 0);
    assert.equal(new TimeScale('time', t.events, placeTimes(t)).axis, 'event');
  });

  it('counts time only where half of the events have one', () => {
    const h = makeHistory('typical');
    const t = timelineOf(h);
    const info: TimelineInfo = infoOf(h, 0, 'default');
    assert.equal(hasTimes(info, placeTimes(t)), true);
    assert.equal(hasTimes({ ...info, timedEvents: 199 }, placeTimes(t)), false);
    assert.equal(hasTimes(undefined, placeTimes(t)), false);
  });
});

describe('TimeScale', () => {
  for (const axis of ['event', 'time'] as const) {
    it(`${axis}: a place's value leads back to the place, or to one of the same time`, () => {
      const t = timelineOf(makeHistory('typical'));
      const scale = new TimeScale(axis, t.events, placeTimes(t));
      assert.equal(scale.axis, axis);
      for (let place = 0; place <= t.events; place++) {
        const value = scale.value(place);
        assert.ok(value >= scale.first && value <= scale.last);
        assert.equal(scale.value(scale.place(value)), value);
        assert.ok(scale.lastAt(value) >= place);
      }
      assert.equal(scale.place(scale.first), 0);
      assert.equal(scale.place(Number.POSITIVE_INFINITY), t.events);
      assert.equal(scale.place(Number.NEGATIVE_INFINITY), 0);
    });

    it(`${axis}: any value leads to the nearest place (seed 7)`, () => {
      const t = timelineOf(makeHistory('typical'));
      const scale = new TimeScale(axis, t.events, placeTimes(t));
      const random = dice(7);
      for (let i = 0; i < 300; i++) {
        const value = scale.first + random() * (scale.last - scale.first);
        const found = Math.abs(scale.value(scale.place(value)) - value);
        let best = Number.POSITIVE_INFINITY;
        for (let p = 0; p <= t.events; p++) best = Math.min(best, Math.abs(scale.value(p) - value));
        assert.equal(found, best);
      }
    });
  }

  it('finds moments on the axis of edits', () => {
    const scale = new TimeScale('event', 3, Float64Array.of(10, 10, 20, 40));
    assert.equal(scale.valueOfTime(20), 2);
    assert.equal(scale.valueOfTime(30), 2.5);
    assert.equal(scale.valueOfTime(1000), 3);
    assert.equal(new TimeScale('event', 3, new Float64Array(0)).valueOfTime(20), undefined);
  });

  it('takes a history without events', () => {
    const scale = new TimeScale('event', 0, placeTimes(new Timeline()));
    assert.deepEqual([scale.first, scale.last, scale.place(5), scale.lastAt(-3)], [0, 1.25, 0, 0]);
  });
});

describe('windows', () => {
  it('stay on the axis, and keep what is under the pointer (seed 11)', () => {
    const random = dice(11);
    let window = { from: 0, to: 1 };
    for (let i = 0; i < 2000; i++) {
      const about = window.from + random() * (window.to - window.from);
      const share = (about - window.from) / (window.to - window.from);
      const next = random() < 0.7 ? zoomed(window, 0.5 + random(), about, 0.001) : panned(window, random() - 0.5);
      assert.ok(next.from >= 0 && next.to <= 1 + 1e-12 && next.to > next.from);
      const free = next.from > 0 && next.to < 1;
      const zoom = Math.abs(next.to - next.from - (window.to - window.from)) > 1e-12;
      if (free && zoom) assert.ok(Math.abs((about - next.from) / (next.to - next.from) - share) < 1e-6);
      window = next;
    }
    assert.ok(zoomed(window, 1e-9, 0.5, 0.01).to - zoomed(window, 1e-9, 0.5, 0.01).from >= 0.01 - 1e-12);
  });
});

describe('ticks', () => {
  it('are round numbers within the ends', () => {
    assert.deepEqual(numberTicks(0, 400, 8), [0, 50, 100, 150, 200, 250, 300, 350, 400]);
    assert.deepEqual(numberTicks(3.2, 7.7, 10), [4, 5, 6, 7]);
  });

  it('are round moments in UTC', () => {
    const at = Date.UTC(2026, 0, 5, 8, 0, 3) * 1000;
    const labels = timeTicks(at, at + 60e6, 4).map((t) => t.label);
    assert.deepEqual(labels, ['08:00:15', '08:00:30', '08:00:45', '08:01:00']);
    assert.equal(timeTicks(at, at + 40 * 86_400e6, 8)[0]?.label.length, 10);
    assert.ok(timeTicks(0, 8e18, 8).length < 2000);
  });

  it('of a y-axis reach over the largest value, bytes in binary units', () => {
    assert.deepEqual(yMarks(17, 'count'), [0, 10, 20]);
    assert.deepEqual(yMarks(1.4 * 2 ** 30, 'bytes'), [0, 0.75 * 2 ** 30, 1.5 * 2 ** 30]);
    assert.deepEqual(yMarks(11, 'count'), [0, 10, 20]);
    assert.deepEqual(yMarks(1, 'count'), [0, 1, 2]);
    assert.deepEqual(yMarks(1.2, 'ratio'), [0, 0.75, 1.5]);
    assert.deepEqual(yMarks(0, 'ratio'), [0, 1]);
    assert.deepEqual(yMarks(Number.NaN, 'bytes'), [0, 1]);
  });
});

describe('decimation', () => {
  for (const axis of ['event', 'time'] as const) {
    it(`${axis}: each column has the extremes and the mean of its places`, () => {
      const t = timelineOf(makeHistory('typical'));
      const scale = new TimeScale(axis, t.events, placeTimes(t));
      const { from, to } = scale.range({ from: 0.2, to: 0.7 });
      const random = dice(3);
      const values = Float64Array.from({ length: t.events + 1 }, () => random());
      const width = 40;
      const columns = columnsOf(scale, from, to, width, t.events);
      const [first, last] = placesIn(scale, from, to, t.events);
      assert.deepEqual([columns.from[0], columns.from[width]], [first, last + 1]);
      const spread = extremes(values, columns);
      const middle = means(values, columns);
      for (let c = 0; c < width; c++) {
        const own: number[] = [];
        for (let p = first; p <= last; p++) {
          const x = Math.max(0, Math.min(width - 1, Math.floor(((scale.value(p) - from) / (to - from)) * width)));
          if (x === c) own.push(values[p] as number);
        }
        if (own.length === 0) continue;
        assert.equal(spread[2 * c], Math.min(...own));
        assert.equal(spread[2 * c + 1], Math.max(...own));
        assert.ok(Math.abs((middle[2 * c] as number) - own.reduce((a, b) => a + b, 0) / own.length) < 1e-12);
      }
    });
  }

  it('keeps the value before in columns without a place, and passes over what is unknown', () => {
    const scale = new TimeScale('event', 4, new Float64Array(0));
    const columns = columnsOf(scale, 0, 4, 8, 4);
    const spread = extremes(Float64Array.of(5, Number.NaN, 7, 1, 2), columns);
    assert.deepEqual([...spread.subarray(0, 4)], [5, 5, 5, 5]);
    assert.equal(spread[8], 7);
    assert.deepEqual([...spread.subarray(10, 12)], [7, 7]);
    assert.equal(means(Float64Array.of(5, Number.NaN, 7, 1, 2), columns)[4], Number.NaN);
  });
});

describe('density', () => {
  it('shows each event in its lane, and no more runs than pixels', () => {
    const t = timelineOf(makeHistory('typical'));
    const scale = new TimeScale('event', t.events, placeTimes(t));
    for (const width of [20, 300, 1200]) {
      const { runs, spacing } = density(t, scale, scale.first, scale.last, width);
      assert.equal(spacing, width / t.events);
      for (const run of runs) {
        assert.equal(run.lane, LANE_OF[run.kind]);
        assert.ok(run.from >= 0 && run.to <= width && run.from < run.to && run.weight > 0 && run.weight <= 1);
      }
      for (let e = 0; e < t.events; e++) {
        const x = Math.floor((e + 1) * (width / scale.last));
        const lane = LANE_OF[t.kind[e] as number];
        assert.ok(
          runs.some((r) => r.lane === lane && r.from <= x && x < r.to),
          `event ${e} at ${x} of ${width}`,
        );
      }
    }
  });

  it('tells stretches of stalls from short ones', () => {
    const band = (from: number, to: number) => ({ from, to, kind: 'stop' as const, share: 1 });
    assert.deepEqual(broadBands([], 5), []);
    assert.deepEqual(broadBands([band(0, 2), band(3, 8), band(9, 12), band(12, 14), band(14, 15), band(20, 21)], 5), [
      ...[false, true],
      ...[true, true, true, false],
    ]);
  });

  it('joins stalls by pixel, stops before slowdowns', () => {
    const scale = new TimeScale('time', 2, Float64Array.of(0, 0, 1000));
    const stall = (from: number, to: number, kind: 'slowdown' | 'stop') => ({ from, to, kind, why: '' });
    const bands = stallBands(
      [stall(100, 300, 'slowdown'), stall(200, 300, 'stop'), stall(700, 701, 'slowdown'), stall(5000, 6000, 'stop')],
      scale,
      0,
      1000,
      10,
    );
    assert.deepEqual(
      bands.map((b) => [b.from, b.to, b.kind]),
      [
        [1, 2, 'slowdown'],
        [2, 3, 'stop'],
        [7, 8, 'slowdown'],
      ],
    );
    assert.equal(bands[0]?.share, 1);
    assert.ok((bands[2]?.share ?? 1) < 0.5);
  });
});
