/** What is refused before a byte is changed: each case must leave every file as it was, and be readable all the same. */
import { strict as assert } from 'node:assert';
import { before, describe, it } from 'node:test';
import { text, utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { LogReader } from '../../../engine/formats/leveldb/logReader.ts';
import { LogWriter } from '../../../engine/formats/leveldb/logWriter.ts';
import { emptyEdit, type VersionEdit } from '../../../engine/formats/leveldb/versionEdit.ts';
import { encodeRocksDbEdit } from '../../../engine/formats/rocksdb/editEncoder.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { openStore } from '../../../engine/store/open.ts';
import { WriteRefused } from '../../../engine/store/writeGate.ts';
import { StoreWriter } from '../../../engine/store/writer.ts';
import { corpusStore } from '../../support/corpus.ts';
import { memEnvironment } from '../../support/memEnvironment.ts';
import { AT, loadFiles, mount, type TinyStore, tinyLevelDb, tinyRocksDb } from '../../support/tinyStores.ts';

let level: TinyStore;
let rocks: TinyStore;
before(async () => {
  [level, rocks] = await Promise.all([tinyLevelDb(), tinyRocksDb()]);
});

function contents(fs: MemFs): string {
  return JSON.stringify(
    fs
      .list(AT)
      .map((name) => [
        name,
        fs.stat(`${AT}/${name}`).modified,
        Buffer.from(fs.read(`${AT}/${name}`)).toString('base64'),
      ]),
  );
}

/** The refusal, after making sure that nothing was changed. */
function refused(fs: MemFs, free?: number): StoreError {
  const found = contents(fs);
  const env = memEnvironment(fs, free);
  try {
    StoreWriter.open(env, AT).close();
  } catch (thrown) {
    assert.ok(thrown instanceof StoreError, String(thrown));
    assert.equal(contents(fs), found, 'the store was changed');
    // The LOCK was given back.
    env.lock(`${AT}/LOCK`).release();
    return thrown;
  }
  return assert.fail('the store was opened for writing');
}

function fileOf(store: TinyStore, pattern: RegExp): [string, Uint8Array] {
  const found = [...store.files].filter(([name]) => pattern.test(name)).at(-1);
  assert.ok(found !== undefined, String(pattern));
  return found;
}

/** The store's MANIFEST with one more record. */
function withRecord(store: TinyStore, record: Uint8Array): Record<string, Uint8Array> {
  const [name, bytes] = fileOf(store, /^MANIFEST-/);
  const fs = new MemFs();
  fs.put('/from', bytes);
  const into = fs.open('/to', 'create');
  const log = new LogWriter(into);
  const reader = new LogReader(fs.open('/from', 'read'), { path: name });
  while (reader.next()) log.append(reader.record);
  log.append(record);
  log.flush();
  return { [name]: fs.read('/to') };
}

const edit = (changes: Partial<VersionEdit>): Uint8Array => encodeRocksDbEdit({ ...emptyEdit(), ...changes });

describe('write gate', () => {
  it('lets both engines’ stores through', () => {
    for (const store of [level, rocks]) {
      const fs = mount(store);
      const writer = StoreWriter.open(memEnvironment(fs), AT);
      assert.deepEqual(writer.problems, []);
      writer.close();
    }
  });

  it('a comparator that is not known', () => {
    const e = refused(
      mount(rocks, withRecord(rocks, edit({ family: 9, familyAdded: 'geo', comparator: 'my.Comparator' }))),
    );
    assert.ok(e instanceof WriteRefused);
    assert.equal(e.code, 'UNSUPPORTED');
    assert.match(e.message, /comparator my\.Comparator of column family "geo"/);
  });

  it('user timestamps', () => {
    const record = edit({ family: 9, familyAdded: 'ts', comparator: 'leveldb.BytewiseComparator.u64ts' });
    assert.match(refused(mount(rocks, withRecord(rocks, record))).message, /"ts" carry user timestamps/);
  });

  it('MANIFEST tags that are not known, unless they may be ignored', () => {
    const e = refused(mount(rocks, withRecord(rocks, Uint8Array.of(77, 1))));
    assert.equal(e.code, 'READ_ONLY');
    assert.match(e.message, /tag 77/);
    assert.match(e.path ?? '', /^MANIFEST-/);
    // 8292 has the bit that says so, and a string behind it.
    const fs = mount(rocks, withRecord(rocks, Uint8Array.of(0xe4, 0x40, 2, 7, 7)));
    const writer = StoreWriter.open(memEnvironment(fs), AT);
    const batch = writer.batch();
    batch.put(0, utf8('k'), utf8('v'));
    writer.writeSync(batch, { sync: true });
    writer.flush();
    writer.close();
    const reader = new LogReader(fs.open(`${AT}/${text(fs.read(`${AT}/CURRENT`)).trim()}`, 'read'));
    const records: string[] = [];
    while (reader.next()) records.push(Buffer.from(reader.record).toString('hex'));
    assert.ok(records.includes('e440020707'), 'the unknown tag survived');
  });

  it('a damaged MANIFEST, and a CURRENT that is of no use', () => {
    const [name, bytes] = fileOf(level, /^MANIFEST-/);
    const flipped = bytes.slice();
    flipped[12] = (flipped[12] as number) ^ 1;
    assert.equal(refused(mount(level, { [name]: flipped })).code, 'READ_ONLY');
    assert.match(refused(mount(level, { CURRENT: new Uint8Array(0) })).message, /CURRENT is empty/);
    assert.match(
      refused(mount(level, { CURRENT: utf8('MANIFEST-000099\n') })).message,
      /CURRENT names MANIFEST-000099/,
    );
  });

  it('tables that are missing, cut, of a newer format, or encrypted', () => {
    for (const store of [level, rocks]) {
      const [name, bytes] = fileOf(store, /\.(sst|ldb)$/);
      assert.match(refused(mount(store, { [name]: undefined })).message, /not on disk/);
      assert.match(refused(mount(store, { [name]: bytes.slice(0, -1) })).message, /bytes long, the MANIFEST says/);
      const noise = bytes.map((b, i) => b ^ (i * 31 + 7));
      const e = refused(mount(store, { [name]: noise }));
      assert.match(e.message, /damaged, or encrypted/);
      assert.equal(e.path, name);
    }
    const [name, bytes] = fileOf(rocks, /\.sst$/);
    const newer = bytes.slice();
    newer[newer.length - 12] = 8;
    const e = refused(mount(rocks, { [name]: newer }));
    assert.equal(e.code, 'UNSUPPORTED');
    assert.match(e.message, /format_version 8/);
  });

  it('a blob file that is missing', () => {
    const [name] = fileOf(rocks, /\.blob$/);
    assert.match(refused(mount(rocks, { [name]: undefined })).message, /blob file/);
  });

  it('options that put files elsewhere or chain the logs, and OPTIONS that were cut', () => {
    const [name, bytes] = fileOf(rocks, /^OPTIONS-/);
    const options = text(bytes);
    const changed = (from: RegExp, to: string): MemFs => {
      assert.match(options, from);
      return mount(rocks, { [name]: utf8(options.replace(from, to)) });
    };
    const db = /\[DBOptions\]\n/;
    assert.match(refused(changed(db, '[DBOptions]\n  db_paths=/a:1\n')).message, /db_paths/);
    assert.match(refused(changed(/\[CFOptions "default"\]\n/, '$&  cf_paths=/a:1\n')).message, /cf_paths/);
    assert.match(
      refused(changed(/ {2}track_and_verify_wals=false/, '  track_and_verify_wals=true')).message,
      /logs are chained/,
    );
    assert.match(refused(changed(/table_factory=BlockBasedTable/, 'table_factory=PlainTable')).message, /PlainTable/);
    assert.match(refused(mount(rocks, { [name]: bytes.slice(0, 900) })).message, /OPTIONS cannot be relied on/);
    // A WAL directory of its own counts only where logs lie in it and none in the store.
    const wals = [...rocks.files.keys()].filter((n) => n.endsWith('.log'));
    const elsewhere = mount(rocks, {
      [name]: utf8(options.replace(db, '[DBOptions]\n  wal_dir=/wals\n')),
      ...Object.fromEntries(wals.map((wal) => [wal, undefined])),
    });
    elsewhere.put(`/wals/${wals[0]}`, new Uint8Array(0));
    assert.match(refused(elsewhere).message, /wal_dir \/wals/);
    const moved = mount(rocks, { [name]: utf8(options.replace(db, '[DBOptions]\n  wal_dir=/old/place\n')) });
    StoreWriter.open(memEnvironment(moved), AT).close();
  });

  it('too little room on the disk', () => {
    const e = refused(mount(level), 1000);
    assert.match(e.message, /1000 are free/);
  });

  it('an owner', () => {
    const fs = mount(level);
    const env = memEnvironment(fs);
    const first = StoreWriter.open(env, AT);
    assert.throws(
      () => StoreWriter.open(env, AT),
      (e) => e instanceof StoreError && e.code === 'LOCKED' && e.message.includes('4711'),
    );
    first.close();
    StoreWriter.open(env, AT).close();
  });

  for (const [name, reason] of [
    ['18-two-phase-commit', /2 prepared transactions wait/],
    ['11-u64ts', /carry user timestamps/],
  ] as const) {
    const directory = corpusStore(`rocksdb/${name}`);
    it(`the corpus store ${name}, which can be read`, {
      skip: directory === undefined && 'the corpus is absent',
    }, () => {
      const fs = mount({ name, files: loadFiles(directory as string), visible: new Map() });
      const e = refused(fs);
      assert.equal(e.code, 'UNSUPPORTED');
      assert.match(e.message, reason);
      openStore(fs, AT).close();
    });
  }
});
