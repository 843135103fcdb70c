/** Who may write, and what is left of a sample that nobody wants any more. */
import { strict as assert } from 'node:assert';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { test } from './harness.ts';
import { ours, print, withCancelPressed, withCopy, withStub } from './support.ts';

const run = <T>(command: string, ...args: unknown[]): Promise<T> =>
  Promise.resolve(vscode.commands.executeCommand<T>(command, ...args));

test('trust: in a workspace that is not trusted nothing is written, and the message says why', async () => {
  await withCopy('sensors-leveldb', async (directory) => {
    await run('lsm.openStoreAtPath', directory);
    const before = print(directory);
    const said: string[] = [];
    const warn = async (message: string, ...items: string[]) => {
      said.push(message, ...items);
      return undefined;
    };
    const made = `${directory}-made`;
    await withStub(vscode.window, 'showWarningMessage', warn, async () => {
      await withStub(vscode.workspace, 'isTrusted', false, async () => {
        assert.equal(await run('lsm.compact', { store: directory, all: true, mode: 'inPlace' }), undefined);
        assert.equal(await run('lsm.compact', { store: directory, all: true, mode: 'copy', out: made }), undefined);
        const sampleArgs = { path: made, format: 'leveldb', sample: 'sessions' };
        assert.equal(await run('lsm.createSample', sampleArgs), undefined);
        assert.equal(await run('lsm.put', { store: directory, key: 'k', value: 'v', ask: false }), undefined);
        assert.equal(await run('lsm.delete', { store: directory, key: 'k', ask: false }), undefined);
        assert.equal(await run('lsm.editValue', { store: directory, key: 'k' }), undefined);
        assert.equal(await run('lsm.undoWrite', { ask: false }), undefined);
        assert.equal(
          await run('lsm.import', { store: directory, file: `${directory}/CURRENT`, ask: false }),
          undefined,
        );
        // Reading and planning need no trust.
        assert.ok(await run('lsm.planCompaction', { store: directory, all: true, ask: false }));
        assert.ok(await run('lsm.get', { store: directory, family: 'default', key: 'x' }));
      });
    });
    assert.equal(said.filter((s) => /only read in a workspace that is not trusted/.test(s)).length, 8, said.join());
    assert.equal(said.filter((s) => s === 'Manage Workspace Trust').length, 8);
    assert.equal(existsSync(made), false);
    assert.deepEqual(print(directory), before);
    // The same once it is trusted.
    assert.ok(await run('lsm.compact', { store: directory, all: true, mode: 'inPlace' }));
  });
});

test('samples: creating one can be cancelled, and nothing of it is left', async () => {
  for (const format of ['leveldb', 'rocksdb'] as const) {
    const parent = mkdtempSync(join(tmpdir(), 'lsm-host-'));
    const directory = join(parent, 'made');
    let reports = 0;
    const progress = withCancelPressed(() => {
      reports++;
      return true;
    });
    try {
      await withStub(vscode.window, 'withProgress', progress, async () => {
        const args = { path: directory, format, sample: 'sessions' };
        assert.equal(await run('lsm.createSample', args), undefined);
      });
      assert.ok(reports > 0, 'it was at work');
      assert.equal(existsSync(directory), false, `${format}: the directory is still there`);
      assert.equal((await ours()).stores.byPath(directory), undefined);
    } finally {
      rmSync(parent, { recursive: true, force: true });
    }
  }
});
