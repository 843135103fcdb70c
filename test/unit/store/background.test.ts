/** Compactions in the background of stores in memory: trees, content, waiting writes, failures, policies. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { hex, utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { parseFileName } from '../../../engine/formats/leveldb/names.ts';
import {
  DEFAULT_DB_OPTIONS,
  DEFAULT_FAMILY_OPTIONS,
  DEFAULT_TABLE_OPTIONS,
  encodeOptions,
  OPTIONS_VERSION,
} from '../../../engine/formats/rocksdb/optionsWriter.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { DamageLog } from '../../../engine/iter/damage.ts';
import { checkLevels } from '../../../engine/model/check.ts';
import type { TreeEvent } from '../../../engine/model/events.ts';
import { levelDbScores, rocksDbScores } from '../../../engine/model/score.ts';
import { Maintenance, type MaintenanceOptions } from '../../../engine/store/background.ts';
import { compactionJob } from '../../../engine/store/compaction/job.ts';
import { forcedChoice } from '../../../engine/store/compaction/select.ts';
import { createStore } from '../../../engine/store/create.ts';
import { openStore } from '../../../engine/store/open.ts';
import type { StoreReader } from '../../../engine/store/reader.ts';
import type { WriteEnvironment } from '../../../engine/store/writeEnvironment.ts';
import { StoreWriter } from '../../../engine/store/writer.ts';
import { memEnvironment } from '../../support/memEnvironment.ts';
import { random, randomBytes } from '../../support/random.ts';

type Format = 'leveldb' | 'rocksdb';
type Content = Map<string, string>;
const FORMATS: readonly Format[] = ['leveldb', 'rocksdb'];
const DIR = '/s';

/** Small tables and levels, so that little data fills several of them. */
const SMALL: Readonly<Record<string, string>> = {
  write_buffer_size: '8192',
  target_file_size_base: '8192',
  max_bytes_for_level_base: '32768',
  max_bytes_for_level_multiplier: '3',
};
const SMALL_POLICY: MaintenanceOptions['policy'] = { target_file_size_base: 8192 };

interface Opened {
  readonly fs: MemFs;
  readonly env: WriteEnvironment;
  readonly writer: StoreWriter;
}

/** `options` are those of the default family, for RocksDB. */
function create(format: Format, options: Readonly<Record<string, string>> = SMALL): Opened {
  const fs = new MemFs();
  const env = memEnvironment(fs);
  for (const _ of createStore(env, DIR, { format }));
  if (format === 'rocksdb') {
    const name = fs.list(DIR).find((n) => n.startsWith('OPTIONS-')) as string;
    const file = fs.open(`${DIR}/${name}`, 'create');
    file.append(
      encodeOptions({
        version: OPTIONS_VERSION,
        db: DEFAULT_DB_OPTIONS,
        families: [
          {
            name: 'default',
            cf: { ...DEFAULT_FAMILY_OPTIONS, compression: 'kNoCompression', ...options },
            table: DEFAULT_TABLE_OPTIONS,
          },
        ],
      }),
    );
    file.close();
  }
  return { fs, env, writer: reopen(env, format) };
}

function reopen(env: WriteEnvironment, format: Format): StoreWriter {
  return StoreWriter.open(env, DIR, format === 'leveldb' ? { writeBufferBytes: 8192 } : {});
}

function maintain({ writer, env }: Opened, more: MaintenanceOptions = {}): Maintenance {
  const policy = writer.dialect.id === 'leveldb' ? { policy: SMALL_POLICY } : {};
  return new Maintenance(writer, env, { ...policy, ...more });
}

function scan(reader: StoreReader, at?: number): Content {
  const damage = new DamageLog();
  const found: Content = new Map();
  const c = reader.view.scan(0, { at }, damage);
  for (c.first(); c.valid; c.next()) {
    const key = c.keyBuffer.slice(c.keyStart, c.keyStart + c.keyLength);
    found.set(hex(key), hex(c.valueBuffer.slice(c.valueStart, c.valueStart + c.valueLength)));
  }
  c.close();
  assert.deepEqual(damage.problems, []);
  return found;
}

function sorted(model: Content): Content {
  return new Map([...model].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function shapes(reader: StoreReader): { level: number; tables: number; bytes: number }[] {
  return reader.view.family(0).view.levels.map(({ level, tables }) => {
    return { level, tables: tables.length, bytes: tables.reduce((n, t) => n + t.bytes, 0) };
  });
}

const tablesIn = (reader: StoreReader, level: number): number =>
  shapes(reader).find((s) => s.level === level)?.tables ?? 0;

function assertTree({ reader, lastSequence }: StoreWriter): void {
  const { order, view } = reader.view.family(0);
  const compare = (a: Uint8Array, b: Uint8Array): number => order.compareUser(a, 0, a.length, b, 0, b.length);
  assert.deepEqual(checkLevels(view, compare, { lastSequence }), []);
}

function assertAtRest({ reader, dialect }: StoreWriter): void {
  const { options } = reader.view.snapshot;
  const scores =
    dialect.id === 'leveldb'
      ? levelDbScores(shapes(reader))
      : rocksDbScores(shapes(reader), options.family('default'), 'leveled');
  assert.deepEqual(
    scores.filter((s) => (s.score ?? 0) >= 1),
    [],
  );
}

interface Fill {
  readonly batches: number;
  readonly perBatch?: number;
  readonly keys?: number;
  readonly valueBytes?: number;
  readonly seed?: number;
  readonly after?: (batch: number) => void;
}

/** Random puts, deletions and, in RocksDB, range deletions, on the store and on the model. */
function fill(writer: StoreWriter, model: Content, of: Fill): void {
  const { batches, perBatch = 20, keys = 3000, valueBytes = 100, seed = 1 } = of;
  const next = random(seed);
  const name = (n: number): Uint8Array => utf8(`key${String(n).padStart(6, '0')}`);
  for (let b = 0; b < batches; b++) {
    const batch = writer.batch();
    const applied: (() => void)[] = [];
    for (let i = 0; i < perBatch; i++) {
      const n = Math.floor(next() * keys);
      const key = name(n);
      const kind = next();
      if (kind < 0.15) {
        batch.delete(0, key);
        applied.push(() => model.delete(hex(key)));
      } else if (kind < 0.153 && writer.dialect.id === 'rocksdb') {
        batch.deleteRange(0, key, name(n + 40));
        applied.push(() => {
          for (let k = n; k < n + 40; k++) model.delete(hex(name(k)));
        });
      } else {
        const value = randomBytes(Math.floor(next() * 2 * valueBytes), Math.floor(next() * 2 ** 31));
        batch.put(0, key, value);
        applied.push(() => model.set(hex(key), hex(value)));
      }
    }
    writer.writeSync(batch);
    for (const apply of applied) apply();
    of.after?.(b);
  }
}

for (const format of FORMATS) {
  describe(`the background of a ${format} store`, () => {
    it('keeps tree and content through a long random fill, a slice at a time', () => {
      const opened = create(format);
      const { writer, fs } = opened;
      let read = 0;
      const events: TreeEvent[] = [];
      writer.on((e) => events.push(e));
      const maintenance = maintain(opened, {
        onDone: (r) => {
          read += r.summary.entriesRead;
        },
      });
      const model: Content = new Map();
      let seen: { at: Content; snapshot: ReturnType<StoreWriter['snapshot']> } | undefined;
      fill(writer, model, {
        batches: 600,
        after: (b) => {
          maintenance.step();
          if (b === 250) seen = { at: sorted(model), snapshot: writer.snapshot() };
          if (b % 50 === 0) assertTree(writer);
        },
      });
      maintenance.settle();
      assert.equal(maintenance.pending, false);
      assert.deepEqual(maintenance.problems, []);
      assert.ok(maintenance.done > 5, `${maintenance.done} compactions`);
      // The clock of the test goes on by one at each look: 8 looks a slice, one each 128 entries.
      assert.ok(maintenance.slices > read / 1100, `${maintenance.slices} slices for ${read} entries`);
      assertTree(writer);
      assertAtRest(writer);
      assert.deepEqual(scan(writer.reader), sorted(model));
      const { at, snapshot } = seen as NonNullable<typeof seen>;
      assert.deepEqual(scan(writer.reader, snapshot.sequence), at);
      snapshot.release();
      const told = events.filter((e) => e.kind !== 'flush');
      assert.equal(told.length, maintenance.done);
      assert.ok(told.every((e) => e.why !== undefined && e.removed.length > 0));
      maintenance.close();
      writer.close();
      const reader = openStore(fs, DIR);
      assert.deepEqual(reader.view.problems, []);
      assert.deepEqual(scan(reader), sorted(model));
      reader.close();
    });

    it('has a write wait for L0 when nobody makes steps', () => {
      const opened = create(format, {
        ...SMALL,
        level0_slowdown_writes_trigger: '6',
        level0_stop_writes_trigger: '8',
      });
      const stop = format === 'leveldb' ? 12 : 8;
      const maintenance = maintain(opened);
      const model: Content = new Map();
      let most = 0;
      fill(opened.writer, model, {
        batches: 300,
        perBatch: 60,
        after: () => {
          most = Math.max(most, tablesIn(opened.writer.reader, 0));
        },
      });
      assert.ok(most <= stop, `${most} tables in L0`);
      assert.ok(maintenance.stalls.slowed > 0);
      assert.ok(maintenance.done > 0);
      assertTree(opened.writer);
      assert.deepEqual(scan(opened.writer.reader), sorted(model));
      maintenance.close();
      opened.writer.close();
    });

    it('tells of a failure once, loses nothing, refuses writes at the stop trigger, and goes on when it can', async () => {
      const opened = create(format);
      const { fs, writer } = opened;
      const told: string[] = [];
      const maintenance = maintain(opened, { onProblem: (p) => told.push(p.message) });
      const model: Content = new Map();
      let broken = true;
      let atWork = false;
      const working = <T>(work: () => T): T => {
        atWork = true;
        try {
          return work();
        } finally {
          atWork = false;
        }
      };
      const room = writer.beforeWrite as () => void;
      writer.beforeWrite = () => working(room);
      fs.before = (operation, path) => {
        const isTable = parseFileName(path.slice(DIR.length + 1)).kind === 'table';
        if (broken && atWork && isTable && operation === 'append')
          throw new StoreError('IO', 'the disk is full', { path });
      };
      const files = (): string[] => fs.list(DIR).filter((n) => parseFileName(n).kind === 'table');
      fill(writer, model, { batches: 40, after: () => working(() => maintenance.step()) });
      assert.equal(told.length, 1);
      assert.match(told[0] as string, /the disk is full/);
      assert.equal(maintenance.problems.length, 1);
      assert.equal(maintenance.done, 0);
      assert.equal(files().length, writer.reader.view.family(0).tables.length);
      assert.deepEqual(scan(writer.reader), sorted(model));
      // Up to the stop trigger of L0.
      let refused: unknown;
      for (let round = 0; round < 40 && refused === undefined; round++) {
        try {
          fill(writer, model, { batches: 20, seed: 100 + round });
        } catch (thrown) {
          refused = thrown;
        }
      }
      assert.ok(
        refused instanceof StoreError && /level 0 is full.*the disk is full/.test(refused.message),
        `${refused}`,
      );
      const batch = writer.batch();
      batch.put(0, utf8('a'), utf8('b'));
      await assert.rejects(writer.write(batch), /level 0 is full/);
      assert.deepEqual(scan(writer.reader), sorted(model));
      assert.equal(told.length, 1);
      broken = false;
      writer.writeSync(batch);
      model.set(hex(utf8('a')), hex(utf8('b')));
      maintenance.settle();
      assert.deepEqual(maintenance.problems, []);
      assertAtRest(writer);
      assertTree(writer);
      assert.deepEqual(scan(writer.reader), sorted(model));
      maintenance.close();
      writer.close();
    });

    it('gives up what is under way without a trace, and goes on after reopening', () => {
      const opened = create(format);
      const { fs, env } = opened;
      const model: Content = new Map();
      // Without maintenance L0 fills.
      fill(opened.writer, model, { batches: 120, perBatch: 60 });
      const before = fs.list(DIR).sort();
      const maintenance = maintain(opened);
      for (let i = 0; i < 3; i++) assert.equal(maintenance.step(), true);
      maintenance.cancel();
      assert.deepEqual(fs.list(DIR).sort(), before);
      assert.equal(maintenance.pending, true);
      for (let i = 0; i < 3; i++) assert.equal(maintenance.step(), true);
      maintenance.close();
      maintenance.close();
      assert.equal(maintenance.step(), false);
      assert.deepEqual(fs.list(DIR).sort(), before);
      opened.writer.close();
      const writer = reopen(env, format);
      const again = maintain({ fs, env, writer });
      again.settle();
      assertAtRest(writer);
      assert.deepEqual(scan(writer.reader), sorted(model));
      again.close();
      writer.close();
    });

    it('begins anew when somebody else compacts its inputs', () => {
      const opened = create(format);
      const { env, writer, fs } = opened;
      const model: Content = new Map();
      fill(writer, model, { batches: 120, perBatch: 60 });
      const maintenance = maintain(opened);
      for (let i = 0; i < 3; i++) assert.equal(maintenance.step(), true);
      const { view } = writer.reader;
      const choice = forcedChoice(view, view.family(0), { kind: 'store' }, 0);
      for (const _ of compactionJob(writer, 0, choice, { fs, clock: env.clock }));
      maintenance.settle();
      assert.deepEqual(maintenance.problems, []);
      assertTree(writer);
      assertAtRest(writer);
      assert.deepEqual(scan(writer.reader), sorted(model));
      writer.removeObsolete();
      const live = fs.list(DIR).filter((n) => parseFileName(n).kind === 'table');
      assert.equal(live.length, writer.reader.view.family(0).tables.length);
      maintenance.close();
      writer.close();
    });
  });
}

describe('compact pointers', () => {
  it('of LevelDB are in the MANIFEST, and the next owner goes on from them', () => {
    const opened = create('leveldb');
    const maintenance = maintain(opened);
    fill(opened.writer, new Map(), { batches: 100, after: () => maintenance.settle() });
    const pointers = opened.writer.reader.view.family(0).state.compactPointers;
    assert.ok(pointers?.has(0));
    const copy = new Map(pointers);
    maintenance.close();
    opened.writer.close();
    const writer = reopen(opened.env, 'leveldb');
    assert.deepEqual(writer.reader.view.family(0).state.compactPointers, copy);
    writer.close();
  });

  it('of RocksDB go round a level', () => {
    const opened = create('rocksdb', { ...SMALL, compaction_pri: 'kRoundRobin' });
    const { writer } = opened;
    const starts = new Map<number, string[]>();
    const maintenance = maintain(opened, {
      onDone: ({ inputs }) => {
        const [first] = inputs;
        if (first === undefined || first.level === 0) return;
        starts.set(first.level, [...(starts.get(first.level) ?? []), hex(first.smallest.key)]);
      },
    });
    const model: Content = new Map();
    fill(writer, model, { batches: 500, after: () => maintenance.settle() });
    const pointers = writer.reader.view.family(0).state.compactPointers;
    assert.ok(pointers !== undefined && pointers.size > 0);
    const [longest] = [...starts.values()].sort((a, b) => b.length - a.length);
    assert.ok(longest !== undefined && longest.length > 4);
    // Each begins behind the one before it, but where a round ends.
    const back = longest.filter((key, i) => i > 0 && key < (longest[i - 1] as string)).length;
    assert.ok(back < longest.length / 2, `${back} of ${longest.length}`);
    assertTree(writer);
    assert.deepEqual(scan(writer.reader), sorted(model));
    maintenance.close();
    writer.close();
  });
});

describe('policies that the OPTIONS name', () => {
  it('universal: sorted runs stay within the trigger, and nothing is leveled', () => {
    const opened = create('rocksdb', { ...SMALL, compaction_style: 'kCompactionStyleUniversal' });
    const { writer } = opened;
    const why = new Set<string>();
    writer.on((e) => {
      if (e.kind !== 'flush') why.add(e.why ?? '');
    });
    const maintenance = maintain(opened);
    const model: Content = new Map();
    fill(writer, model, {
      batches: 500,
      after: () => {
        maintenance.settle();
        const runs = shapes(writer.reader).reduce((n, s) => n + (s.level === 0 ? s.tables : 1), 0);
        assert.ok(runs <= 4, `${runs} runs`);
      },
    });
    assert.ok(why.size > 0 && [...why].every((w) => w.startsWith('Universal')), [...why].join());
    assertTree(writer);
    assert.deepEqual(scan(writer.reader), sorted(model));
    maintenance.close();
    writer.close();
  });

  it('fifo: the oldest tables are dropped, nothing is merged, and writes never wait', () => {
    const opened = create('rocksdb', {
      ...SMALL,
      compaction_style: 'kCompactionStyleFIFO',
      compaction_options_fifo: '{max_table_files_size=400000;allow_compaction=false;}',
    });
    const { writer } = opened;
    const kinds = new Set<string>();
    writer.on((e) => kinds.add(e.kind));
    const maintenance = maintain(opened);
    let most = 0;
    let last = 0;
    for (let n = 0; n < 6000; n++) {
      const batch = writer.batch();
      batch.put(0, utf8(`time${String(n).padStart(6, '0')}`), randomBytes(100, n));
      writer.writeSync(batch);
      maintenance.step();
      most = Math.max(most, tablesIn(writer.reader, 0));
      last = n;
    }
    maintenance.settle();
    assert.deepEqual([...kinds].sort(), ['drop', 'flush']);
    assert.deepEqual(
      shapes(writer.reader).map((s) => s.level),
      [0],
    );
    assert.ok((shapes(writer.reader)[0]?.bytes ?? 0) <= 400_000);
    assert.ok(most > 36, `${most} tables`);
    assert.equal(maintenance.stalls.stopped, 0);
    // What is left is the newest part of what was written, without a gap.
    const keys = [...scan(writer.reader).keys()].map((k) => Number(Buffer.from(k, 'hex').toString().slice(4)));
    assert.ok(keys.length > 1000 && keys.length < 6000);
    assert.deepEqual(
      keys,
      Array.from({ length: keys.length }, (_, i) => last - keys.length + 1 + i),
    );
    maintenance.close();
    writer.close();
  });

  for (const options of [{ disable_auto_compactions: 'true' }, { compaction_style: 'kCompactionStyleNone' }]) {
    it(`${JSON.stringify(options)}: nothing is done and nothing waits`, () => {
      const opened = create('rocksdb', { ...SMALL, ...options });
      const maintenance = maintain(opened);
      const model: Content = new Map();
      fill(opened.writer, model, { batches: 300, perBatch: 60, after: () => maintenance.settle() });
      assert.ok(tablesIn(opened.writer.reader, 0) > 36);
      assert.equal(maintenance.done, 0);
      assert.deepEqual(maintenance.stalls, { slowed: 0, stopped: 0 });
      assert.deepEqual(scan(opened.writer.reader), sorted(model));
      maintenance.close();
      opened.writer.close();
    });
  }

  it('a RocksDB store without OPTIONS is left as it is', () => {
    const opened = create('rocksdb');
    fill(opened.writer, new Map(), { batches: 60, perBatch: 60 });
    opened.writer.close();
    for (const name of opened.fs.list(DIR)) if (name.startsWith('OPTIONS-')) opened.fs.remove(`${DIR}/${name}`);
    const writer = reopen(opened.env, 'rocksdb');
    const maintenance = maintain({ ...opened, writer });
    maintenance.settle();
    assert.equal(maintenance.done, 0);
    maintenance.close();
    writer.close();
  });
});

it('a second maintenance of the same writer is refused', () => {
  const opened = create('leveldb');
  const first = maintain(opened);
  assert.throws(() => maintain(opened), /already/);
  first.close();
  maintain(opened).close();
  opened.writer.close();
});
