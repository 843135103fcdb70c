/**
 * Every record of every file of a store, in key order, with its place and what became of it: what a reader sees,
 * what is hidden and by what, and what stands in files that the store does not count any more.
 *
 * 1. Tables that no version names, and logs that every family has flushed, are orphans. They are read all the same.
 * 2. Of one key the versions of files that count are taken newest first, as a reader takes them: the first one
 *    decides, and hides the rest.
 */
import { type Problem, toStoreError } from '../../base/errors.ts';
import { RunCursor } from '../../formats/block/runCursor.ts';
import { TableReader } from '../../formats/block/tableReader.ts';
import { typeName } from '../../formats/leveldb/internalKey.ts';
import { parseFileName } from '../../formats/leveldb/names.ts';
import { joinPath } from '../../fs/fileSystem.ts';
import { type Cursor, ValueType } from '../../iter/cursor.ts';
import { DamageLog } from '../../iter/damage.ts';
import { MergingCursor } from '../../iter/merging.ts';
import { BYTEWISE } from '../../iter/order.ts';
import { type RangeTombstone, RangeTombstones } from '../../iter/rangeTombstones.ts';
import { isDeletion } from '../../iter/resolve.ts';
import type { EvidenceEnd, EvidenceFile, EvidenceRow, EvidenceStatus } from '../../model/evidence.ts';
import type { TableInfo } from '../../model/tree.ts';
import { describeTable } from '../salvageTables.ts';
import { tableTombstones } from '../tableTombstones.ts';
import type { FamilyVersion } from '../version.ts';
import type { StoreView } from '../view.ts';
import { type LogRecord, logRecords, RecordCursor } from './logRecords.ts';

/** Rows given out between two looks of whoever drives the walk. */
const ROWS_A_STEP = 512;

interface Orphan {
  readonly info: TableInfo;
  readonly file: string;
}

export class Evidence {
  readonly files: readonly EvidenceFile[];
  readonly #view: StoreView;
  readonly #valueBytes: number;
  readonly #problems: Problem[] = [];
  readonly #orphans: readonly Orphan[];
  readonly #logs: ReadonlyMap<number, readonly LogRecord[]>;
  readonly #counts: Record<EvidenceStatus, number> = { live: 0, shadowed: 0, deleted: 0, tombstone: 0, orphan: 0 };
  #rows = 0;

  /** Values are cut to `valueBytes`. */
  constructor(view: StoreView, valueBytes: number) {
    this.#view = view;
    this.#valueBytes = valueBytes;
    const { fs, directory, dialect } = view.shared;
    const { names, manifest, replay, walDirectory } = view.snapshot;
    const files: EvidenceFile[] = [];
    const size = (path: string): number => {
      try {
        return fs.stat(path).size;
      } catch {
        return 0;
      }
    };
    for (const info of view.version.tables.values()) {
      if (!view.version.broken.has(info.number)) files.push({ file: info.file, bytes: info.bytes, live: true });
    }
    this.#orphans = this.#findOrphans();
    for (const { file, info } of this.#orphans) files.push({ file, bytes: info.bytes, live: false });
    const logs = (walDirectory === undefined ? names : fs.list(walDirectory)).flatMap((name) => {
      const { kind, number } = parseFileName(name);
      return kind === 'wal' && number !== null
        ? [{ path: joinPath(walDirectory ?? directory, name), name, number }]
        : [];
    });
    const applied = new Set(replay.files.filter((f) => f.applied).map((f) => f.number));
    for (const { path, name, number } of logs) files.push({ file: name, bytes: size(path), live: applied.has(number) });
    const counts = (family: number, log: number): boolean =>
      applied.has(log) &&
      log >= (dialect.id === 'leveldb' ? 0 : (manifest.families.get(family)?.logNumber ?? Number.POSITIVE_INFINITY));
    this.#logs = logRecords(fs, logs, dialect.id, counts, valueBytes, this.#problems);
    this.files = files.sort((a, b) => (a.file < b.file ? -1 : 1));
  }

  /** A job: yields rows by the hundred, by family and key, newest version first. */
  *rows(): Generator<readonly EvidenceRow[], EvidenceEnd, void> {
    for (const family of this.#view.version.families.values()) yield* this.#family(family);
    return { rows: this.#rows, byStatus: this.#counts, problems: this.#problems };
  }

  #findOrphans(): Orphan[] {
    const { fs, directory, dialect } = this.#view.shared;
    const found: Orphan[] = [];
    for (const file of this.#view.snapshot.names) {
      const { kind, number } = parseFileName(file);
      if (kind !== 'table' || number === null || this.#view.version.tables.has(number)) continue;
      try {
        const family = this.#familyOf(file);
        const info = describeTable(fs, directory, dialect, file, number, family.state.id, family.order);
        if (info !== undefined) found.push({ info, file });
      } catch (thrown) {
        this.#problems.push(toStoreError(thrown, { path: file }).toProblem());
      }
    }
    return found;
  }

  #familyOf(file: string): FamilyVersion {
    const { fs, directory, dialect } = this.#view.shared;
    const handle = fs.open(joinPath(directory, file), 'read');
    try {
      const { properties } = new TableReader(handle, { dialect: dialect.block, order: BYTEWISE });
      const id = properties.number('rocksdb.column.family.id') ?? 0;
      return this.#view.version.families.get(id) ?? this.#view.family(0);
    } finally {
      handle.close();
    }
  }

  // ── One family ──────────────────────────────────────────────────────────────────────────────────

  *#family(family: FamilyVersion): Generator<readonly EvidenceRow[], void, void> {
    const { order, state } = family;
    const damage = new DamageLog();
    const view = this.#view;
    const orphans = new Map(this.#orphans.filter((o) => o.info.family === state.id).map((o) => [o.info.number, o]));
    const files = new Map<number, string>(family.tables.map((t) => [t.number, t.file]));
    for (const [number, { file }] of orphans) files.set(number, file);
    const source = {
      acquire: (info: TableInfo): TableReader =>
        orphans.has(info.number) ? this.#openOrphan(info, family) : view.acquire(info),
      release: (info: TableInfo, table: TableReader): void => {
        if (orphans.has(info.number)) table.close();
        else view.releaseTable(info, table);
      },
    };
    const tables = [
      ...family.tables.filter((t) => !view.version.broken.has(t.number)),
      ...[...orphans.values()].map((o) => o.info),
    ];
    const children: Cursor[] = tables.map((info) => new RunCursor(source, [info], info.level, order, damage));
    const logged = this.#logs.get(state.id) ?? [];
    const points = logged.filter((r) => r.type !== ValueType.rangeDeletion);
    children.push(new RecordCursor(points, order));
    const { covering, rows: ranges } = this.#ranges(family, tables, orphans, logged);
    let batch: EvidenceRow[] = [];
    for (const row of ranges) batch.push(this.#counted(row));
    const walk = new MergingCursor(children, order.compare);
    const group = new Versions(order.timestampSize);
    try {
      for (walk.first(); walk.valid; walk.next()) {
        const { current } = walk;
        if (current === undefined) break;
        const orphan = current instanceof RecordCursor ? current.record?.counts !== true : orphans.has(current.table);
        const status = group.status(walk, orphan, covering);
        batch.push(this.#counted(this.#row(state.name, current, files, status)));
        if (batch.length < ROWS_A_STEP) continue;
        yield batch;
        batch = [];
      }
    } finally {
      walk.close();
    }
    this.#problems.push(...damage.problems);
    if (batch.length > 0) yield batch;
  }

  #openOrphan(info: TableInfo, family: FamilyVersion): TableReader {
    const { fs, directory, dialect } = this.#view.shared;
    const file = fs.open(joinPath(directory, info.file), 'read');
    try {
      return new TableReader(file, { dialect: dialect.block, order: family.order });
    } catch (thrown) {
      file.close();
      throw thrown;
    }
  }

  #ranges(
    family: FamilyVersion,
    tables: readonly TableInfo[],
    orphans: ReadonlyMap<number, Orphan>,
    logged: readonly LogRecord[],
  ): { covering: RangeTombstones; rows: EvidenceRow[] } {
    const list: RangeTombstone[] = [];
    const rows: EvidenceRow[] = [];
    const row = (file: string, offset: number, t: RangeTombstone, orphan: boolean): void => {
      rows.push({
        family: family.state.name,
        file,
        offset,
        key: t.begin,
        until: t.end,
        seq: t.sequence,
        type: 'range-delete',
        value: t.end,
        valueBytes: t.end.length,
        status: orphan ? 'orphan' : 'tombstone',
      });
      if (!orphan) list.push(t);
    };
    if (this.#view.shared.dialect.hasRangeDeletions) {
      for (const info of tables) {
        const orphan = orphans.has(info.number);
        try {
          const table = orphan ? this.#openOrphan(info, family) : this.#view.acquire(info);
          try {
            const offset = table.metaHandle('rocksdb.range_del')?.offset ?? 0;
            for (const t of tableTombstones(table, info)) row(info.file, offset, t, orphan);
          } finally {
            if (orphan) table.close();
            else this.#view.releaseTable(info, table);
          }
        } catch (thrown) {
          this.#problems.push(toStoreError(thrown, { path: info.file }).toProblem());
        }
      }
    }
    for (const r of logged) {
      // An empty range deletes nothing; the engines drop it on the way into a memtable.
      if (
        r.type !== ValueType.rangeDeletion ||
        family.order.compareUser(r.key, 0, r.key.length, r.value, 0, r.value.length) >= 0
      ) {
        continue;
      }
      row(r.file, r.offset, { begin: r.key, end: r.value, sequence: r.sequence, level: -1, table: 0 }, !r.counts);
    }
    return { covering: new RangeTombstones(list, family.order), rows };
  }

  #row(family: string, c: Cursor, files: ReadonlyMap<number, string>, status: EvidenceStatus): EvidenceRow {
    const { keyBuffer, keyStart, keyLength, valueBuffer, valueStart, valueLength } = c;
    const logged = c instanceof RecordCursor ? c.record : undefined;
    return {
      family,
      file: logged?.file ?? files.get(c.table) ?? '',
      offset: logged?.offset ?? (c instanceof RunCursor ? c.blockOffset : 0),
      key: keyBuffer.slice(keyStart, keyStart + keyLength),
      seq: c.sequence,
      type: typeName(c.type),
      value: valueBuffer.slice(valueStart, valueStart + Math.min(valueLength, this.#valueBytes, valueBuffer.length)),
      valueBytes: valueLength,
      status,
    };
  }

  #counted(row: EvidenceRow): EvidenceRow {
    this.#rows++;
    this.#counts[row.status]++;
    return row;
  }
}

/** What became of the versions of one key, asked for newest first. */
class Versions {
  readonly #timestampSize: number;
  #key: Uint8Array = new Uint8Array(0);
  #known = false;
  /** What hides the older versions; undefined while nothing does. */
  #hidden: 'shadowed' | 'deleted' | undefined;

  constructor(timestampSize: number) {
    this.#timestampSize = timestampSize;
  }

  status(c: MergingCursor, orphan: boolean, covering: RangeTombstones): EvidenceStatus {
    const length = c.keyLength - this.#timestampSize;
    const key = c.keyBuffer.subarray(c.keyStart, c.keyStart + length);
    if (!this.#known || !same(this.#key, key)) {
      this.#key = key.slice();
      this.#known = true;
      this.#hidden = undefined;
    }
    if (orphan) return 'orphan';
    const deletion = isDeletion(c.type);
    if (this.#hidden !== undefined) return deletion ? 'tombstone' : this.#hidden;
    if (deletion) {
      this.#hidden = 'deleted';
      return 'tombstone';
    }
    if (covering.covering(key, 0, length, Number.MAX_SAFE_INTEGER) > c.sequence) {
      this.#hidden = 'deleted';
      return 'deleted';
    }
    // Operands go on to what they apply to.
    if (c.type !== ValueType.merge) this.#hidden = 'shadowed';
    return 'live';
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = a.length - 1; i >= 0; i--) if (a[i] !== b[i]) return false;
  return true;
}
