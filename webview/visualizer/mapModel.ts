/** Questions that the map asks of a tree: pure, no DOM. Tables are lives, bytes are bytes of files. */
import { type LevelShape, levelDbScores, rocksDbScores } from '../../engine/model/score.ts';
import type { TreeAt } from '../../engine/model/timeline/timeline.ts';
import type { FamilySummary, StoreSummary } from '../../engine/protocol/engineApi.ts';

/** What the header of a level says. */
export interface LevelFacts {
  readonly level: number;
  readonly tables: number;
  readonly bytes: number;
  /** Null where the engine has no target for the level, or nobody knows its options. */
  readonly targetBytes: number | null;
  readonly score: number | null;
  /** L0 is compacted into it, where that depends on what is there: RocksDB's dynamic level sizes. */
  readonly base: boolean;
  /** Its score follows RocksDB's dynamic level sizes, which multiply what is over 1 by 10. */
  readonly dynamic: boolean;
}

/** Facts of `levels`. At the head they are the engine's own; before it they follow from the shape and the options of now. */
export function levelFacts(
  tree: TreeAt,
  levels: readonly number[],
  summary: StoreSummary | undefined,
  family: FamilySummary | undefined,
): LevelFacts[] {
  const t = tree.timeline;
  const shapes: LevelShape[] = [];
  let base = -1;
  const depth = Math.max(tree.levels, ...levels.map((l) => l + 1));
  for (let level = 0; level < depth; level++) {
    const lives = tree.lives(level);
    let bytes = 0;
    for (let i = 0; i < lives.length; i++) bytes += t.bytes[lives[i] as number] as number;
    shapes.push({ level, tables: lives.length, bytes });
    if (base < 0 && level > 0 && lives.length > 0) base = level;
  }
  const head = tree.at === t.events && sameShape(shapes, family);
  const scores =
    head && family !== undefined
      ? family.levels
      : family === undefined || summary === undefined
        ? []
        : summary.engine === 'leveldb'
          ? levelDbScores(shapes)
          : rocksDbScores(shapes, family.options, family.compaction);
  const dynamic = family?.compaction === 'leveled' && family.options['level_compaction_dynamic_level_bytes'] === 'true';
  return levels.map((level) => {
    const shape = shapes[level] as LevelShape;
    const scored = scores.find((s) => s.level === level);
    return {
      level,
      tables: shape.tables,
      bytes: shape.bytes,
      targetBytes: scored?.targetBytes ?? null,
      score: scored?.score ?? null,
      base: dynamic && level === base,
      dynamic,
    };
  });
}

function sameShape(shapes: readonly LevelShape[], family: FamilySummary | undefined): boolean {
  if (family === undefined) return false;
  return shapes.every((s) => {
    const now = family.levels.find((l) => l.level === s.level);
    return (now?.tables ?? 0) === s.tables && (now?.bytes ?? 0) === s.bytes;
  });
}

/** First of a level's lives (below L0) whose largest key is at or behind `position`. */
function firstReaching(tree: TreeAt, lives: Uint32Array, position: number): number {
  const { largest } = tree.timeline;
  let low = 0;
  let high = lives.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((largest[lives[middle] as number] as number) < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Calls `each` for the tables of a level that have keys in [from, to], both inclusive. */
function eachBetween(tree: TreeAt, level: number, from: number, to: number, each: (life: number) => void): void {
  const { smallest, largest } = tree.timeline;
  const lives = tree.lives(level);
  for (let i = level === 0 ? 0 : firstReaching(tree, lives, from); i < lives.length; i++) {
    const life = lives[i] as number;
    if ((smallest[life] as number) <= to) {
      if ((largest[life] as number) >= from) each(life);
    } else if (level > 0) return;
  }
}

/** Tables whose bounds let them hold the key at `position`, in the order in which a read asks them. */
export function tablesHolding(tree: TreeAt, position: number): number[] {
  const found: number[] = [];
  for (let level = 0; level < tree.levels; level++) {
    eachBetween(tree, level, position, position, (life) => found.push(life));
  }
  return found;
}

export interface Overlap {
  readonly level: number;
  readonly lives: readonly number[];
  readonly bytes: number;
}

/** Tables that share keys with `life`, by level from the top; its own level counts in L0 only. */
export function overlaps(tree: TreeAt, life: number): Overlap[] {
  const t = tree.timeline;
  const from = t.smallest[life] as number;
  const to = t.largest[life] as number;
  const result: Overlap[] = [];
  for (let level = 0; level < tree.levels; level++) {
    if (level === t.level[life] && level > 0) continue;
    const lives: number[] = [];
    let bytes = 0;
    eachBetween(tree, level, from, to, (other) => {
      if (other === life) return;
      lives.push(other);
      bytes += t.bytes[other] as number;
    });
    if (lives.length > 0) result.push({ level, lives, bytes });
  }
  return result;
}

/** Computes, for each table, the bytes of the next deeper level that holds tables which it overlaps. */
export class NextLevelOverlap {
  #sums = new Float64Array(0);

  /** Fills `into` (by life) with overlapped bytes over own bytes; 0 where nothing is below. */
  fill(tree: TreeAt, into: Float64Array): void {
    const t = tree.timeline;
    let below: Uint32Array = new Uint32Array(0);
    for (let level = tree.levels - 1; level >= 0; level--) {
      const lives = tree.lives(level);
      const sums = this.#sumsOf(tree, below);
      let from = 0;
      for (let i = 0; i < lives.length; i++) {
        const life = lives[i] as number;
        const smallest = t.smallest[life] as number;
        const largest = t.largest[life] as number;
        // Below L0 the tables come in key order, and so do those that they meet.
        if (level === 0) from = firstReaching(tree, below, smallest);
        else while (from < below.length && (t.largest[below[from] as number] as number) < smallest) from++;
        const to = endOf(t.smallest, below, from, largest);
        const bytes = (sums[to] as number) - (sums[from] as number);
        into[life] = bytes / Math.max(1, t.bytes[life] as number);
      }
      if (lives.length > 0) below = lives;
    }
  }

  #sumsOf(tree: TreeAt, lives: Uint32Array): Float64Array {
    if (this.#sums.length < lives.length + 1) this.#sums = new Float64Array(2 * lives.length + 2);
    this.#sums[0] = 0;
    for (let i = 0; i < lives.length; i++) {
      this.#sums[i + 1] = (this.#sums[i] as number) + (tree.timeline.bytes[lives[i] as number] as number);
    }
    return this.#sums;
  }
}

/** First of `lives` from `from` on that begins behind `position`. */
function endOf(smallest: Float64Array, lives: Uint32Array, from: number, position: number): number {
  let low = from;
  let high = lives.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((smallest[lives[middle] as number] as number) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The event that made `at` what it is, if it stands one event from `before`: its number and whether time ran back. */
export function singleStep(before: number, at: number): { readonly event: number; readonly back: boolean } | undefined {
  if (at === before + 1) return { event: before, back: false };
  if (at === before - 1) return { event: at, back: true };
  return undefined;
}
