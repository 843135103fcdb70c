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
import type { EventKind, TreeEvent } from '../model/events.ts';
import { HistoryBuilder } from '../model/timeline/builder.ts';
import type { TimelineChunk, TimelineInfo } from '../model/timeline/columns.ts';
import type { SpaceOrder } from '../model/timeline/keySpace.ts';
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
/** Edits of ours that are remembered before anybody asks for a timeline. */
const TOLD_MAX = 4096;

interface Family {
  name: string;
  order: KeyOrder;
  readonly builder: HistoryBuilder;
  epoch: number;
  /** What may be asked for: all that was there at the end of a reading. */
  events: number;
  lives: number;
}

/** An event of which a log may still tell more. */
interface OpenEvent {
  readonly id: number;
  readonly family: Family;
  readonly index: number;
  /** As the shape of its edit has it. */
  readonly kind: EventKind;
}

/** All that was read of one MANIFEST. */
interface History {
  readonly manifest: string;
  /** Tells the file from another one of that name. */
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
    return family.builder.chunk(family.epoch, p.from, p.count);
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
    if (this.#facts !== undefined) this.#facts.noteLive(event);
    else if (this.#told.push(event) > TOLD_MAX) this.#told.shift();
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
    const family = this.#history?.families.get(id);
    if (family === undefined) throw new StoreError('INPUT', `nothing is known of a column family ${id}`);
    if (epoch !== family.epoch) {
      throw new StoreError('INPUT', 'the history has begun anew', { mend: 'ask for the timeline again' });
    }
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
      epoch: family?.epoch ?? this.#epoch,
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
      this.#store = store;
      this.#history = undefined;
      this.#facts = undefined;
      this.#epoch++;
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
    const pace = new Pace(this.#clock, () => token.cancelled || this.#store !== store);
    await pace.through(facts.read(fs, directory, store.view.snapshot.names));
    // Before there are so many new events that the older ones are final.
    this.#explainAgain(facts);
    const history = await this.#readManifest(store, fs, directory, facts, pace);
    // Our own engine may have told of some meanwhile.
    this.#explainAgain(facts);
    for (const family of history.families.values()) {
      if (family.builder.events === family.events) continue;
      if (await pace.through(family.builder.keys.rank())) family.epoch = ++this.#epoch;
      family.events = family.builder.events;
      family.lives = family.builder.lives;
    }
  }

  async #readManifest(
    store: StoreReader,
    fs: FileSystem,
    directory: string,
    facts: LogFacts,
    pace: Pace,
  ): Promise<History> {
    const { file, identity, size } = currentManifest(store, fs, directory);
    let history = this.#history;
    // Shorter than what was read of it: written anew.
    if (history?.manifest !== file || history.identity !== identity || size < history.changes.offset) {
      this.#epoch++;
      const changes = new ManifestChanges(store.shared.dialect.decodeEdit);
      history = { manifest: file, identity, changes, families: new Map(), open: [], explained: facts.version };
      this.#history = history;
    }
    const handle = fs.open(joinPath(directory, file), 'read');
    try {
      for (const changes of history.changes.read(handle, file)) {
        for (const change of changes) this.#append(history, change, facts);
        if (pace.due) await pace.turn();
      }
    } finally {
      handle.close();
    }
    return history;
  }

  /** Looks at the newest events again if a log has told more. */
  #explainAgain(facts: LogFacts): void {
    const history = this.#history;
    if (history === undefined || history.explained === facts.version) return;
    history.explained = facts.version;
    if (history.open.length === 0) return;
    for (const open of history.open) {
      const { id, family, index, kind } = open;
      const { name: familyName, order, builder } = family;
      const change: TreeChange = {
        seq: index + 1,
        family: id,
        familyName,
        order,
        kind,
        what: 'edit',
        ...builder.tables(index),
      };
      const event = explained(change, facts);
      builder.explain(index, event, false, event.facts);
      describe(open, facts);
    }
    this.#revision++;
  }

  #append(history: History, change: TreeChange, facts: LogFacts): void {
    let family = history.families.get(change.family);
    if (family === undefined) {
      const { order, familyName: name } = change;
      const builder = new HistoryBuilder(spaceOrder(order));
      family = { name, order, builder, epoch: ++this.#epoch, events: 0, lives: 0 };
      history.families.set(change.family, family);
    }
    const event = explained(change, facts);
    const index = family.builder.append(event, change.what === 'start', event.facts);
    const open: OpenEvent = { id: change.family, family, index, kind: change.kind };
    describe(open, facts);
    if (change.what !== 'edit') return;
    history.open.push(open);
    if (history.open.length >= 2 * OPEN_MAX) history.open = history.open.slice(-OPEN_MAX);
  }
}

/** The MANIFEST that belongs to what is shown of the store, or the one that the owner has gone on to since. */
function currentManifest(store: StoreReader, fs: FileSystem, directory: string) {
  const identify = (file: string) => {
    const { device, inode, size } = fs.stat(joinPath(directory, file));
    return { file, identity: `${device}:${inode}`, size };
  };
  try {
    return identify(store.view.snapshot.manifest.file);
  } catch (thrown) {
    if (!(thrown instanceof StoreError) || thrown.code !== 'NOT_FOUND') throw thrown;
    return identify(readCurrent(fs, directory));
  }
}

/** Where keys are compared byte by byte; a timestamp is not part of a key here. */
function spaceOrder(order: KeyOrder): SpaceOrder {
  const plain = order.known || order.bytewise;
  return {
    compareUser: order.compareUser,
    direction: !plain ? 'other' : order.reversed ? 'descending' : 'ascending',
  };
}

/** Puts in what is known by now of the tables that an event brought. */
function describe({ family, index }: OpenEvent, facts: LogFacts): void {
  family.builder.eachLife(index, (life, number) => {
    const note = facts.note(number);
    if (note !== undefined) family.builder.describe(life, note);
  });
}

/** Lets other work through at times, and ends the job when nobody waits for it. */
class Pace {
  readonly #clock: Clock;
  readonly #isOver: () => boolean;
  #started: number;

  constructor(clock: Clock, isOver: () => boolean) {
    this.#clock = clock;
    this.#isOver = isOver;
    this.#started = clock.elapsed();
  }

  get due(): boolean {
    return this.#clock.elapsed() - this.#started >= SLICE_MS;
  }

  async turn(): Promise<void> {
    await this.#clock.turn();
    if (this.#isOver()) throw new StoreError('CANCELLED', 'cancelled');
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
