/**
 * The history behind the page: pulled in chunks, grown as the store grows, begun anew when what was handed out
 * is void.
 *
 * 1. `timeline` says how much there is; chunks of at most 4096 events follow, two on their way at a time.
 * 2. A family that is shown for the first time is painted while its events come. A history that replaces one that
 *    is on show (another epoch) is put in its place when it is whole.
 * 3. Whatever makes an answer void (another family, another epoch, a lost engine) raises `#round`; answers to
 *    older rounds are dropped.
 */

import { fromHex } from '../../engine/model/display.ts';
import type { TimelineChunk, TimelineInfo } from '../../engine/model/timeline/columns.ts';
import { Timeline } from '../../engine/model/timeline/timeline.ts';
import type { FamilySummary, StoreSummary } from '../../engine/protocol/engineApi.ts';
import type { ToView, TrackId, VisualizerRequest } from '../../engine/protocol/viewApi.ts';
import { debounce, type Host, type ViewCall } from '../ui/host.ts';
import type { Context } from './context.ts';
import { KeyCache } from './keys.ts';
import type { SavedPicks } from './saved.ts';
import type { ViewState } from './state.ts';
import type { Track } from './track.ts';
import { TrackLoader } from './trackLoader.ts';

const CHUNK_EVENTS = 4096;
const IN_FLIGHT = 2;
/** A busy store changes often; its history is looked at this long after the last change, in milliseconds. */
const GROW_AFTER = 120;

export interface DataStatus {
  /** Events that are there, of how many, while they are pulled. */
  readonly pulling: { readonly done: number; readonly total: number } | undefined;
  /** Why nothing more comes, for people. */
  readonly error: string | undefined;
  /** What did not work of what a person asked for beside the history. */
  readonly complaint: string | undefined;
  /** The engine is gone. */
  readonly lost: boolean;
}

type Message = Exclude<ToView, { t: 'ok' } | { t: 'error' }>;

export class Data implements Context {
  readonly host: Host;
  readonly state: ViewState;
  readonly keys: KeyCache;
  storeName = '';
  #timeline = new Timeline();
  #info: TimelineInfo | undefined;
  #summary: StoreSummary | undefined;
  #status: DataStatus = { pulling: undefined, error: undefined, complaint: undefined, lost: false };
  readonly #data = new Set<() => void>();
  readonly #statusListeners = new Set<() => void>();
  readonly #speak: (text: string) => void;
  readonly #calls = new Set<ViewCall<unknown>>();
  #round = 0;
  /** A family was chosen by a person, a saved state or a request. */
  #chosen: boolean;
  #request: VisualizerRequest | undefined;
  /** To be picked and searched for again as soon as the history is there. */
  #restore: SavedPicks | undefined;
  #restoreTrack: TrackId | undefined;
  /** Events from this one on have to be asked for again. */
  #behind = Number.POSITIVE_INFINITY;
  readonly #second: TrackLoader;
  readonly #growSoon = debounce(GROW_AFTER, () => void this.#load());

  /** `restored`: the state is one that was left before, and these were its picks. */
  constructor(host: Host, state: ViewState, restored: SavedPicks | undefined, speak: (text: string) => void) {
    this.host = host;
    this.state = state;
    this.#chosen = restored !== undefined;
    this.#restore = restored;
    this.#restoreTrack = restored?.track;
    this.#speak = speak;
    this.#second = new TrackLoader(
      host,
      () => this.#tell(),
      (why) => this.complain(`The second history could not be read: ${why}`),
    );
    this.keys = new KeyCache({
      fetch: (positions) =>
        this.host.call('timelineKeys', { family: this.state.now.family, epoch: this.#info?.epoch ?? 0, positions })
          .result,
      soon: (action) => requestAnimationFrame(action),
    });
  }

  get timeline(): Timeline {
    return this.#timeline;
  }

  get info(): TimelineInfo | undefined {
    return this.#info;
  }

  get summary(): StoreSummary | undefined {
    return this.#summary;
  }

  get family(): FamilySummary | undefined {
    return this.#summary?.families.find((f) => f.id === this.state.now.family);
  }

  get track(): Track | undefined {
    return this.#second.track;
  }

  get status(): DataStatus {
    return this.#status;
  }

  onData(listener: () => void): () => void {
    this.#data.add(listener);
    return () => this.#data.delete(listener);
  }

  onStatus(listener: () => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  speak(text: string): void {
    this.#speak(text);
  }

  receive(message: Message): void {
    switch (message.t) {
      case 'init':
        if (message.init.view !== 'visualizer') return;
        this.storeName = message.init.storeName;
        this.#setStatus({ lost: false, error: undefined });
        this.#setSummary(message.init.summary);
        if (message.init.request !== undefined) this.ask(message.init.request);
        void this.#load();
        if (this.#restoreTrack !== undefined) this.host.do({ action: 'restoreTrack', track: this.#restoreTrack });
        this.#restoreTrack = undefined;
        break;
      case 'track':
        void this.#second.take(message.track);
        break;
      case 'storeChanged':
        this.#setSummary(message.summary);
        this.#growSoon();
        break;
      case 'compactionProgress':
        this.state.set({ progress: message.progress ?? undefined });
        if (message.progress === null) this.#growSoon();
        break;
      case 'request':
        this.ask(message.request);
        break;
      case 'engine':
        if (message.alive) {
          const again = this.#status.lost;
          this.#setStatus({ lost: false, ...(again ? { error: undefined } : {}) });
          if (again && this.#summary !== undefined) void this.#load();
        } else {
          this.#stop();
          this.#setStatus({ lost: true, error: message.message, pulling: undefined });
          this.state.set({ progress: undefined });
        }
    }
  }

  /** Shows another family, from its newest state. */
  showFamily(family: number): void {
    this.#chosen = true;
    if (family === this.state.now.family) return;
    this.#begin(new Timeline(), undefined);
    this.state.set({
      family,
      at: 0,
      follow: true,
      playing: false,
      selected: [],
      hover: -1,
      search: undefined,
      explain: undefined,
      window: { from: 0, to: 1 },
      timeWindow: { from: 0, to: 1 },
    });
    void this.#load();
  }

  /** Does what was asked from outside of the page, as soon as its family's history is there. */
  ask(request: VisualizerRequest): void {
    this.#request = request;
    this.showFamily(request.family);
    if (this.#status.pulling === undefined && this.#info !== undefined) this.#answerRequest();
  }

  /** Finds where a key stands among the boundary keys. Rejects where the engine does. */
  async search(key: Uint8Array): Promise<void> {
    const info = this.#info;
    if (info === undefined) return;
    const place = await this.host.call('timelinePosition', { family: info.family, epoch: info.epoch, key }).result;
    if (info === this.#info || this.#info?.epoch === info.epoch) this.state.set({ search: { key, ...place } });
  }

  /** Reads a key step by step, for the ladder. Rejects where the engine does. */
  async explain(key: Uint8Array, at?: number): Promise<void> {
    const { family } = this.state.now;
    const call = this.host.call('explain', { family, key, ...(at === undefined ? {} : { at }) });
    const explain = await call.result;
    if (family === this.state.now.family) this.state.set({ explain });
  }

  /** Shows that something a person asked for did not work; undefined takes that away. */
  complain(complaint: string | undefined): void {
    this.#setStatus({ complaint });
  }

  retry(): void {
    if (this.#status.lost) this.host.do({ action: 'refresh' });
    else void this.#load();
  }

  #setStatus(patch: Partial<DataStatus>): void {
    this.#status = { ...this.#status, ...patch };
    for (const listener of this.#statusListeners) listener();
  }

  #tell(): void {
    for (const listener of this.#data) listener();
  }

  #setSummary(summary: StoreSummary): void {
    this.#summary = summary;
    const known = summary.families.some((f) => f.id === this.state.now.family);
    if (!this.#chosen || !known) {
      // The one with the most in it is what a person came for; "default" is often empty.
      const weight = (f: FamilySummary): number => f.bytes + f.blobBytes + f.memtable.bytes;
      const most = summary.families.reduce<FamilySummary | undefined>(
        (best, f) => (best === undefined || weight(f) > weight(best) ? f : best),
        undefined,
      );
      if (most !== undefined && most.id !== this.state.now.family) {
        this.#begin(new Timeline(), undefined);
        this.state.set({ family: most.id, at: 0, follow: true, selected: [], explain: undefined, search: undefined });
      }
      this.#chosen = true;
    }
    this.#tell();
  }

  #begin(timeline: Timeline, info: TimelineInfo | undefined): void {
    this.#timeline = timeline;
    this.#info = info;
    this.keys.clear();
    this.#tell();
  }

  #stop(): number {
    this.#round++;
    for (const call of this.#calls) call.cancel();
    this.#calls.clear();
    return this.#round;
  }

  async #called<T>(call: ViewCall<T>): Promise<T> {
    this.#calls.add(call);
    try {
      return await call.result;
    } finally {
      this.#calls.delete(call);
    }
  }

  /** Asks how much there is, and pulls what is missing. */
  async #load(): Promise<void> {
    const round = this.#stop();
    const { family } = this.state.now;
    try {
      const info = await this.#called(this.host.call('timeline', { family }));
      if (round !== this.#round) return;
      await this.#pull(info, round);
    } catch (thrown) {
      if (round !== this.#round) return;
      this.#stop();
      const error = `The history could not be read: ${(thrown as Error).message}`;
      this.#setStatus({ pulling: undefined, error });
    }
  }

  async #pull(info: TimelineInfo, round: number): Promise<void> {
    const old = this.#info;
    const grows = old !== undefined && old.epoch === info.epoch && info.events >= this.#timeline.events;
    const hidden = !grows && this.#timeline.events > 0 && old !== undefined;
    const timeline = grows ? this.#timeline : new Timeline();
    const numbers = grows ? [] : this.state.now.selected.map((life) => this.#timeline.number[life] as number);
    if (grows) this.#info = info;
    else if (!hidden) this.#begin(timeline, info);
    const coming: Promise<TimelineChunk>[] = [];
    // What was not final when it came may be told otherwise by now.
    if (grows && info.revision !== old.revision) this.#behind = Math.min(this.#behind, old.settled ?? 0);
    const had = timeline.events;
    let asked = grows ? Math.min(this.#behind, had) : 0;
    const ask = (): void => {
      while (coming.length < IN_FLIGHT && asked < info.events) {
        const until = asked < had ? had : info.events;
        const count = Math.min(CHUNK_EVENTS, until - asked);
        const p = { family: info.family, epoch: info.epoch, from: asked, count };
        const chunk = this.#called(this.host.call('timelineChunk', p));
        // The first failure ends the pull; those behind it are not waited for.
        chunk.catch(() => {});
        coming.push(chunk);
        asked += count;
      }
    };
    ask();
    for (let chunk = coming.shift(); chunk !== undefined; chunk = coming.shift()) {
      const got = await chunk;
      if (round !== this.#round) return;
      ask();
      if (got.from < had) timeline.revise(got);
      else timeline.append(got);
      if (info.events > CHUNK_EVENTS) this.#setStatus({ pulling: { done: timeline.events, total: info.events } });
      if (!hidden) this.#grown();
    }
    this.#behind = Number.POSITIVE_INFINITY;
    if (hidden) this.#replace(timeline, info, old, numbers);
    this.#setStatus({ pulling: undefined, error: undefined });
    this.state.set({ at: Math.min(this.state.now.at, timeline.events) });
    this.#grown();
    this.keys.retry();
    this.#pickAgain();
    this.#answerRequest();
  }

  #grown(): void {
    this.#tell();
    if (this.state.now.follow) this.state.set({ at: this.#timeline.events });
  }

  /** Puts a history in the place of one that is void: the same edit where the MANIFEST is the same. */
  #replace(timeline: Timeline, info: TimelineInfo, old: TimelineInfo, numbers: readonly number[]): void {
    const same = old.manifest === info.manifest;
    const { search } = this.state.now;
    this.#begin(timeline, info);
    if (search !== undefined) void this.search(search.key).catch(() => {});
    this.state.set({
      selected: livesOf(timeline, numbers, this.state.now.at),
      hover: -1,
      search: undefined,
      ...(same ? { at: Math.min(this.state.now.at, timeline.events) } : { follow: true, at: timeline.events }),
    });
  }

  /** After a reload: what was picked and searched for before. */
  #pickAgain(): void {
    const picks = this.#restore;
    if (picks === undefined) return;
    this.#restore = undefined;
    this.state.set({ selected: livesOf(this.#timeline, picks.tables, this.state.now.at) });
    const key = picks.search === '' ? undefined : fromHex(picks.search);
    if (key !== undefined) void this.search(key).catch(() => {});
  }

  #answerRequest(): void {
    const request = this.#request;
    if (request === undefined || request.family !== this.state.now.family) return;
    this.#request = undefined;
    if (request.ask === 'select') {
      const lives = livesOf(this.#timeline, request.tables);
      const first = lives[0];
      if (first !== undefined && !this.#timeline.isLive(first, this.state.now.at)) {
        const died = this.#timeline.died[first] as number;
        this.state.set({ at: Math.min(died, this.#timeline.events), follow: died >= this.#timeline.events });
      }
      this.state.set({ selected: lives });
    } else if (request.ask === 'explain') {
      this.explain(request.key, request.at).catch((thrown: unknown) => {
        this.complain(`The key could not be explained: ${(thrown as Error).message}`);
      });
    }
  }
}

/**
 * A life of each table: the one that is live at `at`, or the newest. In the order asked for; tables that never lived
 * here are left out.
 */
export function livesOf(timeline: Timeline, numbers: readonly number[], at?: number): number[] {
  if (numbers.length === 0) return [];
  const wanted = new Map<number, number>(numbers.map((n) => [n, -1]));
  for (let life = timeline.lives - 1; life >= 0; life--) {
    const number = timeline.number[life] as number;
    const found = wanted.get(number);
    if (found === undefined) continue;
    if (found < 0 || (at !== undefined && timeline.isLive(life, at))) wanted.set(number, life);
  }
  return numbers.map((n) => wanted.get(n) as number).filter((life) => life >= 0);
}
