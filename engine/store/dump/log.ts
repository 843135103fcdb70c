/** What WALs and MANIFESTs have in common: the log that carries them (rocksdb-leveldb.md §2). */
import { type LogReader, physicalOffset } from '../../formats/leveldb/logReader.ts';
import type { Lines } from './line.ts';

/** File offset of byte `at` of the current record; that of the record where it is compressed. */
export function offsetInRecord(log: LogReader, at: number): number {
  return log.compressed || !log.regular ? log.recordOffset : physicalOffset(log.recordOffset, at, log.recyclable);
}

/**
 * Walks over all records, the control records between them and the damage; behind damage it goes on with
 * the next intact fragment. `dump` is handed the record's ordinal.
 */
export function* dumpLog(
  log: LogReader,
  lines: Lines,
  dump: (n: number) => Generator<string, void>,
): Generator<string, void> {
  let n = 0;
  let before = 0;
  let compressed = false;
  let predecessor = log.predecessor;
  let timestamps = '';
  for (;;) {
    const more = log.next();
    if (log.compressed && !compressed) {
      compressed = true;
      yield lines.at(before, 'compression of the records that follow: ZSTD');
    }
    if (log.predecessor !== predecessor && log.predecessor !== undefined) {
      predecessor = log.predecessor;
      const { logNumber, bytes, lastSequence } = predecessor;
      yield lines.at(before, `preceding WAL: #${logNumber}, ${bytes} bytes, last sequence ${lastSequence}`);
    }
    const sizes = log.timestampSizes.size === 0 ? '' : shownSizes(log.timestampSizes);
    if (sizes !== timestamps) {
      timestamps = sizes;
      yield lines.at(before, `bytes of user timestamp by column family: ${sizes}`);
    }
    if (more) {
      yield* dump(n++);
      before = log.endOffset;
      continue;
    }
    const { problem } = log;
    if (log.ended !== 'corrupt' || problem === undefined) break;
    yield lines.damage(problem, log.endOffset);
    log.problem = undefined;
    if (!log.resync()) break;
  }
  yield lines.at(log.ended === 'eof' ? log.size : log.endOffset, ending(log, n));
}

function shownSizes(sizes: ReadonlyMap<number, number>): string {
  return [...sizes].map(([family, bytes]) => `${family}: ${bytes}`).join(', ');
}

function ending(log: LogReader, n: number): string {
  const records = n === 1 ? '1 record' : `${n} records`;
  switch (log.ended) {
    case 'torn':
      return `end: ${records}; the file ends inside of another one, whose writer died or still writes`;
    case 'recycled':
      return `end: ${records}; what follows is left from an earlier life of the file`;
    default:
      return log.endOffset < log.size && n >= 0 && log.ended === 'eof'
        ? `end: ${records}; nothing but padding from ${log.endOffset} on`
        : `end: ${records}`;
  }
}
