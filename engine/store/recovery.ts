/**
 * What becomes of the logs that a store was left with when it is opened for writing.
 *
 * The engines turn them into tables at once. Here logs that are whole and small are taken over as they
 * are: their entries go into the new memtable, the files stay live, and a new log is begun beside them,
 * so that a row of short sessions does not leave a row of tiny tables. Everything else is flushed before
 * anything new is written, and the log numbers of the families move past the old logs: a log that ends
 * in damage or in a torn record must have no successor that counts on it (rocksdb-leveldb.md §2, §14).
 */
import { parseFileName } from '../formats/leveldb/names.ts';
import type { MemtableReader } from './memtable.ts';
import type { SkipList } from './skipList.ts';
import type { ReplayResult } from './walReplay.ts';

/** Logs that may pile up before they are flushed when the store is opened. */
const LOGS_MAX = 4;
const ADOPTED_BYTES_MAX = 4 << 20;

/** A log that still counts, from this session or one before. */
export interface LiveWal {
  readonly number: number;
  readonly bytes: number;
  readonly records: number;
}

/** Whether the logs can stay as they are. */
export function canAdopt(replay: ReplayResult): boolean {
  const { files } = replay;
  if (files.length > LOGS_MAX || replay.problems.length > 0 || replay.pending.length > 0) return false;
  if (files.some((f) => f.ended !== 'eof' || !f.applied || f.recycled || f.compressed)) return false;
  if (files.some((f) => f.usedBytes !== f.bytes)) return false;
  let bytes = 0;
  for (const memtable of replay.memtables.values()) bytes += memtable.bytes;
  return bytes <= ADOPTED_BYTES_MAX;
}

/** Puts the entries of a replayed memtable into a new one. */
export function adopt(from: MemtableReader, into: SkipList): void {
  const c = from.cursor();
  for (c.first(); c.valid; c.next()) {
    into.add(c.type, c.sequence, c.keyBuffer, c.keyStart, c.keyLength, c.valueBuffer, c.valueStart, c.valueLength);
  }
  c.close();
  for (const t of from.rangeTombstones) into.addRangeTombstone(t.begin, t.end, t.seq);
}

/** The first number above all that files of the directory bear, and above `next`. */
export function firstFreeNumber(names: readonly string[], next: number): number {
  let free = next;
  for (const name of names) {
    const { kind, number } = parseFileName(name);
    // Old info logs bear a time where the others have a number.
    if (kind !== 'infoLog' && number !== null && number >= free) free = number + 1;
  }
  return free;
}
