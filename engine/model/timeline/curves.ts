/**
 * Curves over a timeline: what the tree was like after each event, as columns (docs/amplification.md has the
 * formulas). Entry n is about the tree after the first n events, so there is one more than there are events;
 * arrays are longer than what they hold. One pass; events that come later are added to what is there. After
 * `Timeline.revise` the curves have to be drawn anew, since what was known of tables is known otherwise.
 */
import { nestedOption, optionNumber } from '../optionValues.ts';
import {
  LEVELDB_L0_TRIGGER,
  LEVELDB_LEVELS,
  type LeveledShapeOptions,
  type LevelTargets,
  leveledOptions,
  levelTargets,
  pendingCompactionBytes,
  scoreColumns,
} from '../score.ts';
import type { EngineId } from '../tree.ts';
import { EVENT_KINDS } from './columns.ts';
import { grown } from './grow.ts';
import type { Timeline } from './timeline.ts';

/** What of a family decides its scores; members as in `FamilySummary`. */
export interface CurveShape {
  readonly engine: EngineId;
  /** `leveled`, `universal`, `fifo`, or the engine's own word. */
  readonly compaction: string;
  readonly options: Readonly<Record<string, string>>;
}

const FLUSH = EVENT_KINDS.indexOf('flush');
const INGEST = EVENT_KINDS.indexOf('ingest');

/** LevelDB's policy under RocksDB's names (score.ts). */
const LEVELDB_SHAPE: LeveledShapeOptions = {
  num_levels: LEVELDB_LEVELS,
  level0_file_num_compaction_trigger: LEVELDB_L0_TRIGGER,
  max_bytes_for_level_base: 10 * 1048576,
  max_bytes_for_level_multiplier: 10,
  level_compaction_dynamic_level_bytes: false,
};

type Score = (into: Float64Array[], place: number) => void;

export class Curves {
  /** Entries that count: events and one more. */
  places = 0;
  /** By level, then by place. Levels below the deepest that ever held a table are not there. */
  readonly bytes: Float64Array[] = [];
  readonly tables: Float64Array[] = [];
  /** NaN where the engine does not score a level. */
  readonly scores: Float64Array[] = [];
  /** Read amplification, the memtable not counted. */
  sortedRuns = new Float64Array(0);
  /** 1 for an empty tree. */
  spaceAmplification = new Float64Array(0);
  /** From the beginning of this history; NaN before anything was flushed or ingested. */
  writeAmplification = new Float64Array(0);
  /** NaN where compaction is not leveled. */
  pendingBytes = new Float64Array(0);
  /** Deletions in the live tables of which they are known; NaN where they are known of none. */
  tombstones = new Float64Array(0);
  /** Bytes flushed or ingested up to here, from the beginning of this history. */
  arrivedBytes = new Float64Array(0);
  /** Of the event before this place; NaN where nobody knows. */
  readBytes = new Float64Array(0);
  writtenBytes = new Float64Array(0);

  readonly #timeline: Timeline;
  readonly #shape: CurveShape;
  readonly #style: string;
  /** The tree at the last place, by level. */
  #levelBytes = new Float64Array(8);
  #levelTables = new Float64Array(8);
  #leveled: LeveledShapeOptions | undefined;
  #targets: LevelTargets | undefined;
  readonly #targetBytes: number[] = [];
  #score: Score = () => {};
  /** Levels above this one have scores. */
  #scored = 0;
  #total = 0;
  #arrived = 0;
  #written = 0;
  #deletions = 0;
  #described = 0;

  constructor(timeline: Timeline, shape: CurveShape) {
    this.#timeline = timeline;
    this.#shape = shape;
    this.#style = shape.engine === 'leveldb' ? 'leveldb' : shape.compaction;
    this.#reserve(1);
    this.#fixScores(1);
    this.#close(0);
    this.readBytes[0] = Number.NaN;
    this.writtenBytes[0] = Number.NaN;
    this.places = 1;
  }

  /** Takes in the events that have come since. */
  grow(): void {
    const t = this.#timeline;
    if (t.events < this.places) return;
    this.#reserve(t.events + 1);
    this.#findLevels();
    for (let e = this.places - 1; e < t.events; e++) this.#event(e);
    this.places = t.events + 1;
  }

  #event(e: number): void {
    const t = this.#timeline;
    const place = e + 1;
    const goneEnd = t.removedStart[place] as number;
    for (let k = t.removedStart[e] as number; k < goneEnd; k++) this.#count(t.removed[k] as number, -1);
    const end = t.addedStart[place] as number;
    let arrived = 0;
    for (let life = t.addedStart[e] as number; life < end; life++) {
      this.#count(life, 1);
      arrived += t.bytes[life] as number;
    }
    const written = t.writtenBytes[e] as number;
    const kind = t.kind[e];
    if (kind === FLUSH || kind === INGEST) this.#arrived += Number.isNaN(written) ? arrived : written;
    if (!Number.isNaN(written)) this.#written += written;
    this.readBytes[place] = t.readBytes[e] as number;
    this.writtenBytes[place] = written;
    this.#close(place);
  }

  #count(life: number, sign: 1 | -1): void {
    const t = this.#timeline;
    const level = t.level[life] as number;
    const bytes = t.bytes[life] as number;
    this.#levelBytes[level] = (this.#levelBytes[level] as number) + sign * bytes;
    this.#levelTables[level] = (this.#levelTables[level] as number) + sign;
    this.#total += sign * bytes;
    const deletions = t.deletions[life] as number;
    if (Number.isNaN(deletions)) return;
    this.#deletions += sign * deletions;
    this.#described += sign;
  }

  /** Writes down the tree as it is now. */
  #close(place: number): void {
    const levels = this.bytes.length;
    let runs = levels > 0 ? (this.#levelTables[0] as number) : 0;
    let deepest = 0;
    for (let level = 0; level < levels; level++) {
      const bytes = this.#levelBytes[level] as number;
      const tables = this.#levelTables[level] as number;
      (this.bytes[level] as Float64Array)[place] = bytes;
      (this.tables[level] as Float64Array)[place] = tables;
      if (level > 0 && tables > 0) runs++;
      if (bytes > 0) deepest = bytes;
    }
    this.sortedRuns[place] = runs;
    this.spaceAmplification[place] = deepest > 0 ? this.#total / deepest : 1;
    this.arrivedBytes[place] = this.#arrived;
    this.writeAmplification[place] = this.#arrived > 0 ? this.#written / this.#arrived : Number.NaN;
    this.tombstones[place] = this.#described > 0 || this.#total === 0 ? this.#deletions : Number.NaN;
    if (this.#leveled?.level_compaction_dynamic_level_bytes === true) {
      this.#targets = levelTargets(this.#levelBytes, this.#leveled, this.#targetBytes);
    }
    this.pendingBytes[place] =
      this.#leveled === undefined || this.#targets === undefined
        ? Number.NaN
        : pendingCompactionBytes(this.#levelTables[0] as number, this.#levelBytes, this.#leveled, this.#targets);
    this.#score(this.scores, place);
  }

  /** Columns for the levels of all lives that are there now. */
  #findLevels(): void {
    const t = this.#timeline;
    let levels = this.bytes.length;
    for (let life = t.addedStart[this.places - 1] as number; life < t.lives; life++) {
      const level = t.level[life] as number;
      if (level >= levels) levels = level + 1;
    }
    if (levels === this.bytes.length) return;
    const length = this.sortedRuns.length;
    this.#fixScores(levels);
    for (let level = this.bytes.length; level < levels; level++) {
      this.bytes.push(new Float64Array(length));
      this.tables.push(new Float64Array(length));
      // Up to now it held nothing.
      const scored = level < this.#scored;
      this.scores.push(new Float64Array(length).fill(Number.NaN, scored ? this.places : 0));
    }
  }

  #fixScores(levels: number): void {
    this.#levelBytes = grown(this.#levelBytes, levels + 1);
    this.#levelTables = grown(this.#levelTables, levels + 1);
    const { options } = this.#shape;
    if (this.#style === 'leveled' || this.#style === 'leveldb') {
      const shape = this.#style === 'leveldb' ? LEVELDB_SHAPE : leveledOptions(options, levels);
      this.#leveled = shape;
      this.#scored = shape.num_levels - 1;
      this.#levelBytes = grown(this.#levelBytes, shape.num_levels);
      this.#levelTables = grown(this.#levelTables, shape.num_levels);
      this.#targets = levelTargets(this.#levelBytes, shape, this.#targetBytes);
      this.#score = this.#style === 'leveldb' ? this.#levelDbScore(shape) : this.#leveledScore(shape);
    } else if (this.#style === 'universal') {
      const trigger = positive(options['level0_file_num_compaction_trigger'], 4);
      this.#scored = 1;
      this.#score = (into, place) => this.#setL0(into, place, (this.sortedRuns[place] as number) / trigger);
    } else if (this.#style === 'fifo') {
      this.#scored = 1;
      this.#score = this.#fifoScore(options);
    }
  }

  #setL0(into: readonly Float64Array[], place: number, score: number): void {
    const l0 = into[0];
    if (l0 !== undefined) l0[place] = score;
  }

  #leveledScore(shape: LeveledShapeOptions): Score {
    const columns = {
      bytes: this.#levelBytes,
      freeTables: this.#levelTables,
      freeBytes: this.#levelBytes,
      compensatedBytes: this.#levelBytes,
    };
    const scores = new Float64Array(shape.num_levels);
    return (into, place) => {
      if (this.#targets === undefined) return;
      scoreColumns(columns, shape, this.#targets, scores);
      const scored = Math.min(into.length, shape.num_levels - 1);
      for (let level = 0; level < scored; level++) (into[level] as Float64Array)[place] = scores[level] as number;
    };
  }

  /** L0 by files alone, and the last level not at all (score.ts). */
  #levelDbScore(shape: LeveledShapeOptions): Score {
    return (into, place) => {
      this.#setL0(into, place, (this.#levelTables[0] as number) / shape.level0_file_num_compaction_trigger);
      const scored = Math.min(into.length, shape.num_levels - 1);
      for (let level = 1; level < scored; level++) {
        const target = this.#targets?.bytes[level] ?? Number.POSITIVE_INFINITY;
        (into[level] as Float64Array)[place] = (this.#levelBytes[level] as number) / target;
      }
    };
  }

  #fifoScore(options: Readonly<Record<string, string>>): Score {
    const fifo = options['compaction_options_fifo'];
    const limit = positive(nestedOption(fifo, 'max_table_files_size'), 1024 ** 3);
    const merges = nestedOption(fifo, 'allow_compaction') === 'true';
    const trigger = positive(options['level0_file_num_compaction_trigger'], 4);
    return (into, place) => {
      const score = (this.#levelBytes[0] as number) / limit;
      const byTables = (this.#levelTables[0] as number) / trigger;
      this.#setL0(into, place, score < 1 && merges ? Math.max(score, byTables) : score);
    };
  }

  #reserve(places: number): void {
    if (places <= this.sortedRuns.length) return;
    this.sortedRuns = grown(this.sortedRuns, places);
    const { length } = this.sortedRuns;
    this.spaceAmplification = grown(this.spaceAmplification, length);
    this.writeAmplification = grown(this.writeAmplification, length);
    this.pendingBytes = grown(this.pendingBytes, length);
    this.tombstones = grown(this.tombstones, length);
    this.arrivedBytes = grown(this.arrivedBytes, length);
    this.readBytes = grown(this.readBytes, length);
    this.writtenBytes = grown(this.writtenBytes, length);
    for (const columns of [this.bytes, this.tables]) {
      for (let level = 0; level < columns.length; level++) {
        columns[level] = grown(columns[level] as Float64Array<ArrayBuffer>, length);
      }
    }
    for (let level = 0; level < this.scores.length; level++) {
      const old = this.scores[level] as Float64Array<ArrayBuffer>;
      this.scores[level] = grown(old, length).fill(Number.NaN, this.places);
    }
  }
}

function positive(value: string | undefined, fallback: number): number {
  const n = optionNumber(value, fallback);
  return n > 0 ? n : fallback;
}
