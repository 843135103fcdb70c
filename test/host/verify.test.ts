/** Verify and repair in VS Code: findings that lead to the byte, stores that do not open, what is left of a cancelled repair. */
import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { RepairReport, StoreSummary, VerifyReport } from '../../engine/protocol/engineApi.ts';
import type { Store } from '../../extension/store.ts';
import { test } from './harness.ts';
import {
  child,
  closeTabs,
  Owner,
  ours,
  print,
  sample,
  until,
  withCancelPressed,
  withCopy,
  withStub,
} from './support.ts';

const run = <T>(command: string, ...args: unknown[]): Promise<T> =>
  Promise.resolve(vscode.commands.executeCommand<T>(command, ...args));

async function open(directory: string): Promise<Store> {
  await run<StoreSummary>('lsm.openStoreAtPath', directory);
  const store = (await ours()).stores.byPath(directory);
  assert.ok(store, `${directory} is not listed`);
  return store;
}

/** Every visible key and value of every family. */
async function contents(store: Store): Promise<string[]> {
  const { families } = await store.open();
  const found: string[] = [];
  for (const family of families) {
    const { query } = await store.call('openQuery', { family: family.id });
    const page = await store.call('rows', { query, from: 0, count: 100_000, previewBytes: 1 << 20 });
    assert.ok(page.complete);
    for (const row of page.items) {
      const value = row.value === null ? '' : Buffer.from(row.value).toString('hex');
      found.push(`${family.name} ${Buffer.from(row.key).toString('hex')} ${value}`);
    }
  }
  return found.sort();
}

/** Turns one bit of the first data block of a table; returns where the block begins. */
async function damageTable(store: Store, family: number): Promise<{ file: string; offset: number }> {
  const page = await store.call('tables', { family, level: -1, offset: 0, limit: 100 });
  const table = page.items.at(-1);
  assert.ok(table);
  const blocks = await store.call('blocks', { table: table.number, offset: 0, limit: 1 });
  const block = blocks.items[0];
  assert.ok(block);
  const path = join(store.path, table.file);
  const bytes = readFileSync(path);
  bytes[block.offset + 9] = (bytes[block.offset + 9] ?? 0) ^ 4;
  writeFileSync(path, bytes);
  return { file: table.file, offset: block.offset };
}

/** What the Problems panel says of a store. */
function problemsOf(store: Store): [vscode.Uri, vscode.Diagnostic[]][] {
  return vscode.languages
    .getDiagnostics()
    .filter(([uri, list]) => list.some((d) => d.source === 'LSM') && uri.path.includes(store.name));
}

async function rootOf(store: Store) {
  const root = (await (await ours()).tree.getChildren()).find((n) => n.store === store);
  assert.ok(root);
  return root;
}

test('verify: a sound store has no damage, and stays as it was', async () => {
  for (const name of ['sensors-leveldb', 'sensors-rocksdb'] as const) {
    const before = print(sample(name));
    const store = await open(sample(name));
    const report = await run<VerifyReport>('lsm.verify', store);
    assert.deepEqual(
      report.findings.filter((f) => f.severity === 'damage'),
      [],
      name,
    );
    assert.ok(report.files > 3 && report.bytes > 1000 && report.entries > 100, JSON.stringify(report));
    assert.deepEqual(print(sample(name)), before);
    assert.deepEqual(
      problemsOf(store).flatMap(([, list]) => list.filter((d) => d.severity === vscode.DiagnosticSeverity.Error)),
      [],
    );
  }
});

test('verify: a flipped bit is found, and the Problems panel and the tree lead to its byte', async () => {
  await withCopy('sensors-rocksdb', async (directory) => {
    const store = await open(directory);
    const readings = store.summary?.families.find((f) => f.name === 'readings')?.id ?? -1;
    const { file, offset } = await damageTable(store, readings);
    const report = await run<VerifyReport>('lsm.verify', { store: directory });
    const [finding] = report.findings.filter((f) => f.severity === 'damage');
    assert.ok(finding);
    assert.equal(finding.path, file);
    assert.ok(finding.offset === offset, `offset ${finding.offset}, the block begins at ${offset}`);
    assert.ok(store.problems.some((p) => p.path === file && p.offset === offset));
    // Its line in the dump is looked up in the background.
    await until('the Problems panel knows the line', () =>
      problemsOf(store).some(([uri, list]) => uri.scheme === 'lsm' && list.some((d) => d.range.start.line > 0)),
    );
    const [uri, list] = problemsOf(store).find(([u]) => u.path.endsWith(`${file}.dump`)) ?? [];
    const problem = list?.find((d) => d.severity === vscode.DiagnosticSeverity.Error);
    assert.ok(uri && problem);
    assert.match(problem.message, /checksum/);
    const document = await vscode.workspace.openTextDocument(uri);
    assert.match(document.lineAt(problem.range.start.line).text, new RegExp(`^\\s*${offset}  .*`));
    // The tree.
    const node = await child(await child(await rootOf(store), 'problems'), 'problem');
    await run('lsm.private.openProblem', node);
    const editor = vscode.window.activeTextEditor;
    assert.match(editor?.document.uri.path ?? '', new RegExp(`${file}\\.dump$`));
    assert.match(editor?.document.lineAt(editor.selection.start.line).text ?? '', new RegExp(`^\\s*${offset}  `));
    // A refresh forgets what is not looked at again.
    await run('lsm.refresh', node);
    assert.deepEqual(problemsOf(store), []);
    await closeTabs();
  });
});

test('verify: a store that does not open is listed, checked file by file, and repaired', async () => {
  await withCopy('sensors-leveldb', async (directory) => {
    const sound = await contents(await open(sample('sensors-leveldb')));
    for (const name of readdirSync(directory)) if (/^(CURRENT|MANIFEST-)/.test(name)) rmSync(join(directory, name));
    const before = print(directory);
    const said: string[] = [];
    const error = async (message: string, ...items: string[]) => {
      said.push(message, ...items);
      return undefined;
    };
    await withStub(vscode.window, 'showErrorMessage', error, async () => {
      assert.equal(await run('lsm.openStoreAtPath', directory), undefined);
    });
    assert.ok(said.includes('Verify Checksums') && said.includes('Repair to New Folder…'), said.join());
    const { stores, tree } = await ours();
    const store = stores.byPath(directory);
    assert.equal(store?.state, 'failed');
    assert.ok(store);
    const report = await run<VerifyReport>('lsm.verify', await rootOf(store));
    assert.ok(report.findings.some((f) => f.severity === 'damage' && f.code === 'NOT_FOUND'));
    assert.ok(report.tables > 0 && report.entries > 0);
    assert.equal(tree.getTreeItem(await rootOf(store)).contextValue, 'lsm.store.failed');
    const kinds = (await tree.getChildren(await rootOf(store))).map((n) => n.kind);
    assert.deepEqual(kinds, ['error', 'problems']);
    const out = `${directory}-repaired`;
    const repaired = await run<RepairReport>('lsm.repair', { store: directory, out });
    assert.equal(repaired.basis, 'tables');
    assert.deepEqual(repaired.lost, []);
    const document = vscode.window.activeTextEditor?.document;
    assert.match(document?.getText() ?? '', /^Repair of sensors-leveldb\n[\s\S]*No entry is known to be lost/);
    assert.deepEqual(print(directory), before, 'the damaged store is only read');
    const salvaged = await open(out);
    // Compacted-away tables may still be there; what they hold is older, so every visible entry is as it was.
    assert.deepEqual(await contents(salvaged), sound);
    stores.close(salvaged);
    const owner = await Owner.open(out);
    await owner.put('written-after', 'repair');
    await owner.close();
    await closeTabs();
  });
});

test('repair: a damaged table costs its block, which is named with its keys', async () => {
  await withCopy('sensors-rocksdb', async (directory) => {
    const store = await open(directory);
    const readings = store.summary?.families.find((f) => f.name === 'readings')?.id ?? -1;
    const all = new Set(await contents(store));
    const { file } = await damageTable(store, readings);
    const out = `${directory}-repaired`;
    const report = await run<RepairReport>('lsm.repair', { store, out });
    assert.ok(report.lost.length > 0);
    assert.ok(report.lost.every((l) => l.family === 'readings' && l.file.endsWith(file)));
    const text = vscode.window.activeTextEditor?.document.getText() ?? '';
    assert.match(text, new RegExp(`readings, ${file}: (after|from|keys)`));
    const salvaged = await open(out);
    const kept = new Set(await contents(salvaged));
    // Whatever is not as it was lies in a range that the report names; hex sorts as the bytes do.
    const hexOf = (key: Uint8Array | undefined): string | undefined => key && Buffer.from(key).toString('hex');
    const differs = [...all].filter((e) => !kept.has(e)).concat([...kept].filter((e) => !all.has(e)));
    for (const entry of differs) {
      const [family, key = ''] = entry.split(' ');
      const named = report.lost.some(
        (l) => l.family === family && key > (hexOf(l.from) ?? '') && key <= (hexOf(l.to) ?? 'g'),
      );
      assert.ok(named, `${entry} is lost, and no range says so`);
    }
    assert.ok(kept.size > all.size / 2, `${kept.size} of ${all.size} entries`);
    assert.equal(
      (await run<VerifyReport>('lsm.verify', salvaged)).findings.filter((f) => f.severity === 'damage').length,
      0,
    );
    (await ours()).stores.close(salvaged);
    await closeTabs();
  });
});

test('repair: cancelled, nothing is left; where nothing may be written, nothing is done', async () => {
  await withCopy('sensors-rocksdb', async (directory) => {
    const before = print(directory);
    const out = `${directory}-repaired`;
    const progress = withCancelPressed();
    await withStub(vscode.window, 'withProgress', progress, async () => {
      assert.equal(await run('lsm.repair', { store: directory, out }), undefined);
    });
    assert.equal(existsSync(out), false, 'something of it is left');
    const warn = async () => undefined;
    await withStub(vscode.window, 'showWarningMessage', warn, async () => {
      await withStub(vscode.workspace, 'isTrusted', false, async () => {
        assert.equal(await run('lsm.repair', { store: directory, out }), undefined);
        // Checking only reads.
        assert.ok(await run<VerifyReport>('lsm.verify', directory));
      });
    });
    assert.equal(existsSync(out), false);
    assert.deepEqual(print(directory), before);
  });
});

test('verify: a directory that is no store is not listed for it', async () => {
  const { stores } = await ours();
  const directory = join(sample('sensors-leveldb'), '..', '..');
  const errors: string[] = [];
  const error = async (message: string) => {
    errors.push(message);
    return undefined;
  };
  await withStub(vscode.window, 'showErrorMessage', error, async () => {
    assert.equal(await run('lsm.verify', directory), undefined);
  });
  assert.equal(errors.length, 1);
  assert.equal(stores.byPath(directory), undefined);
});
