/**
 * Compactions in the background on a failing disk and through crashes, at every few steps of a run: what was
 * acknowledged as synced is there, whole batches only.
 */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { hex, utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { DamageLog } from '../../../engine/iter/damage.ts';
import { checkLevels } from '../../../engine/model/check.ts';
import { Maintenance } from '../../../engine/store/background.ts';
import { createStore } from '../../../engine/store/create.ts';
import { StoreWriter } from '../../../engine/store/writer.ts';
import { memEnvironment } from '../../support/memEnvironment.ts';
import { random, randomBytes } from '../../support/random.ts';

type Format = 'leveldb' | 'rocksdb';
type Content = Map<string, string>;
const DIR = '/s';
const BATCHES = 100;
const POLICY = { target_file_size_base: 4096, max_bytes_for_level_base: 16384 };

interface Ran {
  /** After each batch that was acknowledged, and what the one that was not would have made of it. */
  readonly acknowledged: Content;
  readonly attempted: Content;
  readonly compactions: number;
  readonly told: number;
}

function open(fs: MemFs): { writer: StoreWriter; maintenance: Maintenance; told: string[] } {
  const env = memEnvironment(fs);
  const writer = StoreWriter.open(env, DIR, { writeBufferBytes: 4096 });
  const told: string[] = [];
  const maintenance = new Maintenance(writer, env, { policy: POLICY, onProblem: (p) => told.push(p.message) });
  return { writer, maintenance, told };
}

/** The same run for the same seed, up to where the disk ends it. `goesOn`: a failed batch is let go. */
function run(fs: MemFs, goesOn: boolean): Ran {
  const next = random(7);
  const acknowledged: Content = new Map();
  let attempted: Content = new Map();
  let compactions = 0;
  let told = 0;
  try {
    const opened = open(fs);
    const { writer, maintenance } = opened;
    try {
      for (let b = 0; b < BATCHES; b++) {
        const batch = writer.batch();
        attempted = new Map(acknowledged);
        for (let i = 0; i < 12; i++) {
          const key = utf8(`key${Math.floor(next() * 150)}`);
          if (next() < 0.2) {
            batch.delete(0, key);
            attempted.delete(hex(key));
          } else {
            const value = randomBytes(60, Math.floor(next() * 2 ** 31));
            batch.put(0, key, value);
            attempted.set(hex(key), hex(value));
          }
        }
        try {
          writer.writeSync(batch, { sync: true });
          acknowledged.clear();
          for (const [k, v] of attempted) acknowledged.set(k, v);
        } catch (thrown) {
          assert.ok(thrown instanceof StoreError, `${thrown}`);
          if (!goesOn) throw thrown;
          // What a failed write did is open until the store is read again.
          if (equal(read(writer), attempted)) for (const [k, v] of attempted) acknowledged.set(k, v);
        }
        maintenance.step();
      }
      maintenance.settle();
    } finally {
      compactions = maintenance.done;
      told = opened.told.length;
      maintenance.close();
      writer.close();
    }
  } catch (thrown) {
    assert.ok(thrown instanceof StoreError, `${thrown}`);
  }
  return { acknowledged, attempted, compactions, told };
}

function read(writer: StoreWriter): Content {
  const damage = new DamageLog();
  const found: Content = new Map();
  const c = writer.reader.view.scan(0, {}, damage);
  for (c.first(); c.valid; c.next()) {
    const key = c.keyBuffer.slice(c.keyStart, c.keyStart + c.keyLength);
    found.set(hex(key), hex(c.valueBuffer.slice(c.valueStart, c.valueStart + c.valueLength)));
  }
  c.close();
  assert.deepEqual(damage.problems, []);
  return found;
}

const equal = (a: Content, b: Content): boolean => a.size === b.size && [...a].every(([k, v]) => b.get(k) === v);

function assertSound(fs: MemFs, { acknowledged, attempted }: Ran, what: string): void {
  const { writer, maintenance } = open(fs);
  const found = read(writer);
  assert.ok(equal(found, acknowledged) || equal(found, attempted), `${what}: ${found.size} keys`);
  maintenance.settle();
  assert.deepEqual(maintenance.problems, [], what);
  const { order, view } = writer.reader.view.family(0);
  const compare = (a: Uint8Array, b: Uint8Array): number => order.compareUser(a, 0, a.length, b, 0, b.length);
  assert.deepEqual(checkLevels(view, compare, { lastSequence: writer.lastSequence }), [], what);
  assert.ok((view.levels.find((l) => l.level === 0)?.tables.length ?? 0) < 4, what);
  assert.ok(equal(read(writer), found), what);
  maintenance.close();
  writer.close();
}

function created(format: Format): MemFs {
  const fs = new MemFs();
  for (const _ of createStore(memEnvironment(fs), DIR, { format }));
  return fs;
}

for (const format of ['leveldb', 'rocksdb'] as const) {
  describe(`background compactions of a ${format} store`, () => {
    const plain = created(format);
    let operations = 0;
    plain.before = () => {
      operations++;
    };
    const whole = run(plain, false);

    it('happen in the run that is to be disturbed', () => {
      assert.ok(whole.compactions > 1, `${whole.compactions} compactions`);
      assert.equal(whole.told, 0);
      assert.ok(operations > 200, `${operations} operations`);
    });

    it('survive a crash', () => {
      for (let n = 1; n < operations; n += 9) {
        const fs = created(format);
        let left = n;
        fs.before = (operation, path) => {
          if (--left <= 0) throw new StoreError('IO', `${operation}: the power is gone`, { path });
        };
        const ran = run(fs, false);
        fs.before = undefined;
        fs.crash();
        assertSound(fs, ran, `crash before operation ${n}`);
      }
    });

    it('survive a disk that fails once', () => {
      let told = 0;
      for (let n = 1; n < operations; n += 9) {
        const fs = created(format);
        let left = n;
        fs.before = (operation, path) => {
          if (--left === 0) throw new StoreError('IO', `${operation}: failed`, { path });
        };
        const ran = run(fs, true);
        told += ran.told;
        assert.ok(ran.told <= 1, `${ran.told} reports of failure ${n}`);
        fs.before = undefined;
        assertSound(fs, ran, `operation ${n} failed`);
      }
      assert.ok(told > 0);
    });
  });
}
