/**
 * A MANIFEST, or any other log of version edits, field by field (rocksdb-leveldb.md §2, §5). Every line
 * carries the offset of the field itself: the bytes of a record are followed through the blocks of the log.
 */
import { hex } from '../../base/bytes.ts';
import { isoTime } from '../../base/entropy.ts';
import { corrupt } from '../../base/errors.ts';
import { Reader } from '../../base/varint.ts';
import type { LogReader } from '../../formats/leveldb/logReader.ts';
import {
  decodeCommonField,
  decodeKeyField,
  emptyEdit,
  type FieldDecoder,
  type NewFile,
  type VersionEdit,
} from '../../formats/leveldb/versionEdit.ts';
import { decodeRocksDbEdit, decodeRocksField } from '../../formats/rocksdb/versionEdit.ts';
import type { Bound } from '../../model/tree.ts';
import { type Lines, shownError, shownKey, sized, withoutOffset } from './line.ts';
import { dumpLog, offsetInRecord } from './log.ts';

/** `timed`: of Basho's LevelDB. */
export function* dumpManifest(log: LogReader, lines: Lines, timed = false): Generator<string, void> {
  const names = new Map<number, string>([[0, 'default']]);
  const decoders = timed ? [decodeKeyField, decodeCommonField] : [decodeCommonField, decodeRocksField];
  yield* dumpLog(log, lines, (n) => dumpEdit(log, lines, n, names, decoders));
}

function* dumpEdit(
  log: LogReader,
  lines: Lines,
  n: number,
  names: Map<number, string>,
  decoders: readonly FieldDecoder[],
): Generator<string, void> {
  const { record, recordOffset } = log;
  yield lines.at(recordOffset, `edit ${n}: ${sized(record.length)}${familyOf(record, names)}`);
  const r = new Reader(record);
  let at = 0;
  let tag = 0;
  try {
    while (r.remaining > 0) {
      at = r.position;
      tag = r.varint32();
      // Each field goes into an edit of its own, so that what it said stands alone.
      const edit = emptyEdit();
      edit.family = -1;
      if (!decoders.some((decode) => decode(tag, r, edit))) throw corrupt('unknown tag');
      const offset = offsetInRecord(log, at);
      for (const field of fieldsOf(edit)) yield lines.at(offset, field, 1);
    }
  } catch (thrown) {
    const e = withoutOffset(shownError(thrown));
    yield lines.at(offsetInRecord(log, at), `${e.code}: tag ${tag}, byte ${at} of the edit: ${e.message}`, 1);
  }
}

/** The family's name stands only in the edit that creates it. */
function familyOf(record: Uint8Array, names: Map<number, string>): string {
  try {
    const edit = decodeRocksDbEdit(record);
    if (edit.familyAdded !== undefined) names.set(edit.family, edit.familyAdded);
    return edit.family === 0 ? '' : `, family ${edit.family} "${names.get(edit.family) ?? '?'}"`;
  } catch {
    // Said where the damage is.
    return '';
  }
}

/** What one field says; `family` is -1 where the field is not the family. */
function fieldsOf(edit: VersionEdit): string[] {
  const out: string[] = [];
  const add = (name: string, value: string | number | boolean | undefined): void => {
    if (value !== undefined) out.push(`${name}: ${value}`);
  };
  if (edit.family >= 0) add('column family', edit.family);
  add('comparator', edit.comparator);
  add('log number', edit.logNumber);
  add('previous log number', edit.prevLogNumber);
  add('next file number', edit.nextFileNumber);
  add('last sequence', edit.lastSequence);
  add('minimum log number to keep', edit.minLogNumberToKeep);
  add('largest column family', edit.maxFamily);
  add('database id', edit.databaseId);
  if (edit.familyAdded !== undefined) add('column family added', `"${edit.familyAdded}"`);
  if (edit.familyDropped === true) out.push('column family dropped');
  if (edit.remainingInGroup !== undefined) add('in an atomic group, edits that follow', edit.remainingInGroup);
  for (const c of edit.compactCursors) out.push(`compact cursor of L${c.level}: ${bound(c.key)}`);
  for (const f of edit.deletedFiles) out.push(`deleted table #${f.number} of L${f.level}`);
  for (const f of edit.newFiles) out.push(newFile(f));
  for (const b of edit.blobAdditions) {
    const checksum = b.checksumMethod === '' ? '' : `, ${b.checksumMethod} ${hex(b.checksum)}`;
    out.push(`new blob file #${b.number}: ${b.count} blobs, ${b.bytes} bytes${checksum}`);
  }
  for (const b of edit.blobGarbage) out.push(`garbage in blob file #${b.number}: ${b.count} blobs, ${b.bytes} bytes`);
  for (const w of edit.walAdditions) {
    out.push(`WAL #${w.number}${w.syncedBytes === undefined ? ' added' : `: ${w.syncedBytes} bytes synced`}`);
  }
  if (edit.walsDeletedBelow !== undefined) out.push(`WALs below #${edit.walsDeletedBelow} deleted`);
  if (edit.fullHistoryTimestampLow !== undefined) {
    add('full history timestamp low', `0x${hex(edit.fullHistoryTimestampLow)}`);
  }
  add('user timestamps persisted', edit.timestampsPersisted);
  add('bytes of the last compacted MANIFEST', edit.lastManifestBytes);
  for (const tag of edit.ignoredTags) out.push(`field of unknown tag ${tag}, which may be ignored`);
  return out;
}

function bound(b: Bound): string {
  return `${shownKey(b.key)} seq ${b.seq} ${b.type}`;
}

/** Epoch seconds, with the date where it is one. */
function time(seconds: number): string {
  const iso = isoTime(seconds);
  return iso === null ? String(seconds) : `${seconds} (${iso})`;
}

function newFile(f: NewFile): string {
  const parts = [
    `new table #${f.number} in L${f.level}: ${f.bytes} bytes`,
    `smallest ${bound(f.smallest)}`,
    `largest ${bound(f.largest)}`,
  ];
  const add = (name: string, value: string | number | boolean | undefined): void => {
    if (value !== undefined) parts.push(`${name} ${value}`);
  };
  if (f.pathId !== 0) add('path id', f.pathId);
  if (f.smallestSeq !== undefined) add('sequences', `${f.smallestSeq}..${f.largestSeq ?? '?'}`);
  add('epoch', f.epoch);
  if (f.createdAt !== undefined) add('created', time(f.createdAt));
  if (f.oldestAncestorTime !== undefined) add('oldest ancestor', time(f.oldestAncestorTime));
  add('oldest blob file', f.oldestBlobFile);
  add('marked for compaction', f.markedForCompaction);
  add('minimum log number', f.minLogNumber);
  add('temperature', f.temperature);
  if (f.checksum !== undefined) add('checksum', `0x${hex(f.checksum)}`);
  add('checksum function', f.checksumFunction);
  if (f.minTimestamp !== undefined) add('smallest timestamp', `0x${hex(f.minTimestamp)}`);
  if (f.maxTimestamp !== undefined) add('largest timestamp', `0x${hex(f.maxTimestamp)}`);
  if (f.uniqueId !== undefined) add('unique id', `0x${hex(f.uniqueId)}`);
  add('compensated range deletion bytes', f.compensatedRangeDeletionBytes);
  add('tail bytes', f.tailBytes);
  add('user timestamps persisted', f.timestampsPersisted);
  if (f.openMetadata !== undefined) add('open metadata', `0x${hex(f.openMetadata)}`);
  for (const tag of f.unknownTags ?? []) add('unknown field', tag);
  return parts.join(', ');
}
