import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';
import { test } from './harness.ts';
import { ours, sample, until } from './support.ts';

const ID = 'lsm-inspector.lsm-inspector';

test('activation: the extension is loaded from this clone and activates', async () => {
  const extension = vscode.extensions.getExtension(ID);
  assert.ok(extension, `${ID} is not among the installed extensions`);
  await extension.activate();
  assert.equal(extension.isActive, true);
});

test('activation: every command that package.json contributes is registered', async () => {
  const extension = vscode.extensions.getExtension(ID);
  assert.ok(extension);
  await extension.activate();
  const contributed =
    (extension.packageJSON as { contributes?: { commands?: { command: string }[] } }).contributes?.commands ?? [];
  assert.ok(contributed.length > 0, 'package.json contributes no command');
  const known = new Set(await vscode.commands.getCommands(true));
  assert.deepEqual(
    contributed.map((c) => c.command).filter((c) => !known.has(c)),
    [],
  );
});

// These two hold only before any test has opened a store: this file is the first.
test('activation: stores in the workspace are found, and none is opened for it', async () => {
  const { stores, tree } = await ours();
  await until('both samples are listed', () => stores.list.length >= 2);
  for (const name of ['sensors-leveldb', 'sensors-rocksdb'] as const) {
    const store = stores.byPath(sample(name));
    assert.equal(store?.state, 'closed', name);
  }
  const labels = (await tree.getChildren()).map((n) => tree.getTreeItem(n).label);
  assert.ok(labels.includes('sensors-leveldb') && labels.includes('sensors-rocksdb'), labels.join());
});

test('activation: no store is opened and no engine started', async () => {
  const { activationMillis, stores } = await ours();
  assert.deepEqual(stores.openOnes, []);
  console.log(`activation took ${activationMillis.toFixed(1)} ms; the aim is 50`);
});
