import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { DamageLog } from '../../../engine/iter/damage.ts';
import { createStore, sampleByName } from '../../../engine/store/create.ts';
import { openStore } from '../../../engine/store/open.ts';
import { PointGet } from '../../../engine/store/pointGet.ts';
import { SAMPLES } from '../../../engine/store/samples/catalog.ts';
import { fleetOf } from '../../../engine/store/samples/fleet.ts';
import type { Sample } from '../../../engine/store/samples/sample.ts';
import { memEnvironment } from '../../support/memEnvironment.ts';

/** Bytes as a string, one character each. */
const raw = (b: Uint8Array): string => Buffer.from(b).toString('latin1');

type Format = 'leveldb' | 'rocksdb';

/** A sample store is made once a test: the largest one at a small scale. */
const SMALL = fleetOf({ sensors: 24, rounds: 24, retention: 12, alerts: 300, images: 40, tableBytes: 64 << 10 });
const TRIED = SAMPLES.map((s) => (s.name === 'fleet' ? SMALL : s));

function make(fs: MemFs, format: Format, sample: string | Sample, seed?: number): void {
  const job = createStore(memEnvironment(fs), '/new', { format, sample, ...(seed === undefined ? {} : { seed }) });
  for (const { done, total } of job) assert.ok(done > 0 && done <= total);
}

function visible(fs: MemFs): Map<string, string> {
  const store = openStore(fs, '/new');
  assert.deepEqual(store.view.problems, []);
  const damage = new DamageLog();
  const seen = new Map<string, string>();
  for (const family of store.view.version.families.keys()) {
    const get = new PointGet(store.view, family, damage);
    const c = store.view.scan(family, {}, damage);
    for (c.first(); c.valid; c.next()) {
      const key = c.keyBuffer.slice(c.keyStart, c.keyStart + c.keyLength);
      // A get follows the references to blob files.
      seen.set(`${family} ${raw(key)}`, raw(get.get(key)?.value ?? new Uint8Array()));
    }
  }
  assert.deepEqual(damage.problems, []);
  store.close();
  return seen;
}

/** What the sample's writes come to. */
function expected(sample: Sample, seed: number, format: Format): Map<string, string> {
  const model = new Map<string, string>();
  for (const batch of sample.run(seed, format)) {
    for (const { family = 0, key, value, until } of batch) {
      const name = `${family} ${raw(key)}`;
      const end = until === undefined ? '' : `${family} ${raw(until)}`;
      if (value !== undefined) model.set(name, raw(value));
      else if (until === undefined) model.delete(name);
      else for (const k of [...model.keys()]) if (k >= name && k < end) model.delete(k);
    }
  }
  return new Map([...model].sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe('creating a store', () => {
  for (const sample of TRIED) {
    for (const format of sample.formats) {
      it(`${format} with the sample ${sample.name} holds what the sample writes`, () => {
        const fs = new MemFs();
        make(fs, format, sample, 7);
        const seen = visible(fs);
        assert.deepEqual(seen, expected(sample, 7, format));
        const names = fs.list('/new');
        if (sample.batches > 0) {
          assert.ok(seen.size > 100);
          assert.ok(names.filter((n) => /\.(sst|ldb)$/.test(n)).length > 1, 'several tables');
        } else assert.equal(seen.size, 0);
        assert.equal(
          names.some((n) => n.endsWith('.blob')),
          format === 'rocksdb' && (sample.name === 'blobs' || sample.name === 'fleet'),
        );
        assert.equal(names.includes('IDENTITY'), format === 'rocksdb');
      });
    }
  }

  it('gives the same content for the same seed, and another one for another', () => {
    const stores = [1, 1, 2].map((seed) => {
      const fs = new MemFs();
      make(fs, 'rocksdb', 'blobs', seed);
      return visible(fs);
    });
    assert.deepEqual(stores[0], stores[1]);
    assert.notDeepEqual(stores[0], stores[2]);
  });

  it('refuses a directory that is not empty, and leaves it as it was', () => {
    const fs = new MemFs();
    fs.put('/new/readme.txt', utf8('mine'));
    assert.throws(() => make(fs, 'rocksdb', 'empty'), /not empty/);
    assert.deepEqual(fs.list('/new'), ['readme.txt']);
  });

  it('names the samples that there are', () => {
    assert.throws(
      () => sampleByName('nope', 'leveldb'),
      (e) => {
        assert.ok(e instanceof StoreError);
        assert.equal(e.code, 'INPUT');
        assert.match(e.mend ?? '', /fleet, timeseries, sessions, empty/);
        return true;
      },
    );
    assert.throws(() => sampleByName('blobs', 'leveldb'), /cannot be held by a leveldb store/);
  });

  it('removes what it made when it is given up or fails', () => {
    const fs = new MemFs();
    const job = createStore(memEnvironment(fs), '/new', { format: 'leveldb', sample: 'sessions' });
    for (let i = 0; i < 20; i++) job.next();
    job.return({ directory: '', writes: 0, sequence: 0 });
    assert.throws(() => fs.list('/new'), /no such file/);
    let operations = 0;
    fs.before = (operation) => {
      if (operation !== 'remove' && ++operations > 40) throw new StoreError('IO', 'no space left on the device');
    };
    assert.throws(() => make(fs, 'leveldb', 'sessions'), /no space left/);
    assert.throws(() => fs.list('/new'), /no such file/);
  });
});
