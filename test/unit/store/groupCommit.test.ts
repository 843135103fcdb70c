import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { createStore } from '../../../engine/store/create.ts';
import { GroupCommit } from '../../../engine/store/groupCommit.ts';
import { StoreWriter } from '../../../engine/store/writer.ts';
import { memEnvironment } from '../../support/memEnvironment.ts';

const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);

describe('group commit', () => {
  it('commits what one turn hands in together, in order, synced if any batch asks for it', async () => {
    const groups: { batches: readonly string[]; sync: boolean }[] = [];
    const queue = new GroupCommit<string>((batches, sync) => {
      groups.push({ batches, sync });
      return batches.map((_, i) => groups.length * 10 + i);
    });
    const first = [queue.write('a', false), queue.write('b', true), queue.write('c', false)];
    assert.deepEqual(await Promise.all(first), [10, 11, 12]);
    assert.equal(await queue.write('d', false), 20);
    assert.deepEqual(groups, [
      { batches: ['a', 'b', 'c'], sync: true },
      { batches: ['d'], sync: false },
    ]);
  });

  it('groups callers that each wait for their own write', async () => {
    let commits = 0;
    const queue = new GroupCommit<number>((batches) => {
      commits++;
      return batches.map(() => 0);
    });
    const caller = async (n: number): Promise<void> => {
      for (let i = 0; i < 10; i++) await queue.write(n, true);
    };
    await Promise.all(Array.from({ length: 50 }, (_, n) => caller(n)));
    assert.equal(commits, 10);
  });

  it('rejects every batch of a group that failed, and goes on with the next', async () => {
    let fail = true;
    const queue = new GroupCommit<string>((batches) => {
      if (fail) throw new Error('full');
      return batches.map(() => 1);
    });
    const results = await Promise.allSettled([queue.write('a', true), queue.write('b', false)]);
    assert.deepEqual(
      results.map((r) => r.status),
      ['rejected', 'rejected'],
    );
    fail = false;
    assert.equal(await queue.write('c', false), 1);
  });

  it('shares one append and one sync of the WAL between a hundred writers', async () => {
    const fs = new MemFs();
    const env = memEnvironment(fs);
    for (const _ of createStore(env, '/s', { format: 'rocksdb' }));
    const writer = StoreWriter.open(env, '/s');
    const seen: string[] = [];
    fs.before = (operation, path) => {
      if (path.endsWith('.log')) seen.push(operation);
    };
    const one = (i: number): Promise<number> => {
      const batch = writer.batch();
      batch.put(0, bytes(`k${i}`), bytes(`v${i}`));
      return writer.write(batch, { sync: i === 40 });
    };
    const sequences = await Promise.all(Array.from({ length: 100 }, (_, i) => one(i)));
    assert.deepEqual(seen, ['create', 'append', 'sync']);
    assert.deepEqual(
      sequences,
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
    assert.equal(new TextDecoder().decode(writer.get(0, bytes('k99'))?.value), 'v99');
    writer.close();
  });
});
