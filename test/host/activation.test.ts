import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';
import { test } from './harness.ts';

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
