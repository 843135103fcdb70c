/** What the merge of a compaction must know beyond its inputs, and what it counts. */
import { corrupt, type Problem, StoreError, unsupported } from '../../base/errors.ts';
import type { TableReader } from '../../formats/block/tableReader.ts';
import { mergeOperatorFor } from '../../formats/rocksdb/mergeOperators.ts';
import { ValueType } from '../../iter/cursor.ts';
import { DamageLog } from '../../iter/damage.ts';
import type { KeyOrder } from '../../iter/order.ts';
import type { RangeTombstones } from '../../iter/rangeTombstones.ts';
import type { Below } from './below.ts';
import type { Stripes } from './stripes.ts';

/** The result of a merge operator whose meaning is beyond doubt; `operands` oldest first. */
export type SureMerge = (
  base: Uint8Array | undefined,
  operands: readonly Uint8Array[],
  key: Uint8Array,
) => Uint8Array | undefined;

/** Operators whose result depends on nothing but their name. */
const PLAIN_OPERATORS: ReadonlySet<string> = new Set(['UInt64AddOperator', 'PutOperator', 'MaxOperator']);

/**
 * The operator with this name, or undefined where its operands must stay: unknown ones, and those with
 * parameters, which the application chooses anew whenever it opens the store.
 */
export function sureMerge(operatorName: string | null): SureMerge | undefined {
  const operator = operatorName === null ? undefined : mergeOperatorFor(operatorName);
  if (operator === undefined || !PLAIN_OPERATORS.has(operator.name)) return undefined;
  return (base, operands) => operator.full(base, operands);
}

export interface MergeRules {
  readonly order: KeyOrder;
  readonly stripes: Stripes;
  /** Range deletions of the inputs. */
  readonly tombstones: RangeTombstones | undefined;
  readonly below: Below;
  /** Sequences that no reader can tell apart become 0, which packs better (RocksDB, bottommost level). */
  readonly zeroSequences: boolean;
  /** Undefined where operands have to stay as they are. */
  readonly merge: SureMerge | undefined;
}

/** Point entries: all that were read are written, hidden, or tombstones without work. */
export class MergeCounts {
  /** Read. */
  entries = 0;
  written = 0;
  /** Values and operands that are left out: a newer version or a range deletion hides them, or they were merged. */
  hidden = 0;
  /** Deletions that are left out. */
  tombstones = 0;
  /** Sequences set to 0. */
  zeroed = 0;

  add(other: MergeCounts): void {
    this.entries += other.entries;
    this.written += other.written;
    this.hidden += other.hidden;
    this.tombstones += other.tombstones;
    this.zeroed += other.zeroed;
  }
}

export function isTombstone(type: number): boolean {
  return type === ValueType.deletion || type === ValueType.singleDeletion || type === ValueType.deletionWithTimestamp;
}

/** A version that is a whole value, wherever its bytes are. Throws UNSUPPORTED for a type that is not known. */
export function isWhole(type: number): boolean {
  switch (type) {
    case ValueType.value:
    case ValueType.blobIndex:
    case ValueType.wideColumnEntity:
    case ValueType.valuePreferredSeqno:
      return true;
    case ValueType.deletion:
    case ValueType.singleDeletion:
    case ValueType.merge:
      return false;
    default:
      throw unsupported(`an entry of type 0x${type.toString(16)} cannot be compacted`);
  }
}

/** Anything that cannot be read ends the compaction: what is lost in the inputs would be lost for good. */
export class NoDamage extends DamageLog {
  override report(problem: Problem): void {
    throw new StoreError(problem.code, `${problem.message}; the compaction would lose entries`, {
      path: problem.path,
      offset: problem.offset,
      mend: problem.mend ?? 'repair the store first, or leave this table out',
    });
  }
}

/** Throws for a table whose range deletions or sequence numbers may be missing: a rewrite would lose them for good. */
export function checkComplete(table: TableReader, path: string): void {
  const { incomplete } = table;
  if (incomplete === undefined) return;
  throw new StoreError(incomplete.code, `${incomplete.message}; the compaction could lose range deletions`, {
    path,
    offset: incomplete.offset,
    mend: incomplete.mend ?? 'repair the store first, or leave this table out',
  });
}

export function proofFailure(message: string, path?: string): StoreError {
  return corrupt(`${message}; the store was left as it is`, {
    path,
    mend: 'please report this: the compaction was wrong, and was not committed',
  });
}
