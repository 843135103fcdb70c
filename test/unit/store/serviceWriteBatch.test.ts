/** The service's `write` where previous values cannot be handed back, and what a lost power leaves of it. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { undoOf, WRITE_OPS_MAX, type WriteOp, type WriteRequest } from '../../../engine/model/write.ts';
import { StoreWriter } from '../../../engine/store/writer.ts';
import { writingService } from '../../support/writingService.ts';

const AT = '/data/store';
const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);
const put = (key: string, value: string): WriteOp => ({ kind: 'put', family: 0, key: bytes(key), value: bytes(value) });

async function made(format: 'leveldb' | 'rocksdb') {
  const fs = new MemFs();
  fs.mkdir('/data');
  const { service, write } = writingService(fs);
  await service.call('createSample', { path: AT, format, sample: 'timeseries' });
  await service.call('open', { path: AT });
  return { fs, service, write };
}

describe('service: one batch', () => {
  it('operands without an operator cannot be put back, and say so', async () => {
    const { service, write } = await made('rocksdb');
    const writer = StoreWriter.open(write, AT);
    const batch = writer.batch();
    batch.merge(0, bytes('merged'), bytes('+1'));
    writer.writeSync(batch);
    writer.close();
    const request: WriteRequest = { ops: [put('other', '1'), put('merged', '2')], sync: true };
    const report = await service.call('write', request);
    assert.deepEqual(
      report.previous.map((p) => p.state),
      ['absent', 'kept'],
    );
    assert.equal(undoOf(request, report), undefined);
    const { entry } = await service.call('get', { family: 0, key: bytes('merged') });
    assert.deepEqual(entry?.value, bytes('2'));
  });

  it('a key that stands in it twice is put back to what it was before the batch', async () => {
    const { service } = await made('leveldb');
    await service.call('write', { ops: [put('k', 'first')], sync: true });
    const request: WriteRequest = { ops: [put('k', 'a'), { kind: 'delete', family: 0, key: bytes('k') }], sync: true };
    const undo = undoOf(request, await service.call('write', request));
    assert.ok(undo);
    await service.call('write', undo);
    const { entry } = await service.call('get', { family: 0, key: bytes('k') });
    assert.deepEqual(entry?.value, bytes('first'));
  });

  it('outlives a lost power once it is answered, if it was to be synced', async () => {
    for (const format of ['leveldb', 'rocksdb'] as const) {
      const { fs, service, write } = await made(format);
      // The store's own directory is not what is tested here.
      fs.syncDir('/');
      fs.syncDir('/data');
      const { sequence } = await service.call('write', { ops: [put('a', '1'), put('b', '2')], sync: true });
      await service.call('close', {});
      fs.crash();
      const writer = StoreWriter.open(write, AT);
      assert.equal(writer.lastSequence, sequence, format);
      assert.deepEqual(writer.get(0, bytes('b'))?.value, bytes('2'));
      writer.close();
    }
  });

  it('is refused when it is too large, before the store is opened for it', async () => {
    const { fs, service } = await made('leveldb');
    const before = fs.list(AT).sort();
    const ops = new Array<WriteOp>(WRITE_OPS_MAX + 1).fill(put('k', 'v'));
    await assert.rejects(async () => service.call('write', { ops, sync: false }), { code: 'INPUT', message: /batch/ });
    assert.deepEqual(fs.list(AT).sort(), before);
  });
});
