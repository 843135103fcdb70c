/** What checking a store came to. Structured-cloneable. */
import type { Problem } from '../base/errors.ts';

/**
 * `damage`: bytes are not what was written, or contradict each other. `notice`: worth knowing, and no damage: a
 * log that ends in a record cut short by a crash, a file that nobody refers to.
 */
export type Severity = 'damage' | 'notice';

export interface Finding extends Problem {
  readonly severity: Severity;
}

/** One file, checked. */
export interface FileVerdict {
  readonly file: string;
  readonly kind: string;
  readonly bytes: number;
  /** Checksummed units: blocks of a table, records of a log or of a blob file. */
  readonly units: number;
  /** Entries of a table, operations of a log, edits of a MANIFEST, values of a blob file. */
  readonly entries: number;
  readonly findings: readonly Finding[];
  /** Findings left out, since there were too many. */
  readonly more: number;
  /** What of the file carries no redundancy, in words; empty where everything does. */
  readonly unchecked: readonly string[];
}

export interface VerifyProgress {
  /** Bytes checked, of how many in all. */
  readonly bytes: number;
  readonly totalBytes: number;
  readonly files: number;
  readonly totalFiles: number;
  readonly findings: number;
}

export interface VerifyReport {
  readonly files: number;
  readonly bytes: number;
  readonly tables: number;
  readonly units: number;
  readonly entries: number;
  /** Damage first, then by file and offset. */
  readonly findings: readonly Finding[];
  readonly more: number;
  readonly unchecked: readonly string[];
  readonly millis: number;
}
