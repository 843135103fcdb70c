/**
 * `kill -9` of the command line at random moments, while it writes batches and while it compacts: every write that
 * it acknowledged is there afterwards, batches are there whole or not at all, the store opens in ours and in its own
 * engine, and the LOCK is free.
 */
import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { lockOwner } from '../../engine/store/lock.ts';
import { openStore } from '../../engine/store/open.ts';
import { systemWriteEnvironment } from '../../engine/store/writeEnvironment.ts';
import { StoreWriter } from '../../engine/store/writer.ts';
import { addTo, del, type Operation, put, StoreModel } from '../faults/model.ts';
import {
  checkTree,
  content,
  type Format,
  familiesOf,
  ldbContent,
  levelContent,
  makeStore,
  orphans,
} from '../faults/stores.ts';
import { copyOf, noRocksdbTools, scratch } from '../fixtures/stores.ts';
import { random } from '../support/random.ts';

export interface KillOptions {
  readonly format: Format;
  readonly rounds: number;
  readonly seed: number;
  /** Every how many rounds the real engine reads a copy. */
  readonly engineEvery: number;
  readonly report?: (line: string) => void;
  /** Asked before each round. */
  readonly enough?: () => boolean;
}

export interface KillTally {
  rounds: number;
  /** Killed before they were done. */
  killedWrites: number;
  killedCompactions: number;
  /** Done before the signal came. */
  finished: number;
  /** Batches that were acknowledged. */
  acknowledged: number;
  engineLooks: number;
}

const CLI = resolve(import.meta.dirname, '../../dist/lsm.js');
const KEYS = 3000;
const OPTIONS = { write_buffer_size: '262144', compression: 'kNoCompression', target_file_size_base: '200000' };

interface Ended {
  readonly killed: boolean;
  readonly out: string;
}

class Killing {
  readonly tally: KillTally = {
    rounds: 0,
    killedWrites: 0,
    killedCompactions: 0,
    finished: 0,
    acknowledged: 0,
    engineLooks: 0,
  };
  readonly #options: KillOptions;
  readonly #dice: () => number;
  readonly #dir: string;
  readonly #cli: string;
  #model: StoreModel;
  /** Milliseconds that a compaction takes, start of the process included; about. */
  #compactionMs = 600;

  constructor(options: KillOptions) {
    if (!existsSync(CLI)) throw new Error('dist/lsm.js is missing: run npm run build');
    this.#options = options;
    this.#dice = random(options.seed);
    const folder = mkdtempSync(join(scratch(), 'kill-'));
    this.#dir = join(folder, 'store');
    // A build that is made meanwhile must not be caught half written.
    this.#cli = join(folder, 'lsm.cjs');
    copyFileSync(CLI, this.#cli);
    makeStore(nodeFs, this.#dir, options.format, OPTIONS);
    this.#model = new StoreModel(familiesOf(options.format));
  }

  async run(): Promise<KillTally> {
    const { rounds, engineEvery, report, enough } = this.#options;
    for (let round = 1; round <= rounds && enough?.() !== true; round++) {
      const what = this.#dice() < 0.6 ? 'batches' : 'compaction';
      if (what === 'batches') await this.#killBatches();
      else await this.#killCompaction();
      this.tally.rounds = round;
      if (round % engineEvery === 0) await this.#engine();
      report?.(`round ${round}: ${what}`);
    }
    rmSync(this.#dir, { recursive: true, force: true });
    return this.tally;
  }

  #below(n: number): number {
    return Math.floor(this.#dice() * n);
  }

  #operation(family: number): Operation {
    const key = `key${String(this.#below(KEYS)).padStart(5, '0')}`;
    if (this.#dice() < 0.2) return del(family, key);
    return put(family, key, `${this.#below(1e9)}`.repeat(1 + this.#below(40)));
  }

  /** Writes that are fed line by line until the process is no more. */
  async #killBatches(): Promise<void> {
    const names = familiesOf(this.#options.format);
    const family = this.#below(names.length);
    const size = 1 + this.#below(60);
    const sync = this.#dice() < 0.7;
    const operations = Array.from({ length: size * (5 + this.#below(60)) }, () => this.#operation(family));
    const lines = operations.map(({ kind, key, value }) => {
      const [k, v] = [key, value].map((b) => Buffer.from(b).toString('utf8'));
      return `${JSON.stringify(kind === 'put' ? { put: [k, v] } : { delete: k })}\n`;
    });
    const args = ['batch', this.#dir, '--cf', names[family] as string, '--batch', `${size}`, '--json'];
    if (sync) args.push('--sync');
    const child = this.#spawn(args);
    // Killed while it starts, or while it writes.
    const afterAcks = this.#dice() < 0.2 ? -1 : this.#below(lines.length / size);
    let acks = 0;
    child.stdout?.on('data', (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 0x0a) acks++;
      if (afterAcks >= 0 && acks >= afterAcks) child.kill('SIGKILL');
    });
    child.stdin?.on('error', () => undefined);
    if (afterAcks < 0) void pause(this.#below(250)).then(() => child.kill('SIGKILL'));
    for (const line of lines) child.stdin?.write(line);
    child.stdin?.end();
    const { killed, out } = await ended(child);
    const answers = out.split('\n').slice(0, -1);
    const last = answers.at(-1);
    const acknowledged = last === undefined ? 0 : (JSON.parse(last) as { operations: number }).operations;
    this.tally.acknowledged += answers.length;
    if (killed) this.tally.killedWrites++;
    else this.tally.finished++;
    this.#settle(operations, size, acknowledged);
  }

  async #killCompaction(): Promise<void> {
    this.#fill();
    const family = familiesOf(this.#options.format)[this.#below(familiesOf(this.#options.format).length)] as string;
    const args = ['compact', this.#dir, '--in-place', '--cf', family];
    if (this.#dice() < 0.3) args.push('--level', '0');
    const from = performance.now();
    const child = this.#spawn(args);
    const delay = this.#compactionMs * (0.3 + 0.8 * this.#dice());
    void pause(delay).then(() => child.kill('SIGKILL'));
    const { killed } = await ended(child);
    if (killed) this.tally.killedCompactions++;
    else {
      this.tally.finished++;
      this.#compactionMs = 0.5 * this.#compactionMs + 0.5 * (performance.now() - from);
    }
    this.#settle([], 1, 0);
  }

  /** Gives a compaction something to do: tables in L0 that overlap. */
  #fill(): void {
    const writer = StoreWriter.open(systemWriteEnvironment, this.#dir);
    try {
      for (let table = 0; table < 3; table++) {
        const operations = familiesOf(this.#options.format).flatMap((_, family) =>
          Array.from({ length: 800 }, () => this.#operation(family)),
        );
        const batch = writer.batch();
        for (const o of operations) addTo(batch, o);
        writer.writeSync(batch);
        this.#model.apply(operations);
        writer.flush();
      }
    } finally {
      writer.close();
    }
  }

  #spawn(args: readonly string[]): ChildProcess {
    return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', this.#cli, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  /** The store holds the model and a number of whole batches of `operations`, at least those acknowledged. */
  #settle(operations: readonly Operation[], size: number, acknowledged: number): void {
    assert.equal(lockOwner(join(this.#dir, 'LOCK')), undefined, 'the LOCK of a dead process');
    const reader = openStore(nodeFs, this.#dir);
    const seen = content(reader).join('\n');
    checkTree(reader);
    reader.close();
    const model = this.#model.clone().apply(operations.slice(0, acknowledged));
    let at = acknowledged;
    while (model.lines().join('\n') !== seen) {
      assert.ok(at < operations.length, `content is that of no number of batches from ${acknowledged} operations on`);
      model.apply(operations.slice(at, at + size));
      at += size;
    }
    this.#model = model;
    if (this.#dice() < 0.5) return;
    const writer = StoreWriter.open(systemWriteEnvironment, this.#dir);
    try {
      assert.equal(content(writer.reader).join('\n'), seen, 'opened for writing');
      checkTree(writer.reader);
      assert.deepEqual(orphans(nodeFs, this.#dir, writer), []);
    } finally {
      writer.close();
    }
    assert.equal(statSync(join(this.#dir, 'LOCK')).size, 0);
  }

  async #engine(): Promise<void> {
    const { format } = this.#options;
    if (format === 'rocksdb' && noRocksdbTools !== false) return;
    const copy = copyOf(this.#dir);
    try {
      const lines = format === 'leveldb' ? await levelContent(copy) : ldbContent(copy);
      assert.equal(lines.join('\n'), this.#model.lines().join('\n'), 'the real engine reads something else');
      this.tally.engineLooks++;
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }
}

/** Waits for the end; what it said on stderr is a failure unless it was killed. */
async function ended(child: ChildProcess): Promise<Ended> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  const killed = signal === 'SIGKILL';
  if (!killed) assert.equal(code, 0, `the command failed: ${Buffer.concat(err)}`);
  return { killed, out: Buffer.concat(out).toString() };
}

/** Throws with the seed in the message where something is not as it must be. */
export async function kill9(options: KillOptions): Promise<KillTally> {
  const killing = new Killing(options);
  try {
    return await killing.run();
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Error(
      `kill -9, seed ${options.seed} (${options.format}), round ${killing.tally.rounds + 1}: ${message}`,
      { cause: thrown },
    );
  }
}
