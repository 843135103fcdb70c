/** Profiles of tables: the counting, the theory of filters, the choice of absent keys, and damage. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { hex, utf8 } from '../../../engine/base/bytes.ts';
import { type Clock, seeded, systemClock } from '../../../engine/base/entropy.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { FastLocalBloomBuilder } from '../../../engine/formats/block/filter/fastLocalBloomBuilder.ts';
import { openFullFilter } from '../../../engine/formats/block/filter/filter.ts';
import { readOnlyFs } from '../../../engine/fs/readOnlyFs.ts';
import { DamageLog } from '../../../engine/iter/damage.ts';
import { isDeletion } from '../../../engine/iter/resolve.ts';
import type { SizeHistogram, TableProfile } from '../../../engine/model/tableProfile.ts';
import type { TableInfo } from '../../../engine/model/tree.ts';
import type { EngineNotice, TableRow } from '../../../engine/protocol/engineApi.ts';
import { Service } from '../../../engine/service.ts';
import { openStore } from '../../../engine/store/open.ts';
import { KeySample, lookalike, withRandomTail } from '../../../engine/store/profile/absentKeys.ts';
import { expectedRate } from '../../../engine/store/profile/filterTheory.ts';
import { SizeTally } from '../../../engine/store/profile/sizes.ts';
import type { StoreReader } from '../../../engine/store/reader.ts';
import { tableProfile } from '../../../engine/store/tableProfile.ts';
import { random } from '../../support/random.ts';
import { AT, mount, type TinyStore, tinyLevelDb, tinyRocksDb } from '../../support/tinyStores.ts';

function profile(store: StoreReader, info: TableInfo): TableProfile {
  const job = tableProfile(store.view, info);
  let done = 0;
  for (let step = job.next(); ; step = job.next()) {
    if (step.done === true) return step.value;
    assert.ok(step.value.done >= done && step.value.done <= step.value.total);
    done = step.value.done;
  }
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);

function opened(truth: TinyStore, changes: Readonly<Record<string, Uint8Array>> = {}): StoreReader {
  return openStore(readOnlyFs(mount(truth, changes)), AT);
}

/** What a plain walk over the table finds. */
function walked(store: StoreReader, info: TableInfo) {
  const found = { entries: 0, deletions: 0, keys: new Set<string>(), keyBytes: 0, valueBytes: 0, seqs: [] as number[] };
  const cursor = store.view.tableCursor(info.number, new DamageLog());
  for (cursor.first(); cursor.valid; cursor.next()) {
    found.entries++;
    if (isDeletion(cursor.type)) found.deletions++;
    found.keys.add(hex(cursor.keyBuffer.subarray(0, cursor.keyLength)));
    found.keyBytes += cursor.keyLength;
    found.valueBytes += cursor.valueLength;
    found.seqs.push(cursor.sequence);
  }
  cursor.close();
  return found;
}

describe('profile: sizes', () => {
  it('counts into powers of two', () => {
    const tally = new SizeTally();
    for (const size of [0, 1, 2, 3, 4, 7, 8, 1023, 1024, 2 ** 31, 2 ** 32 - 1]) tally.add(size);
    const h = tally.histogram();
    assert.deepEqual(h.counts.slice(0, 12), [1, 1, 2, 2, 1, 0, 0, 0, 0, 0, 1, 1]);
    assert.equal(h.counts[32], 2);
    assert.deepEqual([h.min, h.max, sum(h.counts)], [0, 2 ** 32 - 1, 11]);
    assert.equal(h.mean, h.total / 11);
  });

  it('of nothing is empty', () => {
    assert.deepEqual(new SizeTally().histogram(), { counts: [], min: 0, max: 0, mean: 0, total: 0 } as SizeHistogram);
  });
});

describe('profile: theory of filters', () => {
  const near = (actual: number | null, expected: number, share: number): void => {
    assert.ok(actual !== null && Math.abs(actual - expected) <= expected * share, `${actual}, not near ${expected}`);
  };

  it('gives the textbook rate of a Bloom filter', () => {
    near(expectedRate({ scheme: 'bloom', bits: 10_000, probes: 7 }, 1000), 0.008194, 0.001);
    near(expectedRate({ scheme: 'bloom', bits: 10_000, probes: 1 }, 10_000), 1 - Math.exp(-1), 1e-9);
  });

  it('tends to it for long lines, and is worse for short ones', () => {
    const rate = (lineBits: number): number =>
      expectedRate({ scheme: 'blocked-bloom', bits: 1 << 22, probes: 6, lineBits }, (1 << 22) / 10) as number;
    near(rate(1 << 18), expectedRate({ scheme: 'bloom', bits: 1 << 22, probes: 6 }, (1 << 22) / 10) as number, 0.01);
    assert.ok(rate(256) > rate(512) && rate(512) > rate(1 << 18));
    // Many keys a line: the first terms of the sum would be 0 as doubles.
    near(rate(1 << 22), rate(1 << 18), 0.02);
  });

  it('is the chance that a ribbon states, and unknown without probes or keys', () => {
    assert.equal(expectedRate({ scheme: 'ribbon', bits: 7000, probes: null, chance: 2 ** -7 }, 1000), 2 ** -7);
    assert.equal(expectedRate({ scheme: 'bloom', bits: 0, probes: 6 }, 1000), null);
    assert.equal(expectedRate({ scheme: 'bloom', bits: 100, probes: 6 }, 0), null);
  });

  it('agrees with what RocksDB’s Bloom filter does with random keys, at 4 to 20 bits a key', () => {
    const next = random(7);
    const key = new Uint8Array(16);
    const roll = (): void => {
      for (let i = 0; i < key.length; i++) key[i] = next() * 256;
    };
    for (const bits of [4, 7, 10, 14, 20]) {
      const builder = new FastLocalBloomBuilder(bits);
      for (let i = 0; i < 20_000; i++) {
        roll();
        builder.add(key, 0, key.length);
      }
      const filter = openFullFilter(builder.finish());
      let positives = 0;
      const asked = 200_000;
      for (let i = 0; i < asked; i++) {
        roll();
        if (filter.mayContain(key, 0, key.length)) positives++;
      }
      const expected = expectedRate(filter.shape, 20_000) as number;
      const deviation = Math.sqrt((expected * (1 - expected)) / asked);
      // 20,000 keys leave the filter itself to chance too; a tenth covers that.
      assert.ok(
        Math.abs(positives / asked - expected) < 4 * deviation + 0.1 * expected,
        `${bits} bits a key: ${positives / asked}, expected ${expected}`,
      );
    }
  });
});

describe('profile: absent keys', () => {
  const keys = Array.from({ length: 50 }, (_, i) => utf8(`user:${String(i * 37).padStart(6, '0')}`));

  it('are the same for the same seed, and look like the keys', () => {
    const [a, b] = [seeded(9), seeded(9)];
    for (let i = 0; i < 2000; i++) {
      const key = lookalike(keys, a);
      assert.deepEqual(key, lookalike(keys, b));
      assert.ok(key.length === 11 || key.length === 12);
    }
    for (let i = 0; i < 2000; i++) {
      const key = withRandomTail(keys, a);
      assert.deepEqual(key, withRandomTail(keys, b));
      assert.ok(key.length >= 11 && key.length <= 15 && hex(key).startsWith(hex(utf8('user:'))));
    }
  });

  it('can be made of empty keys and of one key', () => {
    const dice = seeded(1);
    for (const few of [[new Uint8Array(0)], [utf8('k')], [new Uint8Array(0), utf8('long key')]]) {
      for (let i = 0; i < 200; i++) {
        assert.ok(lookalike(few, dice).length <= 9);
        assert.ok(withRandomTail(few, dice).length >= 1);
      }
    }
  });

  it('come of a sample that is even over the table', () => {
    const sample = new KeySample();
    const b = new Uint8Array(4);
    const n = 200_000;
    for (let i = 0; i < n; i++) {
      new DataView(b.buffer).setUint32(0, i);
      sample.add(b, 0, 4);
    }
    sample.add(new Uint8Array(5000), 0, 5000);
    const taken = sample.keys.map((k) => new DataView(k.buffer, k.byteOffset, 4).getUint32(0));
    assert.equal(taken.length, 2048);
    assert.equal(new Set(taken).size, 2048);
    const tenths = new Array<number>(10).fill(0);
    for (const t of taken) tenths[Math.floor((10 * t) / n)]!++;
    for (const t of tenths) assert.ok(t > 140 && t < 270, String(tenths));
  });
});

for (const [name, make] of [
  ['LevelDB', tinyLevelDb],
  ['RocksDB', tinyRocksDb],
] as const) {
  describe(`profile: tables of ${name}`, () => {
    it('counts what a walk over the table finds', async () => {
      const store = opened(await make());
      for (const info of store.view.version.tables.values()) {
        const p = profile(store, info);
        const w = walked(store, info);
        const ranges = p.types.find((t) => t.type === 'range-delete')?.count ?? 0;
        assert.equal(ranges, p.stats.rangeDeletions);
        assert.equal(p.entries - ranges, w.entries);
        assert.equal(sum(p.types.map((t) => t.count)), p.entries);
        assert.equal(p.entries, p.stats.entries);
        assert.equal(p.keys, w.keys.size);
        assert.equal(p.tombstoneShare, (w.deletions + ranges) / p.entries);
        assert.deepEqual([p.keySizes.total, p.valueSizes.total], [w.keyBytes, w.valueBytes]);
        assert.equal(sum(p.keySizes.counts), w.entries);
        if (ranges === 0) {
          assert.deepEqual([p.smallestSeq, p.largestSeq], [Math.min(...w.seqs), Math.max(...w.seqs)]);
        }
        if (p.types.some((t) => t.type === 'blob')) assert.equal(info.family, 2);
        assert.deepEqual(p.problems, []);
      }
      store.close();
    });

    it('places every byte of the file and every block', async () => {
      const store = opened(await make());
      for (const info of store.view.version.tables.values()) {
        const p = profile(store, info);
        assert.equal(sum(p.parts.map((x) => x.bytes)), p.stats.bytes);
        assert.ok(!p.parts.some((x) => x.part === 'other'));
        const { blocks } = p;
        assert.equal(blocks.offset.length, p.stats.dataBlocks);
        assert.equal(sum(blocks.bytes) + 5 * blocks.bytes.length, p.parts.find((x) => x.part === 'data')?.bytes ?? 0);
        assert.equal(sum(p.compression.map((c) => c.blocks)), blocks.bytes.length);
        assert.equal(sum(p.compression.map((c) => c.rawBytes)), sum(blocks.rawBytes));
        blocks.compression.forEach((c, i) => {
          const share = p.compression[c];
          assert.ok(share !== undefined, `block ${i}`);
          if (share.compression === 'none') assert.equal(blocks.bytes[i], blocks.rawBytes[i]);
        });
      }
      store.close();
    });

    it('asks the filter for absent keys and for all of the table’s', async () => {
      const store = opened(await make());
      for (const info of store.view.version.tables.values()) {
        const p = profile(store, info);
        const f = p.filter;
        assert.ok(f !== null || name === 'LevelDB');
        if (f === null) continue;
        assert.equal(f.falseNegatives, 0);
        if (p.keys > 20) assert.ok(f.probes >= 10_000, `${f.probes} probes`);
        const expected = f.expectedRate as number;
        const rate = f.falsePositives / f.probes;
        assert.ok(rate > expected / 3 && rate < expected * 3, `${f.name}: ${rate}, expected ${expected}`);
        // The same again: nothing of it is left to chance.
        assert.deepEqual(profile(store, info).filter, f);
      }
      store.close();
    });

    it('goes on behind a damaged block and names it', async () => {
      const truth = await make();
      const whole = opened(truth);
      const info = [...whole.view.version.tables.values()].reduce((a, b) => (a.bytes > b.bytes ? a : b));
      const sound = profile(whole, info);
      const middle = sound.blocks.offset.length >> 1;
      const bytes = (truth.files.get(info.file) as Uint8Array).slice();
      const at = (sound.blocks.offset[middle] as number) + 3;
      bytes[at] = (bytes[at] as number) ^ 0x40;
      const store = opened(truth, { [info.file]: bytes });
      const p = profile(store, store.view.tableInfo(info.number));
      assert.equal(p.problems.length, 1);
      assert.deepEqual(
        [p.problems[0]?.code, p.problems[0]?.path, p.problems[0]?.offset],
        ['CORRUPT', info.file, sound.blocks.offset[middle]],
      );
      assert.equal(p.blocks.compression[middle], 255);
      assert.equal(p.entries, sound.entries - (sound.blocks.entries[middle] as number));
      assert.equal(sum(p.parts.map((x) => x.bytes)), info.bytes);
      assert.equal(p.filter?.falseNegatives ?? 0, 0);
    });

    it('throws nothing but StoreError, whatever is in the file', async () => {
      const truth = await make();
      const next = random(20_260_322);
      const infos = [...opened(truth).view.version.tables.values()];
      let answered = 0;
      let told = 0;
      for (let round = 0; round < 120; round++) {
        const info = infos[Math.floor(next() * infos.length)] as TableInfo;
        const bytes = (truth.files.get(info.file) as Uint8Array).slice();
        for (let n = 1 + Math.floor(next() * 3); n > 0; n--) {
          // Rather at the end, where index, filter and footer are.
          const at = Math.floor(bytes.length * (1 - next() ** 3));
          bytes[Math.min(at, bytes.length - 1)] = next() * 256;
        }
        try {
          const store = opened(truth, { [info.file]: bytes });
          const p = profile(store, store.view.tableInfo(info.number));
          assert.equal(sum(p.parts.map((x) => x.bytes)), bytes.length);
          answered++;
          if (p.problems.length > 0) told++;
        } catch (thrown) {
          assert.ok(thrown instanceof StoreError, String((thrown as Error).stack));
        }
      }
      assert.ok(answered > 25 && told > 12, `${answered} answered, ${told} with problems`);
    });

    it('can be left in the middle', async () => {
      const store = opened(await make());
      const info = [...store.view.version.tables.values()][0] as TableInfo;
      const job = tableProfile(store.view, info);
      job.next();
      assert.deepEqual(job.return(undefined as never), { done: true, value: undefined });
      assert.ok(profile(store, info).entries > 0);
      store.close();
    });
  });
}

describe('profile: asked of the service', () => {
  it('says how far it is, and crosses to another thread whole', async () => {
    const truth = await tinyRocksDb();
    const notices: EngineNotice[] = [];
    let elapsed = 0;
    // Time flies: each slice is worth a notice.
    const clock: Clock = { now: () => 0, elapsed: () => (elapsed += 1000), turn: () => systemClock.turn() };
    const service = new Service({
      fs: readOnlyFs(mount(truth)),
      clock,
      lockOwner: () => undefined,
      notify: (n) => void notices.push(n),
    });
    await service.call('open', { path: AT });
    const { items } = await service.call('tables', { family: 0, level: -1, offset: 0, limit: 1 });
    const table = (items[0] as TableRow).number;
    const p = await service.call('tableProfile', { table });
    assert.deepEqual(structuredClone(p), p);
    const told = notices.filter((n) => n.kind === 'profileProgress');
    assert.ok(told.length > 0 && told.every((n) => n.table === table && n.done <= n.total));
    const token = { cancelled: false };
    const waiting = service.call('tableProfile', { table }, token);
    token.cancelled = true;
    await assert.rejects(
      async () => waiting,
      (e) => e instanceof StoreError && e.code === 'CANCELLED',
    );
    await assert.rejects(
      async () => service.call('tableProfile', { table: 987_654 }),
      (e) => e instanceof StoreError && e.code === 'INPUT',
    );
  });
});

describe('profile: a filter that lies', () => {
  it('is caught by its false negatives', async () => {
    const truth = await tinyRocksDb();
    const whole = opened(truth);
    const info = [...whole.view.version.tables.values()].find((t) => t.family === 0 && t.bytes > 4000) as TableInfo;
    const view = whole.view;
    const table = view.acquire(info);
    const filter = table.filter();
    assert.ok(filter !== undefined);
    const real = filter.mayContain.bind(filter);
    let denied = '';
    // The open table is shared with the profile: it sees the filter deny one key of the table.
    filter.mayContain = (b, start, length, offset) => {
      if (denied === '') denied = hex(b.subarray(start, start + length));
      return hex(b.subarray(start, start + length)) !== denied && real(b, start, length, offset);
    };
    const p = profile(whole, info);
    view.releaseTable(info, table);
    assert.equal(p.filter?.falseNegatives, 1);
    assert.equal(denied, hex(info.smallest.key));
  });
});
