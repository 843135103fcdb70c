/** Two stores compared inside the real extension host: the page's answers, the diff editor, and one line a key. */
import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';
import type { DiffReport, EntryRow } from '../../engine/protocol/engineApi.ts';
import { FakePanel } from './fakePanel.ts';
import { test } from './harness.ts';
import { closeTabs, Owner, ours, print, sample, tabs, until, withCopy, withStub } from './support.ts';

const run = <T>(command: string, ...args: unknown[]): Promise<T> =>
  Promise.resolve(vscode.commands.executeCommand<T>(command, ...args));

const text = (bytes: Uint8Array | null | undefined): string => new TextDecoder().decode(bytes ?? undefined);

async function difference(): Promise<{ left: string; right: string; label: string }> {
  const isDiff = (tab: vscode.Tab): boolean => tab.input instanceof vscode.TabInputTextDiff;
  await until('a difference is shown', () => tabs().some(isDiff));
  const tab = tabs().find(isDiff) as vscode.Tab;
  const input = tab.input as vscode.TabInputTextDiff;
  const read = async (uri: vscode.Uri): Promise<string> => (await vscode.workspace.openTextDocument(uri)).getText();
  const answer = { left: await read(input.original), right: await read(input.modified), label: tab.label };
  await closeTabs();
  return answer;
}

test('compare: two stores, key by key, in both directions', async () => {
  await closeTabs();
  const first = sample('sensors-leveldb');
  await withCopy('sensors-leveldb', async (second) => {
    const { stores } = await ours();
    await run('lsm.openStoreAtPath', first);
    const store = stores.byPath(first);
    assert.ok(store);
    const { query } = await store.call('openQuery', { family: 0, limit: 2_000 });
    const page = await store.call('rows', { query, from: 0, count: 2_000, previewBytes: 1 << 20 });
    const json = page.items.find((r: EntryRow) => /^[!-~]+$/.test(text(r.key)) && text(r.value).startsWith('{'));
    assert.ok(json);
    const owner = await Owner.open(second);
    await owner.put('zz/added', 'here');
    await owner.put(text(json.key), '{"changed":true}');
    await owner.close();
    const before = [print(first), print(second)];

    const panel = new FakePanel();
    await withStub(
      vscode.window,
      'createWebviewPanel',
      () => panel,
      async () => {
        assert.deepEqual(await run('lsm.compare', { store: first, with: second }), [first, second]);
      },
    );
    const init = await panel.ready();
    assert.ok(init.view === 'compare');
    assert.equal(init.otherPath, second);
    const report: DiffReport = await panel.call('diff', { path: '/of/no/interest' });
    assert.deepEqual(
      report.rows.map((r) => [text(r.key), r.kind]),
      [
        [text(json.key), 'changed'],
        ['zz/added', 'added'],
      ].sort((a, b) => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1)),
    );
    assert.equal(report.next, undefined);
    assert.ok(report.counts.same > 100);
    // A page that was covered loads anew: it is answered from what is kept.
    assert.deepEqual((await panel.call('diff', { path: second })).counts, report.counts);

    panel.do({ action: 'openDifference', family: 'default', key: json.key, kind: 'changed' });
    const changed = await difference();
    assert.deepEqual(JSON.parse(changed.left), JSON.parse(text(json.value)));
    assert.equal(changed.right, '{\n  "changed": true\n}');

    panel.do({ action: 'openDifference', family: 'default', key: new TextEncoder().encode('zz/added'), kind: 'added' });
    const added = await difference();
    assert.deepEqual([added.left, added.right], ['', 'here']);

    panel.do({ action: 'compareAsText' });
    const lines = await difference();
    assert.equal(lines.left.split('\n').length, 1);
    assert.ok(lines.left.startsWith(`${text(json.key)} = {`), lines.left);
    assert.match(lines.right, /^zz\/added = here$/m);
    assert.match(lines.right, /= \{ "changed": true \}$/m);

    panel.dispose();
    const back = new FakePanel();
    await run('lsm.openStoreAtPath', second);
    await withStub(
      vscode.window,
      'createWebviewPanel',
      () => back,
      async () => {
        await run('lsm.compare', { store: second, with: first });
      },
    );
    await back.ready();
    const reverse: DiffReport = await back.call('diff', { path: first });
    assert.deepEqual(reverse.counts, { ...report.counts, added: 0, removed: 1 });
    back.dispose();
    assert.deepEqual([print(first), print(second)], before);
  });
  await closeTabs();
});

test('compare: a store is not compared with itself, nor with what is no store', async () => {
  const directory = sample('sensors-leveldb');
  await run('lsm.openStoreAtPath', directory);
  const said: string[] = [];
  await withStub(
    vscode.window,
    'showErrorMessage',
    async (message: string) => void said.push(message),
    async () => {
      assert.equal(await run('lsm.compare', { store: directory, with: directory }), undefined);
    },
  );
  assert.match(said.join(), /the same as itself/);
  const panel = new FakePanel();
  await withStub(
    vscode.window,
    'createWebviewPanel',
    () => panel,
    async () => {
      await run('lsm.compare', { store: directory, with: `${directory}-absent` });
    },
  );
  await panel.ready();
  await assert.rejects(panel.call('diff', { path: '' }));
  panel.dispose();
});
