/**
 * Puts and deletions through the service, as the editor writes them, and what the engines themselves then read:
 * LevelDB (classic-level) and RocksDB (rocksdb-native) see the write, and see it gone after its undo.
 */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import RocksDB from 'rocksdb-native';
import { systemClock } from '../../engine/base/entropy.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import { undoOf } from '../../engine/model/write.ts';
import type { EngineNotice, WriteRequest } from '../../engine/protocol/engineApi.ts';
import { Service } from '../../engine/service.ts';
import { lockOwner } from '../../engine/store/lock.ts';
import { systemWriteEnvironment } from '../../engine/store/writeEnvironment.ts';
import { scratch } from '../fixtures/stores.ts';

const bytes = (s: string): Uint8Array => new Uint8Array(Buffer.from(s, 'latin1'));
const BINARY = '\x00\xff\x80 not text \n\r';

interface Official {
  readonly name: string;
  /** Writes into a new or an existing store, and closes it again. */
  put(dir: string, entries: Readonly<Record<string, string>>): Promise<void>;
  /** Everything that the engine reads, as latin1. */
  all(dir: string): Promise<Record<string, string>>;
}

const leveldb: Official = {
  name: 'leveldb',
  async put(dir, entries) {
    const db = new ClassicLevel<Buffer, Buffer>(dir, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
    for (const [k, v] of Object.entries(entries)) await db.put(Buffer.from(k, 'latin1'), Buffer.from(v, 'latin1'));
    await db.close();
  },
  async all(dir) {
    const db = new ClassicLevel<Buffer, Buffer>(dir, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
    const found: Record<string, string> = {};
    for await (const [k, v] of db.iterator()) found[k.toString('latin1')] = v.toString('latin1');
    await db.close();
    return found;
  },
};

const rocksdb: Official = {
  name: 'rocksdb',
  async put(dir, entries) {
    const db = new RocksDB(dir);
    await db.ready();
    const batch = db.write();
    for (const [k, v] of Object.entries(entries)) batch.tryPut(Buffer.from(k, 'latin1'), Buffer.from(v, 'latin1'));
    await batch.flush();
    batch.destroy();
    await db.close();
  },
  async all(dir) {
    const db = new RocksDB(dir);
    await db.ready();
    const found: Record<string, string> = {};
    for await (const { key, value } of db.iterator()) found[key.toString('latin1')] = value.toString('latin1');
    await db.close();
    return found;
  },
};

function service(notices: EngineNotice[] = []): Service {
  return new Service({
    fs: readOnlyFs(nodeFs),
    write: systemWriteEnvironment,
    clock: systemClock,
    lockOwner,
    notify: (n) => notices.push(n),
  });
}

const fresh = (): string => join(mkdtempSync(join(scratch(), 'write-')), 'db');
const START = { a: 'one', b: '{"n":1}', c: 'three' };

for (const official of [leveldb, rocksdb]) {
  describe(`writes of the service, read by ${official.name}`, () => {
    it('one batch is seen whole, and so is its undo', async () => {
      const dir = fresh();
      await official.put(dir, START);
      const notices: EngineNotice[] = [];
      const ours = service(notices);
      const before = await ours.call('open', { path: dir });
      const request: WriteRequest = {
        sync: true,
        ops: [
          { kind: 'put', family: 0, key: bytes('b'), value: bytes(BINARY), expect: bytes('{"n":1}') },
          { kind: 'delete', family: 0, key: bytes('a') },
          { kind: 'put', family: 0, key: bytes('new'), value: bytes(''), expect: null },
        ],
      };
      const report = await ours.call('write', request);
      assert.equal(report.sequence, before.lastSequence + 3);
      assert.deepEqual(report.previous, [
        { state: 'value', value: bytes('{"n":1}') },
        { state: 'value', value: bytes('one') },
        { state: 'absent' },
      ]);
      const changed = notices.findLast((n) => n.kind === 'storeChanged');
      assert.equal(changed?.summary.lastSequence, report.sequence);
      assert.equal(changed?.summary.locked, false);
      const { entry } = await ours.call('get', { family: 0, key: bytes('b') });
      assert.deepEqual(entry?.value, bytes(BINARY));
      assert.deepEqual(await official.all(dir), { b: BINARY, c: 'three', new: '' });
      const undo = undoOf(request, report);
      assert.ok(undo);
      const undone = await ours.call('write', undo);
      assert.equal(undone.sequence, report.sequence + 3);
      assert.deepEqual(await official.all(dir), START);
      await ours.call('close', {});
    });

    it('an undo is refused once something else was written', async () => {
      const dir = fresh();
      await official.put(dir, START);
      const ours = service();
      await ours.call('open', { path: dir });
      const request: WriteRequest = {
        sync: false,
        ops: [{ kind: 'put', family: 0, key: bytes('a'), value: bytes('two') }],
      };
      const undo = undoOf(request, await ours.call('write', request));
      assert.ok(undo);
      await official.put(dir, { z: 'by another' });
      await assert.rejects(async () => ours.call('write', undo), { code: 'INPUT', message: /written since/ });
      assert.deepEqual(await official.all(dir), { ...START, a: 'two', z: 'by another' });
      await ours.call('close', {});
    });

    it('nothing of a batch is written where one expectation does not hold', async () => {
      const dir = fresh();
      await official.put(dir, START);
      const ours = service();
      await ours.call('open', { path: dir });
      const ops: WriteRequest['ops'][] = [
        [
          { kind: 'put', family: 0, key: bytes('c'), value: bytes('x') },
          { kind: 'put', family: 0, key: bytes('a'), value: bytes('x'), expect: bytes('other') },
        ],
        [{ kind: 'put', family: 0, key: bytes('a'), value: bytes('x'), expect: null }],
        [{ kind: 'delete', family: 0, key: bytes('gone'), expect: bytes('x') }],
        [{ kind: 'put', family: 9, key: bytes('a'), value: bytes('x') }],
        [{ kind: 'put', family: 0, key: bytes('a') }],
        [],
      ];
      for (const list of ops) {
        await assert.rejects(async () => ours.call('write', { ops: list, sync: false }), { code: 'INPUT' });
      }
      assert.deepEqual(await official.all(dir), START);
      await ours.call('close', {});
    });
  });
}

describe('writes of the service', () => {
  it('are refused while the engine has the store', async () => {
    const dir = fresh();
    await leveldb.put(dir, START);
    const db = new ClassicLevel(dir);
    await db.open();
    const ours = service();
    await ours.call('open', { path: dir });
    const ops: WriteRequest['ops'] = [{ kind: 'delete', family: 0, key: bytes('a') }];
    await assert.rejects(async () => ours.call('write', { ops, sync: false }), {
      code: 'LOCKED',
      message: new RegExp(`${process.pid}`),
    });
    await ours.call('close', {});
    assert.equal(await db.get('a'), 'one');
    await db.close();
  });

  it('are refused by a service that only reads, and cancelled before they begin', async () => {
    const dir = fresh();
    await leveldb.put(dir, START);
    const ops: WriteRequest['ops'] = [{ kind: 'delete', family: 0, key: bytes('a') }];
    const reading = new Service({ fs: readOnlyFs(nodeFs), clock: systemClock, lockOwner, notify: () => {} });
    await reading.call('open', { path: dir });
    await assert.rejects(async () => reading.call('write', { ops, sync: false }), { code: 'READ_ONLY' });
    await reading.call('close', {});
    const ours = service();
    await ours.call('open', { path: dir });
    await assert.rejects(async () => ours.call('write', { ops, sync: false }, { cancelled: true }), {
      code: 'CANCELLED',
    });
    await ours.call('close', {});
    assert.deepEqual(await leveldb.all(dir), START);
  });
});
