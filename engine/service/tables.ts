/** The tables of the open store: their list, what they are like, and their blocks. */
import type { Clock } from '../base/entropy.ts';
import { StoreError } from '../base/errors.ts';
import type { EngineNotice, Params, Result, TableDetails } from '../protocol/engineApi.ts';
import type { CancelToken } from '../protocol/rpc.ts';
import type { StoreReader } from '../store/reader.ts';
import { tableRow } from '../store/summary.ts';
import { tableProfile } from '../store/tableProfile.ts';
import { blockDetails, blockOf, tableDetails } from '../store/tableStats.ts';

/** Milliseconds between two progress notices of one job. */
const NOTICE_MS = 100;

/** The open store, as the service has it at the moment of a call. */
export interface TablesWorld {
  readonly clock: Clock;
  notify(notice: EngineNotice): void;
  /** Throws INPUT if none is open. */
  store(): StoreReader;
  /** Files may vanish under a reader. */
  live(): boolean;
  /** It is a job of ours that lets them vanish. */
  writing(): boolean;
}

type TablesMethod = 'tables' | 'tableDetails' | 'tableProfile' | 'blocks' | 'blockDetails' | 'blockOf';

export type TablesHandlers = {
  readonly [M in TablesMethod]: (p: Params<M>, token: CancelToken) => Result<M> | Promise<Result<M>>;
};

export class Tables {
  readonly handlers: TablesHandlers;
  readonly #world: TablesWorld;

  constructor(world: TablesWorld) {
    this.#world = world;
    this.handlers = {
      tables: (p) => this.#page(p),
      tableDetails: (p, token) => this.#details(p.table, token),
      tableProfile: (p, token) => this.#profile(p.table, token),
      blocks: (p) => this.#blocks(p),
      blockDetails: (p) => world.store().retry((view) => blockDetails(view, view.tableInfo(p.table), p.block)),
      blockOf: (p) => world.store().retry((view) => blockOf(view, view.tableInfo(p.table), p.key, p.seq)),
    };
  }

  #page(p: Params<'tables'>): Result<'tables'> {
    const { view } = this.#world.store();
    const family = view.family(p.family);
    const all = p.level < 0 ? family.tables : (family.view.levels.find((l) => l.level === p.level)?.tables ?? []);
    const items = all.slice(p.offset, p.offset + p.limit).map((t) => tableRow(t, view));
    return { items, offset: p.offset, total: all.length, complete: true };
  }

  async #details(number: number, token: CancelToken): Promise<TableDetails> {
    const store = this.#world.store();
    const view = store.stableView(store.view.tableInfo(number).family, this.#world.writing());
    try {
      const job = tableDetails(view, view.tableInfo(number));
      for (let step = job.next(); ; step = job.next()) {
        if (step.done === true) return step.value;
        await turn(this.#world.clock, token);
      }
    } finally {
      view.release();
    }
  }

  async #profile(number: number, token: CancelToken): Promise<Result<'tableProfile'>> {
    const store = this.#world.store();
    const { clock, notify } = this.#world;
    const view = store.stableView(store.view.tableInfo(number).family, this.#world.live());
    try {
      let noticed = clock.elapsed();
      const job = tableProfile(view, view.tableInfo(number));
      for (let step = job.next(); ; step = job.next()) {
        if (step.done === true) return step.value;
        if (clock.elapsed() - noticed > NOTICE_MS) {
          noticed = clock.elapsed();
          notify({ kind: 'profileProgress', table: number, ...step.value });
        }
        await turn(this.#world.clock, token);
      }
    } finally {
      view.release();
    }
  }

  #blocks(p: Params<'blocks'>): Result<'blocks'> {
    return this.#world.store().retry((view) => {
      const info = view.tableInfo(p.table);
      const table = view.acquire(info);
      try {
        const { index } = table;
        const end = Math.min(p.offset + p.limit, index.count);
        const items = [];
        for (let i = Math.max(0, p.offset); i < end; i++) {
          items.push({ index: i, offset: index.offset(i), size: index.size(i), separator: index.separator(i).slice() });
        }
        return { items, offset: p.offset, total: index.count, complete: true };
      } finally {
        view.releaseTable(info, table);
      }
    });
  }
}

async function turn(clock: Clock, token: CancelToken): Promise<void> {
  await clock.turn();
  if (token.cancelled) throw new StoreError('CANCELLED', 'cancelled');
}
