/**
 * Level targets and compaction scores as the engines compute them, from their options
 * (rocksdb-leveldb.md §13). A score of 1 or more means that the engine would compact the level.
 */
export interface LevelShape {
  readonly level: number;
  readonly tables: number;
  readonly bytes: number;
}

export interface LevelScore {
  readonly level: number;
  readonly score: number | null;
  readonly targetBytes: number | null;
}

const LEVELDB_L0_TRIGGER = 4;
const LEVELDB_L1_BYTES = 10 * 1048576;
const LEVELDB_MULTIPLIER = 10;

/** LevelDB: L0 by files, deeper levels by bytes; the last level is never scored. */
export function levelDbScores(levels: readonly LevelShape[]): LevelScore[] {
  return levels.map(({ level, tables, bytes }) => {
    if (level === 0) return { level, score: tables / LEVELDB_L0_TRIGGER, targetBytes: null };
    const targetBytes = LEVELDB_L1_BYTES * LEVELDB_MULTIPLIER ** (level - 1);
    return { level, score: level < 6 ? bytes / targetBytes : null, targetBytes };
  });
}

function option(options: Readonly<Record<string, string>>, name: string, fallback: number): number {
  const n = Number(options[name]);
  return Number.isFinite(n) && options[name] !== undefined && n > 0 ? n : fallback;
}

/** RocksDB, by its compaction style; options under their names in OPTIONS. */
export function rocksDbScores(
  levels: readonly LevelShape[],
  options: Readonly<Record<string, string>>,
  style: string,
): LevelScore[] {
  const trigger = option(options, 'level0_file_num_compaction_trigger', 4);
  if (style !== 'leveled') {
    const runs = levels.reduce((n, l) => n + (l.level === 0 ? l.tables : l.tables > 0 ? 1 : 0), 0);
    return levels.map((l) => ({
      level: l.level,
      score: l.level === 0 && style === 'universal' ? runs / trigger : null,
      targetBytes: null,
    }));
  }
  const base = option(options, 'max_bytes_for_level_base', 256 * 1048576);
  const multiplier = option(options, 'max_bytes_for_level_multiplier', 10);
  const deepest = levels.reduce((n, l) => (l.bytes > 0 ? Math.max(n, l.level) : n), 0);
  const dynamic = options['level_compaction_dynamic_level_bytes'] === 'true';
  const targets = dynamic
    ? dynamicTargets(levels, base, multiplier, option(options, 'num_levels', 7))
    : (level: number): number => base * multiplier ** (level - 1);
  return levels.map(({ level, tables, bytes }) => {
    if (level === 0) return { level, score: Math.max(tables / trigger, bytes / base), targetBytes: null };
    const targetBytes = targets(level);
    return { level, score: level < deepest || !dynamic ? bytes / targetBytes : null, targetBytes };
  });
}

/** Targets grow backward from the last level's size; levels above the base level stay empty. */
function dynamicTargets(
  levels: readonly LevelShape[],
  base: number,
  multiplier: number,
  levelCount: number,
): (level: number) => number {
  const largest = levels.reduce((n, l) => (l.level > 0 ? Math.max(n, l.bytes) : n), 0);
  const last = Math.max(levelCount - 1, ...levels.map((l) => l.level));
  return (level) => {
    const target = largest / multiplier ** (last - level);
    return Math.max(target, base / multiplier, 1);
  };
}
