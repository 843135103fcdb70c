/**
 * Puts and deletions from the request to the report: one batch, whole or not at all, under the store's LOCK. What
 * the keys had before is read under the same LOCK, so that the write can be taken back.
 *
 * 1. The store is opened for writing: LOCK, gate, recovery.
 * 2. What the request expects is checked. Nothing of the batch is written where it does not hold.
 * 3. Previous values are read, the batch goes to the log, and to the disk if the request wants that.
 * 4. Where a table was made meanwhile, the store's own policy is asked what to compact, as after a flush.
 */
import { equalBytes } from '../base/bytes.ts';
import { type Problem, StoreError } from '../base/errors.ts';
import type { FamilyCompaction } from '../model/compaction.ts';
import type { TreeEvent } from '../model/events.ts';
import {
  PREVIOUS_BYTES_MAX,
  type PreviousValue,
  WRITE_BYTES_MAX,
  WRITE_OPS_MAX,
  type WriteOp,
  type WriteReport,
  type WriteRequest,
} from '../model/write.ts';
import type { WriteEnvironment } from '../store/writeEnvironment.ts';
import type { StoreWriter } from '../store/writer.ts';
import { openWriter } from './compaction.ts';
import { settle } from './flush.ts';
import { cancelled, type Watch } from './progress.ts';

/**
 * Throws LOCKED with the owner's process id, WriteRefused with the reason, INPUT where the request is wrong or what
 * it expects is not so, CANCELLED before anything was done. Cancelled later, the write holds.
 */
export async function writeStore(
  env: WriteEnvironment,
  directory: string,
  request: WriteRequest,
  watch: Watch,
): Promise<WriteReport> {
  checkRequest(request);
  cancelled(watch);
  let madeTables = false;
  const event = (e: TreeEvent): void => {
    madeTables ||= e.kind === 'flush';
    watch.event?.(e);
  };
  const writer = openWriter(env, directory, { ...watch, event });
  try {
    checkSequence(writer, request);
    const previous = previousOf(writer, request.ops);
    const batch = writer.batch();
    for (const { kind, family, key, value } of request.ops) {
      if (kind === 'put') batch.put(family, key, value as Uint8Array);
      else batch.delete(family, key);
    }
    const sequence = writer.writeSync(batch, { sync: request.sync });
    let compactions: readonly FamilyCompaction[] = [];
    let problems: readonly Problem[] = [];
    if (madeTables) ({ compactions, problems } = await settle(env, writer, watch));
    return { sequence, previous, compactions, problems };
  } finally {
    writer.close();
  }
}

function checkRequest({ ops }: WriteRequest): void {
  if (ops.length === 0) throw new StoreError('INPUT', 'there is nothing to write');
  if (ops.length > WRITE_OPS_MAX) {
    throw new StoreError('INPUT', `${ops.length} operations are more than the ${WRITE_OPS_MAX} of one batch`);
  }
  let bytes = 0;
  for (const { kind, key, value } of ops) {
    if (kind === 'put' && value === undefined) throw new StoreError('INPUT', 'a put needs a value');
    if (kind === 'delete' && value !== undefined) throw new StoreError('INPUT', 'a deletion has no value');
    bytes += key.length + (value?.length ?? 0);
  }
  if (bytes > WRITE_BYTES_MAX) {
    throw new StoreError('INPUT', `${bytes} bytes are more than the ${WRITE_BYTES_MAX} of one batch`);
  }
}

function checkSequence(writer: StoreWriter, { expectSequence }: WriteRequest): void {
  const now = writer.lastSequence;
  if (expectSequence === undefined || now === expectSequence) return;
  throw new StoreError(
    'INPUT',
    `something else was written since: the store is at sequence ${now}, not ${expectSequence}`,
  );
}

/** What the keys have now. Throws INPUT where one has not what its operation expects. */
export function previousOf(writer: StoreWriter, ops: readonly WriteOp[]): PreviousValue[] {
  let left = PREVIOUS_BYTES_MAX;
  return ops.map(({ family, key, expect }) => {
    const { value, previous } = lookUp(writer, family, key);
    if (expect !== undefined) {
      const same = expect === null ? previous.state === 'absent' : value !== undefined && equalBytes(value, expect);
      if (!same) {
        throw new StoreError('INPUT', 'the key has another value by now: nothing was written', {
          mend: 'open the value again',
        });
      }
    }
    if (previous.state !== 'value') return previous;
    const bytes = previous.value.length;
    if (bytes > left) return { state: 'kept', bytes, why: 'it is too large to be kept' };
    left -= bytes;
    return previous;
  });
}

function lookUp(
  writer: StoreWriter,
  family: number,
  key: Uint8Array,
): { readonly value?: Uint8Array; readonly previous: PreviousValue } {
  const found = writer.get(family, key);
  if (found === undefined) return { previous: { state: 'absent' } };
  const { value, columns, problem } = found;
  const kept = (why: string): { previous: PreviousValue } => ({
    previous: { state: 'kept', bytes: value?.length ?? 0, why },
  });
  if (problem !== undefined) return kept(problem.message);
  if (columns !== undefined) return kept('it has wide columns');
  if (value === undefined) return kept('it has operands that no known operator joins');
  // A value may share its buffer with others.
  return { value, previous: { state: 'value', value: value.slice() } };
}
