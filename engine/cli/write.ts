/** The commands that change a store: `put`, `delete`, `delete-range`, `batch`, `flush`, `create`. */
import { createInterface } from 'node:readline';
import { fromHex, utf8 } from '../base/bytes.ts';
import { StoreError } from '../base/errors.ts';
import { formatCount } from '../model/display.ts';
import type { TreeEvent } from '../model/events.ts';
import { Maintenance } from '../store/background.ts';
import { createStore } from '../store/create.ts';
import { SAMPLES } from '../store/samples/catalog.ts';
import type { WriteBatch } from '../store/writeBatch.ts';
import { systemWriteEnvironment } from '../store/writeEnvironment.ts';
import { WriteRefused } from '../store/writeGate.ts';
import { StoreWriter } from '../store/writer.ts';
import { type Args, CF_OPTION, type CommandSpec, JSON_OPTION, KEY_OPTIONS, readKey, UsageError } from './args.ts';
import { Interrupt } from './interrupt.ts';
import { ProgressLine } from './progressLine.ts';
import { EXIT, reportProblems } from './store.ts';

const SYNC_OPTION = { name: 'sync', help: 'return only when the write would outlive a power failure' } as const;
const NO_COMPACTION = {
  name: 'no-compaction',
  help: 'compact nothing, whatever the policy of the store wants after a flush',
} as const;
const BATCH_DEFAULT = 1000;

/**
 * Opens for writing, runs, has compacted what the store's policy wants once something was flushed, closes. What
 * cannot be written faithfully is a refusal.
 */
async function withWriter(args: Args, run: (writer: StoreWriter) => Promise<number> | number): Promise<number> {
  const [path = ''] = args.positionals;
  let writer: StoreWriter | undefined;
  let flushed = false;
  const onEvent = (event: TreeEvent): void => {
    flushed ||= event.kind === 'flush';
  };
  try {
    writer = StoreWriter.open(systemWriteEnvironment, path, { onEvent });
    reportProblems(writer.problems);
    const code = await run(writer);
    return code === EXIT.done && flushed && !args.has('no-compaction') ? await settle(writer) : code;
  } catch (thrown) {
    if (thrown instanceof StoreError && thrown.code === 'UNSUPPORTED' && !(thrown instanceof WriteRefused)) {
      throw new WriteRefused(thrown.code, thrown.message, thrown);
    }
    throw thrown;
  } finally {
    writer?.close();
  }
}

/** What the engine would do in the background. It has been done before where a command has its own maintenance. */
async function settle(writer: StoreWriter): Promise<number> {
  const interrupt = new Interrupt();
  const line = new ProgressLine();
  const maintenance = new Maintenance(writer, systemWriteEnvironment, {
    onProblem: (p) => {
      line.clear();
      reportProblems([p]);
    },
    onProgress: ({ inputs, outputLevel }, progress) => {
      const percent = (progress?.percent ?? 0).toFixed(0).padStart(3);
      const tables = inputs.length === 1 ? '1 table' : `${formatCount(inputs.length)} tables`;
      line.show(() => `${percent} % compacted, ${tables} into level ${outputLevel}`);
    },
  });
  try {
    const settled = await maintenance.settled(() => interrupt.asked);
    line.clear();
    if (settled) return EXIT.done;
    process.stderr.write('lsm: interrupted: what was written holds, the compaction was given up\n');
    return EXIT.interrupted;
  } finally {
    maintenance.close();
    interrupt.end();
  }
}

function familyId(writer: StoreWriter, args: Args): number {
  return writer.reader.view.familyByName(args.text('cf') ?? 'default').state.id;
}

function writeOne(args: Args, fill: (batch: WriteBatch, family: number) => void): Promise<number> {
  return withWriter(args, (writer) => {
    const batch = writer.batch();
    fill(batch, familyId(writer, args));
    writer.writeSync(batch, { sync: args.has('sync') });
    return EXIT.done;
  });
}

export const putCommand: CommandSpec = {
  name: 'put',
  takes: ['STORE', 'KEY', 'VALUE'],
  summary: 'writes a key; the value is typed as keys are',
  options: [CF_OPTION, ...KEY_OPTIONS, SYNC_OPTION, NO_COMPACTION],
  run: (args) => {
    const [, typedKey = '', typedValue = ''] = args.positionals;
    const key = readKey(typedKey, args);
    const value = readKey(typedValue, args);
    return writeOne(args, (batch, family) => batch.put(family, key, value));
  },
};

export const deleteCommand: CommandSpec = {
  name: 'delete',
  takes: ['STORE', 'KEY'],
  summary: 'deletes a key',
  options: [CF_OPTION, ...KEY_OPTIONS, SYNC_OPTION, NO_COMPACTION],
  run: (args) => {
    const key = readKey(args.positionals[1] ?? '', args);
    return writeOne(args, (batch, family) => batch.delete(family, key));
  },
};

export const deleteRangeCommand: CommandSpec = {
  name: 'delete-range',
  takes: ['STORE', 'FROM', 'TO'],
  summary: 'deletes the keys from FROM up to, but without, TO (RocksDB)',
  options: [CF_OPTION, ...KEY_OPTIONS, SYNC_OPTION, NO_COMPACTION],
  run: (args) => {
    const [, typedFrom = '', typedTo = ''] = args.positionals;
    const from = readKey(typedFrom, args);
    const to = readKey(typedTo, args);
    return writeOne(args, (batch, family) => batch.deleteRange(family, from, to));
  },
};

export const flushCommand: CommandSpec = {
  name: 'flush',
  takes: ['STORE'],
  summary: 'turns what is in the write-ahead log into tables',
  options: [CF_OPTION, NO_COMPACTION],
  run: (args) => {
    return withWriter(args, (writer) => {
      writer.flush(args.text('cf') === undefined ? undefined : familyId(writer, args));
      return EXIT.done;
    });
  },
};

/** A key or value of a JSON line: text, or `{"hex": "..."}`. */
function jsonBytes(value: unknown, line: number): Uint8Array {
  if (typeof value === 'string') return utf8(value);
  const digits = typeof value === 'object' && value !== null && 'hex' in value ? value.hex : undefined;
  const bytes = typeof digits === 'string' ? fromHex(digits) : undefined;
  if (bytes === undefined) throw badLine(line, 'a key or value is a string or {"hex": "..."}');
  return bytes;
}

function badLine(line: number, why: string): UsageError {
  return new UsageError(`line ${line} of the input: ${why}`);
}

function pair(value: unknown, line: number): [Uint8Array, Uint8Array] {
  if (!Array.isArray(value) || value.length !== 2) throw badLine(line, 'two values in a list are wanted');
  return [jsonBytes(value[0], line), jsonBytes(value[1], line)];
}

/** Adds the operation of one JSON line. */
function addLine(batch: WriteBatch, family: number, json: string, line: number): void {
  let operation: unknown;
  try {
    operation = JSON.parse(json);
  } catch {
    throw badLine(line, 'not JSON');
  }
  const entries = typeof operation === 'object' && operation !== null ? Object.entries(operation) : [];
  const [name, value] = entries[0] ?? [];
  if (entries.length !== 1) throw badLine(line, 'an object with one operation is wanted');
  switch (name) {
    case 'put': {
      const [key, stored] = pair(value, line);
      batch.put(family, key, stored);
      return;
    }
    case 'delete':
      batch.delete(family, jsonBytes(value, line));
      return;
    case 'deleteRange': {
      const [from, to] = pair(value, line);
      batch.deleteRange(family, from, to);
      return;
    }
    default:
      throw badLine(line, `"${name}" is no operation: put, delete and deleteRange are`);
  }
}

export const batchCommand: CommandSpec = {
  name: 'batch',
  takes: ['STORE'],
  summary: 'writes the JSON lines of standard input: {"put":[k,v]}, {"delete":k}, {"deleteRange":[from,to]}',
  options: [
    CF_OPTION,
    { name: 'batch', value: 'N', help: `operations a write, which happen together (default: ${BATCH_DEFAULT})` },
    SYNC_OPTION,
    NO_COMPACTION,
    {
      ...JSON_OPTION,
      help: 'print a JSON line after each write: {"operations":N,"seq":S}, both counted from the start',
    },
  ],
  run: (args) => {
    const size = args.count('batch') ?? BATCH_DEFAULT;
    if (size === 0) throw new UsageError('--batch takes a number from 1 on');
    return withWriter(args, (writer) => writeLines(writer, args, size));
  },
};

async function writeLines(writer: StoreWriter, args: Args, size: number): Promise<number> {
  const family = familyId(writer, args);
  const sync = args.has('sync');
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  const maintenance = args.has('no-compaction')
    ? undefined
    : new Maintenance(writer, systemWriteEnvironment, { onProblem: (p) => reportProblems([p]) });
  const interrupt = new Interrupt(() => lines.close());
  try {
    const batch = writer.batch();
    let line = 0;
    let operations = 0;
    const write = (): void => {
      if (batch.count === 0) return;
      operations += batch.count;
      const seq = writer.writeSync(batch, { sync });
      batch.clear();
      if (args.has('json')) process.stdout.write(`${JSON.stringify({ operations, seq })}\n`);
      // What the engine would do beside the writes is done between them.
      maintenance?.step();
    };
    for await (const json of lines) {
      if (interrupt.asked) break;
      line++;
      if (json.trim() === '') continue;
      addLine(batch, family, json, line);
      if (batch.count < size) continue;
      // Where writes have to wait for level 0, a person may still end it.
      await maintenance?.roomMade(() => interrupt.asked);
      if (interrupt.asked) break;
      write();
    }
    if (interrupt.asked) return EXIT.interrupted;
    write();
    const settled = (await maintenance?.settled(() => interrupt.asked)) ?? true;
    return settled ? EXIT.done : EXIT.interrupted;
  } finally {
    interrupt.end();
    maintenance?.close();
    lines.close();
  }
}

const TURN_MS = 8;

export const createCommand: CommandSpec = {
  name: 'create',
  takes: ['DIR'],
  summary: 'makes a new store, empty or from a built-in sample workload',
  options: [
    { name: 'format', value: 'leveldb|rocksdb', help: 'whose format it has (default: rocksdb)' },
    { name: 'sample', value: 'NAME', help: `${SAMPLES.map((s) => s.name).join(', ')} (default: empty)` },
    { name: 'seed', value: 'N', help: 'the same number gives the same content' },
  ],
  run: async (args) => {
    const [path = ''] = args.positionals;
    const format = args.text('format') ?? 'rocksdb';
    if (format !== 'leveldb' && format !== 'rocksdb') {
      throw new UsageError(`--format is leveldb or rocksdb, not "${format}"`);
    }
    const sample = args.text('sample') ?? 'empty';
    const known = SAMPLES.find((s) => s.name === sample);
    if (known === undefined || !known.formats.includes(format)) {
      const names = SAMPLES.filter((s) => s.formats.includes(format)).map((s) => s.name);
      throw new UsageError(`${format} has no sample "${sample}"; it has ${names.join(', ')}`);
    }
    const seed = args.count('seed');
    const job = createStore(systemWriteEnvironment, path, { format, sample, ...(seed === undefined ? {} : { seed }) });
    return runCreate(job);
  },
};

async function runCreate(job: ReturnType<typeof createStore>): Promise<number> {
  const { clock } = systemWriteEnvironment;
  const interrupt = new Interrupt();
  try {
    let turn = clock.elapsed();
    for (let step = job.next(); step.done !== true; step = job.next()) {
      if (clock.elapsed() - turn < TURN_MS) continue;
      await clock.turn();
      turn = clock.elapsed();
      if (!interrupt.asked) continue;
      // Giving the job up removes what it made.
      job.return({ directory: '', writes: 0, sequence: 0 });
      return EXIT.interrupted;
    }
    return EXIT.done;
  } finally {
    interrupt.end();
  }
}
