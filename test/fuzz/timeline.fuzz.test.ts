/**
 * MANIFESTs and info logs full of lies: a timeline may end early or be refused with a StoreError, and what it hands
 * out must be well formed. LSM_FUZZ_ROUNDS sets how many stores are tried.
 */
import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemClock } from '../../engine/base/entropy.ts';
import { StoreError } from '../../engine/base/errors.ts';
import { MemFs } from '../../engine/fs/memFs.ts';
import { captionOf } from '../../engine/model/timeline/caption.ts';
import { Curves } from '../../engine/model/timeline/curves.ts';
import { Timeline, TreeAt } from '../../engine/model/timeline/timeline.ts';
import { Timelines } from '../../engine/service/timeline.ts';
import { openStore } from '../../engine/store/open.ts';
import type { StoreReader } from '../../engine/store/reader.ts';
import { corpusStore } from '../support/corpus.ts';
import { mutate } from '../support/mutate.ts';
import { random } from '../support/random.ts';

const ROUNDS = Number(process.env['LSM_FUZZ_ROUNDS'] ?? 60);
const STORES = ['rocksdb/02-three-cfs-comparators', 'rocksdb/08-fifo-ttl', 'rocksdb/14-leveldb-5-levels'] as const;

function put(fs: MemFs, path: string, bytes: Uint8Array): void {
  const file = fs.open(path, 'create');
  file.append(bytes);
  file.close();
}

/** Pulls all that there is and walks through it. */
async function use(service: Timelines, store: StoreReader, family: number, dice: () => number): Promise<number> {
  const info = await service.info(store, family, { cancelled: false });
  const timeline = new Timeline();
  while (timeline.events < info.events) {
    const count = Math.min(1 + Math.floor(dice() * 50), info.events - timeline.events);
    timeline.append(service.chunk({ family, epoch: info.epoch, from: timeline.events, count }));
  }
  assert.equal(timeline.lives, info.lives);
  const curves = new Curves(timeline, { engine: 'rocksdb', compaction: 'leveled', options: {} });
  curves.grow();
  const at = new TreeAt(timeline);
  for (let i = 0; i < 20; i++) {
    const n = Math.floor(dice() * (info.events + 1));
    at.seek(n);
    const live = curves.tables.reduce((sum, level) => sum + (level[n] as number), 0);
    assert.equal(at.count, live, `${n} events`);
  }
  for (let e = 0; e < info.events; e++) assert.ok(captionOf(timeline, e).text.length > 0);
  for (let life = 0; life < timeline.lives; life++) {
    for (const position of [timeline.smallest[life] as number, timeline.largest[life] as number]) {
      assert.ok(position >= info.firstPosition && position <= info.lastPosition);
    }
  }
  service.keys({ family, epoch: info.epoch, positions: [-1, dice() * 10, Number.POSITIVE_INFINITY] });
  return info.events;
}

describe('timelines of damaged stores', () => {
  for (const name of STORES) {
    const dir = corpusStore(name);
    it(name, { skip: dir === undefined || !existsSync(dir) ? `${name} is absent` : false }, async () => {
      const fs = new MemFs();
      fs.mkdir('/s');
      for (const file of readdirSync(dir as string)) put(fs, `/s/${file}`, readFileSync(join(dir as string, file)));
      const dialect = name.includes('leveldb') ? 'leveldb' : 'rocksdb';
      const manifest = fs.list('/s').find((f) => f.startsWith('MANIFEST')) as string;
      const [history, log] = [manifest, 'LOG'].map((f) => new Uint8Array(readFileSync(join(dir as string, f))));
      const store = openStore(fs, '/s');
      let events = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const dice = random(round * 7919 + 1);
        const service = new Timelines(systemClock);
        // The second helping finds another file of the same name, or the first one with more or less in it.
        for (let helping = 0; helping < 2; helping++) {
          put(fs, `/s/${manifest}`, mutate(dice, manifest, history as Uint8Array, dialect));
          put(fs, '/s/LOG', mutate(dice, 'LOG', log as Uint8Array, dialect));
          for (const family of store.view.version.families.keys()) {
            try {
              events += await use(service, store, family, dice);
            } catch (thrown) {
              assert.ok(thrown instanceof StoreError, `round ${round}: ${(thrown as Error).stack}`);
            }
          }
        }
      }
      assert.ok(events > ROUNDS, 'most of them have a history');
    });
  }
});
