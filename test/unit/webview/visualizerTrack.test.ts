import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Curves } from '../../../engine/model/timeline/curves.ts';
import { Timeline } from '../../../engine/model/timeline/timeline.ts';
import { curveOf, TRACK_LEVEL } from '../../../webview/visualizer/curveData.ts';
import { CURVES } from '../../../webview/visualizer/saved.ts';
import { placesAlike, Track } from '../../../webview/visualizer/track.ts';
import { makeSummary } from '../../e2e/pages/data.ts';
import { chunkOf, type History, infoOf, makeHistory } from '../../e2e/pages/history.ts';

function timelineOf(h: History): Timeline {
  const t = new Timeline();
  while (t.events < h.shown) t.append(chunkOf(h, t.events, 100));
  return t;
}

const columns = (...arrivedBytes: number[]) => ({
  places: arrivedBytes.length,
  arrivedBytes: Float64Array.from(arrivedBytes),
});

function trackOf(h: History): Track {
  const summary = makeSummary('store');
  const info = infoOf(h, 0, summary.families[0]?.name ?? '');
  return new Track({ path: '/a', family: 'default', label: 'a', summary }, info, timelineOf(h), 1);
}

function curvesOf(h: History): Curves {
  const family = makeSummary('store').families[0];
  const shape = { engine: 'rocksdb', compaction: family?.compaction ?? '', options: family?.options ?? {} } as const;
  const curves = new Curves(timelineOf(h), shape);
  curves.grow();
  return curves;
}

describe('a second history', () => {
  it('stands where it had taken in as many bytes, and ends where it ends', () => {
    const shown = columns(0, 10, 10, 20, 30, 40, 50);
    assert.deepEqual([...placesAlike(shown, columns(0, 5, 10, 10, 25, 40))], [0, 3, 3, 3, 4, 5, -1]);
    // Flushes that are larger than those on show: the last one that fits.
    assert.deepEqual([...placesAlike(shown, columns(0, 35, 70))], [0, 0, 0, 0, 0, 1, 1]);
    assert.deepEqual([...placesAlike(columns(0), columns(0))], [0]);
    assert.deepEqual([...placesAlike(shown, columns(0))], [0, -1, -1, -1, -1, -1, -1]);
  });

  it('laid beside itself says the same everywhere', () => {
    const h = makeHistory('typical');
    const curves = curvesOf(h);
    const track = trackOf(h);
    for (const id of CURVES) {
      const curve = curveOf(curves, id, track);
      const twin = curve.series.at(-1);
      assert.equal(twin?.level, TRACK_LEVEL);
      const own = curve.series.slice(0, -1);
      let told = 0;
      for (let place = 0; place < curves.places; place++) {
        // Places without new bytes stand at the last of them, where a compaction has changed the tree since.
        if (place + 1 < curves.places && curves.arrivedBytes[place] === curves.arrivedBytes[place + 1]) continue;
        const values = own.map((s) => s.values[place] as number).filter((v) => !Number.isNaN(v));
        const whole = id === 'scores' ? Math.max(...values) : values.reduce((sum, v) => sum + v, 0);
        if (values.length === 0) assert.ok(Number.isNaN(twin?.values[place]), `${id} at ${place}`);
        else assert.equal(twin?.values[place], whole, `${id} at ${place}`);
        told++;
      }
      assert.ok(told > 10, `${told} places`);
    }
  });

  it('is reckoned once for as long as the history on show stays', () => {
    const h = makeHistory('small');
    const curves = curvesOf(makeHistory('typical'));
    const track = trackOf(h);
    const first = track.values(curves, 'writeAmp');
    assert.equal(track.values(curves, 'writeAmp'), first);
    assert.equal(first.length, curves.places);
    assert.notEqual(track.values(curvesOf(makeHistory('typical')), 'writeAmp'), first);
  });
});
