/** Where a compaction cuts its tables, what their bounds say, and how a store is copied. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { boundOf } from '../../../engine/formats/leveldb/internalKey.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { MAX_SEQUENCE, ValueType } from '../../../engine/iter/cursor.ts';
import { BYTEWISE } from '../../../engine/iter/order.ts';
import { RangeTombstones } from '../../../engine/iter/rangeTombstones.ts';
import type { TableInfo } from '../../../engine/model/tree.ts';
import { Below } from '../../../engine/store/compaction/below.ts';
import { copyStore } from '../../../engine/store/compaction/copyStore.ts';
import { Grandparents } from '../../../engine/store/compaction/grandparents.ts';
import { Outputs, type OutputTable } from '../../../engine/store/compaction/outputs.ts';
import { Stripes } from '../../../engine/store/compaction/stripes.ts';
import { TombstoneOutput } from '../../../engine/store/compaction/tombstoneOutput.ts';
import { createStore } from '../../../engine/store/create.ts';
import { StoreWriter } from '../../../engine/store/writer.ts';
import { memEnvironment } from '../../support/memEnvironment.ts';

const text = (b: Uint8Array): string => Buffer.from(b).toString('latin1');

function table(number: number, smallest: string, largest: string, bytes = 1000): TableInfo {
  return {
    family: 0,
    level: 3,
    number,
    file: '',
    bytes,
    smallest: { key: utf8(smallest), seq: 1, type: 'put' },
    largest: { key: utf8(largest), seq: 1, type: 'put' },
  };
}

type Point = readonly [key: string, sequence: number];
type Range = readonly [begin: string, end: string, sequence: number];

interface Shape {
  readonly maxBytes?: number;
  readonly ranges?: readonly Range[];
  readonly grandparents?: readonly TableInfo[];
  readonly maxGrandparentBytes?: number;
  readonly from?: string;
  readonly to?: string;
}

/** Writes the points; everything may lie below, so that range deletions stay. */
function write(points: readonly Point[], shape: Shape = {}): { fs: MemFs; tables: readonly OutputTable[] } {
  const fs = new MemFs();
  fs.mkdir('/o');
  let number = 0;
  const stripes = new Stripes([]);
  const list = (shape.ranges ?? []).map(([b, e, sequence]) => ({
    begin: utf8(b),
    end: utf8(e),
    sequence,
    level: 1,
    table: 1,
  }));
  const tombstones = new TombstoneOutput(
    list.length === 0 ? undefined : new RangeTombstones(list, BYTEWISE),
    BYTEWISE,
    stripes,
    new Below([], BYTEWISE, true),
  );
  const place = () => ({
    number: ++number,
    path: `/o/${number}.sst`,
    options: { dialect: 'rocksdb' as const, order: BYTEWISE, formatVersion: 5, blockSize: 64 },
  });
  const limits = {
    maxBytes: shape.maxBytes ?? Number.POSITIVE_INFINITY,
    grandparents: new Grandparents(
      shape.grandparents ?? [],
      shape.maxGrandparentBytes ?? Number.POSITIVE_INFINITY,
      BYTEWISE,
    ),
  };
  const range = {
    ...(shape.from === undefined ? {} : { from: utf8(shape.from) }),
    ...(shape.to === undefined ? {} : { to: utf8(shape.to) }),
  };
  const outputs = new Outputs(fs, place, limits, tombstones, range);
  let last = '';
  for (const [k, sequence] of points) {
    const key = utf8(k);
    const value = utf8('v'.repeat(50));
    outputs.add(k !== last, key, 0, key.length, sequence, ValueType.value, value, 0, value.length);
    last = k;
  }
  return { fs, tables: outputs.finish() };
}

const bounds = (tables: readonly OutputTable[]): string[] =>
  tables.map(({ summary }) => {
    const [s, l] = [boundOf(summary.smallest), boundOf(summary.largest)];
    const end = l.type === 'range-delete' && l.seq >= MAX_SEQUENCE - 8 ? ')' : `@${l.seq}]`;
    return `[${text(s.key)}@${s.seq}, ${text(l.key)}${end}`;
  });

describe('where outputs are cut', () => {
  it('cuts at the size, and never between versions of one key', () => {
    const points: Point[] = [];
    for (const k of ['a', 'b', 'c', 'd']) for (let s = 9; s > 3; s--) points.push([k, s]);
    const { tables } = write(points, { maxBytes: 200 });
    assert.deepEqual(bounds(tables), ['[a@9, a@4]', '[b@9, b@4]', '[c@9, c@4]', '[d@9, d@4]']);
  });

  it('cuts where an output would overlap too much of the level below', () => {
    const grandparents = [table(1, 'a', 'c'), table(2, 'd', 'f'), table(3, 'g', 'i'), table(4, 'j', 'l')];
    const points = [...'abcdefghijkl'].map((k): Point => [k, 5]);
    const all = write(points, { grandparents, maxGrandparentBytes: 10_000 });
    assert.equal(all.tables.length, 1);
    const some = write(points, { grandparents, maxGrandparentBytes: 1500 });
    assert.deepEqual(bounds(some.tables), ['[a@5, f@5]', '[g@5, l@5]']);
  });

  it('cuts a range deletion between the tables, with an exclusive end', () => {
    const points: Point[] = [
      ['b', 9],
      ['d', 9],
      ['f', 9],
    ];
    const { tables } = write(points, { maxBytes: 10, ranges: [['a', 'g', 5]] });
    assert.deepEqual(bounds(tables), ['[a@5, d)', '[d@9, f)', '[f@9, g)']);
    assert.deepEqual(
      tables.map((t) => t.summary.rangeDeletions),
      [1, 1, 1],
    );
  });

  it('keeps range deletions that stand alone, before, between and behind the points', () => {
    assert.deepEqual(bounds(write([], { ranges: [['a', 'g', 5]] }).tables), ['[a@5, g)']);
    const points: Point[] = [
      ['k', 9],
      ['m', 9],
    ];
    const ranges: Range[] = [
      ['a', 'b', 5],
      ['l', 'm', 4],
      ['x', 'z', 3],
    ];
    const { tables } = write(points, { maxBytes: 10, ranges });
    assert.deepEqual(bounds(tables), ['[a@5, m)', '[m@9, z)']);
  });

  it('keeps to its own range', () => {
    const { tables } = write([['d', 9]], { ranges: [['a', 'g', 5]], from: 'c', to: 'e' });
    assert.deepEqual(bounds(tables), ['[c@5, e)']);
    assert.deepEqual(write([], { ranges: [['a', 'c', 5]], from: 'c', to: 'e' }).tables, []);
  });

  it('writes no table without entries', () => {
    const { fs, tables } = write([]);
    assert.deepEqual(tables, []);
    assert.deepEqual(fs.list('/o'), []);
  });
});

describe('the copy of a store', () => {
  function sample(): { fs: MemFs; names: string[] } {
    const fs = new MemFs();
    const env = memEnvironment(fs);
    for (const _ of createStore(env, '/s', { format: 'leveldb' }));
    const writer = StoreWriter.open(env, '/s');
    for (let t = 0; t < 3; t++) {
      const batch = writer.batch();
      for (let i = 0; i < 50; i++) batch.put(0, utf8(`key ${i}`), utf8(`value ${t}`));
      writer.writeSync(batch);
      if (t < 2) writer.flush();
    }
    writer.close();
    fs.put('/s/notes.txt', utf8('not of the store'));
    return { fs, names: fs.list('/s') };
  }

  function copy(fs: MemFs, to: string): { linked: number; copied: number } {
    const job = copyStore(fs, '/s', to);
    for (;;) {
      const step = job.next();
      if (step.done === true) return step.value;
    }
  }

  it('links tables, copies what changes, and leaves LOCK and strangers alone', () => {
    const { fs, names } = sample();
    const opened: string[] = [];
    const inner = fs.open.bind(fs);
    fs.open = (path, mode) => {
      opened.push(path);
      return inner(path, mode);
    };
    const result = copy(fs, '/c');
    const tables = names.filter((n) => /\.(ldb|sst)$/.test(n));
    assert.ok(tables.length > 0);
    assert.equal(result.linked, tables.length);
    assert.ok(!opened.some((path) => path.endsWith('LOCK')));
    assert.deepEqual(
      fs.list('/c'),
      names.filter((n) => !/^(LOCK|LOG|notes\.txt)/.test(n)),
    );
    for (const n of fs.list('/c')) {
      assert.deepEqual(fs.read(`/c/${n}`), fs.read(`/s/${n}`));
      assert.equal(fs.stat(`/c/${n}`).inode === fs.stat(`/s/${n}`).inode, tables.includes(n), n);
    }
  });

  it('copies tables where links are not possible', () => {
    const { fs } = sample();
    fs.link = (from) => {
      throw new StoreError('IO', 'no links here', { path: from });
    };
    assert.equal(copy(fs, '/c').linked, 0);
    for (const n of fs.list('/c')) assert.deepEqual(fs.read(`/c/${n}`), fs.read(`/s/${n}`));
  });

  it('wants a new or empty directory', () => {
    const { fs } = sample();
    fs.put('/c/there', utf8('already'));
    assert.throws(() => copy(fs, '/c'), { code: 'INPUT' });
    assert.deepEqual(fs.list('/c'), ['there']);
  });

  it('leaves nothing behind when it is ended or fails', () => {
    const { fs } = sample();
    const job = copyStore(fs, '/s', '/c');
    for (let i = 0; i < 3; i++) job.next();
    job.return(undefined as never);
    assert.deepEqual(fs.list('/c'), []);
    fs.before = (operation, path) => {
      if (operation === 'sync' && path.startsWith('/c/MANIFEST')) throw new StoreError('IO', 'full', { path });
    };
    assert.throws(() => copy(fs, '/c'), { code: 'IO' });
    fs.before = undefined;
    assert.deepEqual(fs.list('/c'), []);
  });

  it('begins anew where the owner compacts meanwhile', () => {
    const { fs, names } = sample();
    const victim = names.find((n) => /\.(ldb|sst)$/.test(n)) as string;
    const bytes = fs.read(`/s/${victim}`);
    let removed = false;
    const inner = fs.link.bind(fs);
    fs.link = (from, to) => {
      if (!removed) {
        removed = true;
        fs.remove(`/s/${victim}`);
        fs.put('/s/000999.ldb', bytes);
      }
      inner(from, to);
    };
    copy(fs, '/c');
    assert.ok(fs.list('/c').includes('000999.ldb'));
    assert.ok(!fs.list('/c').includes(victim));
  });
});
