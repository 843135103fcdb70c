import { strict as assert } from 'node:assert';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as vscode from 'vscode';
import type { SqlRequest, SqlState } from '../../engine/protocol/sqlView.ts';
import { PANELS } from '../../extension/ids.ts';
import { SqlView } from '../../extension/panels/sqlPanel.ts';
import { FakePanel } from './fakePanel.ts';
import { test } from './harness.ts';
import { closeTabs, ours, panels, print, sample, until, withCopy, withStub } from './support.ts';

const run = <T>(command: string, ...args: unknown[]): Promise<T> =>
  Promise.resolve(vscode.commands.executeCommand<T>(command, ...args));

const lensesOf = (uri: vscode.Uri): Promise<vscode.CodeLens[]> => run('vscode.executeCodeLensProvider', uri);

async function documentOf(content: string): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument({ language: 'lsm-sql', content });
  await vscode.window.showTextDocument(document);
  return document;
}

type Done = Extract<SqlState, { phase: 'done' }>;
function isDone(state: SqlState | undefined): asserts state is Done {
  assert.equal(state?.phase, 'done', JSON.stringify(state));
}

/** Discards what is not saved: there is nobody to ask. */
async function discard(): Promise<void> {
  await run('workbench.action.files.revert');
  for (const document of vscode.workspace.textDocuments) {
    if (document.languageId !== 'lsm-sql' || !document.isUntitled) continue;
    await vscode.window.showTextDocument(document);
    await run('workbench.action.revertAndCloseActiveEditor');
  }
  await closeTabs();
}

test('sql: the lens of a statement runs it, and its rows stand in a tab', async () => {
  const directory = sample('sensors-leveldb');
  const before = print(directory);
  const { stores, sql } = await ours();
  await run('lsm.openStoreAtPath', directory);
  await run('lsm.clearHistory');
  const document = await documentOf(
    `-- store: ${directory}\n\nSELECT level, count(*) AS n, sum(bytes) AS bytes FROM tables GROUP BY level;\n\n-- Two\nSELECT ';' AS a;\n`,
  );
  const lenses = await lensesOf(document.uri);
  assert.deepEqual(
    lenses.map((l) => [l.range.start.line, l.command?.title]),
    [
      [2, '$(play) Run on sensors-leveldb'],
      [2, 'Choose store…'],
      [5, '$(play) Run on sensors-leveldb'],
      [5, 'Choose store…'],
    ],
  );
  const [first, , second] = lenses;
  const state = await run<SqlState>(first?.command?.command ?? '', ...(first?.command?.arguments ?? []));
  isDone(state);
  assert.deepEqual(
    state.columns.map((c) => c.name),
    ['level', 'n', 'bytes'],
  );
  await until('the tab of results is there', () => panels(PANELS.sql).length === 1);
  const store = stores.byPath(directory);
  assert.ok(store);
  const family = store.family(0);
  assert.ok(family);
  const view = sql.of(document.uri);
  assert.ok(view);
  const other = await run<SqlState>(second?.command?.command ?? '', ...(second?.command?.arguments ?? []));
  isDone(other);
  assert.equal(sql.of(document.uri), view, 'one tab a document');
  assert.equal(panels(PANELS.sql).length, 1);
  assert.equal(view.panel.title, 'SQL: Two', 'a comment right above is its title');
  assert.equal(vscode.window.activeTextEditor?.document, document, 'the query keeps the focus');
  assert.deepEqual(print(directory), before, 'reading changes nothing');
  await discard();
});

test('sql: the page pages, sorts, and reads long and odd values', async () => {
  const directory = sample('sensors-rocksdb');
  const exports = await ours();
  const store = exports.stores.choose(directory);
  const panel = new FakePanel();
  const services = exports.services;
  const query = `SELECT key, value, value_size, 9007199254740993 AS big, 9e999 AS infinite, NULL AS absent,
    x'00ff' AS bytes FROM entries`;
  const request: SqlRequest = { store: directory, document: 'untitled:x', title: 'x', query, range: {} };
  const view = new SqlView(services, store, panel, request);
  try {
    const init = await panel.ready();
    assert.deepEqual(init.view === 'sql' ? [init.state, init.request] : init, [{ phase: 'idle' }, request]);
    const state = await view.run(request);
    isDone(state);
    const { run: number } = state;
    assert.deepEqual(state.columns[0]?.from, { table: 'entries', column: 'key' });
    const first = await panel.call('sqlPage', { run: number, offset: 0, count: 10 });
    assert.equal(first.rows.length, 10);
    assert.equal(first.complete, false);
    assert.deepEqual(first.rows[0]?.slice(3), [
      { spelled: '9007199254740993' },
      { spelled: 'Infinity' },
      null,
      Uint8Array.of(0, 255),
    ]);
    // What VS Code sends to a page is JSON beside its bytes.
    JSON.stringify(panel.posted);
    let rows = 0;
    for (let complete = false; !complete; ) {
      const page = await panel.call('sqlPage', { run: number, offset: rows, count: 1_000 });
      rows += page.rows.length;
      complete = page.complete;
    }
    const counted = await store.call('sql', { query: 'SELECT count(*) FROM entries', count: 1 });
    assert.equal(rows, counted.rows[0]?.[0], 'every row came once');

    const sorted = await view.run(request, { column: 2, down: true });
    isDone(sorted);
    assert.deepEqual(sorted.sort, { column: 2, down: true });
    assert.deepEqual(sorted.columns, state.columns, 'columns keep their names and where they are from');
    const top = await panel.call('sqlPage', { run: sorted.run, offset: 0, count: 50 });
    const sizes = top.rows.map((row) => row[2] as number);
    assert.deepEqual(
      sizes,
      [...sizes].sort((a, b) => b - a),
    );
    await assert.rejects(panel.call('sqlPage', { run: number, offset: 0, count: 1 }), /earlier run/);

    const long = { ...request, query: "SELECT hex(zeroblob(2000)) AS h, 'é' AS e" };
    const cut = await view.run(long);
    isDone(cut);
    const [row] = (await panel.call('sqlPage', { run: cut.run, offset: 0, count: 1 })).rows;
    assert.deepEqual(row?.[0], { cut: '0'.repeat(1024), size: 4000 });
    assert.equal(await panel.call('sqlCell', { run: cut.run, row: 0, column: 0 }), '0'.repeat(4000));
  } finally {
    panel.dispose();
  }
});

test('sql: what is typed wrong is marked where it stands, until it is edited or runs', async () => {
  const directory = sample('sensors-leveldb');
  await ours();
  await run('lsm.openStoreAtPath', directory);
  const document = await documentOf(`-- store: ${directory}\nSELECT bytes,\n  nosuch FROM tables;\n`);
  const problems = (): vscode.Diagnostic[] => vscode.languages.getDiagnostics(document.uri);
  const state = await run<SqlState>('lsm.runSql', document.uri, 60);
  assert.equal(state.phase === 'failed' && state.code, 'INPUT');
  assert.deepEqual(
    problems().map((d) => [d.message, document.getText(d.range), d.source]),
    [['no such column: nosuch', 'nosuch', 'LSM SQL']],
  );
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, problems()[0]?.range ?? new vscode.Range(0, 0, 0, 0), 'level');
  await vscode.workspace.applyEdit(edit);
  await until('the mark is gone', () => problems().length === 0);
  isDone(await run<SqlState>('lsm.runSql', document.uri, 60));

  for (const [text, marked] of [
    ['SELECT 1;\nDELETE FROM tables;', 'DELETE FROM tables'],
    ['-- family: nosuch\nSELECT count(*) FROM entries', 'nosuch'],
    ['-- prefix: 0xzz\nSELECT count(*) FROM entries', '0xzz'],
    ['-- limit: many\nSELECT count(*) FROM entries', 'many'],
  ] as const) {
    const wrong = await documentOf(`${text}\n`);
    await run('lsm.runSql', wrong.uri, wrong.getText().length);
    const found = vscode.languages.getDiagnostics(wrong.uri);
    assert.deepEqual(
      found.map((d) => wrong.getText(d.range)),
      [marked],
      JSON.stringify(found),
    );
  }
  await discard();
});

test('sql: directives choose the store beside the document, its family, prefix and limit', async () => {
  await withCopy('sensors-rocksdb', async (directory) => {
    await ours();
    const file = join(directory, '..', 'counts.lsm.sql');
    writeFileSync(
      file,
      '-- store: sensors-rocksdb\nSELECT family, count(*) AS n FROM entries GROUP BY 1;\n' +
        '-- family: alerts\n-- limit: 7\nSELECT count(*) AS n, min(key_text) AS k FROM entries\n',
    );
    try {
      const document = await vscode.workspace.openTextDocument(file);
      assert.equal(document.languageId, 'lsm-sql', 'by the name of the file');
      await vscode.window.showTextDocument(document);
      const { stores, sql } = await ours();
      isDone(await run<SqlState>('lsm.runSql', document.uri, 0));
      const store = stores.byPath(directory);
      assert.ok(store, 'the store is listed by running');
      const families = store.summary?.families.map((f) => f.name) ?? [];
      assert.ok(families.length > 1);
      const view = sql.of(document.uri);
      const state = await run<SqlState>('lsm.runSql', document.uri, document.getText().length);
      assert.ok(families.includes('alerts'));
      isDone(state);
      assert.deepEqual(view?.request.range, { family: 'alerts', limit: 7 });
      assert.match(state.notes.join(), /7/, 'what was cut is told');

      const lenses = await lensesOf(document.uri);
      assert.equal(lenses[0]?.command?.title, '$(play) Run on sensors-rocksdb');
      const other = stores.choose(sample('sensors-leveldb'));
      const pick = async (items: readonly { store?: unknown }[]): Promise<unknown> =>
        items.find((item) => item.store === other);
      await withStub(vscode.window, 'showQuickPick', pick, async () => {
        assert.equal(await run('lsm.chooseSqlStore', document.uri), other.path);
      });
      const named = /^-- store: (.*)\n/.exec(document.getText())?.[1];
      assert.equal(resolve(directory, '..', named ?? ''), other.path, document.getText());
      await run('workbench.action.files.revert');
    } finally {
      await discard();
    }
  });
});

test('sql: ready-made queries run from the command, and again from the history', async () => {
  const directory = sample('sensors-rocksdb');
  const { queries, sql, stores } = await ours();
  await run('lsm.openStoreAtPath', directory);
  await run('lsm.clearHistory');
  const store = stores.byPath(directory);
  assert.ok(store);
  const examples = await store.call('sqlExamples', {});
  let offered: readonly vscode.QuickPickItem[] = [];
  const choose = (label: string) => async (items: readonly vscode.QuickPickItem[]) => {
    offered = items;
    return items.find((item) => item.label.includes(label));
  };
  for (const { title, sql: query } of examples) {
    await withStub(vscode.window, 'showQuickPick', choose(title), async () => {
      const state = await run<SqlState>('lsm.querySql', { store: directory });
      isDone(state);
    });
    const document = vscode.window.activeTextEditor?.document;
    assert.equal(document?.languageId, 'lsm-sql');
    assert.ok(document.getText().startsWith(`-- ${title}\n-- store: ${directory}\n${query};\n`), document.getText());
    assert.equal(sql.of(document.uri)?.request.title, title);
  }
  const kept = queries.history.shown;
  assert.equal(kept.length, examples.length);
  assert.ok(kept.every((q) => q.query.kind === 'sql' && q.query.store === directory));
  assert.ok(
    kept.some((q) => typeof q.count === 'number' && q.count > 0),
    'rows are counted',
  );

  const before = vscode.workspace.textDocuments.filter((d) => d.languageId === 'lsm-sql').length;
  isDone(await run<SqlState>('lsm.runQuery', { view: 'history', stored: kept.at(-1) }));
  assert.equal(queries.history.shown.length, examples.length, 'the same query stands there once');
  const after = vscode.workspace.textDocuments.filter((d) => d.languageId === 'lsm-sql').length;
  assert.equal(after, before, 'an open document that holds it is shown again');

  await withStub(vscode.window, 'showQuickPick', choose('Write a query'), async () => {
    assert.equal(await run('lsm.querySql', { store: directory }), undefined, 'what is to be written is not run');
  });
  assert.ok(offered.some((item) => item.label === 'Recent' && item.kind === vscode.QuickPickItemKind.Separator));
  await run('lsm.clearHistory');
  await discard();
});

test('sql: a query is cancelled, and the engine goes on', async () => {
  const directory = sample('sensors-rocksdb');
  const exports = await ours();
  const store = exports.stores.choose(directory);
  await store.open();
  const panel = new FakePanel();
  const query = 'SELECT count(DISTINCT key || value) FROM entries';
  const request: SqlRequest = { store: directory, document: 'untitled:y', title: 'y', query, range: {} };
  const view = new SqlView(exports.services, store, panel, request);
  try {
    const running = view.run(request);
    panel.do({ action: 'cancelSql' });
    await running;
    assert.equal(view.state.phase === 'failed' && view.state.cancelled, true);
    isDone(await view.run({ ...request, query: 'SELECT 1' }));
  } finally {
    panel.dispose();
  }
});

test('sql: a query that would run for hours is cancelled while it runs', async () => {
  const directory = sample('sensors-rocksdb');
  const exports = await ours();
  const store = exports.stores.choose(directory);
  await store.open();
  const settings = vscode.workspace.getConfiguration();
  const panel = new FakePanel();
  const query = 'SELECT count(*) FROM entries a, entries b, entries c, entries d WHERE a.key < b.key';
  const request: SqlRequest = { store: directory, document: 'untitled:h', title: 'h', query, range: {} };
  const view = new SqlView(exports.services, store, panel, request);
  try {
    await settings.update('lsm.sql.timeoutSeconds', 86_400, vscode.ConfigurationTarget.Global);
    const running = view.run(request);
    await until('the engine takes no messages: it is in SQLite', async () => {
      const asked = store.call('summary', {}).then(() => false);
      return Promise.race([asked, new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 1_000))]);
    });
    panel.do({ action: 'cancelSql' });
    await running;
    assert.equal(view.state.phase === 'failed' && view.state.cancelled, true);
    // It answers again, hours before the query would have been done.
    isDone(await view.run({ ...request, query: 'SELECT 1' }));
  } finally {
    await settings.update('lsm.sql.timeoutSeconds', undefined, vscode.ConfigurationTarget.Global);
    panel.dispose();
  }
});

test('sql: all rows are saved, also those that the page has not asked for', async () => {
  const directory = sample('sensors-rocksdb');
  const exports = await ours();
  const store = exports.stores.choose(directory);
  const panel = new FakePanel();
  const query = "SELECT key, value_size, 'a,b' AS t FROM entries ORDER BY key";
  const request: SqlRequest = { store: directory, document: 'untitled:z', title: 'my rows.lsm.sql', query, range: {} };
  const view = new SqlView(exports.services, store, panel, request);
  const folder = mkdtempSync(join(tmpdir(), 'lsm-host-sql-'));
  try {
    isDone(await view.run(request));
    const counted = await store.call('sql', { query: 'SELECT count(*) FROM entries', count: 1 });
    for (const format of ['csv', 'jsonl'] as const) {
      const file = join(folder, `rows.${format}`);
      let suggested = '';
      const choose = async (options: vscode.SaveDialogOptions): Promise<vscode.Uri> => {
        suggested = options.defaultUri?.path ?? '';
        return vscode.Uri.file(file);
      };
      await withStub(vscode.window, 'showSaveDialog', choose, async () => {
        panel.do({ action: 'saveSql', format });
        await until('the file is there', () => existsSync(file) && readFileSync(file).length > 0);
      });
      assert.ok(suggested.endsWith(`/my-rows.${format}`), suggested);
      const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
      assert.equal(lines.length, Number(counted.rows[0]?.[0]) + (format === 'csv' ? 1 : 0));
      if (format === 'csv') assert.match(lines[1] ?? '', /,\d+,"a,b"$/);
      else assert.deepEqual(Object.keys(JSON.parse(lines[0] ?? '') as object), ['key', 'value_size', 't']);
      if (format === 'csv') assert.equal(lines[0], 'key,value_size,t');
    }
  } finally {
    panel.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('sql: names complete, and hovers say what they mean', async () => {
  await ours();
  const document = await documentOf('SELECT e.\nFROM entries e;\nSELECT tables FROM levels;\n');
  const list = await run<vscode.CompletionList>(
    'vscode.executeCompletionItemProvider',
    document.uri,
    new vscode.Position(0, 9),
    '.',
  );
  const labels = list.items.map((item) => (typeof item.label === 'string' ? item.label : item.label.label));
  assert.ok(labels.includes('value_size') && labels.includes('key_text'), labels.join());
  assert.ok(!labels.includes('SELECT'), 'nothing but columns behind a dot');
  const hovers = await run<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, new vscode.Position(2, 10));
  const text = hovers.flatMap((h) => h.contents.map((c) => (typeof c === 'string' ? c : c.value))).join('\n');
  assert.match(text, /levels\\?\.tables/);
  assert.match(text, /live tables/);
  await discard();
});
