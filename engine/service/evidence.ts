/** Evidence behind the API: gathered once for each look at a directory, counted in the background, read by the page. */
import type { Clock } from '../base/entropy.ts';
import { StoreError, toStoreError } from '../base/errors.ts';
import type { FileSystem } from '../fs/fileSystem.ts';
import type { EngineNotice, EvidenceExportProgress, EvidenceRow, Page, Params, Result } from '../protocol/engineApi.ts';
import type { CancelToken } from '../protocol/rpc.ts';
import { Evidence } from '../store/evidence/evidence.ts';
import { EvidenceSet } from '../store/evidence/evidenceSet.ts';
import { openForEvidence } from '../store/evidence/open.ts';
import type { StoreReader } from '../store/reader.ts';
import type { StoreView } from '../store/view.ts';
import type { WriteEnvironment } from '../store/writeEnvironment.ts';
import { exportEvidence } from './evidenceExport.ts';
import { Lenses } from './lenses.ts';
import { Rated } from './progress.ts';

/** Milliseconds between two progress notices. */
const NOTICE_MS = 100;
/** Sets of rows kept at once; the one opened first is closed when there are more. */
const SETS_MAX = 8;
/** Bytes of each value in a log that are kept. */
const LOG_VALUE_BYTES = 64 << 10;

export interface EvidenceEnvironment {
  /** Need not allow writing. */
  readonly fs: FileSystem;
  readonly clock: Clock;
  notify(notice: EngineNotice): void;
  /** The open store. Throws INPUT if there is none. */
  opened(): StoreReader;
  /** Files of that directory may vanish under a reader. */
  live(path: string): boolean;
  /** Throws READ_ONLY where nothing may be written. */
  writeEnvironment(): WriteEnvironment;
}

/** One look at one directory. */
interface Look {
  /** Undefined: of the open store. */
  readonly path: string | undefined;
  readonly store: StoreReader;
  /** Why it does not open as a store, where it does not. */
  readonly failure: StoreError | undefined;
  readonly view: StoreView;
  readonly evidence: Evidence;
  readonly lenses: Lenses;
}

type EvidenceMethod =
  | 'openEvidence'
  | 'evidenceState'
  | 'evidenceRows'
  | 'evidenceLenses'
  | 'stopEvidence'
  | 'closeEvidence'
  | 'exportEvidence';

export type EvidenceHandlers = {
  readonly [M in EvidenceMethod]: (p: Params<M>, token: CancelToken) => Result<M> | Promise<Result<M>>;
};

export class EvidenceDesk {
  readonly handlers: EvidenceHandlers;
  readonly #env: EvidenceEnvironment;
  readonly #sets = new Map<number, { readonly set: EvidenceSet; readonly look: Look }>();
  /** The newest; kept while rows of it are. */
  #look: Look | undefined;
  #nextId = 1;

  constructor(env: EvidenceEnvironment) {
    this.#env = env;
    this.handlers = {
      openEvidence: (p, token) => this.#openSet(p, token),
      evidenceState: (p) => {
        const { set, look } = this.#of(p.evidence);
        return this.#state(set, look);
      },
      evidenceRows: (p, token) => this.#rows(p, token),
      evidenceLenses: (p) => {
        const { look } = this.#of(p.evidence);
        const id = this.#familyId(look, p.family);
        return id < 0 ? [] : look.lenses.infos(look.store, id);
      },
      stopEvidence: (p) => {
        const { set } = this.#of(p.evidence);
        set.stop();
        this.#tell(set);
      },
      closeEvidence: (p) => this.#closeSet(p.evidence),
      exportEvidence: (p, token) => this.#export(p, token),
    };
  }

  close(): void {
    for (const id of [...this.#sets.keys()]) this.#closeSet(id);
    this.#forget();
  }

  async #openSet(p: Params<'openEvidence'>, token: CancelToken): Promise<Result<'openEvidence'>> {
    const look = await this.#lookAt(p.path, p.fresh === true, token);
    const set = new EvidenceSet(this.#nextId++, look.evidence, p, this.#env.clock);
    this.#sets.set(set.id, { set, look });
    for (const id of this.#sets.keys()) {
      if (this.#sets.size <= SETS_MAX) break;
      this.#closeSet(id);
    }
    set.step();
    void this.#count(set);
    const { files, families } = look.evidence;
    return { ...this.#state(set, look), files, families };
  }

  /** Counts on in the background, a slice at a time, until the end or until it is closed. */
  async #count(set: EvidenceSet): Promise<void> {
    const { clock } = this.#env;
    let noticed = clock.elapsed();
    await clock.turn();
    while (this.#sets.get(set.id)?.set === set && set.step()) {
      if (clock.elapsed() - noticed > NOTICE_MS) {
        noticed = clock.elapsed();
        this.#tell(set);
      }
      await clock.turn();
    }
    this.#tell(set);
  }

  #tell(set: EvidenceSet): void {
    const known = this.#sets.get(set.id);
    if (known?.set === set) this.#env.notify({ kind: 'evidenceProgress', state: this.#state(set, known.look) });
  }

  #state(set: EvidenceSet, { failure, view }: Look): Result<'evidenceState'> {
    const state = set.state();
    const first = failure === undefined ? [] : [failure.toProblem()];
    return { ...state, problems: [...first, ...view.problems, ...state.problems] };
  }

  async #rows(p: Params<'evidenceRows'>, token: CancelToken): Promise<Page<EvidenceRow>> {
    const { set, look } = this.#of(p.evidence);
    const statuses = p.statuses ?? [];
    while (!set.complete && set.count(statuses) < p.from + p.count) await this.#turn(token);
    const job = set.read(p.from, p.count, statuses, p.previewBytes);
    try {
      for (let step = job.next(); ; step = job.next()) {
        if (step.done !== true) {
          await this.#turn(token);
          continue;
        }
        const { lens } = p;
        return lens === undefined ? step.value : { ...step.value, items: this.#read(look, step.value.items, lens) };
      }
    } finally {
      job.return(undefined as never);
    }
  }

  /** Through a lens, as far as it fits the family of each row. */
  #read(look: Look, rows: readonly EvidenceRow[], id: string): EvidenceRow[] {
    const readers = new Map<string, ReturnType<Lenses['reader']> | undefined>();
    return rows.map((row) => {
      if (!readers.has(row.family)) readers.set(row.family, this.#reader(look, row.family, id));
      const read = readers.get(row.family);
      if (read === undefined) return row;
      const isPlain = row.type === 'put' || row.type === 'merge';
      return { ...row, shown: read(row.key, isPlain && row.value.length === row.valueBytes ? row.value : undefined) };
    });
  }

  #reader({ store, lenses, evidence }: Look, family: string, lens: string): ReturnType<Lenses['reader']> | undefined {
    const id = evidence.families.find((f) => f.name === family)?.id ?? -1;
    if (id < 0) return undefined;
    try {
      return lenses.reader(store, id, lens);
    } catch {
      return undefined;
    }
  }

  #familyId({ evidence }: Look, family: string | undefined): number {
    const { families } = evidence;
    return (family === undefined ? families[0] : families.find((f) => f.name === family))?.id ?? -1;
  }

  /** What a directory holds: the newest look at it if nothing has changed since, or a new one. */
  async #lookAt(path: string | undefined, fresh: boolean, token: CancelToken): Promise<Look> {
    const known = this.#look;
    if (known !== undefined && known.path === path && !fresh && !this.#isOld(known)) return known;
    const look = await this.#gather(path, token);
    this.#forget();
    this.#look = look;
    return look;
  }

  #isOld({ path, store, view }: Look): boolean {
    if (path === undefined) return store !== this.#env.opened() || store.view !== view;
    try {
      return store.refresh();
    } catch {
      return true;
    }
  }

  async #gather(path: string | undefined, token: CancelToken): Promise<Look> {
    const { fs } = this.#env;
    const { store, failure } =
      path === undefined ? { store: this.#env.opened(), failure: undefined } : openForEvidence(fs, path);
    let view: StoreView | undefined;
    try {
      const live = this.#env.live(store.shared.directory);
      view = store.stableView([...store.view.version.families.keys()][0] ?? 0, live);
      if (live) for (const id of view.version.families.keys()) view.pin(id);
      const evidence = await this.#drive(Evidence.prepare(view, LOG_VALUE_BYTES), token);
      return { path, store, failure, view, evidence, lenses: new Lenses(fs) };
    } catch (thrown) {
      view?.release();
      if (path !== undefined) store.close();
      throw toStoreError(thrown);
    }
  }

  async #drive<T>(job: Generator<void, T, void>, token: CancelToken): Promise<T> {
    try {
      for (let step = job.next(); ; step = job.next()) {
        if (step.done === true) return step.value;
        await this.#turn(token);
      }
    } finally {
      job.return(undefined as never);
    }
  }

  async #export(p: Params<'exportEvidence'>, token: CancelToken): Promise<Result<'exportEvidence'>> {
    const { clock, notify } = this.#env;
    const { fs } = this.#env.writeEnvironment();
    const tell = (progress: EvidenceExportProgress): void => notify({ kind: 'evidenceExportProgress', progress });
    const rated = new Rated<EvidenceExportProgress>(clock, NOTICE_MS, tell);
    const look = await this.#gather(p.path, token);
    try {
      const world = { fs, clock, progress: (e: EvidenceExportProgress) => rated.tell(e) };
      return await exportEvidence(look.view, look.evidence, look.failure, p, world, token);
    } finally {
      this.#release(look);
    }
  }

  #of(id: number): { readonly set: EvidenceSet; readonly look: Look } {
    const known = this.#sets.get(id);
    if (known === undefined) throw new StoreError('INPUT', `evidence ${id} is closed`, { mend: 'gather it again' });
    return known;
  }

  #closeSet(id: number): void {
    const known = this.#sets.get(id);
    if (known === undefined) return;
    known.set.close();
    this.#sets.delete(id);
    if (known.look !== this.#look && !this.#isUsed(known.look)) this.#release(known.look);
  }

  #forget(): void {
    const look = this.#look;
    this.#look = undefined;
    if (look !== undefined && !this.#isUsed(look)) this.#release(look);
  }

  #isUsed(look: Look): boolean {
    return [...this.#sets.values()].some((s) => s.look === look);
  }

  #release({ path, store, view, lenses }: Look): void {
    lenses.clear();
    view.release();
    if (path !== undefined) store.close();
  }

  async #turn(token: CancelToken): Promise<void> {
    await this.#env.clock.turn();
    if (token.cancelled) throw new StoreError('CANCELLED', 'gathering the evidence was cancelled');
  }
}
