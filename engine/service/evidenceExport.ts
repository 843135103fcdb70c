/**
 * Evidence written to a new directory: the records as the command line prints them, and two lists of SHA-256 digests as
 * `sha256sum --check` takes them: of the files that the records and their statuses come from, and of what was written.
 */

import { utf8 } from '../base/bytes.ts';
import type { Clock } from '../base/entropy.ts';
import { StoreError } from '../base/errors.ts';
import { sha256OfText } from '../codec/sha256.ts';
import { parseFileName } from '../formats/leveldb/names.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import type {
  EvidenceEnd,
  EvidenceExportParams,
  EvidenceExportProgress,
  EvidenceExportReport,
} from '../model/evidence.ts';
import type { CancelToken } from '../protocol/rpc.ts';
import { rowLine, rowsHead, sourceLine } from '../query/evidenceText.ts';
import { hashingFile } from '../store/evidence/digest.ts';
import type { Evidence } from '../store/evidence/evidence.ts';
import type { StoreView } from '../store/view.ts';
import { ExportDirectory, type FileSink } from './exportFiles.ts';

/** Bytes of a value that are written; how long it is stands beside it. */
const VALUE_BYTES = 1 << 20;

export const SOURCES_FILE = 'SOURCES.sha256';
export const DIGEST_FILE = 'EVIDENCE.sha256';

export interface EvidenceWorld {
  /** Must allow writing. */
  readonly fs: FileSystem;
  readonly clock: Clock;
  progress(progress: EvidenceExportProgress): void;
}

interface Source {
  readonly file: string;
  readonly path: string;
  readonly stamp: string;
  readonly bytes: number;
}

/** Throws CANCELLED, and INPUT for a place that cannot be taken; then nothing of it is left. */
export async function exportEvidence(
  view: StoreView,
  evidence: Evidence,
  failure: StoreError | undefined,
  p: EvidenceExportParams,
  world: EvidenceWorld,
  token: CancelToken,
): Promise<EvidenceExportReport> {
  const { fs, clock } = world;
  const store = view.shared.directory;
  // A single table lies beside files that are not its own.
  const directory = new ExportDirectory(fs, p.to, p.path ?? store, p.format);
  const open: FileSink[] = [];
  const turn = async (): Promise<void> => {
    await clock.turn();
    if (token.cancelled) throw new StoreError('CANCELLED', 'the export was cancelled');
  };
  try {
    const sources = sourcesOf(view, evidence);
    const totalBytes = sources.reduce((n, s) => n + s.bytes, 0);
    let hashedBytes = 0;
    const digests = new Map<string, string>();
    for (const { file, path } of sources) {
      const job = hashingFile(view.shared.fs, path);
      try {
        for (let step = job.next(); ; step = job.next()) {
          if (step.done === true) {
            digests.set(file, step.value);
            break;
          }
          hashedBytes += step.value;
          world.progress({ rows: 0, hashedBytes, recordBytes: 0, totalBytes });
          await turn();
        }
      } finally {
        job.return('');
      }
    }
    const name = `evidence.${p.format}`;
    const sink = directory.create(name);
    open.push(sink);
    for (const source of evidence.files) {
      sink.append(utf8(sourceLine(source, digests.get(source.file) ?? '', p.format)));
    }
    sink.append(utf8(rowsHead(p.format)));
    let rows = 0;
    let recordBytes = 0;
    let end: EvidenceEnd;
    const walk = evidence.rows(VALUE_BYTES);
    try {
      for (let step = walk.next(); ; step = walk.next()) {
        if (step.done === true) {
          end = step.value;
          break;
        }
        for (const row of step.value) {
          sink.append(utf8(rowLine(row, p.format)));
          rows++;
          recordBytes += row.key.length + row.valueBytes;
        }
        world.progress({ rows, hashedBytes, recordBytes, totalBytes });
        await turn();
      }
    } finally {
      walk.return(undefined as never);
    }
    finish(directory, sink, name, rows);
    open.pop();
    const list = sources.map(({ file }) => checkLine(digests.get(file) ?? '', file)).join('');
    write(directory, SOURCES_FILE, list, sources.length);
    const written = hashingFile(fs, joinPath(directory.partial, name));
    let own = '';
    for (let step = written.next(); ; step = written.next()) {
      if (step.done === true) {
        own = step.value;
        break;
      }
      await turn();
    }
    write(directory, DIGEST_FILE, checkLine(own, name) + checkLine(sha256OfText(list), SOURCES_FILE), 2);
    const changed = sources.filter((s) => stampOf(view.shared.fs, s.path) !== s.stamp).map((s) => s.file);
    directory.publish();
    const problems = failure === undefined ? end.problems : [failure.toProblem(), ...end.problems];
    return { ...end, problems, directory: p.to, files: directory.files, sources: sources.length, changed };
  } catch (thrown) {
    for (const sink of open) sink.abandon();
    directory.discard();
    throw thrown;
  }
}

/** A line of `sha256sum`: names with a backslash or a line break are escaped, and marked by a backslash in front. */
export function checkLine(digest: string, file: string): string {
  const escaped = file.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/\r/g, '\\r');
  return `${escaped === file ? '' : '\\'}${digest}  ${escaped}\n`;
}

function finish(directory: ExportDirectory, sink: FileSink, name: string, rows: number): void {
  sink.finish();
  directory.written(name, rows, sink.bytes);
}

function write(directory: ExportDirectory, name: string, content: string, rows: number): void {
  const sink = directory.create(name);
  sink.append(utf8(content));
  finish(directory, sink, name, rows);
}

/** Files with records, and those that say which of them count and what they mean. LOCK is never opened: see store/lock.ts. */
function sourcesOf(view: StoreView, evidence: Evidence): Source[] {
  const { fs, directory } = view.shared;
  const names = new Set(evidence.files.map((f) => f.file));
  for (const name of view.snapshot.names) {
    const { kind } = parseFileName(name);
    if (['table', 'wal', 'manifest', 'current', 'options', 'blob', 'identity'].includes(kind)) names.add(name);
  }
  for (const place of view.snapshot.places?.values() ?? []) names.add(place);
  const sources: Source[] = [];
  for (const file of [...names].sort()) {
    const path = joinPath(directory, file);
    const stamp = stampOf(fs, path);
    if (stamp === undefined) continue;
    sources.push({ file, path, stamp, bytes: fs.stat(path).size });
  }
  return sources;
}

/** Size and time of a file; undefined where it is gone. */
function stampOf(fs: FileSystem, path: string): string | undefined {
  try {
    const { size, modified, inode } = fs.stat(path);
    return `${size} ${modified} ${inode}`;
  } catch {
    return undefined;
  }
}
