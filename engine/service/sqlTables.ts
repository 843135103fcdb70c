/**
 * What stands in the tables of `query/sqlSchema.ts`, of one view of a store. Jobs: they yield so that the caller can
 * look up and give up. Columns that the query does not name are left out where reading them costs something.
 */
import { oneLine, toStoreError } from '../base/errors.ts';
import { typeName } from '../formats/leveldb/internalKey.ts';
import { MAX_SEQUENCE, ValueType } from '../iter/cursor.ts';
import type { DamageLog } from '../iter/damage.ts';
import { Bounds, type KeyRange, seekKey } from '../iter/range.ts';
import type { VisibleEntries } from '../iter/visible.ts';
import type { TableStats } from '../model/answers.ts';
import { valueJson } from '../model/rowText.ts';
import type { SqlProgress, SqlValue, StoreSummary } from '../protocol/engineApi.ts';
import { isPrintable } from '../query/printable.ts';
import type { SqlDatabase, SqlNeed } from '../query/sql.ts';
import { storeHistory } from '../store/history.ts';
import type { StoreReader } from '../store/reader.ts';
import { visibleRow } from '../store/rows.ts';
import { tableDetails } from '../store/tableStats.ts';
import type { StoreView } from '../store/view.ts';

export interface SqlSource {
  readonly store: StoreReader;
  /** All families' tables are held open in it. */
  readonly view: StoreView;
  readonly summary: StoreSummary;
  /** Ids of the families of `entries` and `versions`. */
  readonly families: readonly number[];
  readonly range: KeyRange;
  readonly rowsMax: number;
  readonly damage: DamageLog;
  readonly notes: string[];
}

type Fill = Generator<SqlProgress, void, void>;
type Row = Record<string, SqlValue | boolean | undefined>;

/** Rows between two steps of a job. */
const SLICE_ROWS = 2048;

export function* fillTables(database: SqlDatabase, source: SqlSource): Fill {
  database.begin();
  for (const need of database.needs) yield* FILLS[need.table.name]?.(database, need, source) ?? [];
  database.end();
}

const FILLS: Readonly<Record<string, (d: SqlDatabase, n: SqlNeed, s: SqlSource) => Fill>> = {
  families: (d, n, s) => plain(d, n, familyRows(s)),
  levels: (d, n, s) => plain(d, n, levelRows(s)),
  tables: (d, n, s) => plain(d, n, tableRows(s, n)),
  blocks: (d, n, s) => plain(d, n, blockRows(s)),
  properties: (d, n, s) => plain(d, n, propertyRows(s)),
  events: (d, n, s) => plain(d, n, eventRows(s)),
  options: (d, n, s) => plain(d, n, optionRows(s)),
  problems: (d, n, s) =>
    plain(
      d,
      n,
      s.view.problems.map((p) => ({ ...p })),
    ),
  wal: (d, n, s) =>
    plain(
      d,
      n,
      s.summary.wal.map((w) => ({ ...w })),
    ),
  blob_files: (d, n, s) => plain(d, n, blobRows(s)),
  entries: fillEntries,
  versions: fillVersions,
};

/** Rows as objects by column name, for the tables that are small beside what they tell of. */
function* plain(database: SqlDatabase, { table }: SqlNeed, rows: Iterable<Row | undefined>): Fill {
  const insert = database.inserter(table);
  const names = table.columns.map((c) => c.name);
  let n = 0;
  for (const row of rows) {
    // An undefined row is a step without a result.
    if (row !== undefined) insert(names.map((name) => asValue(row[name])));
    if (row === undefined || ++n % SLICE_ROWS === 0) yield { table: table.name, rows: n };
  }
}

function asValue(v: SqlValue | boolean | undefined): SqlValue {
  return v === undefined ? null : typeof v === 'boolean' ? Number(v) : v;
}

const decoder = new TextDecoder();

function keyed(name: string, key: Uint8Array): Row {
  return { [name]: key, [`${name}_text`]: isPrintable(key, 0, key.length) ? decoder.decode(key) : null };
}

function* familyRows({ summary }: SqlSource): Iterable<Row> {
  for (const f of summary.families) {
    const { id, name, comparator, compaction, tables, bytes } = f;
    yield {
      ...{ id, name, comparator, compaction, tables, bytes, merge_operator: f.mergeOperator },
      ...{ memtable_entries: f.memtable.entries, memtable_bytes: f.memtable.bytes },
      ...{ blob_files: f.blobFiles.length, blob_bytes: f.blobBytes },
    };
  }
}

function* levelRows({ summary }: SqlSource): Iterable<Row> {
  for (const { name, levels } of summary.families) {
    for (const { level, tables, bytes, score, targetBytes } of levels) {
      yield { family: name, level, tables, bytes, score, target_bytes: targetBytes };
    }
  }
}

function* blobRows({ summary }: SqlSource): Iterable<Row> {
  for (const f of summary.families) {
    for (const b of f.blobFiles) {
      const { number, file, count, bytes } = b;
      yield {
        family: f.name,
        number,
        file,
        count,
        bytes,
        garbage_count: b.garbageCount,
        garbage_bytes: b.garbageBytes,
      };
    }
  }
}

function* eventRows({ store }: SqlSource): Iterable<Row> {
  const bytes = (list: readonly { readonly bytes: number }[]): number => list.reduce((n, t) => n + t.bytes, 0);
  for (const e of storeHistory(store)) {
    const { seq, family, kind, inferred, at, why } = e;
    yield {
      ...{ seq, family, kind, inferred, at, why },
      ...{ removed: e.removed.length, removed_bytes: bytes(e.removed), removed_tables: JSON.stringify(e.removed) },
      ...{ added: e.added.length, added_bytes: bytes(e.added), added_tables: JSON.stringify(e.added) },
    };
  }
}

function* optionRows({ view, summary }: SqlSource): Iterable<Row> {
  const { options } = view.snapshot;
  for (const [name, value] of Object.entries(options.db)) yield { family: null, name, value };
  for (const f of summary.families) {
    for (const [name, value] of Object.entries(options.family(f.name))) yield { family: f.name, name, value };
  }
}

/** What the MANIFEST knows of a table, so that none has to be opened for it. */
const MANIFEST_COLUMNS = new Set(
  ['family', 'level', 'number', 'file', 'bytes', 'smallest_seq', 'largest_seq', 'problem'].concat(
    ...['smallest', 'largest'].map((n) => [n, `${n}_text`, `${n}_key_seq`, `${n}_type`]),
  ),
);

function* tableRows(source: SqlSource, need: SqlNeed): Iterable<Row | undefined> {
  const { view, damage } = source;
  const open = [...need.columns].some((c) => !MANIFEST_COLUMNS.has(c));
  for (const family of view.version.families.values()) {
    for (const info of family.tables) {
      const { level, number, file, bytes, smallest, largest } = info;
      const row: Row = {
        ...{ family: family.state.name, level, number, file, bytes },
        ...keyed('smallest', smallest.key),
        ...keyed('largest', largest.key),
        ...{ smallest_key_seq: smallest.seq, smallest_type: smallest.type },
        ...{ largest_key_seq: largest.seq, largest_type: largest.type },
        ...{ smallest_seq: info.smallestSeq ?? null, largest_seq: info.largestSeq ?? null },
        problem: view.version.broken.get(number)?.message ?? null,
      };
      if (!open) {
        yield row;
        continue;
      }
      try {
        const job = tableDetails(view, info);
        let step = job.next();
        while (step.done !== true) {
          yield undefined;
          step = job.next();
        }
        const { stats, problems } = step.value;
        for (const p of problems) damage.note(p);
        yield { ...row, ...statsRow(stats) };
      } catch (thrown) {
        const problem = toStoreError(thrown, { path: file }).toProblem();
        damage.report(problem, smallest.key, largest.key);
        yield { ...row, problem: problem.message };
      }
    }
  }
}

function statsRow(t: TableStats): Row {
  return {
    ...{ entries: t.entries, deletions: t.deletions, range_deletions: t.rangeDeletions, merges: t.merges },
    ...{ raw_key_bytes: t.rawKeyBytes, raw_value_bytes: t.rawValueBytes, format_version: t.formatVersion },
    ...{ compression: t.compression, checksum: t.checksum, filter: t.filter, filter_bytes: t.filterBytes },
    ...{ index_type: t.indexType, data_blocks: t.dataBlocks, created_at: t.createdAt },
  };
}

function* blockRows({ view, damage }: SqlSource): Iterable<Row> {
  for (const family of view.version.families.values()) {
    for (const info of family.tables) {
      try {
        const table = view.acquire(info);
        try {
          const { index } = table;
          for (let block = 0; block < index.count; block++) {
            yield {
              ...{ table_number: info.number, family: family.state.name, level: info.level, block },
              ...{ offset: index.offset(block), size: index.size(block) },
              ...keyed('separator', index.separator(block).slice()),
            };
          }
        } finally {
          view.releaseTable(info, table);
        }
      } catch (thrown) {
        damage.report(toStoreError(thrown, { path: info.file }).toProblem(), info.smallest.key, info.largest.key);
      }
    }
  }
}

function* propertyRows({ view, damage }: SqlSource): Iterable<Row> {
  for (const info of view.version.tables.values()) {
    try {
      const table = view.acquire(info);
      try {
        for (const { name, value } of table.properties.listed()) yield { table_number: info.number, name, value };
      } finally {
        view.releaseTable(info, table);
      }
    } catch (thrown) {
      damage.report(toStoreError(thrown, { path: info.file }).toProblem(), info.smallest.key, info.largest.key);
    }
  }
}

// ── Entries and versions: the large ones ─────────────────────────────────────────────────────────

function hasParts(e: VisibleEntries): boolean {
  return e.columns !== undefined || e.operands !== undefined;
}

function told({ notes, rowsMax }: SqlSource, table: string): void {
  notes.push(`${table} holds the first ${rowsMax} rows only: narrow the range, or raise the limit`);
}

function* fillEntries(database: SqlDatabase, { table, columns }: SqlNeed, source: SqlSource): Fill {
  const values = columns.has('value') || columns.has('value_text');
  const keys = columns.has('key') || columns.has('key_text');
  const names = ['family', 'seq', 'type', 'level', 'table_number', 'value_size'];
  if (keys) names.push('key', 'key_text');
  if (values) names.push('value', 'value_text');
  const parts = columns.has('parts');
  if (parts) names.push('parts');
  const insert = database.textInserter(table, names);
  const keyText = columns.has('key_text');
  const valueText = columns.has('value_text');
  let n = 0;
  for (const id of source.families) {
    const family = source.view.family(id);
    const { name } = family.state;
    if (!family.order.known) {
      const order = family.state.comparator;
      source.notes.push(oneLine(`entries lacks the column family ${name}: its order (${order}) is not known`));
      continue;
    }
    const options = { ...source.range, values: values || parts || columns.has('value_size') };
    const e = source.view.scan(id, options, source.damage);
    try {
      for (e.first(); e.valid; e.next()) {
        if (n >= source.rowsMax) {
          told(source, 'entries');
          return;
        }
        if (e.problem !== undefined) source.damage.note(e.problem);
        const row: SqlValue[] = [
          name,
          e.sequence,
          typeName(e.type),
          e.level,
          e.table === 0 ? null : e.table,
          e.valueLength,
        ];
        if (keys) {
          row.push(e.keyBuffer.subarray(e.keyStart, e.keyStart + e.keyLength));
          row.push(keyText && isPrintable(e.keyBuffer, e.keyStart, e.keyLength) ? 1 : 0);
        }
        if (values) {
          row.push(e.hasValue ? e.valueBuffer.subarray(e.valueStart, e.valueStart + e.valueLength) : null);
          row.push(valueText && e.hasValue && isPrintable(e.valueBuffer, e.valueStart, e.valueLength) ? 1 : 0);
        }
        if (parts) row.push(hasParts(e) ? JSON.stringify(valueJson(visibleRow(e, Number.MAX_SAFE_INTEGER))) : null);
        insert(row);
        if (++n % SLICE_ROWS === 0) yield { table: table.name, rows: n };
      }
    } finally {
      e.close();
    }
  }
}

function* fillVersions(database: SqlDatabase, { table, columns }: SqlNeed, source: SqlSource): Fill {
  const keyText = columns.has('key_text');
  const untilText = columns.has('until_text');
  const names = [
    'family',
    'seq',
    'type',
    'level',
    'table_number',
    'value_size',
    'key',
    'key_text',
    'until',
    'until_text',
  ];
  const insert = database.textInserter(table, names);
  const { view, range, damage } = source;
  let n = 0;
  for (const id of source.families) {
    const { order, state } = view.family(id);
    const bounds = new Bounds(order, range);
    const c = view.versions(id, range, damage);
    try {
      if (bounds.lower !== undefined && order.known) c.seek(seekKey(bounds.lower, order, 'newest'), MAX_SEQUENCE);
      else c.first();
      for (; c.valid; c.next()) {
        if (bounds.isBefore(c)) continue;
        if (bounds.isPast(c)) {
          if (order.known) break;
          continue;
        }
        if (n >= source.rowsMax) {
          told(source, 'versions');
          return;
        }
        const keyLength = c.keyLength - order.timestampSize;
        const until =
          c.type === ValueType.rangeDeletion
            ? c.valueBuffer.subarray(c.valueStart, c.valueStart + c.valueLength)
            : null;
        insert([
          ...[state.name, c.sequence, typeName(c.type), c.level, c.table === 0 ? null : c.table, c.valueLength],
          c.keyBuffer.subarray(c.keyStart, c.keyStart + keyLength),
          keyText && isPrintable(c.keyBuffer, c.keyStart, keyLength) ? 1 : 0,
          until,
          untilText && until !== null && isPrintable(until, 0, until.length) ? 1 : 0,
        ]);
        if (++n % SLICE_ROWS === 0) yield { table: table.name, rows: n };
      }
    } finally {
      c.close();
    }
  }
}
