/**
 * The handlers behind `EngineApi`: one open store, its queries, and nothing of the outside world but
 * what `Environment` hands in. The same object serves the worker, the CLI and the tests.
 */
import type { Clock } from './base/entropy.ts';
import { StoreError, toStoreError } from './base/errors.ts';
import { type FileSystem, joinPath } from './fs/fileSystem.ts';
import { DamageLog } from './iter/damage.ts';
import type { TreeEvent } from './model/events.ts';
import type {
  CompactionProgress,
  EngineApi,
  EngineNotice,
  EntryRow,
  FlushReport,
  GetResult,
  ImportProgress,
  Method,
  Page,
  Params,
  RepairProgress,
  Result,
  StoreSummary,
  VerifyReport,
  WriteReport,
} from './protocol/engineApi.ts';
import type { CancelToken } from './protocol/rpc.ts';
import type { Where } from './query/where/filter.ts';
import { compactCopy, compactInPlace, planCompaction, type Watch } from './service/compaction.ts';
import { dumpSlice } from './service/dump.ts';
import { EvidenceDesk, type EvidenceHandlers } from './service/evidence.ts';
import { flushStore } from './service/flush.ts';
import { type ImportWatch, importFile, previewImport, sniffImport } from './service/import.ts';
import { Lenses } from './service/lenses.ts';
import { Rated } from './service/progress.ts';
import { Queries, type QueriesHandlers } from './service/queries.ts';
import { repair } from './service/repair.ts';
import { createSample } from './service/sample.ts';
import { Tables, type TablesHandlers } from './service/tables.ts';
import { Timelines } from './service/timeline.ts';
import { verifyDirectory, verifyOpenStore } from './service/verify.ts';
import { Workbench, type WorkbenchHandlers } from './service/workbench.ts';
import { writeStore } from './service/write.ts';
import { explainGet } from './store/explain.ts';
import { getAsOf } from './store/getAsOf.ts';
import { openStore, openTableFile } from './store/open.ts';
import { PointGet } from './store/pointGet.ts';
import type { StoreReader } from './store/reader.ts';
import { resolvedRow } from './store/rows.ts';
import { SAMPLES } from './store/samples/catalog.ts';
import { summarize } from './store/summary.ts';
import { versionValue, visibleValue } from './store/values.ts';
import type { SpawnVerify, VerifyWorld } from './store/verify/verify.ts';
import type { WriteEnvironment } from './store/writeEnvironment.ts';

export interface Environment {
  /** For everything that reads; need not allow writing. */
  readonly fs: FileSystem;
  /** For the calls that write, and only for them; where it is absent, those are refused. */
  readonly write?: WriteEnvironment;
  readonly clock: Clock;
  /** For checking files side by side; without it they are checked in this thread. */
  readonly verifyThreads?: { readonly count: number; readonly spawn: SpawnVerify };
  /** The process that holds an exclusive lock on this file, if the system tells. */
  lockOwner(path: string): { readonly pid: number } | undefined;
  notify(notice: EngineNotice): void;
}

/** Milliseconds between two progress notices of one job. */
const NOTICE_MS = 100;

interface Open {
  readonly store: StoreReader;
  readonly path: string;
  readonly kind: 'directory' | 'table';
}

type Handlers = { readonly [M in Method]: (p: Params<M>, token: CancelToken) => Result<M> | Promise<Result<M>> };

const NEVER: CancelToken = { cancelled: false };

export class Service {
  readonly #env: Environment;
  readonly #queries: Queries;
  readonly #timelines: Timelines;
  readonly #lenses: Lenses;
  /** SQL, exports and comparisons. */
  readonly workbench: Workbench;
  readonly #evidence: EvidenceDesk;
  #open: Open | undefined;
  /** A job of ours holds the LOCK of the open store, or is about to. */
  #writing = false;

  constructor(env: Environment) {
    this.#env = env;
    this.#lenses = new Lenses(env.fs);
    this.#timelines = new Timelines(env.clock);
    this.workbench = new Workbench(env, () => ({
      store: this.store,
      live: this.#live,
      summary: () => this.#summary(),
      where: (family, source) => this.where(family, source),
      keyText: (family, key) => this.#lenses.keyText(this.store, family, key),
      writeEnvironment: () => this.#writeEnvironment(),
    }));
    this.#evidence = new EvidenceDesk({
      fs: env.fs,
      clock: env.clock,
      notify: (notice) => env.notify(notice),
      opened: () => this.store,
      live: (path) => this.#writing || env.lockOwner(joinPath(path, 'LOCK')) !== undefined,
      writeEnvironment: () => this.#writeEnvironment(),
    });
    this.#queries = new Queries({
      clock: env.clock,
      notify: (notice) => env.notify(notice),
      store: () => this.store,
      live: () => this.#live,
      where: (family, source, valueLens) => this.where(family, source, valueLens),
      through: (family, lens) => this.lens(family, lens),
    });
    this.#handlers = {
      ...this.#own,
      ...this.#queries.handlers,
      ...new Tables({
        clock: env.clock,
        notify: (notice) => env.notify(notice),
        store: () => this.store,
        live: () => this.#live,
        writing: () => this.#writing,
      }).handlers,
      ...this.workbench.handlers,
      ...this.#evidence.handlers,
    };
  }

  /** Answers one call. Throws (or rejects with) StoreError. */
  call<M extends Method>(method: M, params: Params<M>, token: CancelToken = NEVER): Result<M> | Promise<Result<M>> {
    const handler = (Object.hasOwn(this.#handlers, method) ? this.#handlers[method] : undefined) as
      | ((p: Params<M>, token: CancelToken) => Result<M> | Promise<Result<M>>)
      | undefined;
    if (handler === undefined) throw new StoreError('INPUT', `there is no method "${String(method)}"`);
    return handler(params, token);
  }

  /** The open store, for callers in the same thread (CLI, tests). Throws INPUT if there is none. */
  get store(): StoreReader {
    return this.#opened().store;
  }

  /** Rows of a family read through a lens, for callers in the same thread. Throws INPUT for one that does not fit. */
  lens(family: number, id: string): (row: EntryRow) => EntryRow {
    return this.#lenses.through(this.store, family, id);
  }

  /** A condition over a family's entries, for callers in the same thread. Throws INPUT. */
  where(family: number, source: string, valueLens?: string): Where {
    return this.#lenses.where(this.store, family, source, valueLens);
  }

  /** Whether somebody else holds the store's LOCK. */
  get locked(): boolean {
    return !this.#writing && this.#owner() !== undefined;
  }

  #owner(): { readonly pid: number } | undefined {
    const { path, kind } = this.#opened();
    return kind === 'directory' ? this.#env.lockOwner(joinPath(path, 'LOCK')) : undefined;
  }

  /** Whether files may vanish under a reader. */
  get #live(): boolean {
    return this.#writing || this.locked;
  }

  readonly #handlers: Handlers;
  readonly #own: Omit<
    Handlers,
    keyof QueriesHandlers | keyof TablesHandlers | keyof WorkbenchHandlers | keyof EvidenceHandlers
  > = {
    open: ({ path }) => this.#openAs(path, 'directory'),
    openTable: ({ path }) => this.#openAs(path, 'table'),
    summary: () => this.#summary(),
    refresh: () => {
      this.#lenses.refresh(this.store);
      return { changed: this.store.refresh(), summary: this.#summary() };
    },
    get: (p): GetResult => this.#get(p),
    value: (p) =>
      this.store.retry((view) =>
        p.seq === undefined
          ? visibleValue(view, p.family, p.key, p.maxBytes)
          : versionValue(view, p.family, p.key, p.seq, p.maxBytes),
      ),
    checkWhere: (p) => this.#checkWhere(p),
    decode: (p) => this.#lenses.read(this.store, p.family, p.key, p.value, p.lens) ?? null,
    lenses: (p) => this.#lenses.infos(this.store, p.family, p.format),
    valueFormats: (p) => this.#lenses.formats(p.format),
    configure: (p) => this.#lenses.configure(p.config),
    keySchemas: (p) => this.#lenses.schemas(this.store, p.family),
    keyOfFields: (p) => this.#lenses.keyOfFields(this.store, p.family, p.text),
    dump: (p, token) => this.#dump(p, token),
    explain: (p) => explainGet(this.store, p.family, p.key, p.at, this.#env.clock),
    timeline: (p, token) => this.#timelines.info(this.store, p.family, token),
    timelineChunk: (p) => this.#timelines.chunk(p),
    timelineKeys: (p) => this.#timelines.keys(p),
    timelinePosition: (p) => this.#timelines.position(p),
    verify: (p, token) => this.#verify(p, token),
    compactPlan: (p, token) => this.#compactPlan(p, token),
    compact: (p, token) => this.#compact(p, token),
    flush: (_p, token) => this.#flush(token),
    write: (p, token) => this.#writeBatch(p, token),
    importSniff: (p) => sniffImport(this.#env.fs, p),
    importPreview: (p, token) => this.#importPreview(p, token),
    import: (p, token) => this.#import(p, token),
    samples: () => SAMPLES.map(({ name, summary, formats }) => ({ name, summary, formats })),
    createSample: (p, token) => this.#createSample(p, token),
    repair: (p, token) => {
      const { clock, notify } = this.#env;
      const tell = (progress: RepairProgress): void => notify({ kind: 'repairProgress', progress });
      return repair(this.#writeEnvironment(), p.path, p.out, {
        clock,
        progress: tell,
        isCancelled: () => token.cancelled,
      });
    },
    close: () => this.#close(),
  };

  #opened(): Open {
    if (this.#open === undefined) throw new StoreError('INPUT', 'no store is open');
    return this.#open;
  }

  #openAs(path: string, kind: 'directory' | 'table'): StoreSummary {
    this.#close();
    const { fs } = this.#env;
    const store = kind === 'directory' ? openStore(fs, path) : openTableFile(fs, path);
    this.#open = { store, path, kind };
    return this.#summary();
  }

  #summary(): StoreSummary {
    const { store, path, kind } = this.#opened();
    return summarize(store, kind, path, this.locked);
  }

  #get({ family, key, at, atTimestamp }: Params<'get'>): GetResult {
    const { clock } = this.#env;
    const started = clock.elapsed();
    const damage = new DamageLog();
    const { store } = this;
    const resolved = store.retry((view) =>
      atTimestamp === undefined
        ? new PointGet(view, family, damage).get(key, at)
        : getAsOf(view, family, key, at, atTimestamp, damage),
    );
    if (resolved?.problem !== undefined) damage.note(resolved.problem);
    return {
      entry: resolved === undefined ? undefined : resolvedRow(key, resolved),
      at: Math.min(at ?? Number.POSITIVE_INFINITY, store.view.lastSequence),
      problems: damage.problems,
      micros: (clock.elapsed() - started) * 1000,
    };
  }

  #checkWhere(p: Params<'checkWhere'>): Result<'checkWhere'> {
    try {
      this.where(p.family, p.where);
      return null;
    } catch (thrown) {
      return toStoreError(thrown).toProblem();
    }
  }

  #dump(p: Params<'dump'>, token: CancelToken): Promise<Page<string>> {
    const { path, kind } = p.path === undefined ? this.#opened() : { path: p.path, kind: 'directory' };
    const file = kind === 'table' ? path : joinPath(path, p.file);
    return dumpSlice(this.#env.fs, file, p, () => this.#turn(token));
  }

  #verify({ path, checksumsOnly }: Params<'verify'>, token: CancelToken): Promise<VerifyReport> {
    const { fs, clock, verifyThreads: threads } = this.#env;
    let noticed = Number.NEGATIVE_INFINITY;
    const world: VerifyWorld = {
      fs,
      clock,
      threads,
      isCancelled: () => token.cancelled,
      progress: (progress) => {
        if (clock.elapsed() - noticed < NOTICE_MS) return;
        noticed = clock.elapsed();
        this.#env.notify({ kind: 'verifyProgress', progress });
      },
    };
    if (path === undefined) return verifyOpenStore(this.store, world, checksumsOnly);
    try {
      this.#openAs(path, isDirectory(fs, path) ? 'directory' : 'table');
    } catch (thrown) {
      return verifyDirectory(path, thrown, world);
    }
    return verifyOpenStore(this.store, world, checksumsOnly);
  }

  // ── Writing ──────────────────────────────────────────────────────────────────────────────────

  #directory(): string {
    const { path, kind } = this.#opened();
    if (kind === 'table') {
      throw new StoreError('INPUT', 'one table file cannot be changed: open the directory of its store', { path });
    }
    return path;
  }

  #writeEnvironment(): WriteEnvironment {
    const { write } = this.#env;
    if (write === undefined) throw new StoreError('READ_ONLY', 'this engine was started for reading only');
    return write;
  }

  #watch(token: CancelToken, rated = this.#rated()): Watch {
    return { clock: this.#env.clock, isCancelled: () => token.cancelled, progress: (progress) => rated.tell(progress) };
  }

  #rated(): Rated<CompactionProgress> {
    const send = (progress: CompactionProgress): void => this.#env.notify({ kind: 'compactionProgress', progress });
    return new Rated(this.#env.clock, NOTICE_MS, send);
  }

  async #compactPlan(p: Params<'compactPlan'>, token: CancelToken): Promise<Result<'compactPlan'>> {
    this.#directory();
    const owner = this.#writing ? undefined : this.#owner();
    return planCompaction(this.store, p, owner, this.#env.write, this.#watch(token));
  }

  async #compact(p: Params<'compact'>, token: CancelToken): Promise<Result<'compact'>> {
    const directory = this.#directory();
    const env = this.#writeEnvironment();
    if (p.mode === 'copy') return compactCopy(env, directory, p.out, p, this.#watch(token));
    return this.#write(directory, token, (watch) => compactInPlace(env, directory, p, watch));
  }

  async #flush(token: CancelToken): Promise<FlushReport> {
    const directory = this.#directory();
    const env = this.#writeEnvironment();
    return this.#write(directory, token, (watch) => flushStore(env, directory, watch));
  }

  async #writeBatch(p: Params<'write'>, token: CancelToken): Promise<WriteReport> {
    const directory = this.#directory();
    const env = this.#writeEnvironment();
    return this.#write(directory, token, (watch) => writeStore(env, directory, p, watch));
  }

  #importPreview(p: Params<'importPreview'>, token: CancelToken): Promise<Result<'importPreview'>> {
    this.#directory();
    const { fs, write } = this.#env;
    const owner = this.#writing ? undefined : this.#owner();
    return this.#importing(this.#watch(token), (watch) => previewImport(this.store, fs, p, owner, write, watch));
  }

  #import(p: Params<'import'>, token: CancelToken): Promise<Result<'import'>> {
    const directory = this.#directory();
    const env = this.#writeEnvironment();
    return this.#write(directory, token, (watch) =>
      this.#importing(watch, (told) => importFile(env, this.#env.fs, directory, p, told)),
    );
  }

  async #importing<T>(watch: Watch, run: (watch: ImportWatch) => Promise<T>): Promise<T> {
    const { clock, notify } = this.#env;
    const send = (progress: ImportProgress): void => notify({ kind: 'importProgress', progress });
    const rated = new Rated<ImportProgress>(clock, NOTICE_MS, send);
    const result = await run({ ...watch, imported: (progress) => rated.tell(progress) });
    rated.end();
    return result;
  }

  /** Runs what changes the open store, one such thing at a time. */
  async #write<T>(directory: string, token: CancelToken, run: (watch: Watch) => Promise<T>): Promise<T> {
    if (this.#writing) throw new StoreError('LOCKED', 'this store is being written to already', { path: directory });
    const open = this.#open;
    const rated = this.#rated();
    this.#writing = true;
    try {
      this.#queries.hold();
      const event = (e: TreeEvent): void => {
        if (this.#open === open) this.#timelines.noteLive(e);
      };
      const result = await run({ ...this.#watch(token, rated), event });
      rated.end();
      return result;
    } finally {
      this.#writing = false;
      if (this.#open === open) this.#changedByUs();
    }
  }

  #changedByUs(): void {
    try {
      this.store.refresh();
      this.#env.notify({ kind: 'storeChanged', summary: this.#summary() });
    } catch (thrown) {
      // What became of the compaction counts; the next call says what is wrong with the store.
      this.#env.notify({ kind: 'log', level: 'warn', message: `not refreshed: ${toStoreError(thrown).message}` });
    }
  }

  async #createSample(p: Params<'createSample'>, token: CancelToken): Promise<void> {
    const { clock } = this.#env;
    let noticed = Number.NEGATIVE_INFINITY;
    const progress = (done: number, total: number): void => {
      if (clock.elapsed() - noticed < NOTICE_MS) return;
      noticed = clock.elapsed();
      this.#env.notify({ kind: 'sampleProgress', done, total });
    };
    const { path, ...options } = p;
    await createSample(this.#writeEnvironment(), path, options, progress, () => token.cancelled);
  }

  async #turn(token: CancelToken): Promise<void> {
    await this.#env.clock.turn();
    if (token.cancelled) throw new StoreError('CANCELLED', 'cancelled');
  }

  #close(): void {
    this.#queries.close();
    this.#timelines.clear();
    this.#lenses.clear();
    this.workbench.close();
    this.#evidence.close();
    this.#open?.store.close();
    this.#open = undefined;
  }
}

function isDirectory(fs: FileSystem, path: string): boolean {
  try {
    return fs.stat(path).isDirectory;
  } catch {
    return true;
  }
}

/** Compile-time proof that the handlers answer the whole API. */
export type ServiceCovers = keyof EngineApi extends Method ? true : never;
