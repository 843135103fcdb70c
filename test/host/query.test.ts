/** Conditions, key histories, exports and the tabs of results, inside the real extension host. */
import { strict as assert } from 'node:assert';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { EntryRow, ExportReport, QueryParams } from '../../engine/protocol/engineApi.ts';
import { PANELS } from '../../extension/ids.ts';
import type { Store } from '../../extension/store.ts';
import { FakePanel } from './fakePanel.ts';
import { test } from './harness.ts';
import {
  closeTabs,
  ours,
  panels,
  print,
  sample,
  tabs,
  until,
  withCancelPressed,
  withCopy,
  withStub,
} from './support.ts';

const run = <T>(command: string, ...args: unknown[]): Promise<T> =>
  Promise.resolve(vscode.commands.executeCommand<T>(command, ...args));

async function opened(directory: string): Promise<Store> {
  await run('lsm.openStoreAtPath', directory);
  const store = (await ours()).stores.byPath(directory);
  assert.ok(store);
  return store;
}

async function rowsOf(store: Store, params: QueryParams): Promise<readonly EntryRow[]> {
  const { query } = await store.call('openQuery', params);
  const page = await store.call('rows', { query, from: 0, count: 100_000, previewBytes: 4096 });
  await store.call('closeQuery', { query });
  return page.items;
}

const familyId = (store: Store): number => store.summary?.families.find((f) => f.name === 'default')?.id ?? 0;

const siteOf = (row: EntryRow | undefined): string =>
  (JSON.parse(new TextDecoder().decode(row?.value ?? undefined)) as { site: string }).site;

/** Runs a command whose results tab is a panel of the test. */
async function intoFake(body: () => Promise<unknown>): Promise<FakePanel> {
  const panel = new FakePanel();
  await withStub(
    vscode.window,
    'createWebviewPanel',
    () => panel,
    async () => void (await body()),
  );
  return panel;
}

test('query: a condition is checked, told, remembered, and changed in place', async () => {
  await closeTabs();
  const store = await opened(sample('sensors-rocksdb'));
  const args = { store, family: 'default', prefix: 'sensor/', limit: 0 };
  const sensors = { family: familyId(store), prefix: new TextEncoder().encode('sensor/') };
  const all = await rowsOf(store, sensors);
  const site = 'kyoto';
  const panel = await intoFake(() => run('lsm.scan', { ...args, where: `value.site = "${site}"` }));
  const init = await panel.ready();
  assert.ok(init.view === 'results');
  assert.ok(init.title.includes(`where value.site = "${site}"`), init.title);
  await until(
    'the search is over',
    () => panel.of('queryProgress').some((m) => m.state.complete) || init.state.complete,
  );
  const state = await panel.call('queryState', { query: init.state.query });
  assert.equal(state.scanned, all.length);
  assert.ok(state.total > 0 && state.total < all.length, `${state.total} of ${all.length}`);
  const page = await panel.call('rows', { query: state.query, from: 0, count: 1000, previewBytes: 4096 });
  for (const row of page.items) assert.equal(siteOf(row), site);

  const wrong = await panel.call('checkWhere', { family: init.params.family, where: 'size > ' });
  assert.match(wrong?.message ?? '', /position 8/);
  const before = panel.of('init').length;
  panel.do({ action: 'setCondition', where: 'size > 1000000' });
  await until('the other query is there', () => panel.of('init').length > before);
  const next = panel.of('init').at(-1)?.init;
  assert.ok(next?.view === 'results');
  assert.equal(next.params.where, 'size > 1000000');
  assert.deepEqual(next.params.prefix, init.params.prefix, 'the range stays');
  const { queries } = await ours();
  const remembered = queries.history.shown[0]?.query;
  assert.ok(remembered?.kind === 'scan' && remembered.params.where === 'size > 1000000');
  panel.do({ action: 'setCondition', where: '' });
  await until('no condition', () => {
    const last = panel.of('init').at(-1)?.init;
    return last?.view === 'results' && last.params.where === undefined;
  });
  panel.dispose();

  const shown: string[] = [];
  const stub = async (message: string): Promise<undefined> => void shown.push(message);
  await withStub(vscode.window, 'showErrorMessage', stub, async () => {
    assert.equal(await run('lsm.scan', { ...args, where: 'size >' }), undefined);
  });
  assert.match(shown.join(), /position/, 'a wrong condition opens no tab and says where');
  await run('lsm.clearHistory');
});

test('query: a format of values is chosen or typed, remembered, and shown by the pages that are there', async () => {
  const directory = sample('sensors-rocksdb');
  const store = await opened(directory);
  const panel = await intoFake(() => run('lsm.scan', { store, family: 'default', limit: 0 }));
  const family = familyId(store);
  const offered: vscode.QuickPickItem[] = [];
  const faults: unknown[] = [];
  const pick = async (items: Thenable<vscode.QuickPickItem[]> | vscode.QuickPickItem[]) => {
    offered.push(...(await items));
    return offered.find((item) => item.label === 'Type it…');
  };
  const type = async ({ validateInput }: vscode.InputBoxOptions) => {
    for (const text of ['cql:map<text>', 'none', 'zstd+', 'cql:map<text,int> '])
      faults.push(await validateInput?.(text));
    return ' cql:map<text,int> ';
  };
  try {
    await panel.ready();
    await withStub(vscode.window, 'showQuickPick', pick, () =>
      withStub(vscode.window, 'showInputBox', type, async () => {
        panel.do({ action: 'askFormat', family });
        await until('the page is told', () => panel.of('lens').length > 0);
      }),
    );
    assert.deepEqual(panel.of('lens'), [{ t: 'lens', family, lens: 'value:cql:map<text,int>' }]);
    assert.ok(faults.slice(0, 3).every((f) => typeof f === 'string' && f !== ''));
    assert.equal(faults[3], undefined);
    const [found] = offered;
    assert.equal(found?.kind, vscode.QuickPickItemKind.Separator);
    assert.ok(
      offered.some((item) => item.label === 'JSON' && /% sure/.test(item.description ?? '')),
      'what fits',
    );
    assert.ok(
      offered.some((item) => item.label === 'MessagePack' && item.description === 'msgpack'),
      'what does not',
    );
    assert.equal(new Set(offered.map((item) => item.label)).size, offered.length, 'each once');
    const again = await panel.ready();
    assert.ok(again.view === 'results');
    assert.equal(again.lens?.chosen, 'value:cql:map<text,int>', 'it is remembered');
    const lenses = await panel.call('lenses', { family, format: again.lens?.chosen ?? undefined });
    assert.equal(lenses.at(-1)?.title, 'CQL map<text,int>');
    assert.equal(await run('lsm.chooseFormat', { store, family: 'default', format: 'msgpack' }), 'value:msgpack');
    const errors: string[] = [];
    const stub = async (message: string): Promise<undefined> => void errors.push(message);
    await withStub(vscode.window, 'showErrorMessage', stub, async () => {
      assert.equal(await run('lsm.chooseFormat', { store, family: 'default', format: 'nonesuch' }), undefined);
    });
    assert.match(errors.join(), /no value format "nonesuch"/);
  } finally {
    panel.do({ action: 'chooseLens', family, lens: null });
    panel.dispose();
    await run('lsm.clearHistory');
  }
});

test('query: the condition of the form is checked as it is typed', async () => {
  const store = await opened(sample('sensors-rocksdb'));
  const picks = ['all', 'where', 'run'];
  const asked: vscode.InputBoxOptions[] = [];
  const quickPick = async (items: readonly { id: string }[]): Promise<unknown> => {
    const id = picks.shift();
    return items.find((item) => item.id === id);
  };
  const inputBox = async (options: vscode.InputBoxOptions): Promise<string> => {
    asked.push(options);
    return 'value.unit = "%"';
  };
  let params: QueryParams | undefined;
  await withStub(vscode.window, 'showQuickPick', quickPick, () =>
    withStub(vscode.window, 'showInputBox', inputBox, async () => {
      const panel = await intoFake(async () => {
        params = await run<QueryParams>('lsm.scan', { store, family: 'default' });
      });
      panel.dispose();
    }),
  );
  assert.equal(params?.where, 'value.unit = "%"');
  const validate = asked[0]?.validateInput;
  assert.ok(validate);
  assert.match(String(await validate('size > ')), /position 8/);
  assert.equal(await validate('size > 3'), undefined);
  assert.equal(await validate(''), undefined);
  assert.match(asked[0]?.prompt ?? '', /not value\.error/);
});

test('query: the history of a key has every version, and leads to table and block', async () => {
  await closeTabs();
  const store = await opened(sample('sensors-leveldb'));
  const versions = await rowsOf(store, { family: 0, allVersions: true });
  const counts = new Map<string, EntryRow[]>();
  for (const row of versions) {
    const text = Buffer.from(row.key).toString('hex');
    counts.set(text, [...(counts.get(text) ?? []), row]);
  }
  const expected = [...counts.values()].sort((a, b) => b.length - a.length)[0] ?? [];
  const key = expected[0]?.key;
  assert.ok(key !== undefined && expected.length > 1, `${expected.length} versions`);
  const panel = await intoFake(() => run('lsm.keyHistory', { store, key }));
  const init = await panel.ready();
  assert.ok(init.view === 'results');
  assert.match(init.title, /^History of /);
  const page = await panel.call('rows', { query: init.state.query, from: 0, count: 100, previewBytes: 0 });
  assert.deepEqual(
    page.items.map((r) => [r.seq, r.type, r.level, r.table]),
    expected.map((r) => [r.seq, r.type, r.level, r.table]),
  );
  const stored = page.items.find((r) => r.table !== null);
  assert.ok(stored !== undefined && stored.table !== null);
  panel.do({ action: 'openEntryBlock', table: stored.table, key, seq: stored.seq });
  await until('its block is shown', () =>
    tabs().some((tab) => tab.input instanceof vscode.TabInputText && /@\d+\.dump$/.test(tab.input.uri.path)),
  );
  panel.dispose();
  await closeTabs();
});

test('query: two values are compared in the diff editor', async () => {
  await closeTabs();
  const store = await opened(sample('sensors-rocksdb'));
  const panel = await intoFake(() => run('lsm.scan', { store, family: 'default', prefix: 'sensor/', limit: 5 }));
  const init = await panel.ready();
  assert.ok(init.view === 'results');
  const page = await panel.call('rows', { query: init.state.query, from: 0, count: 2, previewBytes: 0 });
  const [a, b] = page.items;
  assert.ok(a && b);
  const { family } = init.params;
  panel.do({ action: 'markValue', family, key: a.key, seq: a.seq });
  await until('it is marked', () => panel.of('marked').at(-1)?.name !== null && panel.of('marked').length > 0);
  panel.do({ action: 'compareValue', family, key: b.key, seq: b.seq });
  await until('the difference is shown', () => tabs().some((tab) => tab.input instanceof vscode.TabInputTextDiff));
  const input = tabs().find((tab) => tab.input instanceof vscode.TabInputTextDiff)?.input as vscode.TabInputTextDiff;
  for (const [uri, row] of [
    [input.original, a],
    [input.modified, b],
  ] as const) {
    const text = (await vscode.workspace.openTextDocument(uri)).getText();
    const value = await store.call('value', { family, key: row.key, seq: row.seq, maxBytes: 1 << 20 });
    assert.deepEqual(JSON.parse(text), JSON.parse(new TextDecoder().decode(value)));
    assert.ok(text.includes('\n'), 'laid out');
  }
  assert.equal(panel.of('marked').at(-1)?.name, null, 'the mark is gone');
  panel.dispose();
  await closeTabs();
});

test('query: the next query takes the tab of the last, unless that is pinned', async () => {
  await closeTabs();
  const store = await opened(sample('sensors-leveldb'));
  const scan = (limit: number): Promise<unknown> => run('lsm.scan', { store, limit });
  const first = await intoFake(() => scan(3));
  await first.ready();
  const none = await intoFake(() => scan(4));
  assert.equal(none.webview.html, '', 'no second tab');
  await until('the second query is in the first tab', () => {
    const last = first.of('init').at(-1)?.init;
    return last?.view === 'results' && last.params.limit === 4;
  });
  first.do({ action: 'pin', pinned: true });
  const second = await intoFake(() => scan(5));
  assert.notEqual(second.webview.html, '', 'a tab of its own');
  const last = first.of('init').at(-1)?.init;
  assert.ok(last?.view === 'results' && last.params.limit === 4, 'the pinned one stays');
  const history = await intoFake(() => run('lsm.keyHistory', { store, key: 'x' }));
  assert.notEqual(history.webview.html, '', 'a key history takes no place of a scan');
  for (const panel of [first, second, history]) panel.dispose();
  assert.equal(panels(PANELS.results).length, 0);
  await run('lsm.clearHistory');
});

test('query: an export holds what the scan shows, and a cancelled one leaves nothing', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'lsm-host-export-'));
  try {
    const directory = sample('sensors-rocksdb');
    const store = await opened(directory);
    const before = print(directory);
    const messages: string[] = [];
    const stub = async (message: string, ...items: string[]): Promise<undefined> =>
      void messages.push([message, ...items].join(' | '));
    await withStub(vscode.window, 'showInformationMessage', stub, async () => {
      const out = join(parent, 'lines');
      const query: QueryParams = {
        family: familyId(store),
        prefix: new TextEncoder().encode('sensor/'),
        where: 'value.site != "nowhere"',
      };
      const report = await run<ExportReport>('lsm.export', { store, query, format: 'jsonl', out });
      const rows = await rowsOf(store, query);
      assert.equal(report.rows, rows.length);
      assert.ok(rows.length > 0);
      const lines = report.files.flatMap(({ name }) => readFileSync(join(out, name), 'utf8').trim().split('\n'));
      assert.deepEqual(
        lines.map((line) => (JSON.parse(line) as { seq: number }).seq),
        rows.map((r) => r.seq),
      );
      assert.match(messages.join('\n'), /Exported sensors-rocksdb to .*\| Open Folder/);

      const tables = await run<ExportReport>('lsm.export', { store, what: 'tables', out: join(parent, 'tables') });
      assert.equal(
        tables.rows,
        store.summary?.families.reduce((n, f) => n + f.tables, 0),
      );

      // A place that is taken is refused, and stays as it is.
      writeFileSync(join(parent, 'taken'), 'mine');
      await withStub(vscode.window, 'showErrorMessage', stub, async () => {
        assert.equal(await run('lsm.export', { store, out: join(parent, 'taken') }), undefined);
      });
      assert.equal(readFileSync(join(parent, 'taken'), 'utf8'), 'mine');

      messages.length = 0;
      await withStub(vscode.window, 'withProgress', withCancelPressed(), async () => {
        const cancelled = await run<ExportReport | undefined>('lsm.export', { store, out: join(parent, 'never') });
        // A store so small may be written before the cancellation is heard.
        assert.equal(existsSync(join(parent, 'never')), cancelled !== undefined);
        if (cancelled === undefined) assert.match(messages.join(), /cancelled; nothing of it is left/);
      });
      assert.deepEqual(
        readdirSync(parent).filter((name) => name.includes('partial')),
        [],
      );
    });
    assert.deepEqual(print(directory), before);
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
});

test('query: a key is typed by the fields of its schema', async () => {
  await withCopy('sensors-leveldb', async (directory) => {
    const schema = { schemas: [{ key: '"sensor:" id:u32be "/" time:u64be(desc, unix-ms)' }] };
    writeFileSync(join(directory, '.lsm.json'), JSON.stringify(schema));
    const store = await opened(directory);
    const typed = 'id=7 time=2026-01-01T00:00:00.000Z';
    const answers: (string | undefined)[] = [];
    const inputBox = async (options: vscode.InputBoxOptions): Promise<string> => {
      assert.match(options.placeHolder ?? '', /id=… time=…/);
      for (const input of [typed, 'id=7', 'id=x time=2026-01-01']) {
        const said = await options.validateInput?.(input);
        answers.push(typeof said === 'object' && said !== null ? said.message : (said ?? undefined));
      }
      return typed;
    };
    let params: QueryParams | undefined;
    await withStub(vscode.window, 'showInputBox', inputBox, async () => {
      const panel = await intoFake(async () => {
        params = await run<QueryParams>('lsm.keyHistory', { store });
      });
      panel.dispose();
    });
    const { key } = await store.call('keyOfFields', { family: 0, text: typed });
    assert.deepEqual(params?.key, key);
    assert.match(answers[0] ?? '', /^20 bytes: /);
    assert.match(answers[1] ?? '', /Fields are missing/);
    assert.ok((answers[2] ?? '').length > 0);
  });
});
