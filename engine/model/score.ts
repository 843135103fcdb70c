/**
 * Level targets and compaction scores as the engines compute them, from their options
 * (rocksdb-leveldb.md §13; LevelDB db/version_set.cc `Finalize`, RocksDB db/version_set.cc
 * `CalculateBaseBytes` and `ComputeCompactionScore`). A score of 1 or more means that the engine would
 * compact the level. Sizes are bytes.
 */
import { nestedOption, optionNumber } from './optionValues.ts';

export interface LevelShape {
  readonly level: number;
  readonly tables: number;
  readonly bytes: number;
  /** Tables that no running compaction has taken; all of them unless stated. */
  readonly freeTables?: number;
  /** Bytes of those tables, compensated for their deletions; `bytes` unless stated. */
  readonly freeBytes?: number;
  /** Compensated bytes of all tables; `bytes` unless stated. */
  readonly compensatedBytes?: number;
}

export interface LevelScore {
  readonly level: number;
  /** null where the engine does not score the level. */
  readonly score: number | null;
  readonly targetBytes: number | null;
}

/** Options of leveled compaction, under RocksDB's names. */
export interface LeveledShapeOptions {
  readonly num_levels: number;
  readonly level0_file_num_compaction_trigger: number;
  readonly max_bytes_for_level_base: number;
  readonly max_bytes_for_level_multiplier: number;
  /** Further factors of the levels, static targets only; 1 beyond its end. */
  readonly max_bytes_for_level_multiplier_additional?: readonly number[];
  readonly level_compaction_dynamic_level_bytes: boolean;
}

export interface LevelTargets {
  /** The level into which L0 is compacted. */
  readonly baseLevel: number;
  /** By level; Infinity where a level has none (above the base level). L0's entry means nothing. */
  readonly bytes: readonly number[];
  /** Levels down to this one hold tables that they need not hold; -1 for none. Dynamic targets only. */
  readonly lowestUnnecessary: number;
}

export const LEVELDB_LEVELS = 7;
export const LEVELDB_L0_TRIGGER = 4;
const LEVELDB_L1_BYTES = 10 * 1048576;
const LEVELDB_MULTIPLIER = 10;

/** What a dynamic score over target is multiplied with, so that it sorts before those that are not. */
const SCORE_SCALE = 10;

/** LevelDB: L0 by files, deeper levels by bytes; the last level is never scored. */
export function levelDbScores(levels: readonly LevelShape[]): LevelScore[] {
  return levels.map(({ level, tables, bytes }) => {
    if (level === 0) return { level, score: tables / LEVELDB_L0_TRIGGER, targetBytes: null };
    const targetBytes = LEVELDB_L1_BYTES * LEVELDB_MULTIPLIER ** (level - 1);
    return { level, score: level < LEVELDB_LEVELS - 1 ? bytes / targetBytes : null, targetBytes };
  });
}

/** `bytesByLevel` has the sum of file sizes of each level, L0 at 0. `into` is used again, to allocate nothing. */
export function levelTargets(
  bytesByLevel: ArrayLike<number>,
  options: LeveledShapeOptions,
  into: number[] = [],
): LevelTargets {
  return options.level_compaction_dynamic_level_bytes
    ? dynamicTargets(bytesByLevel, options, into)
    : staticTargets(options);
}

function staticTargets(options: LeveledShapeOptions): LevelTargets {
  const additional = options.max_bytes_for_level_multiplier_additional ?? [];
  const bytes = [options.max_bytes_for_level_base, options.max_bytes_for_level_base];
  for (let level = 2; level < options.num_levels; level++) {
    const factor = options.max_bytes_for_level_multiplier * (additional[level - 1] ?? 1);
    bytes.push(Math.floor((bytes[level - 1] as number) * factor));
  }
  return { baseLevel: 1, bytes, lowestUnnecessary: -1 };
}

/**
 * Targets grow from the base level, whose own follows from the largest level, divided by the multiplier
 * once for each level in between. A level that holds tables stays in use until they have moved down.
 */
function dynamicTargets(bytesByLevel: ArrayLike<number>, options: LeveledShapeOptions, bytes: number[]): LevelTargets {
  const levels = options.num_levels;
  const multiplier = options.max_bytes_for_level_multiplier;
  for (let level = 0; level < levels; level++) bytes[level] = Number.POSITIVE_INFINITY;
  bytes.length = levels;
  let largest = 0;
  let firstFilled = -1;
  for (let level = 1; level < levels; level++) {
    const size = bytesByLevel[level] ?? 0;
    if (size > 0 && firstFilled < 0) firstFilled = level;
    largest = Math.max(largest, size);
  }
  if (largest === 0) return { baseLevel: levels - 1, bytes, lowestUnnecessary: -1 };

  const baseMax = options.max_bytes_for_level_base;
  const baseMin = Math.floor(baseMax / multiplier);
  let size = largest;
  let lowestUnnecessary = -1;
  for (let level = levels - 2; level >= firstFilled; level--) {
    size = Math.floor(size / multiplier);
    if (lowestUnnecessary < 0 && size <= baseMin) lowestUnnecessary = level;
  }
  let baseLevel = firstFilled;
  let baseBytes: number;
  if (size <= baseMin) baseBytes = baseMin + 1;
  else {
    while (baseLevel > 1 && size > baseMax) {
      baseLevel--;
      size = Math.floor(size / multiplier);
    }
    baseBytes = size > baseMax ? baseMax : Math.max(1, size);
  }
  let target = baseBytes;
  for (let level = baseLevel; level < levels; level++) {
    if (level > baseLevel) target = Math.floor(target * multiplier);
    // No level's target is below the base, so that the tree has no hourglass shape.
    bytes[level] = Math.max(target, baseMax);
  }
  return { baseLevel, bytes, lowestUnnecessary };
}

/** Levels as columns, L0 at 0: as in `LevelShape`. */
export interface LevelColumns {
  readonly bytes: ArrayLike<number>;
  readonly freeTables: ArrayLike<number>;
  readonly freeBytes: ArrayLike<number>;
  readonly compensatedBytes: ArrayLike<number>;
}

/** Scores of L0 to the last level but one; RocksDB does not score the last. */
export function leveledScores(
  levels: readonly LevelShape[],
  options: LeveledShapeOptions,
  targets: LevelTargets = levelTargets(bytesOf(levels), options),
): LevelScore[] {
  const column = (of: (l: LevelShape) => number): number[] => {
    const values = new Array<number>(options.num_levels).fill(0);
    for (const l of levels) values[l.level] = of(l);
    return values;
  };
  const into: number[] = [];
  const columns = {
    bytes: column((l) => l.bytes),
    freeTables: column((l) => l.freeTables ?? l.tables),
    freeBytes: column((l) => l.freeBytes ?? l.bytes),
    compensatedBytes: column((l) => l.compensatedBytes ?? l.bytes),
  };
  scoreColumns(columns, options, targets, into);
  return into.map((score, level) => {
    const target = targets.bytes[level] ?? Number.POSITIVE_INFINITY;
    return { level, score, targetBytes: level > 0 && Number.isFinite(target) ? target : null };
  });
}

/** As `leveledScores`, from columns of `num_levels` entries into `into`; allocates nothing. */
export function scoreColumns(
  levels: LevelColumns,
  options: LeveledShapeOptions,
  targets: LevelTargets,
  into: { [level: number]: number },
): void {
  const dynamic = options.level_compaction_dynamic_level_bytes;
  /** Bytes that will come from above before the level is done. */
  let arriving = 0;
  for (let level = 0; level < options.num_levels - 1; level++) {
    const bytes = levels.bytes[level] as number;
    if (level === 0) {
      arriving += bytes;
      into[0] = l0Score(levels, options, targets);
      continue;
    }
    const target = targets.bytes[level] ?? Number.POSITIVE_INFINITY;
    const free = levels.freeBytes[level] as number;
    let score = free / target;
    if (dynamic) {
      if (free >= target) score = (free / (target + arriving)) * SCORE_SCALE;
      if (free > 0 && level <= targets.lowestUnnecessary) {
        score = Math.max(score, SCORE_SCALE * (1.001 + 0.001 * (targets.lowestUnnecessary - level)));
      }
    }
    into[level] = score;
    if (level <= targets.lowestUnnecessary) arriving += bytes;
    else if (bytes > target) arriving += bytes - target;
  }
}

/** Files over the trigger, or bytes against the level's base, whichever is more. */
function l0Score(levels: LevelColumns, options: LeveledShapeOptions, targets: LevelTargets): number {
  const free = levels.freeBytes[0] as number;
  let score = (levels.freeTables[0] as number) / options.level0_file_num_compaction_trigger;
  if (options.num_levels < 2) return score;
  if (!options.level_compaction_dynamic_level_bytes) return Math.max(score, free / options.max_bytes_for_level_base);
  if (free >= options.max_bytes_for_level_base) score = Math.max(score, 1.01);
  const target = targets.bytes[targets.baseLevel] ?? Number.POSITIVE_INFINITY;
  const base = levels.compensatedBytes[targets.baseLevel] ?? 0;
  if (free > target) score = Math.max(score, free / Math.max(base, target));
  return score > 1 ? score * SCORE_SCALE : score;
}

/**
 * Bytes that leveled compaction has yet to read and write until no level is over its target, as RocksDB estimates
 * them (db/version_set.cc `EstimateCompactionBytesNeeded`): all of L0 and of the base level once L0 is due, then
 * from each level what is over its target, times the fan-out into the next one.
 */
export function pendingCompactionBytes(
  tablesInL0: number,
  bytesByLevel: ArrayLike<number>,
  options: LeveledShapeOptions,
  targets: LevelTargets,
): number {
  const l0 = bytesByLevel[0] as number;
  const due = tablesInL0 >= options.level0_file_num_compaction_trigger || l0 >= options.max_bytes_for_level_base;
  let needed = due ? l0 : 0;
  let arriving = needed;
  for (let level = targets.baseLevel; level <= options.num_levels - 2; level++) {
    const own = bytesByLevel[level] ?? 0;
    if (due && level === targets.baseLevel) needed += own;
    const size = own + arriving;
    arriving = 0;
    const target = targets.bytes[level] ?? Number.POSITIVE_INFINITY;
    if (size <= target) continue;
    arriving = size - target;
    const next = bytesByLevel[level + 1] ?? 0;
    if (next > 0) needed += Math.floor(arriving * (next / size + 1));
  }
  return needed;
}

function bytesOf(levels: readonly LevelShape[]): number[] {
  const bytes: number[] = [];
  for (const l of levels) {
    while (bytes.length <= l.level) bytes.push(0);
    bytes[l.level] = l.bytes;
  }
  return bytes;
}

/** RocksDB, by its compaction style; options under their names in OPTIONS. One answer for each of `levels`. */
export function rocksDbScores(
  levels: readonly LevelShape[],
  options: Readonly<Record<string, string>>,
  style: string,
): LevelScore[] {
  const trigger = positive(options['level0_file_num_compaction_trigger'], 4);
  const unscored = levels.map((l): LevelScore => ({ level: l.level, score: null, targetBytes: null }));
  const withL0 = (score: number, targetBytes: number | null): LevelScore[] =>
    unscored.map((l) => (l.level === 0 ? { level: 0, score, targetBytes } : l));
  if (style === 'universal') {
    const runs = levels.reduce((n, l) => n + (l.level === 0 ? l.tables : l.tables > 0 ? 1 : 0), 0);
    return withL0(runs / trigger, null);
  }
  if (style === 'fifo') {
    const fifo = options['compaction_options_fifo'];
    const bytes = levels.find((l) => l.level === 0)?.bytes ?? 0;
    const limit = positive(nestedOption(fifo, 'max_table_files_size'), 1024 ** 3);
    const tables = levels.find((l) => l.level === 0)?.tables ?? 0;
    const merges = nestedOption(fifo, 'allow_compaction') === 'true';
    const score = bytes / limit;
    return withL0(score < 1 && merges ? Math.max(score, tables / trigger) : score, limit);
  }
  if (style !== 'leveled') return unscored;
  const shape = leveledOptions(options, Math.max(0, ...levels.map((l) => l.level + 1)));
  const targets = levelTargets(bytesOf(levels), shape);
  const scores = leveledScores(levels, shape, targets);
  return levels.map(({ level }) => {
    const scored = scores[level];
    if (scored !== undefined) return scored;
    const target = targets.bytes[level];
    return { level, score: null, targetBytes: target === undefined || !Number.isFinite(target) ? null : target };
  });
}

/** Options of leveled compaction out of an OPTIONS file; `levels` is how many there are at the least. */
export function leveledOptions(options: Readonly<Record<string, string>>, levels: number): LeveledShapeOptions {
  return {
    num_levels: Math.max(positive(options['num_levels'], 7), levels),
    level0_file_num_compaction_trigger: positive(options['level0_file_num_compaction_trigger'], 4),
    max_bytes_for_level_base: positive(options['max_bytes_for_level_base'], 256 * 1048576),
    max_bytes_for_level_multiplier: positive(options['max_bytes_for_level_multiplier'], 10),
    max_bytes_for_level_multiplier_additional: (options['max_bytes_for_level_multiplier_additional'] ?? '')
      .split(':')
      .map((n) => positive(n, 1)),
    level_compaction_dynamic_level_bytes: options['level_compaction_dynamic_level_bytes'] === 'true',
  };
}

function positive(value: string | undefined, fallback: number): number {
  const n = optionNumber(value, fallback);
  return n > 0 ? n : fallback;
}
