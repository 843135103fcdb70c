import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { ImportPreview, ImportReport } from '../../engine/protocol/engineApi.ts';
import { test } from './harness.ts';
import { closeTabs, Owner, ours, print, withCancelPressed, withCopy, withStub } from './support.ts';

const run = <T>(command: string, ...args: unknown[]): Promise<T> =>
  Promise.resolve(vscode.commands.executeCommand<T>(command, ...args));

/** What LevelDB itself reads. */
async function official(directory: string, key: string): Promise<string | undefined> {
  const owner = await Owner.open(directory);
  try {
    return (await owner.get(key))?.toString('utf8');
  } finally {
    await owner.close();
  }
}

/** Answers quick picks with the first line, which goes on. */
const first = async (items: readonly vscode.QuickPickItem[]): Promise<vscode.QuickPickItem | undefined> => items[0];

/** Collects what messages say, and answers each with what `choose` picks. */
function messages(said: string[], choose: (message: string, options: unknown, items: string[]) => string | undefined) {
  return async (message: string, ...more: unknown[]): Promise<string | undefined> => {
    const options = typeof more[0] === 'object' ? more[0] : {};
    const detail = (options as vscode.MessageOptions).detail ?? '';
    said.push(`${message}\n${detail}`);
    return choose(
      message,
      options,
      more.filter((m): m is string => typeof m === 'string'),
    );
  };
}

test('import: previews first, asks, writes one batch that LevelDB reads, and takes it back', async () => {
  await withCopy('sensors-leveldb', async (directory) => {
    const file = join(dirname(directory), 'users.csv');
    writeFileSync(file, 'id,name\nu1,Ada\nu2,"Bob, B."\nu3\nu4,Cy\n');
    await run('lsm.openStoreAtPath', directory);
    const before = print(directory);
    const said: string[] = [];
    const nobody = messages(said, () => undefined);
    let preview: ImportPreview | undefined;
    await withStub(vscode.window, 'showWarningMessage', nobody, () =>
      withStub(vscode.window, 'showQuickPick', first, async () => {
        preview = await run<ImportPreview>('lsm.import', { store: directory, file });
      }),
    );
    assert.deepEqual([preview?.rows, preview?.added, preview?.bad], [4, 3, 1]);
    assert.match(said[0] ?? '', /users\.csv: 4 rows · 3 new · 1 bad/);
    const shown = vscode.window.activeTextEditor?.document;
    assert.ok(shown);
    assert.match(shown.getText(), /line 4: it has 1 fields, and there are 2 columns/);
    assert.match(shown.getText(), /new {2}u2 → Bob, B\./);
    assert.deepEqual(print(directory), before, 'a preview changes nothing');
    const lenses = await run<vscode.CodeLens[]>('vscode.executeCodeLensProvider', shown.uri);
    const titles = lenses.map((l) => l.command?.title ?? '');
    assert.ok(
      titles.some((title) => title.includes('Import 3 rows…')),
      titles.join(),
    );

    const go = lenses.find((l) => l.command?.title.includes('Import 3 rows…'))?.command;
    assert.ok(go);
    // The first time a person thinks better of it.
    await withStub(vscode.window, 'showWarningMessage', nobody, async () => {
      assert.equal(await run(go.command, ...(go.arguments ?? [])), undefined);
    });
    assert.match(said[1] ?? '', /Import 3 rows of users\.csv into/);
    assert.ok(said[1]?.includes(directory), 'says which store will change');
    assert.deepEqual(print(directory), before);

    let report: ImportReport | undefined;
    const yes = messages(said, (_message, options, items) =>
      (options as vscode.MessageOptions).modal === true ? items[0] : undefined,
    );
    await withStub(vscode.window, 'showWarningMessage', yes, () =>
      withStub(vscode.window, 'showInformationMessage', yes, async () => {
        report = await run<ImportReport>(go.command, ...(go.arguments ?? []));
      }),
    );
    assert.deepEqual([report?.outcome, report?.applied, report?.batches, report?.bad], ['done', 3, 1, 1]);
    assert.match(said.at(-1) ?? '', /Imported users\.csv into .*3 rows · sequence .* · 1 bad rows left out/);
    assert.equal(await official(directory, 'u2'), 'Bob, B.');
    assert.equal((await ours()).writes.last?.path, directory);
    assert.ok(await run('lsm.undoWrite', { ask: false }));
    assert.equal(await official(directory, 'u2'), undefined);
    await closeTabs();
  });
});

test('import: of bad rows nothing is written, of a scan everything comes back, and an owner refuses', async () => {
  await withCopy('sensors-leveldb', async (directory) => {
    const file = join(dirname(directory), 'rows.jsonl');
    writeFileSync(file, '{"key":"j1","value":{"hex":"00ff"}}\n{"key":"j2","type":"delete"}\nnonsense\n');
    await run('lsm.openStoreAtPath', directory);
    const said: string[] = [];
    const errors = messages(said, () => undefined);
    await withStub(vscode.window, 'showErrorMessage', errors, async () => {
      const bad = await run<ImportReport>('lsm.import', { store: directory, file, ask: false });
      assert.deepEqual([bad.outcome, bad.applied, bad.bad], ['bad', 0, 1]);
    });
    assert.match(said[0] ?? '', /Nothing of rows\.jsonl was imported: 1 bad rows\. line 3: the line is not JSON/);
    assert.equal(await official(directory, 'j1'), undefined);
    const done = await run<ImportReport>('lsm.import', { store: directory, file, skipBad: true, ask: false });
    assert.deepEqual([done.outcome, done.applied, done.deletedAbsent], ['done', 2, 1]);

    const owner = await Owner.open(directory);
    try {
      assert.equal((await owner.get('j1'))?.toString('hex'), '00ff');
      await withStub(vscode.window, 'showErrorMessage', errors, async () => {
        assert.equal(await run('lsm.import', { store: directory, file, skipBad: true, ask: false }), undefined);
      });
      assert.match(said.at(-1) ?? '', new RegExp(`^Import: .*process ${owner.pid}`));
    } finally {
      await owner.close();
    }
  });
});

test('import: cancelled in its notification, what was written holds and is told', async () => {
  await withCopy('sensors-rocksdb', async (directory) => {
    const file = join(dirname(directory), 'many.jsonl');
    const line = (n: number): string => `{"key":"n${String(n).padStart(6, '0')}","value":"${'x'.repeat(100)}"}`;
    writeFileSync(file, Array.from({ length: 300_000 }, (_, n) => line(n)).join('\n'));
    await run('lsm.openStoreAtPath', directory);
    const shown: string[] = [];
    // Pressed once rows are written.
    const progress = withCancelPressed((message) => {
      shown.push(message);
      return message.includes('written');
    });
    const said: string[] = [];
    let report: ImportReport | undefined;
    await withStub(
      vscode.window,
      'showInformationMessage',
      messages(said, () => undefined),
      () =>
        withStub(vscode.window, 'withProgress', progress, async () => {
          report = await run<ImportReport>('lsm.import', { store: directory, file, ask: false });
        }),
    );
    assert.ok(
      shown.some((message) => /checked [\d,]+ rows · [\d,]+ rows\/s/.test(message)),
      shown.join('\n'),
    );
    assert.equal(report?.outcome, 'cancelled');
    const { applied } = report as ImportReport;
    assert.ok(applied > 0 && applied < 300_000 && applied % 10_000 === 0, String(applied));
    assert.ok(said.at(-1)?.includes(`the next is line ${applied + 1} of the file`), said.join('\n'));
    const store = (await ours()).stores.byPath(directory);
    const get = (n: number) => store?.call('get', { family: 0, key: Buffer.from(`n${String(n).padStart(6, '0')}`) });
    assert.ok((await get(applied - 1))?.entry);
    assert.equal((await get(applied))?.entry, undefined);
  });
});
