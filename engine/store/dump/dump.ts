/**
 * Any one file of a LevelDB or RocksDB store as lines of text, record by record: what `lsm dump` prints.
 *
 * Each line begins with a byte offset, right-aligned and decimal, where a hex editor finds what the line
 * says. Damage gets a line of its own, `CODE: cause`, and the dump goes on behind it where it can. Memory does
 * not grow with the file: what is held is one block, one record or one line.
 */
import { LogReader } from '../../formats/leveldb/logReader.ts';
import { parseFileName, tierName } from '../../formats/leveldb/names.ts';
import { baseName, dirName, type FileHandle, type FileSystem, joinPath } from '../../fs/fileSystem.ts';
import { dumpBlob } from './blob.ts';
import { Lines } from './line.ts';
import { dumpManifest } from './manifest.ts';
import { type Content, sniff } from './sniff.ts';
import { dumpTable } from './table.ts';
import { dumpCurrent, dumpIdentity, dumpInfoLog, dumpOptions } from './text.ts';
import { dumpWal } from './wal.ts';

/** Throws StoreError if the file cannot be opened or read; what is wrong in it is said in its lines. */
export function* dumpLines(fs: FileSystem, path: string): Generator<string, void> {
  const file = fs.open(path, 'read');
  try {
    const lines = new Lines(file.size());
    yield* dumpContent(file, sniff(file), lines, liesBesideTiers(fs, path));
  } finally {
    file.close();
  }
}

/** Logs and MANIFESTs of Basho's LevelDB do not say whose they are; the directories beside them do. */
function liesBesideTiers(fs: FileSystem, path: string): boolean {
  const { kind } = parseFileName(baseName(path));
  if (kind !== 'wal' && kind !== 'manifest') return false;
  try {
    return fs.stat(joinPath(dirName(path), tierName(0))).isDirectory;
  } catch {
    return false;
  }
}

function* dumpContent(file: FileHandle, content: Content, lines: Lines, timed: boolean): Generator<string, void> {
  const name = parseFileName(baseName(file.path));
  switch (content.kind) {
    case 'table':
      return yield* dumpTable(file, lines);
    case 'blob':
      return yield* dumpBlob(file, lines);
    case 'manifest':
      yield lines.at(0, `MANIFEST, ${file.size()} bytes`);
      return yield* dumpManifest(new LogReader(file), lines, timed);
    case 'wal':
      yield lines.at(0, `write-ahead log, ${file.size()} bytes`);
      return yield* dumpWal(
        new LogReader(file, { logNumber: name.kind === 'wal' ? (name.number ?? undefined) : undefined }),
        lines,
        timed,
      );
    case 'options':
      return yield* dumpOptions(file, lines);
    case 'current':
      return yield* dumpCurrent(file, lines);
    case 'identity':
      return yield* dumpIdentity(file, lines);
    case 'infoLog':
      return yield* dumpInfoLog(file, lines);
    case 'empty':
      yield lines.at(0, name.kind === 'current' ? 'CORRUPT: CURRENT is empty' : 'empty file');
      return;
    case 'other':
      yield lines.at(0, `UNSUPPORTED: no file of a LevelDB or RocksDB store; it looks like ${content.what}`);
  }
}
