/**
 * Hands out the histories of a store's families piece by piece (columns.ts).
 *
 * The first call goes through the info logs and the whole MANIFEST once, for all families; later calls read what
 * has been added to both since. What was read stays, so that a call that was cancelled costs nothing but time.
 *
 * Logs are written after the fact, and buffered. So what an event cost and why it happened may become known
 * after it was handed out: the last events of a store are looked at anew whenever a log has told more, and
 * `revision` says that they changed.
 */
import type { Clock } from '../base/entropy.ts';
import { StoreError } from '../base/errors.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import type { KeyOrder } from '../iter/order.ts';
import type { TreeEvent } from '../model/events.ts';
import { HistoryBuilder } from '../model/timeline/builder.ts';
import type { TimelineChunk, TimelineInfo } from '../model/timeline/columns.ts';
import type { Params } from '../protocol/engineApi.ts';
import type { CancelToken } from '../protocol/rpc.ts';
import { explained, ManifestChanges, type TreeChange } from '../store/history.ts';
import { LogFacts } from '../store/historyLog.ts';
import type { StoreReader } from '../store/reader.ts';
import { readCurrent } from '../store/snapshot.ts';

/** Milliseconds of work between two turns. */
const SLICE_MS = 8;
/** Events, and positions, that one call may ask for. */
const COUNT_MAX = 4096;
/** The newest events of a store that a log may still tell more of. */
const OPEN_MAX = 256;

interface Family {
  name: string;
  order: KeyOrder;
  readonly builder: HistoryBuilder;
  /** What may be asked for: all that was there at the end of a reading. */
  events: number;
  lives: number;
}

/** An event of which a log may still tell more. */
interface OpenEvent {
  readonly change: TreeChange;
  readonly family: Family;
  readonly index: number;
}

/** All that was read of one MANIFEST. */
interface History {
  readonly manifest: string;
  readonly identity: string;
  readonly changes: ManifestChanges;
  readonly families: Map<number, Family>;
  /** Oldest first. */
  open: OpenEvent[];
  /** As `LogFacts.version` when `open` was looked at last. */
  explained: number;
}

export class Timelines {
  readonly #clock: Clock;
  #store: StoreReader | undefined;
  #history: History | undefined;
  #facts: LogFacts | undefined;
  /** What our own engine has told before anybody asked for a timeline. */
  #told: TreeEvent[] = [];
  #epoch = 1;
  #revision = 0;
  /** Readings follow one another. */
  #last: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Reads what is new. Throws INPUT for a family that the store has never had, CANCELLED. */
  async info(store: StoreReader, family: number, token: CancelToken): Promise<TimelineInfo> {
    const before = this.#last;
    let done = (): void => {};
    this.#last = new Promise((resolve) => {
      done = resolve;
    });
    try {
      await before;
      await this.#read(store, token);
      return this.#infoOf(store, family);
    } finally {
      done();
    }
  }

  chunk(p: Params<'timelineChunk'>): TimelineChunk {
    const family = this.#family(p.family, p.epoch);
    if (!Number.isInteger(p.count) || p.count < 0 || p.count > COUNT_MAX) {
      throw new StoreError('INPUT', `${p.count} events cannot be asked for at once, but up to ${COUNT_MAX}`);
    }
    if (!Number.isInteger(p.from) || p.from < 0 || p.from + p.count > family.events) {
      throw new StoreError('INPUT', `events ${p.from} to ${p.from + p.count} of ${family.events}`);
    }
    return family.builder.chunk(this.#epoch, p.from, p.count);
  }

  keys(p: Params<'timelineKeys'>): readonly Uint8Array[] {
    const { keys } = this.#family(p.family, p.epoch).builder;
    if (p.positions.length > COUNT_MAX) {
      throw new StoreError('INPUT', `${p.positions.length} keys cannot be asked for at once, but up to ${COUNT_MAX}`);
    }
    return p.positions.map((position) => {
      const index = keys.lastAt(position);
      return index < 0 ? new Uint8Array(0) : keys.keyAt(index);
    });
  }

  position(p: Params<'timelinePosition'>): { readonly position: number; readonly exact: boolean } {
    return this.#family(p.family, p.epoch).builder.keys.place(p.key);
  }

  /** Takes what our own engine says of an edit of its own: no log tells why it happened and what it cost. */
  noteLive(event: TreeEvent): void {
    if (this.#facts === undefined) this.#told.push(event);
    else this.#facts.noteLive(event);
  }

  /** Another store, or none, is open. */
  clear(): void {
    this.#store = undefined;
    this.#history = undefined;
    this.#facts = undefined;
    this.#told = [];
    this.#epoch++;
  }

  #family(id: number, epoch: number): Family {
    if (epoch !== this.#epoch) {
      throw new StoreError('INPUT', 'the history has begun anew', { mend: 'ask for the timeline again' });
    }
    const family = this.#history?.families.get(id);
    if (family === undefined) throw new StoreError('INPUT', `nothing is known of a column family ${id}`);
    return family;
  }

  #infoOf(store: StoreReader, id: number): TimelineInfo {
    const history = this.#history;
    const family = history?.families.get(id);
    const manifest = history?.manifest ?? '';
    const version = store.view.version.families.get(id);
    if (family === undefined && version === undefined) {
      throw new StoreError('INPUT', `there is no column family ${id}`);
    }
    const name = family?.name ?? version?.state.name ?? '';
    const { builder, events, lives } = family ?? { builder: undefined, events: 0, lives: 0 };
    const open = history?.open.find((o) => o.family === family);
    return {
      family: id,
      familyName: name,
      epoch: this.#epoch,
      events,
      lives,
      firstPosition: builder?.keys.first ?? 0,
      lastPosition: builder?.keys.last ?? -1,
      manifest,
      startsHere: builder?.startsHere ?? false,
      timedEvents: builder?.timedEvents ?? 0,
      stalls: this.#facts?.stalls(name) ?? [],
      comparator: family?.order.name ?? version?.order.name ?? '',
      settled: open?.index ?? events,
      revision: this.#revision,
    };
  }

  async #read(store: StoreReader, token: CancelToken): Promise<void> {
    if (this.#store !== store) {
      const told = this.#told;
      if (this.#store !== undefined) this.clear();
      this.#store = store;
      this.#told = told;
    }
    const { fs, directory, dialect } = store.shared;
    // A single table is a store without a MANIFEST.
    if (store.view.snapshot.manifest.file === '') return;
    if (this.#facts === undefined) {
      this.#facts = new LogFacts(dialect.id);
      for (const event of this.#told) this.#facts.noteLive(event);
      this.#told = [];
    }
    const facts = this.#facts;
    const pace = new Pace(this.#clock, token);
    await pace.through(facts.read(fs, directory, store.view.snapshot.names));
    await this.#readManifest(store, fs, directory, facts, pace);
    const history = this.#history;
    if (history === undefined) return;
    this.#explainAgain(history, facts);
    for (const family of history.families.values()) {
      if (family.builder.events === family.events) continue;
      if ((await pace.through(family.builder.keys.rank())) === true) this.#epoch++;
      family.events = family.builder.events;
      family.lives = family.builder.lives;
    }
  }

  async #readManifest(store: StoreReader, fs: FileSystem, directory: string, facts: LogFacts, pace: Pace) {
    const { file, identity } = currentManifest(store, fs, directory, this.#history);
    if (this.#history?.manifest !== file || this.#history.identity !== identity) {
      if (this.#history !== undefined) this.#epoch++;
      const changes = new ManifestChanges(store.shared.dialect.decodeEdit);
      this.#history = { manifest: file, identity, changes, families: new Map(), open: [], explained: facts.version };
    }
    const history = this.#history;
    const handle = fs.open(joinPath(directory, file), 'read');
    try {
      for (const changes of history.changes.read(handle, file)) {
        for (const change of changes) append(history, change, facts);
        if (pace.due) await pace.turn();
      }
    } finally {
      handle.close();
    }
  }

  /** Looks at the newest events again if a log has told more. */
  #explainAgain(history: History, facts: LogFacts): void {
    if (history.explained === facts.version) return;
    history.explained = facts.version;
    if (history.open.length === 0) return;
    for (const open of history.open) describe(open, facts);
    this.#revision++;
  }
}

/** The MANIFEST that is read on, or the one to begin with; and what tells it from another one of that name. */
function currentManifest(store: StoreReader, fs: FileSystem, directory: string, known: History | undefined) {
  const identify = (file: string): string => {
    const { device, inode, size } = fs.stat(joinPath(directory, file));
    // Shorter than what was read of it: written anew.
    const shorter = known?.manifest === file && size < known.changes.offset;
    return `${device}:${inode}:${shorter ? size : ''}`;
  };
  const { file } = store.view.snapshot.manifest;
  try {
    return { file, identity: identify(file) };
  } catch (thrown) {
    if (!(thrown instanceof StoreError) || thrown.code !== 'NOT_FOUND') throw thrown;
    // The owner has gone on to another one since the store was read last.
    const next = readCurrent(fs, directory);
    return { file: next, identity: identify(next) };
  }
}

function append(history: History, change: TreeChange, facts: LogFacts): void {
  let family = history.families.get(change.family);
  if (family === undefined) {
    const { order } = change;
    family = { name: change.familyName, order, builder: new HistoryBuilder(order.compareUser), events: 0, lives: 0 };
    history.families.set(change.family, family);
  }
  const event = explained(change, facts);
  const index = family.builder.append(event, change.what === 'start');
  const open: OpenEvent = { change, family, index };
  describe(open, facts);
  if (change.what !== 'edit') return;
  history.open.push(open);
  if (history.open.length >= 2 * OPEN_MAX) history.open = history.open.slice(-OPEN_MAX);
}

/** Puts in what is known by now of an event and of the tables that it brought. */
function describe({ change, family, index }: OpenEvent, facts: LogFacts): void {
  const event = explained(change, facts);
  family.builder.explain(index, event, change.what === 'start', event.facts);
  family.builder.eachLife(index, (life, number) => {
    const note = facts.note(number);
    if (note !== undefined) family.builder.describe(life, note);
  });
}

/** Lets other work through at times, and ends the job when nobody waits for it. */
class Pace {
  readonly #clock: Clock;
  readonly #token: CancelToken;
  #started: number;

  constructor(clock: Clock, token: CancelToken) {
    this.#clock = clock;
    this.#token = token;
    this.#started = clock.elapsed();
  }

  get due(): boolean {
    return this.#clock.elapsed() - this.#started >= SLICE_MS;
  }

  async turn(): Promise<void> {
    await this.#clock.turn();
    if (this.#token.cancelled) throw new StoreError('CANCELLED', 'cancelled');
    this.#started = this.#clock.elapsed();
  }

  async through<T>(job: Generator<void, T>): Promise<T> {
    try {
      for (let step = job.next(); ; step = job.next()) {
        if (step.done === true) return step.value;
        if (this.due) await this.turn();
      }
    } finally {
      // Closes what the job has open, should it not have come to its end.
      job.return(undefined as T);
    }
  }
}
