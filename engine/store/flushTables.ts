/** Memtables of several families as tables of level 0, with the edits that will put them in force. */
import type { Clock } from '../base/entropy.ts';
import type { TableBuilderOptions, TableSummary } from '../formats/block/tableBuilder.ts';
import type { Dialect } from '../formats/leveldb/dialect.ts';
import { emptyEdit, type NewFile, type VersionEdit } from '../formats/leveldb/versionEdit.ts';
import type { FileSystem } from '../fs/fileSystem.ts';
import { type Flushed, flushMemtable } from './flush.ts';
import type { EditStory } from './liveEvents.ts';
import type { MemtableReader } from './memtable.ts';
import type { TableOrigin } from './newTables.ts';
import type { StoreReader } from './reader.ts';
import { blobStyle } from './tableStyle.ts';
import type { FamilyVersion } from './version.ts';

/** What a flush needs of the open store: `StoreWriter`. */
export interface FlushHost {
  readonly reader: StoreReader;
  readonly dialect: Dialect;
  readonly directory: string;
  snapshots(): readonly number[];
  builderOptions(family: FamilyVersion, level: number, number: number): TableBuilderOptions;
  newFile(summary: TableSummary, level: number, number: number, origin?: TableOrigin): NewFile;
  nextEpoch(family: FamilyVersion): number | undefined;
}

export interface FlushedTables {
  /** One a family, in the order of `due`. */
  readonly edits: VersionEdit[];
  /** What is told of each of them. */
  readonly stories: readonly EditStory[];
}

/**
 * Writes and syncs the tables, but not the directory. `log`: the number from which on the families' logs count
 * then; `allocate` gives file numbers, whose files the caller removes if this throws.
 */
export function flushToTables(
  host: FlushHost,
  world: { readonly fs: FileSystem; readonly clock: Clock },
  due: readonly (readonly [number, MemtableReader])[],
  log: number,
  why: string,
  allocate: () => number,
): FlushedTables {
  const edits: VersionEdit[] = [];
  const stories: EditStory[] = [];
  for (const [id, memtable] of due) {
    const started = world.clock.elapsed();
    const family = host.reader.view.family(id);
    const flushed = writeTable(host, world.fs, family, memtable, allocate);
    const edit: VersionEdit = { ...emptyEdit(), family: id, logNumber: log };
    edit.newFiles.push(host.newFile(flushed.summary, 0, flushed.number, { epoch: host.nextEpoch(family) }));
    edit.blobAdditions.push(...flushed.blobAdditions);
    edits.push(edit);
    const micros = Math.round((world.clock.elapsed() - started) * 1000);
    stories.push({ kind: 'flush', why, micros, ...costOf(memtable, flushed) });
  }
  return { edits, stories };
}

function writeTable(
  host: FlushHost,
  fs: FileSystem,
  family: FamilyVersion,
  memtable: MemtableReader,
  allocate: () => number,
): Flushed {
  const table = allocate();
  return flushMemtable({
    fs,
    directory: host.directory,
    family: family.state.id,
    memtable,
    extension: host.dialect.tableExtension,
    table,
    builder: host.builderOptions(family, 0, table),
    blobs: blobStyle(host.reader.view, family, 0),
    dropsHidden: host.dialect.id === 'rocksdb',
    snapshots: host.snapshots(),
    allocate,
  });
}

function costOf(memtable: MemtableReader, { summary, blobAdditions }: Flushed): Omit<EditStory, 'kind'> {
  const blobBytes = blobAdditions.reduce((sum, b) => sum + b.bytes, 0);
  return {
    io: { readBytes: 0, writtenBytes: summary.bytes + blobBytes },
    recordsIn: memtable.count + memtable.rangeTombstones.length,
    recordsOut: summary.entries,
  };
}
