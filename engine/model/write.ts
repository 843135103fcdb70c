/** Writes to an open store: what is asked and what is answered. Structured-cloneable. */
import type { Problem } from '../base/errors.ts';
import type { FamilyCompaction } from './compaction.ts';

export interface WriteOp {
  readonly kind: 'put' | 'delete';
  /** Id of the column family. */
  readonly family: number;
  readonly key: Uint8Array;
  /** Of a put. */
  readonly value?: Uint8Array | undefined;
  /** The value that the key must have now; null: it must not be there. Undefined: whatever it has. */
  readonly expect?: Uint8Array | null | undefined;
}

/** One atomic batch. */
export interface WriteRequest {
  readonly ops: readonly WriteOp[];
  /** Answer only when the write would outlive a power failure. */
  readonly sync: boolean;
  /** The store's newest sequence number must be this one: nothing else was written since. */
  readonly expectSequence?: number | undefined;
}

/** What an operation's key had before the batch. */
export type PreviousValue =
  | { readonly state: 'absent' }
  | { readonly state: 'value'; readonly value: Uint8Array }
  /** Too large to be handed back, or no plain value (columns, operands without an operator, damage). */
  | { readonly state: 'kept'; readonly bytes: number; readonly why: string };

export interface WriteReport {
  /** Newest sequence number of the store, that of the batch's last operation. */
  readonly sequence: number;
  /** One for each operation. */
  readonly previous: readonly PreviousValue[];
  /** What the store's policy had compacted, where the write or its recovery made a table. */
  readonly compactions: readonly FamilyCompaction[];
  /** What stood against a compaction; the write holds all the same. */
  readonly problems: readonly Problem[];
}

/** Operations of one request, at most. */
export const WRITE_OPS_MAX = 100_000;
/** Bytes of keys and values of one request, at most. */
export const WRITE_BYTES_MAX = 256 << 20;
/** Bytes of previous values that are handed back, at most. */
export const PREVIOUS_BYTES_MAX = 64 << 20;

/**
 * The batch that puts back what was there; undefined where that cannot be told. `expectSequence` has it refused once
 * something else was written.
 */
export function undoOf(
  request: WriteRequest,
  report: Pick<WriteReport, 'previous' | 'sequence'>,
): WriteRequest | undefined {
  const ops: WriteOp[] = [];
  for (const [i, op] of request.ops.entries()) {
    const before = report.previous[i];
    if (before === undefined || before.state === 'kept') return undefined;
    const { family, key } = op;
    ops.push(
      before.state === 'absent' ? { kind: 'delete', family, key } : { kind: 'put', family, key, value: before.value },
    );
  }
  return { ops, sync: request.sync, expectSequence: report.sequence };
}
