/**
 * The machine stops: before each change of the disk in a run of writes, flushes, compactions and new sessions, with
 * several answers to what of the unsynced bytes and names outlived it. What is recovered holds every write that was
 * acknowledged as synced, and is a state that the run went through, batches whole and across all families; the real
 * engines recover the same.
 *
 * LSM_FAULTS=long tries more of the disk's answers; LSM_SEED=n other random ones.
 */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import type { MemFs, Survivors } from '../../engine/fs/memFs.ts';
import { openStore } from '../../engine/store/open.ts';
import { noRocksdbTools } from '../fixtures/stores.ts';
import { random } from '../support/random.ts';
import { goOn, Run, script, settle } from './run.ts';
import {
  content,
  DIR,
  FORMATS,
  type Format,
  ldbContent,
  levelContent,
  memStore,
  removeFolder,
  rocksContent,
  writeOut,
} from './stores.ts';

const LONG = process.env['LSM_FAULTS'] === 'long';
const SEED = Number(process.env['LSM_SEED'] ?? 1);

interface Moment {
  /** Number of the change that did not happen any more, and what it was. */
  readonly at: number;
  readonly what: string;
  readonly fs: MemFs;
  readonly possible: readonly string[];
}

/** The disk just before each change of the run, and after the last. */
function moments(format: Format, merges: boolean, writeBufferBytes?: number): Moment[] {
  const fs = memStore(format);
  const run = new Run(fs, format, (look) => look(), writeBufferBytes === undefined ? {} : { writeBufferBytes });
  const out: Moment[] = [];
  const note = (what: string): void => {
    const possible = run.pending === undefined ? [...run.possible] : [...run.possible, run.pending];
    out.push({ at: out.length + 1, what, fs: fs.fork(), possible });
  };
  fs.before = (kind, path) => note(`${kind} ${path}`);
  for (const step of script(format, { merges })) step(run);
  note('the end');
  return out;
}

interface Answer {
  readonly name: string;
  /** Every how many changes it is tried in a short run. */
  readonly stride: number;
  readonly survivors: (dice: () => number) => Survivors;
}

const share = (part: number): NonNullable<Survivors['bytes']> => {
  return (_, synced, written) => synced + Math.floor((written - synced) * part);
};

const ANSWERS: readonly Answer[] = [
  { name: 'nothing that was not synced survives', stride: 1, survivors: () => ({}) },
  { name: 'everything survives', stride: 7, survivors: () => ({ bytes: share(1), changes: (n) => n }) },
  {
    name: 'half of the bytes and names survive',
    stride: 2,
    survivors: () => ({ bytes: share(0.5), changes: (n) => n >> 1 }),
  },
  { name: 'names survive and bytes do not', stride: 2, survivors: () => ({ changes: (n) => n }) },
  { name: 'bytes survive and names do not', stride: 2, survivors: () => ({ bytes: share(1) }) },
  {
    name: 'anything may survive',
    stride: 2,
    survivors: (dice) => ({
      bytes: (_, synced, written) => synced + Math.floor((written - synced + 1) * dice()),
      changes: (n) => Math.floor((n + 1) * dice()),
    }),
  },
];

const kept: Record<Format, Moment[] | undefined> = { leveldb: undefined, rocksdb: undefined };

for (const format of FORMATS) {
  describe(`a crash of a ${format} store`, () => {
    for (const { name, stride, survivors } of ANSWERS) {
      it(name, () => {
        kept[format] ??= moments(format, true);
        const dice = random(SEED);
        const rounds = LONG && name.startsWith('anything') ? 20 : 1;
        for (let round = 0; round < rounds; round++) {
          for (const [i, moment] of kept[format].entries()) {
            if (!LONG && i % stride !== 0) continue;
            crashed(moment, survivors(dice), format);
          }
        }
      });
    }

    it('with small memtables that are flushed on the way', () => {
      const dice = random(SEED + 1);
      for (const [i, moment] of moments(format, true, 600).entries()) {
        if (!LONG && i % 2 !== 0) continue;
        crashed(moment, (ANSWERS.at(-1) as Answer).survivors(dice), format);
      }
    });
  });
}

function crashed(moment: Moment, survivors: Survivors, format: Format): void {
  const fs = moment.fs.fork();
  fs.crash(survivors);
  try {
    settle(fs, format, moment.possible);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Error(`LSM_SEED=${SEED}, before change ${moment.at} (${moment.what}): ${message}`, { cause: thrown });
  }
}

// ── Against the real engines ───────────────────────────────────────────────────────────────────

interface Engine {
  readonly name: string;
  readonly format: Format;
  readonly merges: boolean;
  readonly skip: string | false;
  readonly read: (dir: string) => Promise<string[]> | string[];
}

const ENGINES: readonly Engine[] = [
  { name: 'LevelDB', format: 'leveldb', merges: false, skip: false, read: levelContent },
  {
    name: 'RocksDB 10',
    format: 'rocksdb',
    merges: false,
    skip: false,
    read: rocksContent,
  },
  { name: 'RocksDB 7.8', format: 'rocksdb', merges: true, skip: noRocksdbTools, read: ldbContent },
];

const SAMPLES = LONG ? 200 : 24;

describe('a crash, recovered by the real engine', () => {
  for (const { name, format, merges, skip, read } of ENGINES) {
    it(name, { skip }, async () => {
      const dice = random(SEED + 2);
      const all = moments(format, merges);
      for (let i = 0; i < SAMPLES; i++) {
        const moment = all[Math.floor(((i + 0.5) * all.length) / SAMPLES)] as Moment;
        const fs = moment.fs.fork();
        fs.crash((ANSWERS[i % ANSWERS.length] as Answer).survivors(dice));
        // As the crash left it, or as we left it after we had recovered it and gone on.
        if (i % 4 === 2) settle(fs, format, moment.possible);
        if (i % 4 === 3) goOn(fs);
        const reader = openStore(fs, DIR);
        const ours = content(reader);
        reader.close();
        const dir = writeOut(fs, DIR);
        try {
          assert.deepEqual(await read(dir), ours);
        } catch (thrown) {
          const message = thrown instanceof Error ? thrown.message : String(thrown);
          throw new Error(`LSM_SEED=${SEED}, before change ${moment.at} (${moment.what}), sample ${i}: ${message}`, {
            cause: thrown,
          });
        } finally {
          removeFolder(dir);
        }
      }
    });
  }
});
