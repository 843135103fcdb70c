/** Collects what a check finds in one file: each place once, and not without end. */
import { type Problem, type StoreError, toStoreError } from '../../base/errors.ts';
import type { Finding, Severity } from '../../model/verify.ts';

/** More from one file say nothing new. */
const FINDINGS_MAX = 1000;

export class Findings {
  readonly list: Finding[] = [];
  more = 0;
  readonly #file: string;
  readonly #seen = new Set<string>();

  constructor(file: string) {
    this.#file = file;
  }

  add(severity: Severity, message: string, offset?: number, code: Problem['code'] = 'CORRUPT', mend?: string): void {
    const id = `${offset ?? ''}:${message}`;
    if (this.#seen.has(id)) return;
    if (this.list.length >= FINDINGS_MAX) {
      this.more++;
      return;
    }
    this.#seen.add(id);
    this.list.push({
      severity,
      code,
      path: this.#file,
      message,
      ...(offset === undefined ? {} : { offset }),
      ...(mend === undefined ? {} : { mend }),
    });
  }

  /** What was thrown, at `offset` unless it knows its place better. */
  thrown(thrown: unknown, offset?: number): StoreError {
    const e = toStoreError(thrown, { offset });
    this.add('damage', e.message, e.offset, e.code, e.mend);
    return e;
  }

  /** A problem that a reader met; left out where something is known of the same place. */
  problem(p: Problem): void {
    if (p.offset !== undefined && this.list.some((f) => f.offset === p.offset)) return;
    this.add('damage', p.message, p.offset, p.code, p.mend);
  }
}
