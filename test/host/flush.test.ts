import { strict as assert } from 'node:assert';
import { readdirSync } from 'node:fs';
import * as vscode from 'vscode';
import type { CompactionProgress, FlushReport, StoreSummary } from '../../engine/protocol/engineApi.ts';
import { test } from './harness.ts';
import { Owner, ours, withCopy, withStub } from './support.ts';

const run = <T>(command: string, ...args: unknown[]): Promise<T> =>
  Promise.resolve(vscode.commands.executeCommand<T>(command, ...args));

const inLog = ({ families }: StoreSummary): number => families.reduce((n, f) => n + f.memtable.entries, 0);

test('flush: asks, then the log becomes tables, and the tree follows', async () => {
  for (const name of ['sensors-rocksdb', 'sensors-leveldb'] as const) {
    await withCopy(name, async (directory) => {
      const before = await run<StoreSummary>('lsm.openStoreAtPath', directory);
      const held = inLog(before);
      assert.ok(held > 0, `${name} has entries in its log`);
      const store = (await ours()).stores.byPath(directory);
      assert.ok(store);
      const seen: CompactionProgress[] = [];
      let changed: StoreSummary | undefined;
      const listening = store.onNotice((notice) => {
        if (notice.kind === 'compactionProgress') seen.push(notice.progress);
        if (notice.kind === 'storeChanged') changed = notice.summary;
      });
      const asked: string[] = [];
      // The first time a person thinks better of it.
      const answers: (string | undefined)[] = [undefined, 'Flush'];
      const answer = (async (message: string, ...more: unknown[]) => {
        if (!message.startsWith('Flush ')) return undefined;
        asked.push(message);
        assert.ok((more[0] as vscode.MessageOptions).modal);
        return answers[asked.length - 1];
      }) as typeof vscode.window.showInformationMessage;
      let report: FlushReport | undefined;
      await withStub(vscode.window, 'showInformationMessage', answer, async () => {
        assert.equal(await run('lsm.flush', { store: directory }), undefined);
        assert.equal(inLog(store.summary as StoreSummary), held, 'nothing was done');
        report = await run<FlushReport>('lsm.flush', { store: directory });
      });
      listening.dispose();
      assert.equal(asked.length, 2);
      assert.ok(report && report.tables.length > 0 && report.settled);
      assert.deepEqual(report.problems, []);
      assert.equal(seen[0]?.job?.kind, 'flush');
      assert.ok(changed && inLog(changed) === 0);
      const extension = name === 'sensors-rocksdb' ? '.sst' : '.ldb';
      const files = readdirSync(directory).filter((f) => f.endsWith(extension));
      assert.equal(
        files.length,
        changed.families.reduce((n, f) => n + f.tables, 0),
      );
      assert.equal(await run('lsm.flush', { store: directory, ask: false }), undefined, 'nothing is left to flush');
    });
  }
});

test('flush: is refused while the owner has the store', async () => {
  await withCopy('sensors-leveldb', async (directory) => {
    await run('lsm.openStoreAtPath', directory);
    const owner = await Owner.open(directory);
    await owner.put('in the log', 'only');
    try {
      const said: string[] = [];
      const show = async (message: string): Promise<undefined> => {
        said.push(message);
      };
      await withStub(vscode.window, 'showErrorMessage', show, async () => {
        assert.equal(await run('lsm.flush', { store: directory, ask: false }), undefined);
      });
      assert.match(said.join(), new RegExp(`^Flush: .*process ${owner.pid}`));
    } finally {
      await owner.close();
    }
  });
});
