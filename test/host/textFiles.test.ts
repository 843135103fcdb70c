/** A store's files as code: OPTIONS with hovers and hints, outlines of dumps; and lenses in the tree. */
import { strict as assert } from 'node:assert';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Store } from '../../extension/store.ts';
import { test } from './harness.ts';
import { child, closeTabs, ours, sample, until } from './support.ts';

const run = <T>(command: string, ...args: unknown[]): Promise<T> =>
  Promise.resolve(vscode.commands.executeCommand<T>(command, ...args));

const extension = vscode.extensions.getExtension('lsm-inspector.lsm-inspector')?.extensionPath ?? '';
const corpus = join(extension, '..', 'shared', 'corpus');

async function open(directory: string): Promise<Store> {
  await run('lsm.openStoreAtPath', directory);
  const store = (await ours()).stores.byPath(directory);
  assert.ok(store);
  return store;
}

/** The file of a store's node with that role. */
async function fileNode(store: Store, role: 'options' | 'infoLog' | 'manifest') {
  const { tree } = await ours();
  const root = (await tree.getChildren()).find((n) => n.store === store);
  const node = (await tree.getChildren(root)).find((n) => n.kind === 'file' && n.role === role);
  assert.ok(node, `no ${role} in the tree`);
  return node;
}

/** What the hover there says, without the escapes of Markdown. */
const hoverAt = async (uri: vscode.Uri, position: vscode.Position): Promise<string> => {
  const hovers = await run<vscode.Hover[]>('vscode.executeHoverProvider', uri, position);
  return hovers
    .flatMap((h) => h.contents.map((c) => (c as vscode.MarkdownString).value))
    .join('\n')
    .replace(/\\(?=\W|_)/g, '');
};

/** Where an option of the family "readings" stands. */
function lineOf(document: vscode.TextDocument, name: string): vscode.Position {
  const section = document.getText().indexOf('[CFOptions "readings"]');
  for (let i = document.positionAt(section).line; i < document.lineCount; i++) {
    const at = /^ */.exec(document.lineAt(i).text)?.[0].length ?? 0;
    if (document.lineAt(i).text.startsWith(`${name}=`, at)) return new vscode.Position(i, at + 2);
  }
  throw new Error(`no ${name} in ${document.uri.path}`);
}

test('store as code: OPTIONS open from the tree, with an outline, hovers and hints', async () => {
  const store = await open(sample('sensors-rocksdb'));
  const node = await fileNode(store, 'options');
  await run('lsm.openOptions', node);
  const document = vscode.window.activeTextEditor?.document;
  assert.ok(document);
  assert.equal(document.languageId, 'lsm-options');
  assert.match(document.getText(), /\n\[DBOptions\]\n/);
  const symbols = await run<vscode.DocumentSymbol[]>('vscode.executeDocumentSymbolProvider', document.uri);
  assert.ok(
    symbols.some((s) => s.name === 'readings' && s.detail === 'CFOptions'),
    symbols.map((s) => s.name).join(),
  );
  const hover = await hoverAt(document.uri, lineOf(document, 'write_buffer_size'));
  assert.match(hover, /^\*\*write_buffer_size\*\*[\s\S]*memtable[\s\S]*Default: 67108864 \(64\.0 MB\)/);
  assert.equal(await hoverAt(document.uri, new vscode.Position(0, 0)), '');
  const all = new vscode.Range(0, 0, document.lineCount, 0);
  const hints = await run<vscode.InlayHint[]>('vscode.executeInlayHintProvider', document.uri, all);
  const at = lineOf(document, 'write_buffer_size').line;
  assert.match(String(hints.find((h) => h.position.line === at)?.label), /KB · default 64\.0 MB/);
  // The file itself says the same; one of that name that is in no store says nothing.
  const file = vscode.Uri.file(join(store.path, node.kind === 'file' ? node.file : ''));
  const onDisk = await vscode.workspace.openTextDocument(file);
  assert.equal(onDisk.languageId, 'lsm-options');
  assert.match(await hoverAt(file, lineOf(onDisk, 'write_buffer_size')), /memtable/);
  const elsewhere = mkdtempSync(join(tmpdir(), 'lsm-host-'));
  try {
    const copy = join(elsewhere, 'OPTIONS-000007');
    cpSync(file.fsPath, copy);
    const alone = await vscode.workspace.openTextDocument(copy);
    assert.equal(await hoverAt(alone.uri, lineOf(alone, 'write_buffer_size')), '');
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
  await closeTabs();
});

test('store as code: the info log has its jobs as outline, the MANIFEST its edits, with folding', async () => {
  const store = await open(sample('sensors-rocksdb'));
  await run('lsm.openDump', await fileNode(store, 'infoLog'));
  const log = vscode.window.activeTextEditor?.document;
  assert.ok(log);
  const jobs = await run<vscode.DocumentSymbol[]>('vscode.executeDocumentSymbolProvider', log.uri);
  assert.ok(
    jobs.some((s) => /^job \d+$/.test(s.name) && s.detail.startsWith('flush')),
    jobs.map((s) => s.name).join(),
  );
  await run('lsm.openDump', await fileNode(store, 'manifest'));
  const manifest = vscode.window.activeTextEditor?.document;
  assert.ok(manifest);
  const edits = await run<vscode.DocumentSymbol[]>('vscode.executeDocumentSymbolProvider', manifest.uri);
  assert.equal(edits.filter((s) => /^edit \d+$/.test(s.name)).length, store.summary?.edits);
  const folds = await run<vscode.FoldingRange[]>('vscode.executeFoldingRangeProvider', manifest.uri);
  assert.ok(folds.length > 0);
  await closeTabs();
});

const world = join(corpus, 'leveldb-variants', 'minecraft-bedrock-1_18-superflat');

test(
  'lenses: a store of a known application says so in the tree, and its rows read as the application means them',
  async () => {
    const parent = mkdtempSync(join(tmpdir(), 'lsm-host-'));
    const directory = join(parent, 'db');
    cpSync(world, directory, { recursive: true });
    const { stores, tree } = await ours();
    const store = await open(directory);
    try {
      await until('the lens is found', () => store.lens(0) !== undefined);
      assert.equal(store.lens(0)?.id, 'minecraft-bedrock');
      const root = (await tree.getChildren()).find((n) => n.store === store);
      const item = tree.getTreeItem(await child(root, 'family'));
      assert.match(String(item.description), /^Minecraft Bedrock world · /);
      const { query } = await store.call('openQuery', { family: 0 });
      const page = { query, from: 0, count: 50, previewBytes: 65_536, lens: 'minecraft-bedrock' };
      const { items } = await store.call('rows', page);
      assert.ok(
        items.some((row) => /^chunk /.test(row.shown?.key ?? '')),
        'no chunk among the keys',
      );
    } finally {
      stores.close(store);
      rmSync(parent, { recursive: true, force: true });
      await closeTabs();
    }
  },
  { skip: existsSync(world) ? undefined : '../shared/corpus is not there' },
);
