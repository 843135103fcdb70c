/** What a folder is, told from what is in it; and one clear error where it is nothing of ours. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { detectStore } from '../../../engine/formats/registry.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { AT, mount, tinyLevelDb, tinyRocksDb } from '../../support/tinyStores.ts';

function folder(files: Readonly<Record<string, Uint8Array>>): MemFs {
  const fs = new MemFs();
  fs.mkdir('/d');
  for (const [name, bytes] of Object.entries(files)) fs.put(`/d/${name}`, bytes);
  return fs;
}

describe('what a folder is', () => {
  it('LevelDB and RocksDB by what their MANIFEST says, whatever else lies beside it', async () => {
    const level = await tinyLevelDb();
    const rocks = await tinyRocksDb();
    assert.equal(detectStore(mount(level), AT).engine, 'leveldb');
    assert.equal(detectStore(mount(rocks), AT).engine, 'rocksdb');
    const bare = Object.fromEntries(
      [...rocks.files.keys()].filter((n) => /OPTIONS|IDENTITY/.test(n)).map((n) => [n, undefined]),
    );
    assert.equal(detectStore(mount(rocks, bare), AT).engine, 'rocksdb');
    assert.equal(detectStore(mount(level, { 'notes.txt': utf8('hello') }), AT).engine, 'leveldb');
    // A RocksDB store whose first edits are such as LevelDB writes too.
    assert.equal(detectStore(mount(level, { 'OPTIONS-000007': utf8('[Version]\n') }), AT).engine, 'rocksdb');
  });

  it('engines whose stores are not opened are named, with a refusal', () => {
    for (const [engine, files] of [
      ['cassandra', { 'nb-1-big-Data.db': utf8('x') }],
      ['badger', { MANIFEST: utf8('Bdgr\0\0\0\x08') }],
      ['pebble', { 'marker.manifest.000001.MANIFEST-000001': utf8('') }],
      ['pebble', { 'OPTIONS-000003': utf8('[Version]\n  pebble_version=0.1\n'), CURRENT: utf8('MANIFEST-000001\n') }],
    ] as const) {
      const found = detectStore(folder(files), '/d');
      assert.equal(found.engine, engine);
      assert.equal(found.refusal?.code, 'UNSUPPORTED');
      assert.ok(found.why.length > 0);
    }
  });

  it('nothing of a store: NOT_FOUND or INPUT, with the path and what to do', () => {
    for (const [fs, path, code] of [
      [folder({}), '/d', 'NOT_FOUND'],
      [folder({ 'a.txt': utf8('x') }), '/d', 'NOT_FOUND'],
      [folder({ '000001.sst': utf8('x'), '000002.sst': utf8('x') }), '/d', 'NOT_FOUND'],
      [folder({ 'a.txt': utf8('x') }), '/d/a.txt', 'INPUT'],
      [folder({}), '/nowhere', 'NOT_FOUND'],
    ] as const) {
      assert.throws(
        () => detectStore(fs, path),
        (e) =>
          e instanceof StoreError &&
          e.code === code &&
          e.path === path &&
          (e.mend ?? '') !== '' &&
          !e.message.includes('\n'),
      );
    }
  });

  it('backups and encrypted stores are named as what they are', () => {
    const backup = new MemFs();
    for (const d of ['/d', '/d/meta', '/d/private', '/d/shared_checksum']) backup.mkdir(d);
    backup.put('/d/meta/3', utf8('x'));
    assert.throws(() => detectStore(backup, '/d'), { code: 'UNSUPPORTED', message: /BackupEngine, with backup 3:/ });
    const noise = Uint8Array.from({ length: 4112 }, (_, i) => (i * 167) ^ (i >> 3));
    assert.throws(() => detectStore(folder({ CURRENT: noise, 'MANIFEST-000001': noise }), '/d'), {
      code: 'UNSUPPORTED',
      message: /encrypted/,
    });
  });

  it('backups name the newest of them, and a folder of info logs the store that they tell of', () => {
    const backup = new MemFs();
    for (const d of ['/d', '/d/meta', '/d/private', '/d/shared']) backup.mkdir(d);
    assert.throws(() => detectStore(backup, '/d'), { message: /without a backup/, mend: 'name another directory' });
    for (const n of ['9', '10', '2.tmp']) backup.put(`/d/meta/${n}`, utf8('x'));
    assert.throws(() => detectStore(backup, '/d'), { message: /with backup 9, 10:/, mend: /: \/d\/private\/10$/ });
    const line =
      '2026/11/22-12:33:27.802594 30429 SST files in /data/\x1b[2Jmain dir, Total Num: 2, files: 000010.sst \n';
    const logs = folder({ LOG: utf8(line), 'LOG.old.1795350362330003': utf8('') });
    assert.throws(() => detectStore(logs, '/d'), {
      code: 'NOT_FOUND',
      message: /secondary instance/,
      mend: 'the store that LOG tells of is /data/\\x1b[2Jmain',
    });
    assert.throws(() => detectStore(folder({ LOG: utf8('?') }), '/d'), { mend: /holds CURRENT/ });
  });

  it('a MANIFEST of garbage is still a store, and OPTIONS decides which', () => {
    const garbage = { CURRENT: utf8('MANIFEST-000001\n'), 'MANIFEST-000001': new Uint8Array(500).fill(0x5a) };
    assert.equal(detectStore(folder(garbage), '/d').engine, 'leveldb');
    assert.equal(detectStore(folder({ ...garbage, 'OPTIONS-000002': utf8('') }), '/d').engine, 'rocksdb');
  });
});
