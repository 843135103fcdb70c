/** Queries over the open store: counted in the background, a slice at a time, and read at any position meanwhile. */
import type { Clock } from '../base/entropy.ts';
import { StoreError } from '../base/errors.ts';
import type { EngineNotice, EntryRow, Page, Params, QueryState, Result } from '../protocol/engineApi.ts';
import type { CancelToken } from '../protocol/rpc.ts';
import type { Where } from '../query/where/filter.ts';
import type { StoreReader } from '../store/reader.ts';
import { ResultSet } from '../store/resultSet.ts';

/** Queries kept at once; the one unused for longest is closed when there are more. */
const QUERIES_MAX = 32;
/** Milliseconds between two progress notices of one query. */
const NOTICE_MS = 100;

/** The open store, as the service has it at the moment of a call. */
export interface QueriesWorld {
  readonly clock: Clock;
  notify(notice: EngineNotice): void;
  /** Throws INPUT if none is open. */
  store(): StoreReader;
  /** Files may vanish under a reader. */
  live(): boolean;
  /** Throws INPUT. */
  where(family: number, source: string, valueLens: string | undefined): Where;
  /** Rows as a lens reads them. Throws INPUT. */
  through(family: number, lens: string): (row: EntryRow) => EntryRow;
}

type QueriesMethod = 'openQuery' | 'queryState' | 'stopQuery' | 'rows' | 'closeQuery';

export type QueriesHandlers = {
  readonly [M in QueriesMethod]: (p: Params<M>, token: CancelToken) => Result<M> | Promise<Result<M>>;
};

export class Queries {
  readonly handlers: QueriesHandlers;
  readonly #world: QueriesWorld;
  /** The one used last comes last. */
  readonly #open = new Map<number, ResultSet>();
  #nextId = 1;

  constructor(world: QueriesWorld) {
    this.#world = world;
    this.handlers = {
      openQuery: (p) => this.#start(p),
      queryState: (p) => this.#get(p.query).state(),
      stopQuery: (p) => {
        const query = this.#get(p.query);
        query.stop();
        return query.state();
      },
      rows: (p, token) => this.#rows(p, token),
      closeQuery: (p) => {
        this.#open.get(p.query)?.close();
        this.#open.delete(p.query);
      },
    };
  }

  /** Rows that somebody looks at stay readable when their tables go. */
  hold(): void {
    for (const query of this.#open.values()) query.hold();
  }

  /** The store is closed: so is everything that reads from it. */
  close(): void {
    for (const query of this.#open.values()) query.close();
    this.#open.clear();
  }

  #start(p: Params<'openQuery'>): QueryState {
    const { clock, live, where } = this.#world;
    const store = this.#world.store();
    const family = p.table === undefined ? p.family : store.view.tableInfo(p.table).family;
    const filter = p.where === undefined ? undefined : where(family, p.where, p.valueLens).filter;
    const query = new ResultSet(this.#nextId++, store, p, live(), clock, filter);
    this.#open.set(query.id, query);
    for (const [id, old] of this.#open) {
      if (this.#open.size <= QUERIES_MAX) break;
      old.close();
      this.#open.delete(id);
    }
    query.step();
    void this.#count(query);
    return query.state();
  }

  /** Counts on in the background until the end, or until the query is closed. */
  async #count(query: ResultSet): Promise<void> {
    const { clock, notify } = this.#world;
    let noticed = clock.elapsed();
    try {
      await clock.turn();
      while (this.#open.get(query.id) === query && query.step()) {
        if (clock.elapsed() - noticed > NOTICE_MS) {
          noticed = clock.elapsed();
          notify({ kind: 'queryProgress', state: query.state() });
        }
        await clock.turn();
      }
    } catch (thrown) {
      query.fail(thrown);
    }
    if (this.#open.get(query.id) === query) notify({ kind: 'queryProgress', state: query.state() });
  }

  async #rows(p: Params<'rows'>, token: CancelToken): Promise<Page<EntryRow>> {
    const query = this.#get(p.query);
    while (!query.has(p.from + p.count)) await this.#turn(token);
    this.#open.delete(p.query);
    this.#open.set(p.query, query);
    const page = await this.#page(query, p, token);
    if (p.lens === undefined) return page;
    return { ...page, items: page.items.map(this.#world.through(query.params.family, p.lens)) };
  }

  async #page(query: ResultSet, p: Params<'rows'>, token: CancelToken): Promise<Page<EntryRow>> {
    const job = query.read(p.from, p.count, p.previewBytes);
    try {
      for (let step = job.next(); ; step = job.next()) {
        if (step.done === true) return step.value;
        await this.#turn(token);
      }
    } finally {
      job.return(undefined as never);
    }
  }

  #get(id: number): ResultSet {
    const query = this.#open.get(id);
    if (query === undefined) throw new StoreError('INPUT', `query ${id} is closed`, { mend: 'run it again' });
    return query;
  }

  async #turn(token: CancelToken): Promise<void> {
    await this.#world.clock.turn();
    if (token.cancelled) throw new StoreError('CANCELLED', 'cancelled');
  }
}
