/** Evidence in VS Code: what was deleted is found and leads to its byte, in stores that open and in those that do not. */
import { strict as assert } from 'node:assert';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { displayKey } from '../../engine/model/display.ts';
import type {
  EvidenceExportReport,
  EvidenceOpened,
  EvidenceRow,
  EvidenceStatus,
} from '../../engine/protocol/engineApi.ts';
import { FakePanel } from './fakePanel.ts';
import { test } from './harness.ts';
import {
  closeTabs,
  Owner,
  ours,
  panels,
  print,
  sample,
  until,
  withCancelPressed,
  withCopy,
  withStub,
} from './support.ts';

const run = <T>(command: string, ...args: unknown[]): Promise<T> =>
  Promise.resolve(vscode.commands.executeCommand<T>(command, ...args));

/** A copy in which `gone` was written and deleted, and a table stands once more under a number of nobody. */
async function withEvidence(body: (directory: string, orphan: string) => Promise<void>): Promise<void> {
  await withCopy('sensors-leveldb', async (directory) => {
    const owner = await Owner.open(directory);
    await owner.put('gone', 'what-was-here');
    await owner.del('gone');
    await owner.close();
    const table = readdirSync(directory).find((n) => n.endsWith('.ldb')) ?? '';
    copyFileSync(join(directory, table), join(directory, '900001.ldb'));
    await body(directory, '900001.ldb');
  });
}

test('evidence: a deleted value and an orphan are found, and lead to their bytes', async () => {
  await withEvidence(async (directory, orphan) => {
    const before = print(directory);
    const opened = await run<EvidenceOpened>('lsm.showEvidence', directory);
    assert.ok(opened.total > 0);
    assert.ok(opened.files.some((f) => f.file === orphan && !f.live));
    await until('the tab is there', () => panels('lsm.evidence').length === 1);
    await closeTabs();
    const { stores, evidence } = await ours();
    const store = stores.byPath(directory);
    assert.ok(store);
    // The page itself is VS Code's; what it would ask is asked here.
    const panel = new FakePanel();
    await evidence.deserializeWebviewPanel(panel, { view: 'evidence', storePath: directory, storeName: store.name });
    const narrowed = async (scope: { readonly prefix?: Uint8Array }): Promise<number> => {
      const seen = panel.posted.length;
      panel.do({ action: 'filterEvidence', ...scope });
      await until('the records are narrowed', () => panel.of('init', seen).length > 0);
      const { init } = panel.of('init', seen)[0] ?? {};
      assert.ok(init?.view === 'evidence');
      return init.opened.evidence;
    };
    const rows = async (number: number, statuses: EvidenceStatus[], from = 0): Promise<readonly EvidenceRow[]> =>
      (await panel.call('evidenceRows', { evidence: number, statuses, from, count: 5, previewBytes: 100 })).items;
    const lineNow = (): string => {
      const editor = vscode.window.activeTextEditor;
      return editor?.document.lineAt(editor.selection.start.line).text ?? '';
    };
    const init = await panel.ready();
    assert.ok(init.view === 'evidence' && init.opened.total > 0);
    const [gone, ...others] = await rows(await narrowed({ prefix: new TextEncoder().encode('gone') }), ['deleted']);
    assert.ok(gone && others.length === 0);
    assert.equal(new TextDecoder().decode(gone.value), 'what-was-here');
    assert.match(gone.file, /\.log$/);
    const { file, offset, key, seq } = gone;
    panel.do({ action: 'openRecord', file, offset, key, seq, inBlock: false });
    await until('the log is open at the operation', () => lineNow().includes(`seq ${seq} put gone = `));
    // An orphan leads into its block.
    const all = await narrowed({});
    const [lost] = await rows(all, ['orphan'], 3);
    assert.ok(lost?.file === orphan);
    panel.do({ action: 'openRecord', file: orphan, offset: lost.offset, key: lost.key, seq: lost.seq, inBlock: true });
    const text = displayKey(lost.key);
    await until('the block is open at the key', () => lineNow().includes(`key ${text}`));
    const editor = vscode.window.activeTextEditor;
    const tag = editor?.document.lineAt(editor.selection.start.line + 1).text ?? '';
    assert.match(tag, new RegExp(`sequence ${lost.seq},`));
    // The page may read nothing but its own records.
    await assert.rejects(rows(all + 100, []), /not shown/);
    await assert.rejects(panel.call('tables', { family: 0, level: 0, offset: 0, limit: 1 }), /not for this view/);
    panel.dispose();
    assert.deepEqual(print(directory), before, 'looking changes nothing');
    await closeTabs();
  });
});

test('evidence: of a directory that does not open as a store, exported with the digests of its files', async () => {
  await withEvidence(async (directory) => {
    const whole = await run<EvidenceOpened>('lsm.showEvidence', directory);
    await closeTabs();
    for (const name of readdirSync(directory)) if (/^(CURRENT|MANIFEST-)/.test(name)) rmSync(join(directory, name));
    const { stores } = await ours();
    const store = stores.byPath(directory);
    assert.ok(store);
    const opened = await run<EvidenceOpened>('lsm.showEvidence', store);
    assert.ok(opened.problems.some((p) => /which files count/.test(p.message)));
    assert.equal(opened.files.length, whole.files.length);
    const before = print(directory);
    const out = `${directory}-evidence`;
    const report = await run<EvidenceExportReport>('lsm.exportEvidence', { store, out, format: 'csv' });
    assert.deepEqual(readdirSync(out).sort(), ['EVIDENCE.sha256', 'SOURCES.sha256', 'evidence.csv']);
    assert.ok(report.rows > 0 && report.sources >= opened.files.length);
    const csv = readFileSync(join(out, 'evidence.csv'), 'utf8');
    assert.match(csv, /,gone,\d+,put,deleted,13,what-was-here/);
    assert.deepEqual(print(directory), before);
    rmSync(out, { recursive: true });
    await closeTabs();
  });
});

test('evidence: a cancelled export leaves nothing; a directory without a store shows nothing', async () => {
  await withEvidence(async (directory) => {
    const out = `${directory}-evidence`;
    const progress = withCancelPressed();
    await withStub(vscode.window, 'withProgress', progress, async () => {
      assert.equal(await run('lsm.exportEvidence', { store: directory, out }), undefined);
    });
    assert.equal(existsSync(out), false);
    assert.equal(existsSync(`${out}.partial`), false);
  });
  const { stores } = await ours();
  const nothing = join(sample('sensors-leveldb'), '..', '..');
  const errors: string[] = [];
  const error = async (message: string) => {
    errors.push(message);
    return undefined;
  };
  await withStub(vscode.window, 'showErrorMessage', error, async () => {
    assert.equal(await run('lsm.showEvidence', nothing), undefined);
  });
  assert.equal(errors.length, 1);
  assert.equal(stores.byPath(nothing), undefined);
  await until('the tab is gone', () => panels('lsm.evidence').length === 0);
});
