/** The store open for writing, on a file system in memory. */
import { strict as assert } from 'node:assert';
import { before, describe, it } from 'node:test';
import { StoreError } from '../../../engine/base/errors.ts';
import { emptyEdit } from '../../../engine/formats/leveldb/versionEdit.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { DamageLog } from '../../../engine/iter/damage.ts';
import type { VisibleEntries } from '../../../engine/iter/visible.ts';
import { createStore } from '../../../engine/store/create.ts';
import { openStore } from '../../../engine/store/open.ts';
import { type LiveEvent, StoreWriter } from '../../../engine/store/writer.ts';
import { memEnvironment } from '../../support/memEnvironment.ts';
import { random } from '../../support/random.ts';
import { AT, mount, type TinyStore, tinyLevelDb, tinyRocksDb } from '../../support/tinyStores.ts';

const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);
const plain = (b: Uint8Array | null | undefined): string | undefined => (b ? new TextDecoder().decode(b) : undefined);

function opened(format: 'leveldb' | 'rocksdb', writeBufferBytes?: number): { fs: MemFs; writer: StoreWriter } {
  const fs = new MemFs();
  for (const _ of createStore(memEnvironment(fs), AT, { format }));
  return {
    fs,
    writer: StoreWriter.open(memEnvironment(fs), AT, writeBufferBytes === undefined ? {} : { writeBufferBytes }),
  };
}

function put(writer: StoreWriter, key: string, value: string, family = 0): void {
  const batch = writer.batch();
  batch.put(family, bytes(key), bytes(value));
  writer.writeSync(batch);
}

const got = (writer: StoreWriter, key: string, at?: number): string | undefined =>
  plain(writer.get(0, bytes(key), at)?.value as Uint8Array | null | undefined);

function all(c: VisibleEntries): string {
  const seen: string[] = [];
  for (c.first(); c.valid; c.next()) {
    const key = plain(c.keyBuffer.slice(c.keyStart, c.keyStart + c.keyLength));
    seen.push(`${key}=${plain(c.valueBuffer.slice(c.valueStart, c.valueStart + c.valueLength))}`);
  }
  return seen.join(' ');
}

const scan = (writer: StoreWriter, at?: number, family = 0): string =>
  all(writer.reader.view.scan(family, { at }, new DamageLog()));

let level: TinyStore;
let rocks: TinyStore;
before(async () => {
  [level, rocks] = await Promise.all([tinyLevelDb(), tinyRocksDb()]);
});

for (const format of ['leveldb', 'rocksdb'] as const) {
  describe('options of a family', () => {
    it('are put together once: writes ask for them each time', () => {
      const { writer } = opened('rocksdb');
      const { options } = writer.reader.view.snapshot;
      const found = options.family('default');
      assert.ok('write_buffer_size' in found && 'block_size' in found, 'of the family and of its tables');
      put(writer, 'a', 'b');
      assert.equal(writer.reader.view.snapshot.options.family('default'), found);
      assert.equal(options.family('none'), options.family('none neither'));
      writer.close();
    });
  });

  describe(`a ${format} store open for writing`, () => {
    it('shows its own writes at once, before and after a flush, and to the next one who opens it', () => {
      const { fs, writer } = opened(format);
      put(writer, 'a', '1');
      put(writer, 'b', '2');
      assert.equal(got(writer, 'a'), '1');
      assert.equal(scan(writer), 'a=1 b=2');
      assert.equal(writer.flush(), true);
      assert.equal(writer.flush(), false);
      put(writer, 'a', '3');
      assert.equal(scan(writer), 'a=3 b=2');
      assert.equal(writer.lastSequence, 3);
      writer.close();
      writer.close();
      const reader = openStore(fs, AT);
      assert.deepEqual(reader.view.problems, []);
      assert.equal(all(reader.view.scan(0, {}, new DamageLog())), 'a=3 b=2');
      reader.close();
      assert.throws(() => put(writer, 'c', '4'), /closed/);
    });

    it('keeps what a snapshot sees through writes and flushes', () => {
      const { writer } = opened(format);
      put(writer, 'k', 'old');
      const snapshot = writer.snapshot();
      put(writer, 'k', 'middle');
      put(writer, 'k', 'new');
      assert.deepEqual(writer.snapshots(), [1]);
      writer.flush();
      assert.equal(got(writer, 'k', snapshot.sequence), 'old');
      assert.equal(scan(writer, snapshot.sequence), 'k=old');
      assert.equal(scan(writer), 'k=new');
      const [table] = writer.reader.view.family(0).tables;
      const shared = writer.reader.view.acquire(table as never);
      // LevelDB writes every version; RocksDB those that somebody can see.
      const entries = format === 'rocksdb' ? shared.properties.number('rocksdb.num.entries') : 3;
      assert.equal(entries, format === 'rocksdb' ? 2 : 3);
      writer.reader.view.releaseTable(table as never, shared);
      snapshot.release();
      snapshot.release();
      assert.deepEqual(writer.snapshots(), []);
      writer.close();
    });

    it('a walk sees what there was when it began, whatever is written and flushed meanwhile', () => {
      const { writer } = opened(format);
      for (const k of ['a', 'c', 'e']) put(writer, k, '1');
      const view = writer.reader.view.retain();
      const c = view.scan(0, {}, new DamageLog());
      c.first();
      put(writer, 'b', '2');
      put(writer, 'c', '2');
      writer.flush();
      put(writer, 'd', '3');
      const seen: string[] = [];
      for (; c.valid; c.next()) {
        seen.push(`${plain(c.keyBuffer.slice(c.keyStart, c.keyStart + c.keyLength))}`);
        assert.equal(plain(c.valueBuffer.slice(c.valueStart, c.valueStart + c.valueLength)), '1');
      }
      assert.deepEqual(seen, ['a', 'c', 'e']);
      view.release();
      assert.equal(scan(writer), 'a=1 b=2 c=2 d=3 e=1');
      writer.close();
    });

    it('flushes by itself, drops logs that nobody needs, and tells of it', () => {
      const { fs, writer } = opened(format, 20_000);
      const events: LiveEvent[] = [];
      const off = writer.on((e) => events.push(e));
      for (let i = 0; i < 2000; i++) put(writer, `key${i % 700}`, `value ${i} ${'x'.repeat(40)}`);
      const names = fs.list(AT);
      assert.ok(events.length > 3);
      assert.ok(
        events.every(
          (e) => e.kind === 'flush' && e.source === 'live' && e.added.length === 1 && e.added[0]?.level === 0,
        ),
      );
      assert.equal(names.filter((n) => /\.(ldb|sst)$/.test(n)).length, events.length);
      assert.equal(names.filter((n) => n.endsWith('.log')).length, 1);
      off();
      writer.flush();
      assert.equal(events.length + 1, writer.reader.view.family(0).tables.length);
      for (let i = 1300; i < 2000; i++) assert.match(got(writer, `key${i % 700}`) ?? '', new RegExp(`^value ${i} `));
      writer.close();
    });

    it('takes over small logs as they are, and flushes when there are many', () => {
      const { fs, writer } = opened(format);
      writer.close();
      let most = 0;
      for (let session = 0; session < 12; session++) {
        const w = StoreWriter.open(memEnvironment(fs), AT);
        put(w, `k${session}`, String(session));
        w.close();
        most = Math.max(most, fs.list(AT).filter((n) => n.endsWith('.log')).length);
      }
      assert.ok(most <= 6, `${most} logs`);
      const w = StoreWriter.open(memEnvironment(fs), AT);
      assert.equal(w.lastSequence, 12);
      for (let session = 0; session < 12; session++) assert.equal(got(w, `k${session}`), String(session));
      w.close();
    });

    it('takes no write after its state on disk has become unknown, and loses nothing acknowledged', () => {
      const { fs, writer } = opened(format);
      put(writer, 'a', '1');
      fs.before = (operation) => {
        if (operation === 'sync' || operation === 'rename') throw new StoreError('IO', 'input/output error');
      };
      const batch = writer.batch();
      batch.put(0, bytes('b'), bytes('2'));
      assert.throws(() => writer.writeSync(batch, { sync: true }), /input\/output error/);
      assert.ok(writer.failed !== undefined);
      fs.before = undefined;
      assert.throws(() => put(writer, 'c', '3'), /nothing is written any more/);
      assert.equal(got(writer, 'a'), '1');
      assert.equal(got(writer, 'b'), undefined);
      writer.close();
      const again = StoreWriter.open(memEnvironment(fs), AT);
      assert.equal(got(again, 'a'), '1');
      again.close();
    });

    it('an edit that fails leaves the state in force, and the next one works', () => {
      const { fs, writer } = opened(format);
      put(writer, 'a', '1');
      writer.flush();
      const before = writer.reader.view;
      const [table] = before.family(0).tables;
      const edit = { ...emptyEdit() };
      edit.deletedFiles.push({ level: 0, number: table?.number ?? 0 });
      let failures = 1;
      fs.before = (operation, path) => {
        if (operation === 'sync' && path.includes('MANIFEST') && failures-- > 0) throw new StoreError('IO', 'no');
      };
      assert.throws(() => writer.logAndApply(edit), /no/);
      assert.equal(writer.failed, undefined);
      assert.equal(writer.reader.view, before);
      assert.equal(got(writer, 'a'), '1');
      writer.logAndApply(edit, { kind: 'drop' });
      assert.equal(got(writer, 'a'), undefined);
      writer.removeObsolete();
      assert.equal(
        fs.list(AT).some((n) => n === table?.file),
        false,
      );
      writer.close();
      const reader = openStore(fs, AT);
      assert.deepEqual(reader.view.problems, []);
      assert.equal(reader.view.family(0).tables.length, 0);
      reader.close();
    });

    it('agrees with a model over random operations, snapshots, flushes and reopenings', () => {
      for (let seed = 1; seed <= 6; seed++) differential(format, seed);
    });
  });
}

function differential(format: 'leveldb' | 'rocksdb', seed: number): void {
  const next = random(seed);
  const below = (n: number): number => Math.floor(next() * n);
  const { fs, writer: first } = opened(format, 3000);
  let writer = first;
  const model = new Map<string, string>();
  let held: { at: number; content: string; release: () => void }[] = [];
  const shown = (): string =>
    [...model]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => `${k}=${v}`)
      .join(' ');
  for (let step = 0; step < 400; step++) {
    const kind = next();
    if (kind < 0.85) {
      const batch = writer.batch();
      for (let i = below(5); i >= 0; i--) {
        const key = `k${String(below(60)).padStart(2, '0')}`;
        const what = next();
        if (format === 'rocksdb' && what < 0.1) {
          const end = `k${String(below(60)).padStart(2, '0')}`;
          if (key < end) {
            batch.deleteRange(0, bytes(key), bytes(end));
            for (const k of [...model.keys()]) if (k >= key && k < end) model.delete(k);
          }
        } else if (what < 0.35) {
          batch.delete(0, bytes(key));
          model.delete(key);
        } else {
          const value = `${step}.${i}`.repeat(1 + below(5));
          batch.put(0, bytes(key), bytes(value));
          model.set(key, value);
        }
      }
      writer.writeSync(batch, { sync: next() < 0.2 });
    } else if (kind < 0.9) {
      const s = writer.snapshot();
      held.push({ at: s.sequence, content: shown(), release: () => s.release() });
    } else if (kind < 0.95) writer.flush();
    else {
      for (const h of held) h.release();
      held = [];
      writer.close();
      writer = StoreWriter.open(memEnvironment(fs), AT, { writeBufferBytes: 3000 });
    }
    if (step % 20 === 0) {
      assert.equal(scan(writer), shown(), `seed ${seed}, step ${step}`);
      for (const h of held) assert.equal(scan(writer, h.at), h.content, `seed ${seed}, step ${step}, snapshot ${h.at}`);
    }
  }
  writer.close();
}

describe('a store of several families', () => {
  it('writes to all of them in one batch, flushes each by itself, and keeps a log while one needs it', () => {
    const fs = mount(rocks);
    const writer = StoreWriter.open(memEnvironment(fs), AT);
    const ids = new Map([...writer.reader.view.version.families.values()].map((f) => [f.state.name, f.state.id]));
    const blobs = ids.get('blobs') as number;
    const ribbon = ids.get('ribbon') as number;
    const batch = writer.batch();
    batch.put(0, bytes('zz'), bytes('default'));
    batch.put(ribbon, bytes('zz'), bytes('ribbon'));
    batch.put(blobs, bytes('zz'), bytes('blob '.repeat(100)));
    batch.deleteRange(ribbon, bytes('a'), bytes('z'));
    assert.throws(() => batch.put(77, bytes('k'), bytes('v')), /no column family with id 77/);
    assert.throws(() => batch.deleteRange(0, bytes('b'), bytes('a')), /range to delete is empty/);
    writer.writeSync(batch);
    assert.equal(scan(writer, undefined, ribbon), 'zz=ribbon');
    const logs = (): number => fs.list(AT).filter((n) => n.endsWith('.log')).length;
    writer.flush(ribbon);
    assert.equal(logs() >= 1, true, 'the log still holds entries of other families');
    const view = writer.reader.view;
    assert.equal(
      view.family(ribbon).tables.some((t) => t.level === 0),
      true,
    );
    writer.flush();
    assert.equal(logs(), 0);
    writer.close();
    const reader = openStore(fs, AT);
    assert.deepEqual(reader.view.problems, []);
    assert.equal(all(reader.view.scan(ribbon, {}, new DamageLog())), 'zz=ribbon');
    const last = all(reader.view.scan(blobs, { from: bytes('zz') }, new DamageLog()));
    assert.equal(last, `zz=${'blob '.repeat(100)}`);
    assert.ok(reader.view.family(blobs).tables.some((t) => t.oldestBlobFile !== undefined));
    reader.close();
  });

  it('leaves the content of stores that the engines made as it was', () => {
    for (const store of [level, rocks]) {
      const fs = mount(store);
      const writer = StoreWriter.open(memEnvironment(fs), AT);
      for (const [name, expected] of store.visible) {
        const family = writer.reader.view.familyByName(name).state.id;
        const seen = new Map<string, string>();
        const c = writer.reader.view.scan(family, {}, new DamageLog());
        for (c.first(); c.valid; c.next()) {
          const key = Buffer.from(c.keyBuffer.slice(c.keyStart, c.keyStart + c.keyLength)).toString('hex');
          seen.set(key, Buffer.from(c.valueBuffer.slice(c.valueStart, c.valueStart + c.valueLength)).toString('hex'));
        }
        assert.deepEqual(new Map([...seen].sort()), new Map([...expected].sort()), `${store.name} ${name}`);
      }
      writer.close();
    }
  });
});
