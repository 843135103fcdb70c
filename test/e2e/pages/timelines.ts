/** The host's end of a visualiser page: answers from made-up histories, which tests let grow and run jobs. */
import { StoreError } from '../../../engine/base/errors.ts';
import type { CompactionProgress, FamilySummary, StoreSummary } from '../../../engine/protocol/engineApi.ts';
import type { ToView, VisualizerRequest } from '../../../engine/protocol/viewApi.ts';
import { chunkOf, type History, type HistoryName, infoOf, keyBytes, makeHistory, positionOf } from './history.ts';
import { readPath } from './readPaths.ts';

const NAMES: readonly string[] = ['small', 'typical', 'huge', 'start', 'empty', 'live'];

export interface TimelineHarness {
  readonly summary: StoreSummary;
  readonly histories: ReadonlyMap<number, History>;
  /** The history of another store, shown beside when it is asked for. */
  readonly second: History;
  /** What the host does when another history is to be chosen (which it does by itself here), or none. */
  track(chosen: boolean): void;
  /** Makes so many more events of family 0 come to be, and says that the store has changed. */
  grow(events: number): void;
  /** As if the MANIFEST had been rolled: positions and events handed out before are void. */
  newEpoch(): void;
  /** A compaction under way, at so many percent; its inputs and outputs are the next event's of family 0. */
  run(percent: number): void;
  /** It has ended, and its event is there. */
  finish(): void;
  request(request: VisualizerRequest): void;
  /** Chunk calls fail from now on, or no longer. */
  failing: boolean;
}

/** Chunks are put together before they are asked for, so that a page is measured and not this harness. */
const chunks = new Map<string, unknown>();

export function timelineHarness(
  scenario: string,
  base: StoreSummary,
  post: (message: ToView) => void,
): TimelineHarness {
  const name = (NAMES.includes(scenario) ? scenario : 'typical') as HistoryName;
  const main =
    name === 'empty' ? { ...makeHistory('small'), events: [], keys: new Float64Array(0), shown: 0 } : makeHistory(name);
  const histories = new Map<number, History>([[0, main]]);
  const own = base.families[0] as FamilySummary;
  const families = name === 'typical' ? [own, { ...own, id: 1, name: 'counters', bytes: 1 }] : [own];
  if (name === 'typical') histories.set(1, makeHistory('small'));
  const summary: StoreSummary = { ...base, families, problems: [] };
  if (name === 'huge') {
    infoOf(main, 0, 'default');
    for (let from = 0; from < main.shown; from += 4096) chunk(main, 0, from, Math.min(4096, main.shown - from));
  }
  let generation = 1;
  const changed = (): void => {
    generation++;
    post({ t: 'storeChanged', summary: { ...summary, generation, edits: main.shown } });
  };
  return {
    summary,
    histories,
    second: makeHistory('small'),
    track: (chosen) => {
      const track = { path: '/data/universal', family: 'default', label: 'universal', summary };
      post({ t: 'track', track: chosen ? track : null });
    },
    failing: false,
    grow: (events) => {
      main.shown = Math.min(main.events.length, main.shown + events);
      changed();
    },
    newEpoch: () => {
      main.epoch++;
      changed();
    },
    run: (percent) => post({ t: 'compactionProgress', progress: progressOf(main, percent) }),
    finish: () => {
      post({ t: 'compactionProgress', progress: null });
      main.shown = Math.min(main.events.length, nextCompaction(main) + 1);
      changed();
    },
    request: (request) => post({ t: 'request', request }),
  };
}

function chunk(h: History, family: number | 'track', from: number, count: number): unknown {
  const id = `${family} ${h.epoch} ${from} ${count}`;
  const known = chunks.get(id) ?? chunkOf(h, from, count);
  chunks.set(id, known);
  return known;
}

function nextCompaction(h: History): number {
  return h.events.findIndex((e, i) => i >= h.shown && e.removed.length > 0 && e.added.length > 0);
}

/** The first event to come that merges, as far as it is. */
function progressOf(h: History, percent: number): CompactionProgress {
  const event = h.events[nextCompaction(h)];
  if (event === undefined) throw new Error('no compaction is to come');
  const inputs = h.events.flatMap((e) => e.added).filter((t) => event.removed.includes(t.life));
  const total = inputs.reduce((n, t) => n + t.bytes, 0);
  const out = event.added.reduce((n, t) => n + t.bytes, 0);
  let left = (out * percent) / 100;
  const outputs = event.added.flatMap((t) => {
    const bytes = Math.min(t.bytes, left);
    left -= bytes;
    if (bytes <= 0) return [];
    const hi = t.lo + (t.hi - t.lo) * (bytes / t.bytes);
    return [{ number: t.number, level: t.level, bytes, smallest: keyBytes(t.lo), largest: keyBytes(Math.floor(hi)) }];
  });
  return {
    phase: 'merge',
    family: 'default',
    percent,
    readBytes: (total * percent) / 100,
    writtenBytes: (out * percent) / 100,
    totalBytes: total,
    entries: Math.round((total / 110) * (percent / 100)),
    bytesPerSecond: 84_000_000,
    etaSeconds: ((100 - percent) / 100) * (total / 84e6),
    job: {
      kind: 'compaction',
      family: 0,
      why: event.why,
      inputs: inputs.map((t) => ({ number: t.number, level: t.level, bytes: t.bytes })),
      outputLevel: event.added[0]?.level ?? 1,
      outputs,
    },
  };
}

/** The answer to one of the history's methods; undefined for others. */
export function answerTimeline(harness: TimelineHarness, method: string, params: unknown, of?: 'track'): unknown {
  const p = params as {
    family: number;
    epoch: number;
    from: number;
    count: number;
    positions: readonly number[];
    key: Uint8Array;
  };
  if (!method.startsWith('timeline') && method !== 'explain') return undefined;
  const h = of === 'track' ? harness.second : harness.histories.get(p.family);
  if (h === undefined) throw new StoreError('INPUT', `no family ${p.family}`);
  if (method === 'explain') return readPath(h, p.family, p.key);
  if (method === 'timeline') {
    return infoOf(h, p.family, harness.summary.families.find((f) => f.id === p.family)?.name ?? '');
  }
  if (p.epoch !== h.epoch) throw new StoreError('INPUT', 'this history is over');
  if (method === 'timelineChunk') {
    if (harness.failing) throw new StoreError('IO', 'read of MANIFEST-000187 failed: Input/output error');
    return chunk(h, of ?? p.family, p.from, p.count);
  }
  if (method === 'timelineKeys') {
    return p.positions.map((at) => {
      const key = h.keys[Math.max(0, Math.min(h.keys.length - 1, Math.floor(at)))];
      return key === undefined || at < 0 ? new Uint8Array() : keyBytes(key);
    });
  }
  const digits = /\d+/.exec(new TextDecoder().decode(p.key));
  return positionOf(h, digits === null ? 0 : Number(digits[0]));
}
