/**
 * A store under random operations, against a sorted map: every state that it shows must be the map's, whatever was
 * flushed, compacted, cancelled or opened anew in between, at each live snapshot too; at intervals the real engine
 * reads a copy of the directory.
 */
import { strict as assert } from 'node:assert';
import { compareBytes, concat, utf8 } from '../../engine/base/bytes.ts';
import { StoreError } from '../../engine/base/errors.ts';
import type { MemFs } from '../../engine/fs/memFs.ts';
import { DamageLog } from '../../engine/iter/damage.ts';
import { forcedCompaction, type ManualTarget, type PolicyName } from '../../engine/policy/manual.ts';
import type { Choice, PolicyContext } from '../../engine/policy/policy.ts';
import { POLICIES } from '../../engine/policy/registry.ts';
import { compactionJob } from '../../engine/store/compaction/job.ts';
import { policyContext } from '../../engine/store/compaction/select.ts';
import type { LiveSnapshot } from '../../engine/store/snapshots.ts';
import type { FamilyVersion } from '../../engine/store/version.ts';
import { StoreWriter } from '../../engine/store/writer.ts';
import { hexLine } from '../fixtures/stores.ts';
import { memEnvironment } from '../support/memEnvironment.ts';
import { random } from '../support/random.ts';
import { addTo, MERGES, type MergeName, type Operation, StoreModel } from './model.ts';
import {
  checkGets,
  checkTree,
  content,
  DIR,
  type Format,
  familiesOf,
  ldbContent,
  levelContent,
  memStore,
  orphans,
  removeFolder,
  rocksContent,
  SMALL,
  writeOut,
} from './stores.ts';

const STYLES: Readonly<Record<PolicyName, string>> = {
  leveled: 'kCompactionStyleLevel',
  dynamicLeveled: 'kCompactionStyleLevel',
  universal: 'kCompactionStyleUniversal',
  fifo: 'kCompactionStyleFIFO',
  sizeTiered: 'kCompactionStyleLevel',
  lazyLeveling: 'kCompactionStyleLevel',
  timeWindow: 'kCompactionStyleLevel',
};

/** What may run on a RocksDB store. LevelDB orders tables of L0 by their numbers, which rules tiers out. */
const ROCKS_POLICIES: readonly PolicyName[] = [
  'dynamicLeveled',
  'universal',
  'lazyLeveling',
  'sizeTiered',
  'timeWindow',
  'fifo',
];

const MERGE_NAMES = Object.keys(MERGES) as MergeName[];
const NOW = 1_790_000_000;

export interface DifferentialOptions {
  readonly format: Format;
  readonly seed: number;
  readonly actions: number;
  /** Every how many actions the real engine has a look; 0 for never. */
  readonly engineEvery: number;
}

/** How often what was done, so that a test can see that it tests something. */
export type Tally = Record<string, number>;

interface Held {
  readonly snapshot: LiveSnapshot;
  readonly lines: readonly string[];
}

class Differential {
  readonly tally: Tally = {};
  readonly #options: DifferentialOptions;
  readonly #dice: () => number;
  readonly #fs: MemFs;
  readonly #policy: PolicyName;
  readonly #merges: boolean;
  /** Different numbers in keys: few, so that everything meets, or many, so that levels fill. */
  readonly #keys: number;
  readonly #snappy: boolean;
  readonly #model: StoreModel;
  #writer: StoreWriter;
  #held: Held[] = [];
  /** Compactions that go on between the other actions, by family. */
  readonly #pending = new Map<number, ReturnType<typeof compactionJob>>();
  #time = 0;

  constructor(options: DifferentialOptions) {
    const { format, seed } = options;
    this.#options = options;
    this.#dice = random(seed);
    this.#policy =
      format === 'leveldb' ? 'leveled' : (ROCKS_POLICIES[this.#below(ROCKS_POLICIES.length)] as PolicyName);
    // RocksDB 10 through its binding has no merge operators and no Snappy: some of the stores do without.
    this.#merges = format === 'rocksdb' && this.#dice() < 0.4;
    this.#keys = this.#dice() < 0.6 ? 50 : 600;
    const merge = MERGE_NAMES[this.#below(MERGE_NAMES.length)] as MergeName;
    this.#snappy = this.#dice() < 0.5;
    this.#fs = memStore(
      format,
      {
        ...SMALL,
        compaction_style: STYLES[this.#policy],
        level_compaction_dynamic_level_bytes: String(this.#dice() < 0.5),
        compression: this.#snappy ? 'kSnappyCompression' : 'kNoCompression',
      },
      merge,
    );
    this.#model = new StoreModel(familiesOf(format), merge);
    this.#writer = this.#open();
    this.#count(`policy ${this.#policy}`);
    if (this.#merges) this.#count(merge);
  }

  async run(): Promise<Tally> {
    const { actions, engineEvery } = this.#options;
    for (let i = 1; i <= actions; i++) {
      this.#act();
      for (const family of [...this.#pending.keys()]) if (this.#dice() < 0.6) this.#stepCompaction(family);
      if (i % 10 === 0) this.#check(false);
      if (engineEvery > 0 && i % engineEvery === 0) await this.#engine();
    }
    while (this.#pending.size > 0) for (const family of [...this.#pending.keys()]) this.#stepCompaction(family);
    this.#check(true);
    await this.#engine();
    for (const h of this.#held) h.snapshot.release();
    this.#writer.close();
    return this.tally;
  }

  #act(): void {
    const kind = this.#dice();
    if (kind < 0.5) this.#write();
    else if (kind < 0.63) this.#flush();
    else if (kind < 0.8) this.#compact();
    else if (kind < 0.86) this.#hold();
    else if (kind < 0.9) this.#release();
    else if (kind < 0.97) this.#scan();
    else this.#reopen();
  }

  #below(n: number): number {
    return Math.floor(this.#dice() * n);
  }

  #count(what: string): void {
    this.tally[what] = (this.tally[what] ?? 0) + 1;
  }

  #open(): StoreWriter {
    const small = this.#dice() < 0.5;
    return StoreWriter.open(memEnvironment(this.#fs), DIR, small ? { writeBufferBytes: 3000 + this.#below(9000) } : {});
  }

  // ── Writing ─────────────────────────────────────────────────────────────────────────────────

  #key(): Uint8Array {
    const n = this.#below(this.#keys);
    const plain = utf8(`k${String(n).padStart(3, '0')}`);
    // Some keys are the beginning of others, with bytes at the end of the order.
    return n % 5 === 0 ? concat([plain, Uint8Array.of(n % 2 === 0 ? 0 : 255)]) : plain;
  }

  #operation(after: StoreModel): Operation {
    const family = this.#below(familiesOf(this.#options.format).length);
    const rocks = this.#options.format === 'rocksdb';
    const kind = this.#dice();
    const key = this.#key();
    const none = new Uint8Array(0);
    if (kind < 0.15) return { kind: 'delete', family, key, value: none };
    if (rocks && kind < 0.25) {
      // A single deletion may only meet a key that was put once, and that nothing else touches.
      const once = concat([utf8('s'), key]);
      if (after.has(family, once)) return { kind: 'singleDelete', family, key: once, value: none };
      return { kind: 'put', family, key: once, value: this.#value() };
    }
    if (rocks && kind < 0.3) {
      const other = this.#dice() < 0.7 ? concat([key, Uint8Array.of(255)]) : this.#key();
      const order = compareBytes(key, other);
      if (order !== 0) {
        const [from, to] = order < 0 ? [key, other] : [other, key];
        return { kind: 'deleteRange', family, key: from, value: to };
      }
    }
    if (this.#merges && family === 1 && kind < 0.7)
      return { kind: 'merge', family, key, value: utf8(`${this.#below(99)}`) };
    return { kind: 'put', family, key, value: this.#value() };
  }

  #value(): Uint8Array {
    const n = this.#dice() < 0.1 ? 0 : this.#dice() < 0.9 ? this.#below(80) : this.#below(1500);
    const compressible = this.#dice() < 0.5;
    return Uint8Array.from({ length: n }, () => (compressible ? 0x61 : this.#below(256)));
  }

  #write(): void {
    const operations: Operation[] = [];
    const after = this.#model.clone();
    for (let n = 1 + this.#below(this.#dice() < 0.1 ? 150 : 12); n > 0; n--) {
      const operation = this.#operation(after);
      after.apply([operation]);
      operations.push(operation);
    }
    const batch = this.#writer.batch();
    for (const o of operations) {
      addTo(batch, o);
      this.#count(o.kind);
    }
    this.#writer.writeSync(batch, { sync: this.#dice() < 0.2 });
    this.#model.apply(operations);
  }

  #flush(): void {
    const one = this.#dice() < 0.4;
    const did = this.#writer.flush(one ? this.#below(familiesOf(this.#options.format).length) : undefined);
    if (did) this.#count('flush');
  }

  #reopen(): void {
    this.#abandon();
    for (const h of this.#held) h.snapshot.release();
    this.#held = [];
    this.#writer.close();
    this.#writer = this.#open();
    assert.deepEqual(orphans(this.#fs, DIR, this.#writer), [], 'files that nothing refers to');
    this.#count('reopen');
  }

  // ── Snapshots ───────────────────────────────────────────────────────────────────────────────

  #hold(): void {
    if (this.#held.length >= 5) return;
    this.#held.push({ snapshot: this.#writer.snapshot(), lines: this.#model.lines() });
    this.#count('snapshot');
  }

  #release(): void {
    const [gone] = this.#held.splice(this.#below(this.#held.length), 1);
    gone?.snapshot.release();
  }

  // ── Compacting ──────────────────────────────────────────────────────────────────────────────

  #compact(): void {
    const family = this.#below(familiesOf(this.#options.format).length);
    if (this.#pending.has(family)) return;
    const { view } = this.#writer.reader;
    const version = view.family(family);
    const context = this.#context(version);
    const forced = this.#dice() < 0.3;
    const choice = forced
      ? forcedCompaction(version.view, context, this.#target(version), this.#policy)
      : POLICIES[this.#policy].choose(version.view, context);
    if (choice.kind === 'none' || choice.kind === 'drop') return;
    this.#count(`${forced ? 'forced' : 'automatic'} ${choice.isTrivialMove ? 'move' : 'compaction'}`);
    this.#start(family, choice);
  }

  #start(family: number, choice: Choice): void {
    const cancelAt = this.#dice() < 0.1 ? this.#below(6) : Number.POSITIVE_INFINITY;
    let asked = 0;
    // Each look at the clock finds a slice's time gone.
    const clock = { now: () => NOW * 1000, elapsed: () => (this.#time += 10), turn: () => Promise.resolve() };
    const isCancelled = (): boolean => asked++ >= cancelAt;
    const job = compactionJob(this.#writer, family, choice, { fs: this.#fs, clock, isCancelled });
    this.#pending.set(family, job);
    this.#stepCompaction(family);
  }

  #stepCompaction(family: number): void {
    const job = this.#pending.get(family);
    try {
      if (job?.next().done !== true) return;
      this.#pending.delete(family);
      this.#count('compacted');
    } catch (thrown) {
      this.#pending.delete(family);
      if (!(thrown instanceof StoreError) || thrown.code !== 'CANCELLED') throw thrown;
      this.#count('cancelled');
    }
    this.#check(false);
  }

  /** Gives the compactions up between two of their slices. */
  #abandon(): void {
    for (const job of this.#pending.values()) {
      job.return(undefined as never);
      this.#count('abandoned');
    }
    this.#pending.clear();
  }

  #context(family: FamilyVersion): PolicyContext {
    const context = policyContext(this.#writer.reader.view, family, NOW);
    if (this.#options.format === 'rocksdb') return context;
    const options = {
      ...context.options,
      target_file_size_base: 3000,
      max_bytes_for_level_base: 9000,
      max_bytes_for_level_multiplier: 3,
      level0_file_num_compaction_trigger: 3,
    };
    return { ...context, options };
  }

  #target(family: FamilyVersion): ManualTarget {
    const kind = this.#below(4);
    const levels = family.view.levels.filter((l) => l.tables.length > 0);
    if (kind === 0 || levels.length === 0) return { kind: 'store' };
    if (kind === 1) {
      const [a, b] = [this.#key(), this.#key()];
      const [from, to] = compareBytes(a, b) <= 0 ? [a, b] : [b, a];
      return { kind: 'range', ...(this.#dice() < 0.2 ? {} : { from }), ...(this.#dice() < 0.2 ? {} : { to }) };
    }
    if (kind === 2) return { kind: 'level', level: levels[this.#below(levels.length)]?.level ?? 0 };
    const count = 1 + this.#below(2);
    const numbers = Array.from({ length: count }, () => family.tables[this.#below(family.tables.length)]?.number ?? 0);
    return { kind: 'tables', numbers: [...new Set(numbers)] };
  }

  // ── Looking ─────────────────────────────────────────────────────────────────────────────────

  /** A part of a family, in either direction, now or at a snapshot. */
  #scan(): void {
    const id = this.#below(familiesOf(this.#options.format).length);
    const { view } = this.#writer.reader;
    const [a, b] = [this.#key(), this.#key()];
    const [from, to] = compareBytes(a, b) <= 0 ? [a, b] : [b, a];
    const held = this.#dice() < 0.3 ? this.#held[this.#below(this.#held.length)] : undefined;
    const reverse = this.#dice() < 0.5;
    const at = held === undefined ? {} : { at: held.snapshot.sequence };
    const e = view.scan(id, { from, to, reverse, ...at }, new DamageLog());
    const seen: string[] = [];
    for (e.first(); e.valid; e.next()) {
      const key = e.keyBuffer.slice(e.keyStart, e.keyStart + e.keyLength);
      seen.push(hexLine(key, e.valueBuffer.subarray(e.valueStart, e.valueStart + e.valueLength)));
    }
    e.close();
    const name = familiesOf(this.#options.format)[id] as string;
    const low = hexLine(from, new Uint8Array(0)).slice(2, -5);
    const high = hexLine(to, new Uint8Array(0)).slice(2, -5);
    const expected = (held?.lines ?? this.#model.lines()).flatMap((line) => {
      const [family, ...rest] = line.split(' ');
      const key = rest[0]?.slice(2) ?? '';
      return family === name && key >= low && key < high ? [rest.join(' ')] : [];
    });
    assert.deepEqual(seen, reverse ? expected.reverse() : expected, 'a scan of a range');
    this.#count(reverse ? 'reverse scan' : 'scan');
  }

  #check(gets: boolean): void {
    const { reader } = this.#writer;
    const lines = this.#model.lines();
    assert.deepEqual(content(reader), lines, 'the store and the map differ');
    for (const { snapshot, lines } of this.#held) {
      assert.deepEqual(content(reader, snapshot.sequence), lines, `at snapshot ${snapshot.sequence}`);
    }
    if (gets) checkGets(reader, lines);
    checkTree(reader);
  }

  async #engine(): Promise<void> {
    const lines = this.#model.lines();
    checkGets(this.#writer.reader, lines);
    const dir = writeOut(this.#fs, DIR);
    try {
      const seen = this.#options.format === 'leveldb' ? await levelContent(dir) : await this.#rocks(dir);
      if (seen === undefined) return;
      this.#count('read by the engine');
      assert.deepEqual(seen, lines, 'the real engine reads something else');
    } finally {
      removeFolder(dir);
    }
  }

  async #rocks(dir: string): Promise<string[] | undefined> {
    if (!this.#merges && !this.#snappy && this.#dice() < 0.8) return rocksContent(dir);
    return hasLdb ? ldbContent(dir) : undefined;
  }
}

let hasLdb = true;

/** For machines that have no `ldb`. */
export function withoutLdb(): void {
  hasLdb = false;
}

/** Runs one seed; throws with the seed in the message where store and map differ. */
export async function differential(options: DifferentialOptions): Promise<Tally> {
  try {
    return await new Differential(options).run();
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Error(`LSM_SEED=${options.seed} (${options.format}): ${message}`, { cause: thrown });
  }
}
