/**
 * Damaged and hostile stores through the whole service: whatever the bytes are, only a StoreError comes out,
 * no call takes long, and nothing asks for much memory. Every mutant has a seed of its own that makes it again.
 */
import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { hex } from '../../engine/base/bytes.ts';
import { type Clock, systemClock } from '../../engine/base/entropy.ts';
import { type Problem, StoreError } from '../../engine/base/errors.ts';
import { parseFileName } from '../../engine/formats/leveldb/names.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import { Service } from '../../engine/service.ts';
import { memEnvironment } from '../support/memEnvironment.ts';
import { mutate } from '../support/mutate.ts';
import { random } from '../support/random.ts';
import { CORPUS } from '../support/reading.ts';
import { AT, loadFiles, mount, type TinyStore, tinyLevelDb, tinyRocksDb } from '../support/tinyStores.ts';

/** A block may expand to 64 MiB more than its file (tableReader.ts). */
const ALLOCATION_MAX = 66 << 20;
const STEP_MS_MAX = 2000;

/** Watches every typed array that is made while `run` runs; returns the largest, in bytes. */
async function largestAllocation(run: () => Promise<void>): Promise<number> {
  let largest = 0;
  const names = ['Uint8Array', 'Uint32Array', 'Float64Array', 'ArrayBuffer'] as const;
  const globals = globalThis as unknown as Record<string, new (...args: unknown[]) => { byteLength: number }>;
  const originals = names.map((name) => [name, globals[name]!] as const);
  for (const [name, original] of originals) {
    globals[name] = new Proxy(original, {
      construct(target, args, newTarget): object {
        const [size] = args;
        if (typeof size === 'number') {
          const bytes = size * ((original as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1);
          largest = Math.max(largest, bytes);
          assert.ok(bytes <= ALLOCATION_MAX, `${name} of ${bytes} bytes`);
        }
        return Reflect.construct(target, args, newTarget === globals[name] ? target : newTarget) as object;
      },
    });
  }
  try {
    await run();
  } finally {
    for (const [name, original] of originals) globals[name] = original;
  }
  return largest;
}

/** In memory no disk fails: an IO problem is an exception that nobody foresaw. */
function checkProblems(problems: readonly Problem[] = []): void {
  for (const p of problems) {
    assert.notEqual(p.code, 'IO', `${p.path}: ${p.message}`);
    assert.ok(p.message !== '' && !p.message.includes('\n'), p.message);
  }
}

let slowest = { what: '', millis: 0 };

/** Only a StoreError may come out; and soon. */
async function step<T>(what: string, run: () => T | Promise<T>): Promise<T | undefined> {
  // Of this process, so that a machine with other work to do decides nothing.
  const before = process.cpuUsage();
  let result: T | undefined;
  try {
    result = await run();
  } catch (thrown) {
    if (!(thrown instanceof StoreError)) throw thrown;
    // What was not foreseen is wrapped, but keeps its stack: a StoreError of its own making starts with its name.
    if (thrown.stack !== undefined && /^(Range|Type|Reference|Assertion)Error/.test(thrown.stack)) throw thrown;
    assert.ok(!thrown.message.includes('\n'), thrown.message);
  }
  const used = process.cpuUsage(before);
  const took = (used.user + used.system) / 1000;
  if (took > slowest.millis) slowest = { what, millis: took };
  assert.ok(took <= STEP_MS_MAX, `${what} took ${Math.round(took)} ms`);
  return result;
}

/** Time runs, but nobody waits for anybody: the mutants are many. */
const clock: Clock = { ...systemClock, turn: () => Promise.resolve() };

async function useEverything(store: TinyStore, changes: Record<string, Uint8Array | undefined>): Promise<void> {
  const fs = mount(store, changes);
  const service = new Service({ fs: readOnlyFs(fs), clock, lockOwner: () => undefined, notify: () => {} });
  const changed = Object.keys(changes);
  const summary = await step('open', () => service.call('open', { path: AT }));
  await step('repair', () => {
    const env = { ...memEnvironment(fs), fs };
    const writing = new Service({ fs, write: env, clock, lockOwner: () => undefined, notify: () => {} });
    return writing.call('repair', { path: AT, out: '/repaired' });
  });
  for (const file of changed) {
    await step(`dump ${file}`, () => service.call('dump', { file, offset: 0, limit: 300 }));
    if (/\.(sst|ldb)$/.test(file)) {
      const alone = new Service({ fs: readOnlyFs(fs), clock, lockOwner: () => undefined, notify: () => {} });
      await step(`openTable ${file}`, () => alone.call('openTable', { path: `${AT}/${file}` }));
      await step('verify alone', () => alone.call('verify', {}));
      await step('close', () => alone.call('close', {}));
    }
  }
  if (summary === undefined) return;
  checkProblems(summary.problems);
  checkProblems((await step('verify', () => service.call('verify', {})))?.findings);
  for (const family of summary.families) {
    await timelines(service, family.id);
    for (const params of [{}, { reverse: true }, { allVersions: true }]) {
      const query = await step('openQuery', () => service.call('openQuery', { family: family.id, ...params }));
      if (query === undefined) continue;
      const ask = { query: query.query, from: 0, count: 2000, previewBytes: 64 };
      await step(`rows ${JSON.stringify(params)}`, () => service.call('rows', ask));
      await step('rows in the middle', () => service.call('rows', { ...ask, from: 300, count: 20 }));
      checkProblems((await step('queryState', () => service.call('queryState', { query: query.query })))?.problems);
      await step('closeQuery', () => service.call('closeQuery', { query: query.query }));
    }
    const keys = [...(store.visible.get(family.name)?.keys() ?? [])].filter((_, i) => i % 97 === 0);
    for (const key of keys) {
      const bytes = Uint8Array.from(Buffer.from(key, 'hex'));
      checkProblems((await step('get', () => service.call('get', { family: family.id, key: bytes })))?.problems);
      await step('value', () => service.call('value', { family: family.id, key: bytes, maxBytes: 1 << 20 }));
      await step('explain', () => service.call('explain', { family: family.id, key: bytes }));
    }
    const page = await step('tables', () =>
      service.call('tables', { family: family.id, level: -1, offset: 0, limit: 50 }),
    );
    for (const table of page?.items ?? []) {
      if (!changed.includes(table.file) && changed.some((f) => parseFileName(f).kind === 'table')) continue;
      checkProblems(
        (await step('tableDetails', () => service.call('tableDetails', { table: table.number })))?.problems,
      );
      if (changed.includes(table.file) || table === page?.items[0]) {
        await step('tableProfile', () => service.call('tableProfile', { table: table.number }));
      }
      await step('blocks', () => service.call('blocks', { table: table.number, offset: 0, limit: 100 }));
      for (const block of [0, 1, 7])
        await step('blockDetails', () => service.call('blockDetails', { table: table.number, block }));
      const query = await step('openQuery', () =>
        service.call('openQuery', { family: family.id, table: table.number }),
      );
      if (query !== undefined) {
        await step('rows of a table', () =>
          service.call('rows', { query: query.query, from: 0, count: 500, previewBytes: 16 }),
        );
      }
    }
  }
  checkProblems((await step('sql', () => service.call('sql', { query: EVERY_TABLE, entriesMax: 2000 })))?.problems);
  for (const [i, what] of (['entries', 'tables', 'events'] as const).entries()) {
    const writing = new Service({ fs, write: memEnvironment(fs), clock, lockOwner: () => undefined, notify: () => {} });
    await step('open', () => writing.call('open', { path: AT }));
    const report = await step(`export ${what}`, () =>
      writing.call('export', { to: `/${what}`, format: 'parquet', what }),
    );
    checkProblems(report?.problems);
    if (i === 0) checkProblems((await step('diff', () => writing.call('diff', { path: AT })))?.problems);
    await step('close', () => writing.call('close', {}));
  }
  await step('refresh', () => service.call('refresh', {}));
  await step('close', () => service.call('close', {}));
}

/** Fills every table that SQL has, with all columns that cost anything. */
const EVERY_TABLE = `SELECT (SELECT count(key_text || value_text || parts) FROM entries),
  (SELECT count(until || until_text || key_text) FROM versions), (SELECT sum(entries) FROM tables),
  (SELECT count(*) FROM families), (SELECT count(*) FROM levels), (SELECT count(separator_text) FROM blocks),
  (SELECT count(*) FROM properties), (SELECT count(*) FROM events), (SELECT count(*) FROM options),
  (SELECT count(*) FROM problems), (SELECT count(*) FROM wal), (SELECT count(*) FROM blob_files)`;

async function timelines(service: Service, family: number): Promise<void> {
  const info = await step('timeline', () => service.call('timeline', { family }));
  if (info === undefined) return;
  const { epoch, events, firstPosition, lastPosition } = info;
  await step('timelineChunk', () =>
    service.call('timelineChunk', { family, epoch, from: 0, count: Math.min(events, 4096) }),
  );
  const positions = [firstPosition - 1, firstPosition, (firstPosition + lastPosition) / 2, lastPosition + 1];
  await step('timelineKeys', () => service.call('timelineKeys', { family, epoch, positions }));
  await step('timelinePosition', () =>
    service.call('timelinePosition', { family, epoch, key: Uint8Array.of(0x73, 0x65) }),
  );
}

/** Small stores of the corpus with features that the tiny ones lack. */
const FROM_CORPUS = [
  '05-wide-columns',
  '06-blobs-garbage',
  '11-u64ts',
  '04-range-deletes',
  '09-partitioned-ribbon',
  '15b-leveldb-main-zstd',
  '18-two-phase-commit',
  '03-merge-operands',
];

async function stores(): Promise<TinyStore[]> {
  const own = [await tinyLevelDb(), await tinyRocksDb()];
  const more = FROM_CORPUS.filter((name) => existsSync(`${CORPUS}rocksdb/${name}/db`)).map((name) => ({
    name,
    files: loadFiles(`${CORPUS}rocksdb/${name}/db`),
    visible: new Map(),
  }));
  return [...own, ...more];
}

const dialectOf = (store: TinyStore): 'leveldb' | 'rocksdb' =>
  [...store.files.keys()].some((name) => name.endsWith('.ldb')) ? 'leveldb' : 'rocksdb';

export interface Hunt {
  readonly mutants: number;
  /** Bytes of the largest single allocation. */
  readonly largest: number;
  /** The slowest call, and how long it took in milliseconds. */
  readonly slowest: { readonly what: string; readonly millis: number };
  /** Stores that were mutated. */
  readonly stores: readonly string[];
}

/** One mutant of one store, by its seed. Throws with the seed in the message. */
async function tryMutant(all: readonly TinyStore[], seed: number): Promise<void> {
  const dice = random(seed);
  const store = all[Math.floor(dice() * all.length)]!;
  // Kinds of files have equal chances, whatever their number.
  const byKind = Map.groupBy(store.files.keys(), (name) => parseFileName(name).kind);
  for (const kind of ['lock', 'identity', 'unknown'] as const) byKind.delete(kind);
  const kind = [...byKind.keys()][Math.floor(dice() * byKind.size)]!;
  const names = byKind.get(kind)!;
  const name = names[Math.floor(dice() * names.length)]!;
  const mutant = mutate(dice, name, store.files.get(name)!, dialectOf(store));
  try {
    await useEverything(store, { [name]: mutant });
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown : new Error(String(thrown));
    throw new Error(`mutant ${seed} (${name} of ${store.name}): ${cause.stack}\n${hex(mutant).slice(0, 200)}`);
  }
}

/** Mutants from `seed` on for `seconds`, or that one alone. Throws at the first that does harm. */
export async function hunt(seed: number, seconds: number, only = false): Promise<Hunt> {
  const all = await stores();
  const until = systemClock.elapsed() + seconds * 1000;
  slowest = { what: '', millis: 0 };
  let mutants = 0;
  const largest = await largestAllocation(async () => {
    for (let s = seed; systemClock.elapsed() < until; s++) {
      await tryMutant(all, s);
      mutants++;
      if (only) return;
    }
  });
  return { mutants, largest, slowest, stores: all.map((s) => s.name) };
}
