/**
 * Each operation of the file system fails once, over creating, writing, flushing, compacting and recovering: the
 * writer says so and stays what it was, or refuses to go on; what the directory holds afterwards, as it is and
 * after a crash, is what was acknowledged and nothing else.
 *
 * LSM_FAULTS=long tries every operation; otherwise reads are tried at intervals.
 */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { StoreError, toStoreError } from '../../engine/base/errors.ts';
import { type Fault, FaultFs, type FsOperation, failNth, READING } from '../../engine/fs/faultFs.ts';
import { MemFs } from '../../engine/fs/memFs.ts';
import { createStore } from '../../engine/store/create.ts';
import { openStore } from '../../engine/store/open.ts';
import { memEnvironment } from '../support/memEnvironment.ts';
import { Run, script, settle } from './run.ts';
import { content, DIR, FORMATS, type Format, memStore } from './stores.ts';

const LONG = process.env['LSM_FAULTS'] === 'long';
const MOST = 5000;
/** What failed first in the run under way. */
let lastFailure = 'none';

interface Mode {
  readonly name: string;
  readonly fault: Fault;
  readonly stays?: boolean;
  readonly matches: (operation: FsOperation) => boolean;
  /** Every how many operations are tried in a short run. */
  readonly stride: number;
  readonly writeBufferBytes?: number;
}

const changes = (o: FsOperation): boolean => !READING.has(o.kind);

const MODES: readonly Mode[] = [
  { name: 'a change fails', fault: {}, matches: changes, stride: 1 },
  { name: 'an append is cut short', fault: { written: 9, full: true }, matches: (o) => o.kind === 'append', stride: 1 },
  { name: 'a change happens and reports a failure', fault: { happens: true }, matches: changes, stride: 2 },
  {
    name: 'a sync fails and the next ones lie',
    fault: { forgets: true },
    matches: (o) => o.kind === 'sync',
    stride: 1,
  },
  { name: 'everything from a change on fails', fault: {}, stays: true, matches: changes, stride: 3 },
  { name: 'reading fails', fault: {}, matches: (o) => READING.has(o.kind), stride: 7 },
  { name: 'a change fails with small memtables', fault: {}, matches: changes, stride: 3, writeBufferBytes: 500 },
];

function tryOne(format: Format, mode: Mode, n: number): boolean {
  const mem = memStore(format);
  const fs = new FaultFs(mem);
  const { fault, matches, stays = false, writeBufferBytes } = mode;
  const rule = failNth(n, fault, { stays, matches });
  const aside = <T>(look: () => T): T => {
    fs.rule = undefined;
    try {
      return look();
    } finally {
      fs.rule = rule;
    }
  };
  const run = new Run(fs, format, aside, writeBufferBytes === undefined ? {} : { writeBufferBytes });
  fs.rule = rule;
  lastFailure = 'none';
  for (const step of script(format)) {
    step(run);
    const [failure] = fs.failures;
    if (failure === undefined) continue;
    lastFailure = `${failure.kind} ${failure.path}`;
    run.check();
  }
  run.close();
  fs.rule = undefined;
  const last = run.lost ? run.possible : [run.possible.at(-1) as string];
  settle(mem.fork(), format, last);
  mem.crash();
  settle(mem, format, run.possible);
  return fs.failures.length > 0;
}

for (const format of FORMATS) {
  describe(`every operation on a ${format} store`, () => {
    for (const mode of MODES) {
      it(mode.name, () => {
        const stride = LONG ? 1 : mode.stride;
        for (let n = 1; ; n += stride) {
          let failed: boolean;
          try {
            failed = tryOne(format, mode, n);
          } catch (thrown) {
            throw new Error(`operation ${n} (${lastFailure}): ${thrown instanceof Error ? thrown.message : thrown}`, {
              cause: thrown,
            });
          }
          if (!failed) {
            assert.ok(n > 1, 'nothing failed: the test is wrong');
            return;
          }
          assert.ok(n < MOST, 'the run has no end');
        }
      });
    }

    for (const sample of ['empty', 'sessions']) {
      it(`creating one: ${sample}`, () => create(format, sample));
    }
  });
}

/** A creation that fails leaves nothing behind, and one that succeeds outlives a crash. */
function create(format: Format, sample: string): void {
  const stride = sample === 'empty' || LONG ? 1 : 997;
  for (let n = 1; ; n += stride) {
    const mem = new MemFs();
    const fs = new FaultFs(mem, failNth(n));
    let failure: StoreError | undefined;
    try {
      for (const _ of createStore(memEnvironment(fs), DIR, { format, sample }));
    } catch (thrown) {
      assert.ok(thrown instanceof StoreError, `operation ${n}: ${thrown}`);
      failure = thrown;
    }
    fs.rule = undefined;
    if (failure !== undefined) {
      let left: string[] = [];
      try {
        left = mem.list(DIR);
      } catch (thrown) {
        assert.equal(toStoreError(thrown).code, 'NOT_FOUND');
      }
      const what = fs.failures.map((f) => `${f.kind} ${f.path}`).join();
      assert.deepEqual(left, [], `operation ${n} (${what}) left something behind`);
      for (const _ of createStore(memEnvironment(mem), DIR, { format, sample }));
    }
    const before = openStore(mem, DIR);
    const lines = content(before);
    before.close();
    mem.crash();
    const after = openStore(mem, DIR);
    assert.deepEqual(content(after), lines, `operation ${n}: the store that was made did not outlive a crash`);
    after.close();
    if (fs.failures.length === 0) return;
    assert.ok(n < 100_000);
  }
}
