/**
 * New stores in LevelDB's or RocksDB's format (rocksdb-leveldb.md §1, §5, §11, §14): the files that the
 * engine itself begins with, and then a sample workload written as any other writes are.
 */
import { utf8 } from '../base/bytes.ts';
import { StoreError } from '../base/errors.ts';
import type { Dialect } from '../formats/leveldb/dialect.ts';
import { encodeLevelDbEdit } from '../formats/leveldb/editEncoder.ts';
import { LogWriter } from '../formats/leveldb/logWriter.ts';
import { manifestFileName, optionsFileName } from '../formats/leveldb/names.ts';
import { emptyEdit } from '../formats/leveldb/versionEdit.ts';
import { encodeRocksDbEdit } from '../formats/rocksdb/editEncoder.ts';
import {
  DEFAULT_DB_OPTIONS,
  DEFAULT_FAMILY_OPTIONS,
  DEFAULT_TABLE_OPTIONS,
  encodeOptions,
  OPTIONS_VERSION,
} from '../formats/rocksdb/optionsWriter.ts';
import { dirName, type FileSystem, joinPath } from '../fs/fileSystem.ts';
import { BYTEWISE } from '../iter/order.ts';
import { Maintenance } from './background.ts';
import { setCurrent } from './manifestWriter.ts';
import { prepareDirectory, removeMade } from './newDirectory.ts';
import { SAMPLES } from './samples/catalog.ts';
import type { Sample, SampleWrite } from './samples/sample.ts';
import type { WriteBatch } from './writeBatch.ts';
import type { WriteEnvironment } from './writeEnvironment.ts';
import { WriteRefused } from './writeGate.ts';
import { StoreWriter } from './writer.ts';

export interface CreateOptions {
  readonly format: Dialect['id'];
  /** A sample or the name of one; `empty` by default. */
  readonly sample?: string | Sample;
  readonly seed?: number;
}

export interface CreateProgress {
  /** Batches written, of about how many. */
  readonly done: number;
  readonly total: number;
}

export interface Created {
  readonly directory: string;
  readonly writes: number;
  readonly sequence: number;
}

const MANIFEST_NUMBER = 1;
const OPTIONS_NUMBER = 2;
const SEED = 20_260_101;

/** Some builds of RocksDB bring no codec at all: a store without compression opens in every one. */
const PORTABLE: Readonly<Record<string, string>> = { compression: 'kNoCompression' };

/** Throws INPUT for a name that is none, or a sample that the format cannot hold. */
export function sampleByName(name: string, format: Dialect['id']): Sample {
  const sample = SAMPLES.find((s) => s.name === name);
  const names = SAMPLES.filter((s) => s.formats.includes(format)).map((s) => s.name);
  if (sample === undefined) {
    throw new StoreError('INPUT', `there is no sample "${name}"`, { mend: `there are: ${names.join(', ')}` });
  }
  if (!sample.formats.includes(format)) {
    throw new StoreError('INPUT', `the sample "${name}" cannot be held by a ${format} store`, {
      mend: `${format} has: ${names.join(', ')}`,
    });
  }
  return sample;
}

/**
 * Creates a store and fills it, a batch a step. The directory must be absent or empty; whatever goes
 * wrong, or if the job is given up, what was made is removed again. Throws WriteRefused or StoreError.
 */
export function* createStore(
  env: WriteEnvironment,
  directory: string,
  options: CreateOptions,
): Generator<CreateProgress, Created, void> {
  const { fs } = env;
  const wanted = options.sample ?? 'empty';
  const sample = typeof wanted === 'string' ? sampleByName(wanted, options.format) : wanted;
  const existed = prepareDirectory(
    fs,
    directory,
    () =>
      new WriteRefused('INPUT', 'the directory is not empty: a store is only created in a new one', {
        path: directory,
      }),
  );
  let finished = false;
  let writer: StoreWriter | undefined;
  try {
    writeFirstFiles(env, directory, options.format, sample);
    writer = StoreWriter.open(env, directory, { writeBufferBytes: sample.writeBufferBytes });
    const total = sample.batches;
    let done = 0;
    let writes = 0;
    const maintenance = new Maintenance(writer, env);
    for (const step of sample.run(options.seed ?? SEED, options.format)) {
      const batch = writer.batch();
      for (const write of step) addWrite(batch, write);
      writer.writeSync(batch);
      writes += step.length;
      yield { done: ++done, total };
      // What the engine would do in the background: the levels fill as they would over time.
      while (maintenance.step()) yield { done, total };
      const [problem] = maintenance.problems;
      if (problem !== undefined) throw new StoreError(problem.code, problem.message, problem);
    }
    maintenance.close();
    if (sample.keepsLog !== true) writer.flush();
    const sequence = writer.lastSequence;
    finished = true;
    return { directory, writes, sequence };
  } finally {
    writer?.close();
    if (!finished) removeMade(fs, directory, existed);
  }
}

function addWrite(batch: WriteBatch, { family = 0, key, value, until }: SampleWrite): void {
  if (value !== undefined) batch.put(family, key, value);
  else if (until !== undefined) batch.deleteRange(family, key, until);
  else batch.delete(family, key);
}

function writeFile(fs: FileSystem, path: string, bytes: Uint8Array): void {
  const file = fs.open(path, 'create');
  try {
    file.append(bytes);
    file.sync();
  } finally {
    file.close();
  }
}

function writeFirstFiles(env: WriteEnvironment, directory: string, format: Dialect['id'], sample: Sample): void {
  const { fs } = env;
  const edit = { ...emptyEdit(), comparator: BYTEWISE.name, logNumber: 0, lastSequence: 0 };
  const records: Uint8Array[] = [];
  if (format === 'rocksdb') {
    const databaseId = env.id();
    writeFile(fs, joinPath(directory, 'IDENTITY'), utf8(databaseId));
    const more = sample.families ?? [];
    records.push(encodeRocksDbEdit({ ...edit, databaseId, nextFileNumber: OPTIONS_NUMBER + 1 }));
    for (const [i, { name }] of more.entries()) {
      const family = { family: i + 1, familyAdded: name, comparator: BYTEWISE.name, logNumber: 0, maxFamily: i + 1 };
      records.push(encodeRocksDbEdit({ ...emptyEdit(), ...family }));
    }
    const options = encodeOptions({
      version: OPTIONS_VERSION,
      db: DEFAULT_DB_OPTIONS,
      families: [{ name: 'default', options: sample.options }, ...more].map(({ name, options: own }) => ({
        name,
        cf: { ...DEFAULT_FAMILY_OPTIONS, ...PORTABLE, ...own },
        table: DEFAULT_TABLE_OPTIONS,
      })),
    });
    writeFile(fs, joinPath(directory, optionsFileName(OPTIONS_NUMBER)), options);
  } else records.push(encodeLevelDbEdit({ ...edit, nextFileNumber: MANIFEST_NUMBER + 1 }));
  const file = fs.open(joinPath(directory, manifestFileName(MANIFEST_NUMBER)), 'create');
  try {
    const log = new LogWriter(file);
    for (const record of records) log.append(record);
    log.sync();
  } finally {
    file.close();
  }
  setCurrent(fs, directory, MANIFEST_NUMBER);
  fs.syncDir(dirName(directory));
}
