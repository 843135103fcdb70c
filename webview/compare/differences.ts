/** The differences that have come so far, and which of them are on show: pure, with the transport passed in. */
import type { DiffKind, DiffPlace, DiffReport, DiffRow } from '../../engine/protocol/engineApi.ts';
import { count, plural } from '../text/numbers.ts';

export type Shown = 'all' | DiffKind;

export interface DifferencesOptions {
  fetch(after: DiffPlace | undefined): { readonly result: Promise<DiffReport>; cancel(): void };
  onChange(): void;
  onError(reason: unknown): void;
}

export class Differences {
  readonly #o: DifferencesOptions;
  #rows: DiffRow[] = [];
  #visible: readonly DiffRow[] = this.#rows;
  #shown: Shown = 'all';
  #last: DiffReport | undefined;
  #first: DiffReport | undefined;
  #call: ReturnType<DifferencesOptions['fetch']> | undefined;
  #counts = { added: 0, removed: 0, changed: 0, same: 0 };

  constructor(options: DifferencesOptions) {
    this.#o = options;
  }

  get rows(): readonly DiffRow[] {
    return this.#visible;
  }

  /** Of the first answer: tables, families, problems. */
  get report(): DiffReport | undefined {
    return this.#first;
  }

  get running(): boolean {
    return this.#call !== undefined;
  }

  get complete(): boolean {
    return this.#last !== undefined && this.#last.next === undefined;
  }

  get shown(): Shown {
    return this.#shown;
  }

  set shown(shown: Shown) {
    this.#shown = shown;
    this.#pick();
    this.#o.onChange();
  }

  /** Forgets everything and begins anew. */
  restart(): void {
    this.stop();
    this.#rows = [];
    this.#last = this.#first = undefined;
    this.#counts = { added: 0, removed: 0, changed: 0, same: 0 };
    this.#pick();
    this.more();
  }

  /** Asks for the next differences, unless it does already or there are none. */
  more(): void {
    if (this.running || this.complete) return;
    const call = this.#o.fetch(this.#last?.next);
    this.#call = call;
    call.result.then(
      (report) => {
        if (this.#call !== call) return;
        this.#call = undefined;
        this.#take(report);
        this.#o.onChange();
      },
      (reason: unknown) => {
        if (this.#call !== call) return;
        this.#call = undefined;
        this.#o.onError(reason);
        this.#o.onChange();
      },
    );
    this.#o.onChange();
  }

  stop(): void {
    this.#call?.cancel();
    this.#call = undefined;
    this.#o.onChange();
  }

  /** `12 added, 3 removed, 5 changed, 1,234 the same`. */
  words(): string {
    const { added, removed, changed, same } = this.#counts;
    const counts = `${count(added)} added, ${count(removed)} removed, ${count(changed)} changed, ${count(same)} the same`;
    if (this.complete) return added + removed + changed === 0 ? `${plural(same, 'key')}, no difference` : counts;
    return this.#last === undefined ? '' : `${counts} so far`;
  }

  #take(report: DiffReport): void {
    this.#first ??= report;
    this.#last = report;
    // Not spread into one call: a page may be long.
    for (const row of report.rows) this.#rows.push(row);
    const { added, removed, changed, same } = report.counts;
    const c = this.#counts;
    this.#counts = {
      added: c.added + added,
      removed: c.removed + removed,
      changed: c.changed + changed,
      same: c.same + same,
    };
    this.#pick();
  }

  #pick(): void {
    const kind = this.#shown;
    this.#visible = kind === 'all' ? this.#rows : this.#rows.filter((row) => row.kind === kind);
  }
}
