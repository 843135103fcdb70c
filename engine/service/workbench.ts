/** SQL, exports and comparisons of the open store: what `service.ts` hands on as a whole. */
import type { Clock } from '../base/entropy.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import type {
  DiffRow,
  EngineNotice,
  ExportProgress,
  Params,
  Result,
  SqlProgress,
  StoreSummary,
} from '../protocol/engineApi.ts';
import type { CancelToken } from '../protocol/rpc.ts';
import { SQL_EXAMPLES } from '../query/sqlExamples.ts';
import { SQL_SCHEMA } from '../query/sqlSchema.ts';
import type { Where } from '../query/where/filter.ts';
import type { StoreReader } from '../store/reader.ts';
import type { WriteEnvironment } from '../store/writeEnvironment.ts';
import { Diffs, type DiffWalk, type DiffWorld } from './diff.ts';
import { exportStore } from './export.ts';
import { Rated } from './progress.ts';
import { runSql, type SqlResult, SqlResults, type SqlWorld } from './sql.ts';

/** Milliseconds between two progress notices. */
const NOTICE_MS = 100;

/** The open store, as the service has it at the moment of a call. */
export interface WorkbenchStore {
  readonly store: StoreReader;
  /** Files may vanish under a reader. */
  readonly live: boolean;
  summary(): StoreSummary;
  /** Throws INPUT. */
  where(family: number, source: string): Where;
  /** A key as the surest lens reads it. */
  keyText(family: number, key: Uint8Array): string | undefined;
  /** Throws READ_ONLY where nothing may be written. */
  writeEnvironment(): WriteEnvironment;
}

export interface WorkbenchEnvironment {
  /** Need not allow writing. */
  readonly fs: FileSystem;
  readonly clock: Clock;
  lockOwner(path: string): { readonly pid: number } | undefined;
  notify(notice: EngineNotice): void;
}

type WorkbenchMethod = 'sql' | 'sqlRows' | 'sqlClose' | 'sqlSchema' | 'sqlExamples' | 'export' | 'diff' | 'diffValue';

export type WorkbenchHandlers = {
  readonly [M in WorkbenchMethod]: (p: Params<M>, token: CancelToken) => Result<M> | Promise<Result<M>>;
};

export class Workbench {
  readonly handlers: WorkbenchHandlers;
  readonly #env: WorkbenchEnvironment;
  readonly #opened: () => WorkbenchStore;
  readonly #results = new SqlResults();
  readonly #diffs = new Diffs();

  /** `opened` throws INPUT if no store is open. */
  constructor(env: WorkbenchEnvironment, opened: () => WorkbenchStore) {
    this.#env = env;
    this.#opened = opened;
    const store = (): StoreReader => opened().store;
    this.handlers = {
      sql: (p, token) => this.#results.open(store(), () => opened().summary(), p, this.#sqlWorld(), token),
      sqlRows: (p, token) => this.#results.rows(p.cursor, p.offset, p.count, env.clock, token),
      sqlClose: (p) => this.#results.closeOne(p.cursor),
      sqlSchema: () => SQL_SCHEMA,
      sqlExamples: () => SQL_EXAMPLES,
      export: (p, token) => this.#export(p, token),
      diff: (p, token) => this.#diff(p, token),
      diffValue: (p) => this.#diffs.value(env.fs, p.path, p.family, p.key, p.maxBytes),
    };
  }

  /** A query whose tables are filled, for callers in the same thread; to be closed by them. */
  sql(p: Params<'sql'>, token: CancelToken): Promise<SqlResult> {
    return runSql(this.#opened().store, () => this.#opened().summary(), p, this.#sqlWorld(), token);
  }

  /** A comparison that is taken row by row, for callers in the same thread; to be closed by them. */
  diff(p: Params<'diff'>): DiffWalk {
    return this.#diffs.walk(this.#opened().store, p, this.#diffWorld());
  }

  /** The store is closed: so is everything that reads from it. */
  close(): void {
    this.#results.clear();
    this.#diffs.close();
  }

  #sqlWorld(): SqlWorld {
    const { clock, notify } = this.#env;
    const rated = new Rated<SqlProgress>(clock, NOTICE_MS, (progress) => notify({ kind: 'sqlProgress', progress }));
    return { clock, live: this.#opened().live, progress: (progress) => rated.tell(progress) };
  }

  async #export(p: Params<'export'>, token: CancelToken): Promise<Result<'export'>> {
    const { clock, notify } = this.#env;
    const { store, live, where, writeEnvironment } = this.#opened();
    const tell = (progress: ExportProgress): void => notify({ kind: 'exportProgress', progress });
    const rated = new Rated<ExportProgress>(clock, NOTICE_MS, tell);
    const world = { fs: writeEnvironment().fs, clock, live, where, progress: (e: ExportProgress) => rated.tell(e) };
    return exportStore(store, p, world, token);
  }

  async #diff(p: Params<'diff'>, token: CancelToken): Promise<Result<'diff'>> {
    const report = await this.#diffs.compare(this.#opened().store, p, this.#diffWorld(), token);
    const { store: first, keyText } = this.#opened();
    const families = new Map([...first.view.version.families].map(([id, { state }]) => [state.name, id]));
    const rows = report.rows.map((row): DiffRow => {
      const family = families.get(row.family);
      const shown = family === undefined ? undefined : keyText(family, row.key);
      return shown === undefined ? row : { ...row, shown };
    });
    return { ...report, rows };
  }

  #diffWorld(): DiffWorld {
    const { fs, clock, notify, lockOwner } = this.#env;
    const rated = new Rated<number>(clock, NOTICE_MS, (keys) => notify({ kind: 'diffProgress', keys }));
    const liveAt = (path: string): boolean => lockOwner(joinPath(path, 'LOCK')) !== undefined;
    return { fs, clock, live: this.#opened().live, liveAt, progress: (keys) => rated.tell(keys) };
  }
}
