/**
 * Checks a log: a WAL or a MANIFEST (rocksdb-leveldb.md §2).
 *
 * Every record's checksum and content; behind damage the search goes on. What no record covers must be zero:
 * the ends of blocks too short for a header, and space that was allocated ahead. A record that the end of the
 * file cuts short is no damage, unless its bytes are whole and only its length is wrong.
 */
import { readU16, readU32 } from '../../base/bytes.ts';
import { crc32c, unmask } from '../../base/crc32c.ts';
import { toStoreError } from '../../base/errors.ts';
import type { BlockDialect } from '../../formats/block/blockCursor.ts';
import { LOG_BLOCK, LogReader } from '../../formats/leveldb/logReader.ts';
import { decodeElevelDbEdit, decodeLevelDbEdit } from '../../formats/leveldb/versionEdit.ts';
import { BatchSummary, type BatchVisitor, readLevelDbBatch } from '../../formats/leveldb/writeBatch.ts';
import { decodeRocksDbEdit } from '../../formats/rocksdb/versionEdit.ts';
import { readRocksDbBatch } from '../../formats/rocksdb/writeBatch.ts';
import { type FileHandle, type FileSystem, joinPath } from '../../fs/fileSystem.ts';
import type { FileVerdict } from '../../model/verify.ts';
import { Findings } from './findings.ts';

export interface LogTask {
  readonly kind: 'wal' | 'manifest';
  readonly directory: string;
  readonly dialect: BlockDialect;
  readonly file: string;
  readonly number: number | undefined;
  /** Bytes that the MANIFEST knows to be on disk (RocksDB's tracked WALs). */
  readonly syncedBytes?: number | undefined;
}

const SLICE_BYTES = 1 << 20;
const HEADER = 7;
const RECYCLABLE_HEADER = 11;

const CHECK_ONLY: BatchVisitor = { entry: () => {}, deleteRange: () => 1 };

/** A job: yields the bytes that were checked since the last step. Never throws but for bugs. */
export function* verifyLog(fs: FileSystem, task: LogTask): Generator<number, FileVerdict> {
  const findings = new Findings(task.file);
  const unchecked: string[] = [];
  let units = 0;
  let entries = 0;
  let bytes = 0;
  let file: FileHandle | undefined;
  try {
    file = fs.open(joinPath(task.directory, task.file), 'read');
    const log = new LogReader(file, { path: task.file, logNumber: task.number });
    bytes = log.size;
    const summary = new BatchSummary();
    let told = 0;
    for (;;) {
      while (log.next()) {
        units++;
        try {
          if (task.kind === 'manifest') {
            if (task.dialect === 'leveldb') decodeLevelDbEdit(log.record);
            else if (task.dialect === 'eleveldb') decodeElevelDbEdit(log.record);
            else decodeRocksDbEdit(log.record);
            entries++;
          } else {
            if (task.dialect !== 'rocksdb') {
              readLevelDbBatch(log.record, CHECK_ONLY, summary, task.dialect === 'eleveldb');
            } else readRocksDbBatch(log.record, CHECK_ONLY, summary);
            entries += summary.count;
          }
        } catch (thrown) {
          const e = toStoreError(thrown);
          findings.add('damage', e.message, log.recordOffset, e.code);
        }
        if (log.endOffset - told >= SLICE_BYTES) {
          yield log.endOffset - told;
          told = log.endOffset;
        }
      }
      if (log.ended !== 'corrupt') break;
      if (log.problem !== undefined) findings.problem(log.problem);
      // Each damage is told for itself.
      log.problem = undefined;
      if (!log.resync()) break;
      yield 0;
    }
    checkEnd(file, log, task, findings, unchecked);
    yield* checkPadding(file, log, findings);
    yield Math.max(0, bytes - told);
  } catch (thrown) {
    findings.thrown(thrown);
  } finally {
    file?.close();
  }
  return {
    file: task.file,
    kind: task.kind,
    bytes,
    units,
    entries,
    findings: findings.list,
    more: findings.more,
    unchecked,
  };
}

function checkEnd(file: FileHandle, log: LogReader, task: LogTask, findings: Findings, unchecked: string[]): void {
  const { syncedBytes } = task;
  if (syncedBytes !== undefined && log.endOffset < syncedBytes) {
    findings.add(
      'damage',
      `the log ends at ${log.endOffset}, the MANIFEST knows of ${syncedBytes} bytes on disk`,
      log.endOffset,
    );
  }
  if (log.ended === 'recycled') {
    unchecked.push('what follows the last record is left over from an earlier life of the file');
    return;
  }
  if (log.ended !== 'torn') return;
  const at = log.endOffset;
  const length = wholeLength(file, at, log.size);
  if (length === undefined) {
    findings.add('notice', 'the last record is cut short, as a crash leaves it: it never counted', at);
  } else {
    findings.add('damage', `the length of a record is wrong: its ${length} bytes are whole`, at);
  }
}

/** The payload length with which the bytes from `at` on have the checksum that stands before them, if any has. */
function wholeLength(file: FileHandle, at: number, size: number): number | undefined {
  const blockEnd = at - (at % LOG_BLOCK) + LOG_BLOCK;
  const b = new Uint8Array(Math.max(0, Math.min(blockEnd, size) - at));
  file.readAt(b, at);
  if (b.length < HEADER) return undefined;
  const stored = unmask(readU32(b, 0));
  let crc = crc32c(b, 6, HEADER);
  for (let end = HEADER; ; end++) {
    if (crc === stored) return end - HEADER;
    if (end >= b.length) return undefined;
    crc = crc32c(b, end, end + 1, crc);
  }
}

/**
 * Walks fragment by fragment over the headers alone. Bytes that the format leaves unused are zero with every
 * writer; anything else there is damage that no checksum covers.
 */
function* checkPadding(file: FileHandle, log: LogReader, findings: Findings): Generator<number, void> {
  const end = log.ended === 'eof' ? log.size : log.endOffset;
  const block = new Uint8Array(LOG_BLOCK);
  for (let start = 0; start < end; start += LOG_BLOCK) {
    const n = file.readAt(block.subarray(0, Math.min(LOG_BLOCK, end - start)), start);
    if (n === 0) return;
    let at = 0;
    while (n - at >= HEADER) {
      const length = readU16(block, at + 4);
      const type = block[at + 6] as number;
      if (type === 0 && length === 0) break;
      const recyclable = (type >= 5 && type <= 8) || type === 11 || type === 131;
      const next = at + (recyclable ? RECYCLABLE_HEADER : HEADER) + length;
      // Named by the reader already.
      if (next > n) {
        at = n;
        break;
      }
      at = next;
    }
    for (let i = at; i < n; i++) {
      if (block[i] === 0) continue;
      findings.add('damage', 'bytes between records are not zero', start + i);
      break;
    }
    if ((start / LOG_BLOCK) % 64 === 63) yield 0;
  }
}
