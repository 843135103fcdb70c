/** The files that are text: OPTIONS, CURRENT, IDENTITY and the info log (rocksdb-leveldb.md §1, §11, §12). */
import { text } from '../../base/bytes.ts';
import { manifestFromCurrent } from '../../formats/leveldb/names.ts';
import { type LogEvent, parseEventLog } from '../../formats/rocksdb/eventLog.ts';
import { OPTIONS_BYTES_MAX, parseOptions } from '../../formats/rocksdb/options.ts';
import { baseName, type FileHandle } from '../../fs/fileSystem.ts';
import { formatBytes } from '../../model/display.ts';
import { clipped, type Lines, shownError } from './line.ts';

const READ_BYTES = 64 * 1024;
/** A longer line is cut; an event of the info log has at most some kilobytes. */
const LINE_BYTES_MAX = 32 * 1024;
const SHOWN_CHARS = 2000;

interface TextLine {
  readonly offset: number;
  readonly text: string;
}

/** The lines of a text with the offsets of their first bytes, without their newlines. */
function* textLines(file: FileHandle): Generator<TextLine, void> {
  const buffer = new Uint8Array(READ_BYTES + LINE_BYTES_MAX);
  let kept = 0;
  /** File offset of buffer[0]. */
  let base = 0;
  let cutting = false;
  for (;;) {
    const n = file.readAt(buffer.subarray(kept, kept + READ_BYTES), base + kept);
    const end = kept + n;
    let start = 0;
    while (start < end) {
      const newline = buffer.subarray(start, end).indexOf(10);
      if (newline < 0) break;
      if (!cutting) yield { offset: base + start, text: text(buffer.subarray(start, start + newline)) };
      cutting = false;
      start += newline + 1;
    }
    if (end - start > LINE_BYTES_MAX || (n === 0 && end > start)) {
      if (!cutting)
        yield { offset: base + start, text: text(buffer.subarray(start, Math.min(end, start + LINE_BYTES_MAX))) };
      cutting = true;
      start = end;
    }
    if (n === 0) return;
    buffer.copyWithin(0, start, end);
    base += start;
    kept = end - start;
  }
}

/** Sections and keys of an OPTIONS file, each value as it stands there. */
export function* dumpOptions(file: FileHandle, lines: Lines): Generator<string, void> {
  let depth = 0;
  for (const line of textLines(file)) {
    const s = line.text.trim();
    if (s === '') continue;
    const section = s.startsWith('[');
    if (section) depth = 0;
    yield lines.at(line.offset, clipped(s, SHOWN_CHARS), depth);
    if (section) depth = 1;
  }
  const bytes = new Uint8Array(Math.min(file.size(), OPTIONS_BYTES_MAX));
  const n = file.readAt(bytes, 0);
  for (const problem of parseOptions(bytes.subarray(0, n), baseName(file.path)).problems)
    yield lines.damage(problem, n);
}

const SMALL_BYTES_MAX = 4096;

export function* dumpCurrent(file: FileHandle, lines: Lines): Generator<string, void> {
  const bytes = new Uint8Array(Math.min(file.size(), SMALL_BYTES_MAX));
  const content = bytes.subarray(0, file.readAt(bytes, 0));
  yield lines.at(0, `CURRENT, ${file.size()} bytes: ${clipped(text(content).replace(/\n$/, ''), SHOWN_CHARS)}`);
  try {
    manifestFromCurrent(content);
  } catch (thrown) {
    yield lines.damage(shownError(thrown), 0);
  }
}

export function* dumpIdentity(file: FileHandle, lines: Lines): Generator<string, void> {
  for (const line of textLines(file)) yield lines.at(line.offset, `identity: ${clipped(line.text, SHOWN_CHARS)}`);
}

/** The info log: events as short phrases, everything else as it stands there. */
export function* dumpInfoLog(file: FileHandle, lines: Lines): Generator<string, void> {
  for (const line of textLines(file)) {
    const mark = line.text.indexOf('EVENT_LOG_v1 ');
    if (mark < 0) {
      yield lines.at(line.offset, clipped(line.text, SHOWN_CHARS));
      continue;
    }
    const phrases = [...parseEventLog([line.text])].map(phrase);
    // An event that cannot be made out is shown as it is.
    const shown = phrases.length > 0 ? `event: ${phrases.join('; ')}` : line.text.slice(mark);
    yield lines.at(line.offset, clipped(line.text.slice(0, mark) + shown, SHOWN_CHARS));
  }
}

function phrase(e: LogEvent): string {
  const job = e.job === undefined ? '' : `job ${e.job}, `;
  const family = e.family === undefined ? '' : `[${e.family}] `;
  return `${family}${job}${what(e)}`;
}

function what(e: LogEvent): string {
  switch (e.kind) {
    case 'flushStarted':
      return `flush started (${e.reason}): ${e.entries} entries, ${formatBytes(e.bytes)}`;
    case 'flushFinished':
      return `flush finished: files per level ${e.levels.join(' ')}`;
    case 'compactionStarted': {
      const inputs = e.inputs.map((i) => `L${i.level} ${i.files.map((f) => `#${f}`).join(' ')}`).join(', ');
      return `compaction started (${e.reason}): ${inputs}; ${formatBytes(e.inputBytes)}, score ${e.score}`;
    }
    case 'compactionFinished':
      return (
        `compaction finished: ${e.outputFiles} files, ${formatBytes(e.outputBytes)} to L${e.outputLevel}, ` +
        `${e.inputRecords} to ${e.outputRecords} records, ${e.micros} µs; files per level ${e.levels.join(' ')}`
      );
    case 'tableCreated':
      return `table #${e.file} created: ${formatBytes(e.bytes)}, ${e.entries} entries`;
    case 'tableDeleted':
      return `table #${e.file} deleted`;
    case 'blobCreated':
      return `blob file #${e.file} created: ${formatBytes(e.bytes)}, ${e.count} blobs`;
    case 'blobDeleted':
      return `blob file #${e.file} deleted`;
    case 'trivialMove':
      return `${e.files} files moved to L${e.level}: ${formatBytes(e.bytes)}`;
    case 'fileMoved':
      return `table #${e.file} moved to L${e.level}: ${formatBytes(e.bytes)}`;
    case 'fifoPicked':
      return `table #${e.file} picked for deletion (${e.reason})`;
    case 'ingestFinished':
      return `ingested ${e.files.map((f) => `#${f}`).join(' ')}`;
    case 'recoveryStarted':
      return `recovery started: WALs ${e.wals.map((w) => `#${w}`).join(' ')}`;
    case 'recoveryFinished':
      return `recovery finished: ${e.status}`;
    case 'stalled':
      return `writes ${e.how === 'stop' ? 'stopped' : 'slowed down'}: ${e.why}`;
    case 'installed':
      return 'another version of the tree';
    case 'other':
      return e.event;
  }
}
