/** Explained gets: caches, damage, stores without an order, blobs; the corpus is in explain.corpus.test.ts. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { fromHex, utf8 } from '../../../engine/base/bytes.ts';
import { systemClock } from '../../../engine/base/entropy.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { readOnlyFs } from '../../../engine/fs/readOnlyFs.ts';
import { Service } from '../../../engine/service.ts';
import { explainGet } from '../../../engine/store/explain.ts';
import { openStore } from '../../../engine/store/open.ts';
import { explained } from '../../support/explained.ts';
import { logRecords, sealRecord } from '../../support/mutate.ts';
import { AT, mount, type TinyStore, tinyLevelDb, tinyRocksDb } from '../../support/tinyStores.ts';

type Changes = Readonly<Record<string, Uint8Array | undefined>>;

function opened(truth: TinyStore, changes: Changes = {}) {
  return openStore(readOnlyFs(mount(truth, changes)), AT);
}

/** Keys of a family, and one beside each. */
function keysOf(truth: TinyStore, family: string): Uint8Array[] {
  const there = [...(truth.visible.get(family) ?? new Map()).keys()].map((k) => fromHex(k) as Uint8Array);
  return there.flatMap((key) => [key, Uint8Array.from([...key, 1])]);
}

/** `name` with a byte of the block at `offset` turned over. */
function damagedBlock(truth: TinyStore, name: string, offset: number): Changes {
  const copy = (truth.files.get(name) as Uint8Array).slice();
  copy[offset + 3] = (copy[offset + 3] as number) ^ 0xff;
  return { [name]: copy };
}

describe('an explained get', () => {
  for (const make of [tinyLevelDb, tinyRocksDb]) {
    it(`${make.name}: answers as a get does, at any sequence number`, async () => {
      const truth = await make();
      const store = opened(truth);
      for (const f of store.view.version.families.values()) {
        for (const [i, key] of keysOf(truth, f.state.name).entries()) {
          explained(store, f.state.id, key, i % 3 === 0 ? i : undefined);
        }
      }
      store.close();
    });

    it(`${make.name}: names a block that is damaged, goes on, and answers as a get does`, async () => {
      const truth = await make();
      const whole = opened(truth);
      const key = keysOf(truth, 'default').find((k) => {
        const path = explained(whole, 0, k);
        return path.entry !== undefined && (path.steps.at(-1)?.blocks.length ?? 0) > 0;
      }) as Uint8Array;
      const last = explained(whole, 0, key).steps.at(-1);
      assert.equal(last?.outcome, 'found');
      const { file, blocks } = last as NonNullable<typeof last>;
      const store = opened(truth, damagedBlock(truth, file, blocks[0]?.offset as number));
      const path = explained(store, 0, key);
      const step = path.steps.find((s) => s.file === file);
      assert.equal(step?.outcome, 'damaged');
      assert.equal(step.problem?.offset, blocks[0]?.offset);
      assert.match(step.why, /^it cannot be read: .*; the search goes on without it/);
      assert.deepEqual(path.problems, [step.problem]);
      whole.close();
      store.close();
    });
  }

  it('says which blocks were read and which were in the cache', async () => {
    const truth = await tinyRocksDb();
    const warm = opened(truth);
    const key = keysOf(truth, 'default').find((k) => explained(warm, 0, k).totals.blocksCached > 0) as Uint8Array;
    warm.close();
    const store = opened(truth);
    const first = explainGet(store, 0, key, undefined, systemClock);
    const again = explainGet(store, 0, key, undefined, systemClock);
    const blocks = first.steps.flatMap((s) => s.blocks);
    assert.ok(blocks.length > 0 && blocks.every((b) => !b.cached && b.bytes > 0 && b.rawBytes > 0));
    assert.equal(first.totals.blocksRead, blocks.length);
    assert.equal(
      first.totals.bytesRead,
      blocks.reduce((sum, b) => sum + b.bytes, 0),
    );
    assert.deepEqual(
      again.steps.flatMap((s) => s.blocks),
      blocks.map((b) => ({ ...b, cached: true })),
    );
    assert.deepEqual(
      [again.totals.blocksRead, again.totals.blocksCached, again.totals.bytesRead],
      [0, blocks.length, 0],
    );
    store.close();
  });

  it('names the blob file and the offset of a value that stands in one', async () => {
    const truth = await tinyRocksDb();
    const store = opened(truth);
    const { id } = store.view.familyByName('blobs').state;
    const paths = keysOf(truth, 'blobs').map((key) => explained(store, id, key));
    const version = paths.flatMap((p) => p.steps.flatMap((s) => s.versions)).find((v) => v.blob !== undefined);
    assert.match(version?.blob?.file ?? '', /^\d{6}\.blob$/);
    const file = truth.files.get(version?.blob?.file ?? '') as Uint8Array;
    assert.ok((version?.blob?.offset as number) + (version?.valueBytes as number) <= file.length);
    const why = paths.flatMap((p) => p.steps).find((s) => s.versions.includes(version as never))?.why;
    assert.match(why ?? '', /its value of \d+ bytes stands in \d{6}\.blob at offset [\d,]+/);
    store.close();
  });

  it('without a known order compares every entry, table by table, and says so', async () => {
    const truth = await tinyLevelDb();
    const name = [...truth.files.keys()].find((n) => n.startsWith('MANIFEST')) as string;
    const manifest = (truth.files.get(name) as Uint8Array).slice();
    const at = Buffer.from(manifest).indexOf('leveldb.BytewiseComparator');
    manifest.set(utf8('another'), at);
    const [record] = logRecords(manifest);
    sealRecord(manifest, record as NonNullable<typeof record>);
    const store = opened(truth, { [name]: manifest });
    assert.equal(store.view.family(0).order.known, false);
    for (const key of keysOf(truth, 'default').slice(0, 40)) {
      const path = explained(store, 0, key);
      assert.equal(path.steps.length, 1 + store.view.family(0).tables.length);
      assert.deepEqual(path.skipped, []);
      assert.ok(path.totals.blocksRead > 0);
      for (const s of path.steps) {
        if (s.outcome === 'absent') assert.match(s.why, /order of keys is not known/);
      }
      assert.equal(path.steps.filter((s) => s.outcome === 'found').length, path.entry === undefined ? 0 : 1);
    }
    store.close();
  });

  it('after damage to the MANIFEST asks all tables, and the newest version decides', async () => {
    const truth = await tinyRocksDb();
    const name = [...truth.files.keys()].find((n) => n.startsWith('MANIFEST')) as string;
    const manifest = (truth.files.get(name) as Uint8Array).slice();
    const record = logRecords(manifest)
      .filter((r) => r.length > 0)
      .at(-1);
    const byte = (record?.at as number) + (record?.header as number);
    manifest[byte] = (manifest[byte] as number) ^ 0xff;
    const store = opened(truth, { [name]: manifest });
    assert.ok(store.view.snapshot.manifest.damaged);
    const outcomes = new Set<string>();
    for (const key of keysOf(truth, 'default')) {
      for (const s of explained(store, 0, key).steps) outcomes.add(s.outcome);
    }
    for (const o of ['found', 'passed', 'absent']) assert.ok(outcomes.has(o), o);
    store.close();
  });

  it('fails as a get does for a family that is not there', async () => {
    const truth = await tinyLevelDb();
    const notify = (): void => {};
    const service = new Service({
      fs: readOnlyFs(mount(truth)),
      clock: systemClock,
      lockOwner: () => undefined,
      notify,
    });
    await service.call('open', { path: AT });
    assert.throws(() => service.call('explain', { family: 7, key: utf8('k') }), StoreError);
    const key = keysOf(truth, 'default')[0] as Uint8Array;
    const got = await service.call('get', { family: 0, key, at: 600 });
    const path = await service.call('explain', { family: 0, key, at: 600 });
    assert.deepEqual([path.entry, path.at, path.problems], [got.entry, got.at, got.problems]);
    await service.call('close', {});
  });
});
