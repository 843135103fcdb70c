/**
 * One flipped bit at every 97th byte of small stores of each kind: the check of the file finds it and says where.
 * What carries no redundancy is argued for in docs/verify.md, and is counted here by reason.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { systemClock } from '../../engine/base/entropy.ts';
import type { FileVerdict } from '../../engine/model/verify.ts';
import { openStore } from '../../engine/store/open.ts';
import { planVerify } from '../../engine/store/verify/plan.ts';
import { verifyFile } from '../../engine/store/verify/tasks.ts';
import { verifyFiles } from '../../engine/store/verify/verify.ts';
import { corpusStore } from '../support/corpus.ts';
import { AT, loadFiles, mount, type TinyStore, tinyLevelDb, tinyRocksDb } from '../support/tinyStores.ts';

const STEP = 97;
/** A log's block: damage is placed at the header of its fragment. */
const NEAR_BYTES = 32768 + 64;

const CORPUS = [
  '01-leveled-zstd',
  '04-range-deletes',
  '05-wide-columns',
  '06-blobs-garbage',
  '09-partitioned-ribbon',
  '10-wal-only-torn',
  '11-u64ts',
  '12-ingested-global-seqno',
  '14-leveldb-5-levels',
  '15b-leveldb-main-zstd',
  '16-rocksdb-783-fv5',
  '17-rocksdb-native-1051',
  '18-two-phase-commit',
];

interface Tally {
  flips: number;
  found: number;
  /** Not found, by file and reason. */
  readonly silent: Map<string, number>;
}

function run(job: Generator<number, FileVerdict>): FileVerdict {
  for (;;) {
    const step = job.next();
    if (step.done === true) return step.value;
  }
}

/** Why a flip at `at` may stay unseen; undefined if it may not. */
function excuse(
  name: string,
  bytes: Uint8Array,
  at: number,
  verdict: FileVerdict,
  clean: FileVerdict,
): string | undefined {
  if (name.startsWith('OPTIONS')) return 'OPTIONS has no checksum';
  if (name === 'IDENTITY') return 'an id is as good as another';
  if (name.endsWith('.log')) {
    // Behind the last record: a record cut short, or an earlier life of the file.
    const end = clean.findings.find((f) => f.severity === 'notice')?.offset;
    if (end !== undefined && at >= end) return 'behind the last whole record';
    if (verdict.unchecked.length > 0 && at > (verdict.findings[0]?.offset ?? 0)) return 'behind the last whole record';
  }
  if (/\.(sst|ldb)$/.test(name) && verdict.unchecked.length > 0 && at >= bytes.length - 12 && at < bytes.length - 8) {
    return 'format_version';
  }
  return undefined;
}

async function flipAll(store: TinyStore): Promise<Tally> {
  const tally: Tally = { flips: 0, found: 0, silent: new Map() };
  const reader = openStore(mount(store), AT);
  const plan = planVerify(reader.view);
  assert.deepEqual(
    plan.findings.filter((f) => f.severity === 'damage'),
    [],
  );
  for (const [name, bytes] of store.files) {
    const task = plan.tasks.find((t) => t.file === name);
    if (task === undefined && !['CURRENT', 'IDENTITY'].includes(name) && !name.startsWith('OPTIONS')) continue;
    const clean = task === undefined ? undefined : run(verifyFile(mount(store), task));
    assert.deepEqual(
      clean?.findings.filter((f) => f.severity === 'damage') ?? [],
      [],
      `${name} is sound before anything is flipped`,
    );
    for (let at = 0; at < bytes.length; at += STEP) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] as number) ^ (1 << (tally.flips % 8));
      tally.flips++;
      const fs = mount(store, { [name]: flipped });
      if (task === undefined) {
        if (await seenByOpening(fs, name)) tally.found++;
        else note(tally, name, at, excuse(name, bytes, at, NO_VERDICT, NO_VERDICT));
        continue;
      }
      const verdict = run(verifyFile(fs, task));
      const damage = verdict.findings.filter((f) => f.severity === 'damage');
      if (damage.length === 0) {
        note(tally, name, at, excuse(name, bytes, at, verdict, clean as FileVerdict));
        continue;
      }
      tally.found++;
      assert.ok(
        damage.some((f) => f.path === name && f.offset !== undefined && f.offset <= at && at - f.offset <= NEAR_BYTES),
        `${name}: a flip at ${at} is placed at ${damage.map((f) => `${f.offset}: ${f.message}`).join('; ')}`,
      );
    }
  }
  reader.close();
  return tally;
}

const NO_VERDICT: FileVerdict = {
  file: '',
  kind: '',
  bytes: 0,
  units: 0,
  entries: 0,
  findings: [],
  more: 0,
  unchecked: [],
};

function note(tally: Tally, name: string, at: number, why: string | undefined): void {
  assert.notEqual(why, undefined, `${name}: a flip at ${at} is not found`);
  tally.silent.set(why as string, (tally.silent.get(why as string) ?? 0) + 1);
}

async function seenByOpening(fs: ReturnType<typeof mount>, name: string): Promise<boolean> {
  try {
    const reader = openStore(fs, AT);
    const { findings } = planVerify(reader.view);
    reader.close();
    return findings.some((f) => f.severity === 'damage' && (f.path === name || f.path.endsWith(`/${name}`)));
  } catch {
    return true;
  }
}

function tell(name: string, tally: Tally): void {
  const silent = [...tally.silent].map(([why, n]) => `${n} ${why}`).join(', ');
  console.log(`${name}: ${tally.found} of ${tally.flips} flips found${silent === '' ? '' : `; not: ${silent}`}`);
}

describe('flipped bits are found and placed', () => {
  it('in a LevelDB store', async () => tell('LevelDB', await flipAll(await tinyLevelDb())));
  it('in a RocksDB store with three families, blobs, Ribbon filters', async () =>
    tell('RocksDB', await flipAll(await tinyRocksDb())));
  for (const name of CORPUS) {
    const dir = corpusStore(`rocksdb/${name}`);
    const skip = dir === undefined || !existsSync(dir) ? `../shared/corpus/rocksdb/${name} is not here` : false;
    it(`in ${name}`, { skip }, async () => {
      tell(name, await flipAll({ name, files: loadFiles(dir as string), visible: new Map() }));
    });
  }
});

describe('sound stores', () => {
  it('have no findings of damage in any file', async () => {
    for (const store of [await tinyLevelDb(), await tinyRocksDb()]) {
      const reader = openStore(mount(store), AT);
      const report = await verifyFiles(planVerify(reader.view), {
        fs: mount(store),
        clock: systemClock,
        progress: () => {},
        isCancelled: () => false,
      });
      assert.deepEqual(
        report.findings.filter((f) => f.severity === 'damage'),
        [],
      );
      assert.ok(report.tables > 3 && report.entries > 1000);
      reader.close();
    }
  });
});

describe('a MANIFEST whose beginning is lost', () => {
  it('is damage, although its first record looks cut short, and the tables are shown all the same', async () => {
    for (const store of [await tinyLevelDb(), await tinyRocksDb()]) {
      const name = [...store.files.keys()].find((n) => n.startsWith('MANIFEST')) as string;
      const bytes = (store.files.get(name) as Uint8Array).slice();
      bytes.fill(0xee, 0, 24);
      const reader = openStore(mount(store, { [name]: bytes }), AT);
      assert.ok(reader.view.snapshot.manifest.damaged);
      assert.ok(reader.view.version.tables.size > 0);
      const task = planVerify(reader.view).tasks.find((t) => t.kind === 'manifest');
      const verdict = run(verifyFile(mount(store, { [name]: bytes }), task as NonNullable<typeof task>));
      assert.ok(verdict.findings.some((f) => f.severity === 'damage' && f.offset === 0));
      reader.close();
    }
  });
});
