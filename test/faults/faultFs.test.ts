/** The failing file system does what it promises; every fault test rests on it. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { StoreError } from '../../engine/base/errors.ts';
import { FaultFs, failNth } from '../../engine/fs/faultFs.ts';
import { MemFs } from '../../engine/fs/memFs.ts';

const BYTES = Uint8Array.of(1, 2, 3, 4);

function ioError(thrown: unknown): boolean {
  return thrown instanceof StoreError && thrown.code === 'IO';
}

describe('FaultFs', () => {
  it('fails the operation with the number, once, and passes all others on', () => {
    const mem = new MemFs();
    const fs = new FaultFs(mem, failNth(3));
    const file = fs.open('/f', 'create');
    file.append(BYTES);
    assert.throws(() => file.append(BYTES), ioError);
    file.append(BYTES);
    assert.equal(fs.operations, 4);
    assert.deepEqual(fs.failures, [{ number: 3, kind: 'append', path: '/f' }]);
    assert.deepEqual(mem.read('/f'), Uint8Array.of(1, 2, 3, 4, 1, 2, 3, 4));
  });

  it('counts only what matches, and stays broken where it is asked to', () => {
    const fs = new FaultFs(new MemFs(), failNth(2, {}, { stays: true, matches: (o) => o.kind === 'mkdir' }));
    fs.mkdir('/a');
    fs.list('/');
    assert.throws(() => fs.mkdir('/b'), ioError);
    assert.throws(() => fs.mkdir('/c'), ioError);
    assert.deepEqual(fs.list('/'), ['a']);
  });

  it('cuts an append short, and says that the disk is full', () => {
    const mem = new MemFs();
    const fs = new FaultFs(mem, failNth(2, { written: 3, full: true }));
    const file = fs.open('/f', 'create');
    assert.throws(
      () => file.append(BYTES),
      (thrown) => ioError(thrown) && /no space left/.test(String(thrown)),
    );
    assert.deepEqual(mem.read('/f'), BYTES.slice(0, 3));
  });

  it('lets an operation happen and reports a failure', () => {
    const mem = new MemFs();
    mem.put('/a', BYTES);
    const fs = new FaultFs(mem, failNth(1, { happens: true }));
    assert.throws(() => fs.rename('/a', '/b'), ioError);
    assert.deepEqual(mem.list('/'), ['b']);
  });

  it('lies about later syncs of what a failed one has lost, and only of that', () => {
    const mem = new MemFs();
    const fs = new FaultFs(mem);
    const [lost, clean] = [fs.open('/lost', 'create'), fs.open('/clean', 'create')];
    fs.syncDir('/');
    lost.append(BYTES);
    clean.append(BYTES);
    clean.sync();
    fs.rule = ({ kind }) => (kind === 'sync' ? { forgets: true } : undefined);
    assert.throws(() => lost.sync(), ioError);
    assert.throws(() => clean.sync(), ioError);
    fs.rule = undefined;
    clean.append(BYTES);
    lost.sync();
    clean.sync();
    mem.crash();
    assert.equal(mem.read('/lost').length, 0);
    assert.equal(mem.read('/clean').length, 8);
  });

  it('closes a file even where it reports that closing failed', () => {
    const fs = new FaultFs(new MemFs(), failNth(2));
    const file = fs.open('/f', 'create');
    assert.throws(() => file.close(), ioError);
    assert.throws(() => file.append(BYTES), ioError);
  });
});
