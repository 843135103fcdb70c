/**
 * A RocksDB store with a long history: a MANIFEST of flushes, compactions and moves of a leveled tree, as consistent
 * as an engine would write it. Tables can be there as sparse files of the right size, without content.
 */
import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { utf8 } from '../../engine/base/bytes.ts';
import { LogWriter } from '../../engine/formats/leveldb/logWriter.ts';
import { emptyEdit, type NewFile } from '../../engine/formats/leveldb/versionEdit.ts';
import { encodeRocksDbEdit } from '../../engine/formats/rocksdb/editEncoder.ts';
import {
  DEFAULT_DB_OPTIONS,
  DEFAULT_FAMILY_OPTIONS,
  DEFAULT_TABLE_OPTIONS,
  encodeOptions,
  OPTIONS_VERSION,
} from '../../engine/formats/rocksdb/optionsWriter.ts';
import { type FileSystem, joinPath } from '../../engine/fs/fileSystem.ts';
import { BYTEWISE } from '../../engine/iter/order.ts';
import { random } from './random.ts';

export interface BigManifestOptions {
  readonly seed: number;
  /** Edits that change tables. */
  readonly edits: number;
  /** The fuller the tree, the more is replaced: it stays below this many live tables, and comes within a tenth with edits enough. */
  readonly live: number;
  /** Makes sparse files for the live tables; on disk only. */
  readonly files?: boolean;
  /** Epoch seconds of the first edit; there is one every two seconds. */
  readonly startsAt?: number;
}

export interface BigManifest {
  readonly manifest: string;
  /** Table edits, and stays of tables on levels. */
  readonly edits: number;
  readonly lives: number;
  readonly live: number;
  readonly bytes: number;
}

interface Table {
  readonly number: number;
  /** Keys are whole numbers here, both ends inclusive. */
  readonly low: number;
  readonly high: number;
  readonly bytes: number;
  readonly smallestSeq: number;
  readonly largestSeq: number;
  readonly createdAt: number;
}

const KEYS = 1e12;
const TABLE_BYTES = 64 << 20;
const L0_TRIGGER = 4;
const L1_TABLES = 16;
const DEEPEST = 4;

class Tree {
  readonly levels: Table[][] = [[], [], [], [], []];
  readonly #next: () => number;
  readonly #live: number;
  readonly #cursors = [0, 0, 0, 0, 0];
  #number = 10;
  sequence = 1;
  lives = 0;

  constructor(seed: number, live: number) {
    this.#next = random(seed);
    this.#live = live;
  }

  get live(): number {
    return this.levels.reduce((n, l) => n + l.length, 0);
  }

  get nextNumber(): number {
    return this.#number;
  }

  /** The next edit: what goes and what comes, by level. */
  step(now: number): { readonly flush: boolean; readonly gone: [number, Table][]; readonly come: [number, Table][] } {
    const level = this.#due();
    if (level < 0) {
      const table = this.#flushed(now);
      this.levels[0]?.unshift(table);
      this.lives++;
      return { flush: true, gone: [], come: [[0, table]] };
    }
    const from = this.levels[level] as Table[];
    const inputs = level === 0 ? [...from] : this.#pick(level);
    const low = Math.min(...inputs.map((t) => t.low));
    const high = Math.max(...inputs.map((t) => t.high));
    const to = this.levels[level + 1] as Table[];
    const first = firstEndingAt(to, low);
    let last = first;
    while (last < to.length && (to[last] as Table).low <= high) last++;
    const overlap = to.slice(first, last);
    const move = level > 0 && overlap.length === 0;
    const come = move ? inputs : this.#merged([...inputs, ...overlap], inputs.length, level + 1, now);
    this.levels[level] = from.filter((t) => !inputs.includes(t));
    to.splice(first, overlap.length, ...come);
    this.lives += come.length;
    const gone: [number, Table][] = inputs.map((t) => [level, t]);
    for (const t of overlap) gone.push([level + 1, t]);
    return { flush: false, gone, come: come.map((t) => [level + 1, t]) };
  }

  /** The level to compact, or -1. */
  #due(): number {
    if ((this.levels[0] as Table[]).length >= L0_TRIGGER && this.#next() < 0.8) return 0;
    for (let level = DEEPEST - 1; level >= 1; level--) {
      if ((this.levels[level] as Table[]).length > L1_TABLES * 10 ** (level - 1)) return level;
    }
    return -1;
  }

  #flushed(now: number): Table {
    const next = this.#next;
    const entries = 20_000 + Math.floor(next() * 5000);
    const smallestSeq = this.sequence;
    this.sequence += entries;
    return {
      number: this.#number++,
      low: Math.floor(next() * KEYS * 0.001),
      high: Math.floor(KEYS * (1 - next() * 0.001)),
      bytes: Math.floor(TABLE_BYTES * (0.9 + 0.1 * next())),
      smallestSeq,
      largestSeq: this.sequence - 1,
      createdAt: now,
    };
  }

  /** One table or two neighbours, going round. */
  #pick(level: number): Table[] {
    const tables = this.levels[level] as Table[];
    const start = (this.#cursors[level] as number) % tables.length;
    const count = Math.min(this.#next() < 0.8 ? 1 : 2, tables.length - start);
    this.#cursors[level] = start + count;
    return tables.slice(start, start + count);
  }

  /** Outputs of a merge: the fuller the tree, the more of what comes down replaces what is there. */
  #merged(inputs: readonly Table[], upper: number, level: number, now: number): Table[] {
    const full = Math.min(1, this.live / this.#live);
    const replaced = level === DEEPEST ? Math.round(upper * full ** 4) : 0;
    const count = Math.max(1, inputs.length - replaced);
    const low = Math.min(...inputs.map((t) => t.low));
    const high = Math.max(...inputs.map((t) => t.high));
    const smallestSeq = Math.min(...inputs.map((t) => t.smallestSeq));
    const largestSeq = Math.max(...inputs.map((t) => t.largestSeq));
    const step = (high - low) / count;
    const outputs: Table[] = [];
    let from = low;
    for (let i = 0; i < count && from <= high; i++) {
      const cut = Math.floor(low + step * (i + 1) - step * 0.2 * this.#next());
      const to = i + 1 === count ? high : Math.max(from, cut);
      const bytes = Math.floor(TABLE_BYTES * (0.8 + 0.2 * this.#next()));
      outputs.push({ number: this.#number++, low: from, high: to, bytes, smallestSeq, largestSeq, createdAt: now });
      from = to + 1 + Math.floor(step * 0.01 * this.#next());
    }
    return outputs;
  }
}

/** Index of the first table that ends at `key` or behind it. */
function firstEndingAt(tables: readonly Table[], key: number): number {
  let low = 0;
  let high = tables.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((tables[middle] as Table).high < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

const keyOf = (n: number): Uint8Array => utf8(`user${String(n).padStart(13, '0')}`);

function newFile(level: number, t: Table): NewFile {
  return {
    level,
    number: t.number,
    pathId: 0,
    bytes: t.bytes,
    smallest: { key: keyOf(t.low), seq: t.smallestSeq, type: 'put' },
    largest: { key: keyOf(t.high), seq: t.largestSeq, type: 'put' },
    smallestSeq: t.smallestSeq,
    largestSeq: t.largestSeq,
    oldestAncestorTime: t.createdAt,
    createdAt: t.createdAt,
    epoch: t.number,
  };
}

/** Writes CURRENT, OPTIONS and a MANIFEST into `directory`, which exists. */
export function writeBigManifest(fs: FileSystem, directory: string, options: BigManifestOptions): BigManifest {
  const manifest = 'MANIFEST-000005';
  const startsAt = options.startsAt ?? 1_700_000_000;
  const tree = new Tree(options.seed, options.live);
  const file = fs.open(joinPath(directory, manifest), 'create');
  let bytes = 0;
  try {
    const log = new LogWriter(file);
    log.append(encodeRocksDbEdit({ ...emptyEdit(), comparator: BYTEWISE.name }));
    log.append(
      encodeRocksDbEdit({ ...emptyEdit(), logNumber: 4, nextFileNumber: 10, lastSequence: 0, prevLogNumber: 0 }),
    );
    for (let i = 0; i < options.edits; i++) {
      const { flush, gone, come } = tree.step(startsAt + 2 * i);
      const edit = emptyEdit();
      if (flush) edit.logNumber = 4;
      edit.nextFileNumber = tree.nextNumber;
      edit.lastSequence = tree.sequence - 1;
      for (const [level, t] of gone) edit.deletedFiles.push({ level, number: t.number });
      for (const [level, t] of come) edit.newFiles.push(newFile(level, t));
      log.append(encodeRocksDbEdit(edit));
    }
    log.sync();
    bytes = log.size;
  } finally {
    file.close();
  }
  put(fs, joinPath(directory, 'CURRENT'), utf8(`${manifest}\n`));
  const family = { name: 'default', cf: DEFAULT_FAMILY_OPTIONS, table: DEFAULT_TABLE_OPTIONS };
  const content = { version: OPTIONS_VERSION, db: DEFAULT_DB_OPTIONS, families: [family] };
  put(fs, joinPath(directory, 'OPTIONS-000007'), encodeOptions(content));
  if (options.files === true) {
    for (const t of tree.levels.flat()) {
      const sparse = openSync(joinPath(directory, `${String(t.number).padStart(6, '0')}.sst`), 'w');
      ftruncateSync(sparse, t.bytes);
      closeSync(sparse);
    }
  }
  return { manifest, edits: options.edits, lives: tree.lives, live: tree.live, bytes };
}

function put(fs: FileSystem, path: string, content: Uint8Array): void {
  const file = fs.open(path, 'create');
  try {
    file.append(content);
    file.sync();
  } finally {
    file.close();
  }
}
