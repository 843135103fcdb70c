/** What views show at once of a store: from MANIFEST, OPTIONS and logs, without opening a table. */
import type { FamilySummary, StoreSummary, TableRow } from '../model/answers.ts';
import { levelDbScores, rocksDbScores } from '../model/score.ts';
import type { TableInfo } from '../model/tree.ts';
import type { StoreReader } from './reader.ts';
import type { FamilyVersion } from './version.ts';
import type { StoreView } from './view.ts';

const STYLES: Readonly<Record<string, string>> = {
  kCompactionStyleLevel: 'leveled',
  kCompactionStyleUniversal: 'universal',
  kCompactionStyleFIFO: 'fifo',
  kCompactionStyleNone: 'none',
};

/** Options that decide the tree's shape, in the order in which they are shown. */
const SHOWN_OPTIONS = [
  'compaction_style',
  'write_buffer_size',
  'level0_file_num_compaction_trigger',
  'level0_slowdown_writes_trigger',
  'level0_stop_writes_trigger',
  'max_bytes_for_level_base',
  'max_bytes_for_level_multiplier',
  'level_compaction_dynamic_level_bytes',
  'num_levels',
  'target_file_size_base',
  'target_file_size_multiplier',
  'max_compaction_bytes',
  'compaction_pri',
  'compression',
  'bottommost_compression',
  'compression_per_level',
  'ttl',
  'periodic_compaction_seconds',
  'enable_blob_files',
  'min_blob_size',
  'merge_operator',
  'prefix_extractor',
  'filter_policy',
  'whole_key_filtering',
  'block_size',
  'format_version',
  'checksum',
  'index_type',
  'data_block_index_type',
] as const;

export function compactionStyle(options: Readonly<Record<string, string>>): string {
  const style = options['compaction_style'];
  return style === undefined ? 'leveled' : (STYLES[style] ?? style);
}

export function summarize(
  store: StoreReader,
  kind: 'directory' | 'table',
  path: string,
  locked: boolean,
): StoreSummary {
  const { view, shared } = store;
  const { snapshot } = view;
  return {
    path,
    kind,
    engine: shared.dialect.id,
    version: snapshot.options.version,
    manifest: snapshot.manifest.file,
    edits: snapshot.manifest.edits,
    lastSequence: view.lastSequence,
    locked,
    families: [...view.version.families.values()].map((f) => summarizeFamily(view, f)),
    wal: snapshot.replay.files.map(({ file, number, bytes, records }) => ({ file, number, bytes, records })),
    problems: view.problems,
    generation: store.generation,
  };
}

function summarizeFamily(view: StoreView, family: FamilyVersion): FamilySummary {
  const { state, order } = family;
  const options = view.snapshot.options.family(state.name);
  const style = compactionStyle(options);
  const shapes = family.view.levels.map((l) => ({
    level: l.level,
    tables: l.tables.length,
    bytes: l.tables.reduce((n, t) => n + t.bytes, 0),
  }));
  const scores = view.shared.dialect.id === 'leveldb' ? levelDbScores(shapes) : rocksDbScores(shapes, options, style);
  const memtable = view.snapshot.replay.memtables.get(state.id);
  const shown = SHOWN_OPTIONS.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]] as const]));
  return {
    id: state.id,
    name: state.name,
    comparator: state.comparator,
    mergeOperator: view.resolver(family).mergeOperator,
    compaction: style,
    levels: shapes.map((l, i) => ({
      ...l,
      score: scores[i]?.score ?? null,
      targetBytes: scores[i]?.targetBytes ?? null,
    })),
    tables: family.tables.length,
    bytes: family.tables.reduce((n, t) => n + t.bytes, 0),
    memtable: {
      entries: (memtable?.count ?? 0) + (memtable?.rangeTombstones.length ?? 0),
      bytes: memtable?.bytes ?? 0,
    },
    blobFiles: family.view.blobFiles,
    blobBytes: family.view.blobFiles.reduce((n, b) => n + b.bytes, 0),
    options: Object.fromEntries(shown),
    ordered: order.known,
  };
}

export function tableRow(t: TableInfo, view: StoreView): TableRow {
  return {
    family: t.family,
    level: t.level,
    number: t.number,
    file: t.file,
    bytes: t.bytes,
    smallest: t.smallest.key,
    largest: t.largest.key,
    smallestSeq: t.smallestSeq ?? null,
    largestSeq: t.largestSeq ?? null,
    createdAt: t.createdAt === undefined || t.createdAt === 0 ? null : t.createdAt,
    problem: view.version.broken.get(t.number)?.message ?? null,
  };
}
