/**
 * A run of a store through writes, flushes, compactions and new sessions that may be disturbed at any point,
 * and what may be found in the directory afterwards.
 *
 * The run keeps the states that a crash may lead back to: the one after the last synced write, or after
 * whatever else made everything durable, and each one since, in the order of the writes.
 */
import { strict as assert } from 'node:assert';
import { StoreError } from '../../engine/base/errors.ts';
import type { FileSystem } from '../../engine/fs/fileSystem.ts';
import type { MemFs } from '../../engine/fs/memFs.ts';
import type { ManualTarget } from '../../engine/policy/manual.ts';
import { policyFor } from '../../engine/policy/registry.ts';
import { compactionJob } from '../../engine/store/compaction/job.ts';
import { forcedChoice, policyContext } from '../../engine/store/compaction/select.ts';
import { openStore } from '../../engine/store/open.ts';
import { StoreWriter } from '../../engine/store/writer.ts';
import { memEnvironment } from '../support/memEnvironment.ts';
import { addTo, del, merge, type Operation, put, range, StoreModel, single } from './model.ts';
import {
  checkGets,
  checkTree,
  content,
  contentUnlessDamaged,
  DIR,
  type Format,
  familiesOf,
  orphans,
} from './stores.ts';

const NOW = 1_790_000_000;

/** Runs without the faults that are under way, to look at a state. */
export type Aside = <T>(look: () => T) => T;

export class Run {
  readonly format: Format;
  readonly model: { now: StoreModel };
  /** Joined lines: what may be found after a crash. */
  possible: string[];
  /** Nobody knows what became of the last write; nothing more is written. */
  lost = false;
  writer: StoreWriter | undefined;
  /** What a write that is under way will lead to. */
  pending: string | undefined;
  readonly #fs: FileSystem;
  readonly #aside: Aside;
  readonly #options: { readonly writeBufferBytes?: number };

  constructor(fs: FileSystem, format: Format, aside: Aside, options: { readonly writeBufferBytes?: number } = {}) {
    this.#fs = fs;
    this.format = format;
    this.#aside = aside;
    this.#options = options;
    this.model = { now: new StoreModel(familiesOf(format)) };
    this.possible = [''];
  }

  /** Opens the store unless it is open. False if that failed: the store is then as it was. */
  open(): boolean {
    if (this.writer !== undefined) return true;
    try {
      this.writer = StoreWriter.open(memEnvironment(this.#fs), DIR, this.#options);
      return true;
    } catch (thrown) {
      // Whatever cannot be read is a reason to refuse.
      assert.ok(thrown instanceof StoreError, `${thrown}`);
      return false;
    }
  }

  close(): void {
    const { writer } = this;
    this.writer = undefined;
    try {
      writer?.close();
    } catch (thrown) {
      expected(thrown);
    }
  }

  write(operations: readonly Operation[], sync: boolean): void {
    const writer = this.#ready();
    if (writer === undefined) return;
    const next = this.model.now.clone().apply(operations);
    const batch = writer.batch();
    for (const o of operations) addTo(batch, o);
    this.pending = joined(next);
    try {
      writer.writeSync(batch, { sync });
    } catch (thrown) {
      expected(thrown);
      if (writer.failed === undefined) this.check();
      else {
        this.possible.push(joined(next));
        this.lost = true;
        assert.throws(() => writer.writeSync(batch, { sync }), StoreError, 'a writer that failed must refuse');
      }
      return;
    } finally {
      this.pending = undefined;
    }
    this.model.now = next;
    if (sync) this.possible = [];
    this.possible.push(joined(next));
  }

  /** All families, or one: then the others keep to their log. */
  flush(family?: number): void {
    const writer = this.#ready();
    if (writer === undefined) return;
    try {
      writer.flush(family);
    } catch (thrown) {
      this.#disturbed(thrown);
      return;
    }
    if (family === undefined) this.possible = [joined(this.model.now)];
  }

  /** Forced where a target is given, else what the store's policy chooses by itself. */
  compact(family: number, target?: ManualTarget): void {
    const writer = this.#ready();
    if (writer === undefined) return;
    try {
      const { view } = writer.reader;
      const version = view.family(family);
      const choice =
        target === undefined
          ? policyFor('leveled', this.format).choose(version.view, policyContext(view, version, NOW))
          : forcedChoice(view, version, target, NOW);
      const options = { fs: this.#fs, clock: memEnvironment(this.#fs).clock };
      for (const _ of compactionJob(writer, family, choice, options));
    } catch (thrown) {
      this.#disturbed(thrown);
    }
  }

  /**
   * The open store shows what was acknowledged, and its tree keeps the rules. A reader that could not read a
   * table remembers it, and says so.
   */
  check(): void {
    const { writer } = this;
    if (writer === undefined) return;
    this.#aside(() => {
      const seen = contentUnlessDamaged(writer.reader);
      if (typeof seen === 'string') assert.match(seen, /EIO/, 'damage that nobody did');
      else assert.equal(seen.join('\n'), joined(this.model.now));
      checkTree(writer.reader);
    });
  }

  #ready(): StoreWriter | undefined {
    return !this.lost && this.open() ? this.writer : undefined;
  }

  #disturbed(thrown: unknown): void {
    expected(thrown);
    this.lost ||= this.writer?.failed !== undefined;
    this.check();
  }
}

export function joined(model: StoreModel): string {
  return model.lines().join('\n');
}

/** Anything but a `StoreError` that the file system threw is a bug. */
function expected(thrown: unknown): void {
  if (!(thrown instanceof StoreError)) throw thrown;
  assert.ok(thrown.code === 'IO', `${thrown.stack}`);
}

/** A step of `SCRIPT`. */
export type Step = (run: Run) => void;

/** Puts, overwrites and deletions of all kinds; flushes; compactions; sessions that follow one another. */
export function script(format: Format, { merges = true }: { merges?: boolean } = {}): Step[] {
  const rocks = format === 'rocksdb';
  const steps: Step[] = [];
  for (let i = 0; i < 16; i++) {
    const operations: Operation[] = [put(0, `a${i % 5}`, `v${i}`), put(0, `b${i}`, 'x'.repeat(30))];
    if (i > 2) operations.push(del(0, `b${i - 3}`));
    if (rocks) {
      if (merges) operations.push(merge(1, `m${i % 3}`, `o${i}`));
      else operations.push(put(1, `m${i % 3}`, `o${i}`));
      operations.push(put(2, `c${i % 4}`, `${i}`.repeat(40)), put(0, `s${i}`, 'once'));
      if (i > 4) operations.push(single(0, `s${i - 5}`));
      if (i % 6 === 5) operations.push(range(0, 'a1', 'a4'), range(2, 'c', 'c1'));
    }
    steps.push((run) => run.write(operations, i % 3 === 0));
    if (i % 4 === 3) steps.push((run) => run.flush());
    if (rocks && i % 5 === 1) steps.push((run) => run.flush(i % 3));
    if (i === 7) steps.push((run) => run.compact(0, { kind: 'store' }));
    if (i === 9) steps.push((run) => run.close());
    if (i === 12) steps.push((run) => run.compact(0, { kind: 'level', level: 0 }));
    if (i === 13) steps.push((run) => run.close());
    if (rocks && i === 13)
      steps.push(
        (run) => run.compact(1, { kind: 'store' }),
        (run) => run.compact(2, { kind: 'store' }),
      );
  }
  steps.push((run) => run.compact(0));
  steps.push((run) => run.compact(0, { kind: 'range' }));
  steps.push((run) => run.close());
  return steps;
}

/**
 * Opens what is left, for reading and for writing, and goes on with it: it holds one of the `possible` states
 * and nothing besides, and no file that nothing refers to. Returns the state.
 */
export function settle(fs: MemFs, format: Format, possible: readonly string[]): string {
  const reader = openStore(fs, DIR);
  const found = content(reader);
  const seen = found.join('\n');
  assert.ok(possible.includes(seen), unexpected(seen, possible));
  checkTree(reader);
  reader.close();
  const writer = StoreWriter.open(memEnvironment(fs), DIR);
  try {
    const recovered = content(writer.reader);
    assert.equal(recovered.join('\n'), seen, 'opening for writing changed the content');
    checkTree(writer.reader);
    checkGets(writer.reader, recovered);
    assert.deepEqual(orphans(fs, DIR, writer), []);
    writeMore(writer);
    const after = familiesOf(format).flatMap((name) => {
      const own = recovered.filter((line) => line.startsWith(`${name} `));
      return name === 'default' ? [...own, MORE] : own;
    });
    const again = fs.fork();
    again.crash();
    const crashed = openStore(again, DIR);
    assert.deepEqual(content(crashed), after, 'after going on and a second crash');
    crashed.close();
    writer.flush();
    const { view } = writer.reader;
    const choice = forcedChoice(view, view.family(0), { kind: 'store' }, NOW);
    for (const _ of compactionJob(writer, 0, choice, { fs, clock: memEnvironment(fs).clock }));
    assert.deepEqual(content(writer.reader), after, 'after going on');
    assert.deepEqual(orphans(fs, DIR, writer), []);
  } finally {
    writer.close();
  }
  return seen;
}

const MORE = 'default 0x7A : 0x7A';

/** One entry, the last in its family. */
function writeMore(writer: StoreWriter): void {
  const batch = writer.batch();
  addTo(batch, put(0, 'z', 'z'));
  writer.writeSync(batch, { sync: true });
}

/** Recovers what a crash left, and writes to it, and no more: the log of it stands beside the old ones. */
export function goOn(fs: MemFs): void {
  const writer = StoreWriter.open(memEnvironment(fs), DIR);
  try {
    writeMore(writer);
  } finally {
    writer.close();
  }
}

function unexpected(seen: string, possible: readonly string[]): string {
  const wanted = possible.at(-1)?.split('\n') ?? [];
  const lines = seen.split('\n');
  const more = lines.filter((l) => !wanted.includes(l));
  const less = wanted.filter((l) => !lines.includes(l));
  return `none of ${possible.length} possible states; against the newest: more ${JSON.stringify(more)}, less ${JSON.stringify(less)}`;
}
