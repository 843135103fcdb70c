import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { TimelineChunk, TimelineInfo } from '../../../engine/model/timeline/columns.ts';
import { TreeAt } from '../../../engine/model/timeline/timeline.ts';
import type { ToView } from '../../../engine/protocol/viewApi.ts';
import type { Host } from '../../../webview/ui/host.ts';
import { csv, csvField, fileName } from '../../../webview/visualizer/csv.ts';
import { Data, livesOf } from '../../../webview/visualizer/data.ts';
import { eventsCsv } from '../../../webview/visualizer/export.ts';
import { KeyCache } from '../../../webview/visualizer/keys.ts';
import { fromSaved, LAYOUT, type SavedPicks, toSaved } from '../../../webview/visualizer/saved.ts';
import { sameKind, seek } from '../../../webview/visualizer/seek.ts';
import { INITIAL, ViewState } from '../../../webview/visualizer/state.ts';
import { sortLives } from '../../../webview/visualizer/tables.ts';
import { makeSummary } from '../../e2e/pages/data.ts';
import { chunkOf, type History, infoOf, makeHistory } from '../../e2e/pages/history.ts';

/** A host whose engine answers from `histories`, each call in a turn of its own. */
class FakeHost {
  readonly calls: string[] = [];
  readonly histories: Map<number, History>;
  inFlight = 0;
  most = 0;
  failing = false;
  more: Partial<TimelineInfo> = {};

  constructor(histories: Map<number, History>) {
    this.histories = histories;
  }

  call(method: string, params: unknown): { result: Promise<unknown>; cancel(): void } {
    const p = params as { family: number; epoch: number; from: number; count: number };
    this.calls.push(method === 'timelineChunk' ? `${method} ${p.from}+${p.count}` : method);
    this.inFlight++;
    this.most = Math.max(this.most, this.inFlight);
    const result = wait(1).then((): TimelineInfo | TimelineChunk => {
      this.inFlight--;
      const h = this.histories.get(p.family);
      if (h === undefined || this.failing) throw new Error('it failed');
      if (method === 'timeline') return { ...infoOf(h, p.family, 'default'), ...this.more };
      if (p.epoch !== h.epoch) throw new Error('this history is over');
      return chunkOf(h, p.from, p.count);
    });
    return { result, cancel: () => {} };
  }

  do(): void {}
}

function start(h: History, state = new ViewState(), restored?: SavedPicks) {
  const host = new FakeHost(new Map([[0, h]]));
  const data = new Data(host as unknown as Host, state, restored, () => {});
  const summary = makeSummary('huge');
  const tell = (message: ToView): void => data.receive(message as never);
  const settled = async (): Promise<void> => {
    await wait(160);
    while (host.inFlight > 0 || data.status.pulling !== undefined) await wait(5);
    await wait(5);
  };
  tell({ t: 'init', init: { view: 'visualizer', storeName: 'store', summary } });
  return { host, data, state, summary, tell, settled };
}

describe('data of the visualiser', () => {
  it('pulls a long history in bounded chunks, two at a time, and paints on the way', async () => {
    const { host, data, state, settled } = start(makeHistory('long'));
    const seen: number[] = [];
    data.onData(() => seen.push(data.timeline.events));
    await settled();
    assert.equal(data.timeline.events, 9000);
    assert.equal(state.now.at, 9000);
    assert.equal(host.most, 2);
    const chunks = ['timelineChunk 0+4096', 'timelineChunk 4096+4096', 'timelineChunk 8192+808'];
    assert.deepEqual(host.calls, ['timeline', ...chunks]);
    assert.deepEqual([...new Set(seen)], [0, 4096, 8192, 9000]);
  });

  it('grows: at the newest edit it follows, elsewhere it stays', async () => {
    const h = makeHistory('live');
    const { host, data, state, summary, tell, settled } = start(h);
    await settled();
    assert.equal(state.now.at, 200);
    const { timeline } = data;
    h.shown = 210;
    tell({ t: 'storeChanged', summary });
    tell({ t: 'storeChanged', summary });
    await settled();
    assert.equal(data.timeline, timeline);
    assert.deepEqual(host.calls.slice(2), ['timeline', 'timelineChunk 200+10']);
    assert.equal(state.now.at, 210);
    seek(data, 150);
    h.shown = 220;
    tell({ t: 'storeChanged', summary });
    await settled();
    assert.deepEqual([data.timeline.events, state.now.at, state.now.follow], [220, 150, false]);
  });

  it('asks again for what is told otherwise by now', async () => {
    const h = makeHistory('live');
    const { host, data, summary, tell, settled } = start(h);
    host.more = { settled: 190, revision: 1 };
    tell({ t: 'storeChanged', summary });
    await settled();
    (h.events[195] as { why: string }).why = 'told later';
    host.calls.length = 0;
    host.more = { settled: 205, revision: 2 };
    h.shown = 205;
    tell({ t: 'storeChanged', summary });
    await settled();
    assert.deepEqual(host.calls, ['timeline', 'timelineChunk 190+10', 'timelineChunk 200+5']);
    assert.equal(data.timeline.reason(195), 'told later');
    assert.equal(data.timeline.events, 205);
  });

  it('puts another epoch in its place whole, at the same edit and with the same tables picked', async () => {
    const h = makeHistory('live');
    const { data, state, summary, tell, settled } = start(h);
    await settled();
    const old = data.timeline;
    const tree = new TreeAt(old);
    tree.seek(120);
    const life = tree.lives(2)[0] as number;
    state.set({ selected: [life] });
    seek(data, 120);
    h.epoch++;
    const seen = new Set<number>();
    data.onData(() => seen.add(data.timeline.events));
    tell({ t: 'storeChanged', summary });
    await settled();
    assert.notEqual(data.timeline, old);
    assert.deepEqual([...seen], [200]);
    assert.equal(state.now.at, 120);
    assert.deepEqual(
      state.now.selected.map((l) => data.timeline.number[l]),
      [old.number[life]],
    );
  });

  it('says what failed, and is whole after another try', async () => {
    const h = makeHistory('live');
    const { host, data, settled } = start(h);
    host.failing = true;
    await settled();
    assert.match(data.status.error ?? '', /could not be read: it failed/);
    host.failing = false;
    data.retry();
    await settled();
    assert.deepEqual([data.status.error, data.timeline.events], [undefined, 200]);
  });

  it('does what it was asked for once the history is there', async () => {
    const h = makeHistory('live');
    const { data, state, tell, settled } = start(h, new ViewState({ ...INITIAL, at: 3, follow: false }), {
      tables: [],
      search: '',
    });
    const number = 30;
    tell({ t: 'request', request: { ask: 'select', family: 0, tables: [number] } });
    await settled();
    const life = livesOf(data.timeline, [number])[0] as number;
    assert.deepEqual(state.now.selected, [life]);
    assert.equal(data.timeline.isLive(life, state.now.at), true);
  });
});

describe('what was picked before a reload', () => {
  it('is picked again, in the life that is live at the place', async () => {
    const h = makeHistory('typical');
    const move = h.events.findIndex((e) => e.added.length === 1 && e.added[0]?.number !== undefined && e.kind === 3);
    const number = h.events[move]?.added[0]?.number as number;
    const state = new ViewState({ ...INITIAL, at: move, follow: false });
    const { data, settled } = start(h, state, { tables: [number, 1e9], search: '' });
    await settled();
    const [life] = state.now.selected;
    assert.equal(state.now.selected.length, 1);
    assert.equal(data.timeline.number[life as number], number);
    assert.equal(data.timeline.isLive(life as number, move), true);
    assert.ok((data.timeline.died[life as number] as number) === move);
  });
});

describe('moving', () => {
  it('stays within the history, and knows the newest edit', async () => {
    const { data, state, settled } = start(makeHistory('small'));
    await settled();
    seek(data, -5);
    assert.deepEqual([state.now.at, state.now.follow], [0, false]);
    seek(data, 99);
    assert.deepEqual([state.now.at, state.now.follow], [12, true]);
    const next = sameKind(data.timeline, 0, 1);
    assert.ok(next > 0 && data.timeline.kind[next] === data.timeline.kind[0]);
    assert.equal(sameKind(data.timeline, 0, -1), -1);
  });

  it('sorts tables, the unknown last', async () => {
    const { data, settled } = start(makeHistory('typical'));
    await settled();
    const t = data.timeline;
    const lives = Uint32Array.of(5, 2, 9, 7);
    t.entries[2] = Number.NaN;
    for (const down of [false, true]) {
      const sorted = sortLives(t, lives, 'entries', down);
      assert.equal(sorted[3], 2);
      const values = [...sorted.subarray(0, 3)].map((l) => t.entries[l] as number);
      assert.deepEqual(
        values,
        [...values].sort((a, b) => (down ? b - a : a - b)),
      );
    }
    assert.deepEqual([...sortLives(t, lives, '', false)], [...lives]);
  });
});

describe('KeyCache', () => {
  it('asks once for each position, in one batch, and forgets on clear', async () => {
    const asked: (readonly number[])[] = [];
    let run: () => void = () => {};
    let release: (keys: Uint8Array[]) => void = () => {};
    const cache = new KeyCache({
      fetch: (positions) => {
        asked.push(positions);
        return new Promise((done) => {
          release = done;
        });
      },
      soon: (action) => {
        run = action;
      },
    });
    let told = 0;
    cache.on(() => told++);
    assert.equal(cache.at(1), undefined);
    assert.equal(cache.at(2.5), undefined);
    assert.equal(cache.at(1), undefined);
    assert.equal(cache.at(Number.NaN), undefined);
    run();
    assert.deepEqual(asked, [[1, 2.5]]);
    cache.at(1);
    release([Uint8Array.of(1), Uint8Array.of(2)]);
    await wait(1);
    assert.equal(told, 1);
    assert.deepEqual(cache.at(2.5), Uint8Array.of(2));
    cache.at(7);
    run();
    cache.clear();
    release([Uint8Array.of(9)]);
    await wait(1);
    assert.equal(told, 1);
    assert.equal(cache.at(7), undefined);
    assert.equal(asked.length, 2);
  });

  it('does not ask again and again for what fails', async () => {
    let asked = 0;
    let run: () => void = () => {};
    const cache = new KeyCache({
      fetch: () => {
        asked++;
        return Promise.reject(new Error('no'));
      },
      soon: (action) => {
        run = action;
      },
    });
    cache.at(1);
    run();
    await wait(1);
    cache.at(1);
    assert.equal(asked, 1);
    cache.retry();
    cache.at(1);
    run();
    assert.equal(asked, 2);
  });
});

describe('CSV', () => {
  it('quotes, and disarms formulas', () => {
    assert.equal(csvField('plain'), 'plain');
    assert.equal(csvField('a "b", c'), '"a ""b"", c"');
    assert.equal(csvField('=1+1'), "'=1+1");
    assert.equal(csvField('@x,y'), `"'@x,y"`);
    assert.equal(csvField('-3'), "'-3");
    assert.equal(csvField(-3), '-3');
    assert.equal(csvField(Number.NaN), '');
    assert.equal(csvField('\tx'), "'\tx");
    assert.equal(csvField('a\nb'), '"a\nb"');
    assert.equal(
      csv(
        ['a', 'b'],
        [
          [1, 'x'],
          ['', Number.NaN],
        ],
      ),
      'a,b\r\n1,x\r\n,\r\n',
    );
  });

  it('names files without anything that a path could misread', () => {
    assert.equal(fileName(['a store', '../../etc', 'x'], 'csv'), 'a-store-etc-x.csv');
    assert.equal(fileName(['', '...'], 'png'), 'lsm.png');
    assert.equal(fileName(['größe'], 'svg'), 'größe.svg');
  });

  it('has a line for each edit', async () => {
    const { data, settled } = start(makeHistory('small'));
    await settled();
    const lines = eventsCsv(data).trimEnd().split('\r\n');
    assert.equal(lines.length, 13);
    const columns = (lines[0] ?? '').split(',').length;
    assert.equal(columns, 14);
    assert.match(lines[1] ?? '', /^1,2026-01-05 [\d:.]+,flush,manifest,told,/);
  });
});

describe('saved state', () => {
  it('survives JSON', () => {
    const state = { ...INITIAL, family: 3, at: 12, follow: false, axis: 'bytes' as const, speed: 50 };
    const layout = { ...LAYOUT, side: 'explain' as const, curves: ['tables' as const] };
    const search = { key: Uint8Array.of(0, 255), position: 3, exact: true };
    const saved = toSaved({ ...state, search, selected: [1, 2] }, layout, [40, 41]);
    const back = fromSaved(JSON.parse(JSON.stringify(saved)));
    assert.deepEqual(back, { state, layout, picks: { tables: [40, 41], search: '00ff' } });
  });

  it('takes no part that makes no sense, and nothing that is not ours', () => {
    for (const bad of [undefined, null, 7, 'x', {}, { state: null }, { state: { family: 'a' } }, []]) {
      assert.equal(fromSaved(bad), undefined);
    }
    const back = fromSaved({
      state: { family: 1, at: -3, axis: 'sideways', window: { from: 0.5, to: 0.2 }, speed: Number.NaN, colour: 'age' },
      layout: { side: 'left', sideWidth: 1e9, curves: ['bytes', 'nonsense', 'bytes'], curvesOpen: 1 },
      picks: { tables: [7, 'x', 1.5], search: '0g' },
    });
    assert.deepEqual(back, {
      state: { ...INITIAL, family: 1, colour: 'age' },
      layout: { ...LAYOUT, curves: ['bytes'] },
      picks: { tables: [7], search: '' },
    });
  });
});
