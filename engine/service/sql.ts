/** Queries in SQL over the open store: filled, run, and kept for a while so that their rows can be paged. */
import type { Clock } from '../base/entropy.ts';
import { StoreError } from '../base/errors.ts';
import { DamageLog } from '../iter/damage.ts';
import type { SqlPage, SqlParams, SqlProgress, SqlTableSchema, StoreSummary } from '../protocol/engineApi.ts';
import type { CancelToken } from '../protocol/rpc.ts';
import { SQL_PAGE_BYTES, SqlDatabase } from '../query/sql.ts';
import { SQL_SCHEMA } from '../query/sqlSchema.ts';
import type { StoreReader } from '../store/reader.ts';
import { VanishedError } from '../store/vanished.ts';
import { fillTables } from './sqlTables.ts';

/** Rows that one call hands out at most. */
export const SQL_ROWS_MAX = 10_000;
/** Rows of `entries`, and of `versions`, unless somebody says otherwise. */
export const SQL_ENTRIES_MAX = 1_000_000;
/** Results kept at once; the one unused for longest is closed when there are more. */
const RESULTS_MAX = 4;
/** Milliseconds of filling between two turns. */
const SLICE_MS = 8;
/** Looks at a store whose tables vanish as fast as they are read. */
const TRIES_MAX = 5;

export interface SqlWorld {
  readonly clock: Clock;
  /** Somebody writes to the store. */
  readonly live: boolean;
  progress(progress: SqlProgress): void;
}

interface Result {
  readonly database: SqlDatabase;
  readonly notes: readonly string[];
  readonly problems: SqlPage['problems'];
  readonly lost: boolean;
  readonly fillMillis: number;
}

/** A query whose tables are filled; to be closed. */
export type SqlResult = Result;

export class SqlResults {
  readonly #results = new Map<number, Result>();
  #next = 1;

  schema(): readonly SqlTableSchema[] {
    return SQL_SCHEMA;
  }

  async open(
    store: StoreReader,
    summarize: () => StoreSummary,
    p: SqlParams,
    world: SqlWorld,
    token: CancelToken,
  ): Promise<SqlPage> {
    const result = await runSql(store, summarize, p, world, token);
    const cursor = this.#next++;
    this.#results.set(cursor, result);
    for (const [id, old] of this.#results) {
      if (this.#results.size <= RESULTS_MAX) break;
      old.database.close();
      this.#results.delete(id);
    }
    try {
      return this.rows(cursor, 0, p.count ?? SQL_ROWS_MAX, world.clock, token);
    } catch (thrown) {
      this.closeOne(cursor);
      throw thrown;
    }
  }

  /** Throws INPUT if the result is closed, and CANCELLED. */
  rows(cursor: number, offset: number, count: number, clock: Clock, token: CancelToken): SqlPage {
    const result = this.#results.get(cursor);
    if (result === undefined) throw new StoreError('INPUT', 'this result is closed', { mend: 'run the query again' });
    // Most recently used last, so that `open` closes the right one.
    this.#results.delete(cursor);
    this.#results.set(cursor, result);
    const { database, notes, problems, fillMillis } = result;
    const wanted = Math.max(0, Math.min(count, SQL_ROWS_MAX));
    const started = clock.elapsed();
    const rows = database.rows(offset, wanted, SQL_PAGE_BYTES, () => token.cancelled);
    const complete = database.ended;
    const columns = database.columns();
    return {
      cursor,
      columns,
      offset,
      rows,
      complete,
      notes,
      problems,
      fillMillis,
      queryMillis: clock.elapsed() - started,
    };
  }

  closeOne(cursor: number): void {
    this.#results.get(cursor)?.database.close();
    this.#results.delete(cursor);
  }

  clear(): void {
    for (const { database } of this.#results.values()) database.close();
    this.#results.clear();
  }
}

/**
 * Fills what the query may read from the store as it is now. Throws INPUT for what is wrong with the query, and
 * CANCELLED.
 */
export async function runSql(
  store: StoreReader,
  summarize: () => StoreSummary,
  p: SqlParams,
  world: SqlWorld,
  token: CancelToken,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fill(store, summarize(), p, world, token);
    } catch (thrown) {
      if (!(thrown instanceof VanishedError) || attempt >= TRIES_MAX) throw thrown;
      store.refresh();
    }
  }
}

async function fill(
  store: StoreReader,
  summary: StoreSummary,
  p: SqlParams,
  world: SqlWorld,
  token: CancelToken,
): Promise<Result> {
  const { clock } = world;
  const started = clock.elapsed();
  const view = store.view.retain();
  let database: SqlDatabase | undefined;
  try {
    const ids = [...view.version.families.keys()];
    const families = p.family === undefined ? ids : [view.family(p.family).state.id];
    if (world.live) for (const id of ids) view.pin(id);
    const damage = new DamageLog();
    const notes: string[] = [];
    database = new SqlDatabase(SQL_SCHEMA, p.query, { millisMax: p.millisMax, elapsed: () => clock.elapsed() });
    const range = { from: p.from, to: p.to, prefix: p.prefix };
    const rowsMax = p.entriesMax ?? SQL_ENTRIES_MAX;
    const job = fillTables(database, { store, view, summary, families, range, rowsMax, damage, notes });
    try {
      let turned = clock.elapsed();
      for (let step = job.next(); step.done !== true; step = job.next()) {
        if (clock.elapsed() - turned < SLICE_MS) continue;
        world.progress({ ...step.value, run: p.run });
        await clock.turn();
        if (token.cancelled) throw cancelled();
        turned = clock.elapsed();
      }
      if (token.cancelled) throw cancelled();
    } finally {
      // Ends it where it stands, so that it closes what it reads from.
      job.return();
    }
    const { problems, lost } = damage;
    return { database, notes, problems, lost, fillMillis: clock.elapsed() - started };
  } catch (thrown) {
    database?.close();
    throw thrown;
  } finally {
    view.release();
  }
}

function cancelled(): StoreError {
  return new StoreError('CANCELLED', 'the query was cancelled');
}
