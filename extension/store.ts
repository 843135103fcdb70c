/** One listed store. It has no engine until something needs one. */
import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Problem } from '../engine/model/tree.ts';
import type {
  EngineNotice,
  FamilySummary,
  Finding,
  LensInfo,
  Method,
  Params,
  Result,
  StoreSummary,
} from '../engine/protocol/engineApi.ts';
import { type Call, StoreError, toStoreError } from '../engine/protocol/rpc.ts';
import { SURE_LENS } from '../engine/protocol/viewApi.ts';
import { EngineClient, type EngineState, type EngineTarget } from './engineClient.ts';

/** Findings kept past those that opening made: a table may be damaged in every block. */
const FOUND_MAX = 200;
/** Findings of a verification that are shown; its report has them all. */
const VERIFIED_MAX = 500;
/** Findings come in bursts while a scan runs; whoever shows them hears of them this often. */
const FOUND_MILLIS = 250;

export type StoreState = 'closed' | 'opening' | 'open' | 'failed';

export interface Engines {
  readonly workerFile: string;
  readonly log: vscode.LogOutputChannel;
}

/** One store directory, or one table file, and its engine. */
export class Store implements vscode.Disposable {
  readonly path: string;
  readonly kind: EngineTarget['kind'];
  readonly #engines: Engines;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #notice = new vscode.EventEmitter<EngineNotice>();
  readonly #engineState = new vscode.EventEmitter<EngineState>();
  /** State or summary are other than before. */
  readonly onChanged = this.#changed.event;
  readonly onNotice = this.#notice.event;
  readonly onEngineState = this.#engineState.event;
  readonly #foundMore = new vscode.EventEmitter<void>();
  /** Damage was met that opening had not seen. `onChanged` fires as well. */
  readonly onFound = this.#foundMore.event;
  /** Problems that gets, scans and opened tables met, by what makes them one. */
  readonly #found = new Map<string, Problem>();
  /** What the last verification found. */
  #verified: readonly Finding[] = [];
  #lenses: ReadonlyMap<number, readonly LensInfo[]> = new Map();
  #foundTimer: ReturnType<typeof setTimeout> | undefined;
  #client: EngineClient | undefined;
  /** Calls that write, and whether it is this directory that they change. */
  readonly #writing = new Map<Call<unknown>, { readonly inPlace: boolean }>();
  readonly #writingEnded = new vscode.EventEmitter<void>();
  /** The last call that was writing has ended, however it did. */
  readonly onWritingEnded = this.#writingEnded.event;
  #state: StoreState = 'closed';
  #summary: StoreSummary | undefined;
  #error: StoreError | undefined;
  #epoch = 0;
  #disposed = false;

  constructor(target: EngineTarget, engines: Engines) {
    this.path = target.path;
    this.kind = target.kind;
    this.#engines = engines;
  }

  get name(): string {
    return path.basename(this.path) || this.path;
  }

  get state(): StoreState {
    return this.#state;
  }

  /** The store as last seen; undefined before it was first opened and after it was closed. */
  get summary(): StoreSummary | undefined {
    return this.#summary;
  }

  /**
   * What the last verification found, which says how grave it is; then what opening found and what was met while
   * reading, as far as that is something else.
   */
  get problems(): readonly Problem[] {
    const atOpen = this.#summary?.problems ?? [];
    if (this.#found.size === 0 && this.#verified.length === 0) return atOpen;
    const ids = new Set<string>();
    const places = new Set(this.#verified.flatMap((f) => (f.offset === undefined ? [] : [placeOf(f)])));
    return [...this.#verified, ...atOpen, ...this.#found.values()].filter((p) => {
      const id = identity(p);
      if (ids.has(id)) return false;
      ids.add(id);
      return 'severity' in p || !places.has(placeOf(p));
    });
  }

  /** Keeps what a verification found; an empty list after one that found nothing. */
  setVerified(findings: readonly Finding[]): void {
    const had = this.#verified.length;
    this.#verified = findings.slice(0, VERIFIED_MAX);
    // What was met before is among them, or is so no more.
    const cleared = this.#found.size > 0;
    this.#found.clear();
    if (had === 0 && findings.length === 0 && !cleared) return;
    this.#changed.fire();
    this.#foundMore.fire();
  }

  /** The application whose lens surely fits a family, as far as that was asked. */
  lens(family: number): LensInfo | undefined {
    const surest = this.#lenses.get(family)?.find((l) => (l.kind ?? 'application') === 'application');
    return surest !== undefined && surest.confidence >= SURE_LENS ? surest : undefined;
  }

  setLenses(lenses: ReadonlyMap<number, readonly LensInfo[]>): void {
    this.#lenses = lenses;
    this.#changed.fire();
  }

  /** Why it could not be opened. */
  get error(): StoreError | undefined {
    return this.#error;
  }

  /** Counts closings: what was expanded in an earlier life must not open the store again. */
  get epoch(): number {
    return this.#epoch;
  }

  get uri(): vscode.Uri {
    return vscode.Uri.file(this.path);
  }

  family(id: number): FamilySummary | undefined {
    return this.#summary?.families.find((f) => f.id === id);
  }

  async open(token?: vscode.CancellationToken): Promise<StoreSummary> {
    if (this.#disposed) {
      throw new StoreError('CANCELLED', vscode.l10n.t('The store was closed.'), {
        path: this.path,
        mend: vscode.l10n.t('open it again'),
      });
    }
    if (this.#summary !== undefined && this.#client?.alive === true) return this.#summary;
    const client = this.#client ?? this.#connect();
    if (this.#state !== 'open') this.#become('opening');
    try {
      const summary = await client.open(token);
      return this.#summary ?? summary;
    } catch (thrown) {
      throw this.#failed(client, thrown);
    }
  }

  async call<M extends Method>(method: M, params: Params<M>, token?: vscode.CancellationToken): Promise<Result<M>> {
    await this.open();
    try {
      const result = await this.#engine().call(method, params, token);
      this.#noteAnswer(result);
      return result;
    } catch (thrown) {
      this.#noteError(thrown);
      throw thrown;
    }
  }

  async start<M extends Method>(method: M, params: Params<M>): Promise<Call<Result<M>>> {
    await this.open();
    const call = await this.#engine().start(method, params);
    call.result.then(
      (result) => this.#noteAnswer(result),
      (thrown: unknown) => this.#noteError(thrown),
    );
    return call;
  }

  /** Starts a call that writes. Should the store be closed meanwhile, its engine ends the work in good order first. */
  async startWriting<M extends Method>(method: M, params: Params<M>): Promise<Call<Result<M>>> {
    const call = await this.start(method, params);
    this.#writing.set(call, { inPlace: (params as { mode?: unknown }).mode !== 'copy' });
    const done = (): void => {
      this.#writing.delete(call);
      if (this.#writing.size === 0) this.#writingEnded.fire();
    };
    call.result.then(done, done);
    return call;
  }

  /** What is being written now: this directory, only a copy of it, or nothing. */
  get writing(): 'inPlace' | 'copy' | undefined {
    if (this.#writing.size === 0) return undefined;
    return [...this.#writing.values()].some((w) => w.inPlace) ? 'inPlace' : 'copy';
  }

  /** Cancels what is being written; the calls end when the engine has cleaned up. False if there was nothing. */
  cancelWriting(): boolean {
    for (const call of this.#writing.keys()) call.cancel();
    return this.#writing.size > 0;
  }

  /** Reads what the owner wrote since. True if that changed anything. */
  async refresh(token?: vscode.CancellationToken): Promise<boolean> {
    if (this.#state !== 'open') {
      this.#client?.reset();
      await this.open(token);
      return true;
    }
    const { changed, summary } = await this.call('refresh', {}, token);
    const different = changed || summary.locked !== this.#summary?.locked;
    this.#summary = summary;
    // What the owner has compacted away takes its damage with it.
    for (const [id, problem] of this.#found) if (await this.#isGone(problem)) this.#found.delete(id);
    if (changed && this.#verified.length > 0) {
      const gone = await Promise.all(this.#verified.map((f) => f.code !== 'NOT_FOUND' && this.#isGone(f)));
      this.#verified = this.#verified.filter((_, i) => gone[i] !== true);
    }
    if (different) this.#changed.fire();
    return different;
  }

  /** Forgets what was met while reading: a person mended it, or wants to know whether it is still so. */
  forgetFound(): void {
    if (this.#found.size === 0 && this.#verified.length === 0) return;
    this.#found.clear();
    this.#verified = [];
    this.#changed.fire();
  }

  /** Forgets earlier deaths of the engine. */
  retry(): void {
    this.#client?.reset();
  }

  /** Ends the engine as a crash would (tests). */
  async killEngine(): Promise<void> {
    await this.#client?.kill();
  }

  close(): void {
    const client = this.#client;
    const writing = [...this.#writing.keys()];
    for (const call of writing) call.cancel();
    if (writing.length === 0) client?.dispose();
    else void Promise.allSettled(writing.map((call) => call.result)).then(() => client?.dispose());
    this.#client = undefined;
    this.#summary = undefined;
    this.#error = undefined;
    this.#found.clear();
    this.#verified = [];
    this.#lenses = new Map();
    clearTimeout(this.#foundTimer);
    this.#foundTimer = undefined;
    this.#epoch++;
    this.#become('closed');
  }

  dispose(): void {
    this.close();
    this.#disposed = true;
    this.#changed.dispose();
    this.#notice.dispose();
    this.#engineState.dispose();
    this.#foundMore.dispose();
    this.#writingEnded.dispose();
  }

  #isGone(problem: Problem): Promise<boolean> {
    return stat(path.resolve(this.path, problem.path)).then(
      () => false,
      () => true,
    );
  }

  #engine(): EngineClient {
    if (this.#client === undefined) throw new StoreError('CANCELLED', vscode.l10n.t('The store was closed.'));
    return this.#client;
  }

  #connect(): EngineClient {
    const client = new EngineClient(this.#engines.workerFile, { path: this.path, kind: this.kind }, this.#engines.log);
    client.onOpened((summary) => {
      this.#summary = summary;
      this.#error = undefined;
      this.#become('open');
    });
    client.onNotice((notice) => {
      if (this.#client !== client) return;
      if (notice.kind === 'queryProgress') this.#note(notice.state.problems);
      else if (notice.kind === 'storeChanged') {
        this.#summary = notice.summary;
        this.#changed.fire();
      }
      this.#notice.fire(notice);
    });
    client.onState((state) => this.#engineState.fire(state));
    this.#client = client;
    return client;
  }

  /** Keeps the problems that an answer carries. */
  #noteAnswer(result: unknown): void {
    if (typeof result !== 'object' || result === null || !('problems' in result)) return;
    if (Array.isArray(result.problems)) this.#note(result.problems as readonly Problem[]);
  }

  /** Damage that left nothing to answer. */
  #noteError(thrown: unknown): void {
    const error = toStoreError(thrown);
    if (error.code !== 'CORRUPT' || error.path === undefined) return;
    const inside = path.isAbsolute(error.path) ? path.relative(this.path, error.path) : error.path;
    this.#note([
      {
        code: error.code,
        path: inside.startsWith('..') ? error.path : inside,
        message: error.message,
        ...(error.offset === undefined ? {} : { offset: error.offset }),
        ...(error.mend === undefined ? {} : { mend: error.mend }),
      },
    ]);
  }

  #note(problems: readonly Problem[]): void {
    if (problems.length === 0 || this.#summary === undefined) return;
    const known = new Set(this.#summary.problems.map(identity));
    const before = this.#found.size;
    for (const problem of problems) {
      if (this.#found.size >= FOUND_MAX) break;
      const id = identity(problem);
      if (problem.path !== '' && !known.has(id) && !this.#found.has(id)) this.#found.set(id, problem);
    }
    if (this.#found.size === before) return;
    this.#foundTimer ??= setTimeout(() => {
      this.#foundTimer = undefined;
      this.#changed.fire();
      this.#foundMore.fire();
    }, FOUND_MILLIS);
  }

  #failed(client: EngineClient, thrown: unknown): StoreError {
    const error = toStoreError(thrown, { path: this.path });
    if (this.#client !== client) return error;
    this.#summary = undefined;
    this.#error = error;
    this.#become('failed');
    return error;
  }

  #become(state: StoreState): void {
    this.#state = state;
    this.#changed.fire();
  }
}

/** Where it is: what two reads say of one place in different words. */
function placeOf(p: Problem): string {
  return `${path.basename(p.path)} ${p.offset ?? ''}`;
}

/** What makes two findings one, whichever read met them. */
function identity(p: Problem): string {
  return `${p.code} ${p.path} ${p.offset ?? ''} ${p.message}`;
}
