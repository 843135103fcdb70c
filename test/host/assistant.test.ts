import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';
import { ANSWER_BYTES_MAX } from '../../extension/assistant/answer.ts';
import { AssistantTool } from '../../extension/assistant/tools.ts';
import { test } from './harness.ts';
import { Owner, ours, print, sample, withCopy } from './support.ts';

type Answer = Record<string, unknown>;

/** Calls a tool as an assistant does, through VS Code. */
async function invoke(name: string, input: object): Promise<Answer> {
  const result = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined });
  assert.equal(result.content.length, 1);
  const [part] = result.content;
  assert.ok(part instanceof vscode.LanguageModelTextPart);
  assert.ok(Buffer.byteLength(part.value) <= ANSWER_BYTES_MAX, `${name}: ${Buffer.byteLength(part.value)} bytes`);
  return JSON.parse(part.value) as Answer;
}

const listOf = (answer: Answer, name: string): Answer[] => {
  const list = answer[name];
  assert.ok(Array.isArray(list), `${name} of ${JSON.stringify(answer).slice(0, 300)}`);
  return list as Answer[];
};

const fails = (name: string, input: object, message: RegExp): Promise<void> =>
  assert.rejects(invoke(name, input), message);

test('assistant: the tools are registered and described', async () => {
  await ours();
  const names = vscode.lm.tools.map((tool) => tool.name).filter((name) => name.startsWith('lsm_'));
  assert.deepEqual(names.sort(), ['lsm_explain', 'lsm_get', 'lsm_info', 'lsm_scan', 'lsm_sql', 'lsm_tables']);
});

test('assistant: a person is asked first, and told which store', async () => {
  const { stores } = await ours();
  const store = stores.choose(sample('sensors-rocksdb'));
  const tool = new AssistantTool(stores, 'get');
  const asked = tool.prepareInvocation({ input: { store: store.path, key: 'some key' } });
  assert.match(String(asked.confirmationMessages?.title), /sensors-rocksdb/);
  const message = String(asked.confirmationMessages?.message);
  assert.ok(message.includes('some key') && message.includes(store.path), message);
});

test('assistant: info, tables, scan, get and explain answer over a listed store', async () => {
  const directory = sample('sensors-rocksdb');
  const before = print(directory);
  await ours();
  const info = await invoke('lsm_info', { store: 'sensors-rocksdb' });
  assert.equal(info['engine'], 'rocksdb');
  assert.equal(info['path'], directory);
  assert.equal(info['truncated'], false);
  const families = listOf(info, 'families');
  assert.ok(families.some((f) => f['name'] === 'default'));
  const listed = await invoke('lsm_info', {});
  assert.ok(listOf(listed, 'stores').some((s) => s['path'] === directory));

  const tables = await invoke('lsm_tables', { store: directory, limit: 3 });
  const [table] = listOf(tables, 'tables');
  assert.ok(table);
  assert.equal(listOf(tables, 'tables').length, Math.min(3, Number(tables['total'])));
  const details = await invoke('lsm_tables', { store: directory, table: table['number'] });
  assert.ok(Number((details['table'] as Answer)['entries']) > 0);

  const scan = await invoke('lsm_scan', { store: directory, limit: 5 });
  const entries = listOf(scan, 'entries');
  assert.equal(entries.length, 5);
  const key = String(entries[0]?.['key']);
  const rest = await invoke('lsm_scan', { store: directory, from: String(entries[4]?.['key']), limit: 1 });
  assert.equal(listOf(rest, 'entries')[0]?.['key'], entries[4]?.['key'], 'a key of an answer is a key to ask for');
  const keys = await invoke('lsm_scan', { store: directory, limit: 2, keysOnly: true });
  assert.ok(listOf(keys, 'entries').every((e) => !('value' in e) && Number(e['size']) >= 0));

  const got = await invoke('lsm_get', { store: directory, key });
  assert.equal(got['found'], true);
  assert.equal(listOf(got, 'entries')[0]?.['seq'], entries[0]?.['seq']);
  const absent = await invoke('lsm_get', { store: directory, key: '0xffffffff00' });
  assert.equal(absent['found'], false);

  const path = await invoke('lsm_explain', { store: directory, key });
  assert.equal(path['found'], true);
  assert.ok(listOf(path, 'steps').length > 0);
  assert.deepEqual(print(directory), before, 'nothing of the store was changed');
});

test('assistant: SQL over the tables, and its schema', async () => {
  const directory = sample('sensors-leveldb');
  const schema = await invoke('lsm_sql', { store: directory });
  assert.ok(listOf(schema, 'tables').some((t) => t['name'] === 'entries'));
  const counted = await invoke('lsm_sql', { store: directory, query: 'SELECT count(*) AS n, sum(bytes) FROM tables' });
  assert.deepEqual((counted['columns'] as string[])[0], 'n');
  const tables = await invoke('lsm_tables', { store: directory });
  assert.equal((counted['rows'] as unknown[][])[0]?.[0], tables['total']);
  await fails('lsm_sql', { store: directory, query: 'DELETE FROM tables' }, /./);
});

test('assistant: what does not fit is told', async () => {
  const directory = sample('sensors-leveldb');
  const scan = await invoke('lsm_scan', { store: directory, limit: 500, valueBytes: 4096 });
  assert.equal(scan['truncated'], true);
  const kept = listOf(scan, 'entries').length;
  assert.ok(kept > 0);
  assert.equal(Number(scan['leftOff']) + kept, 500);
});

test('assistant: wrong inputs are told in words, and no other directory is read', async () => {
  const directory = sample('sensors-rocksdb');
  await fails('lsm_get', { store: directory, key: '0xabc' }, /two digits/);
  await fails('lsm_get', { store: directory, key: 'k', family: 'nope' }, /no column family/);
  await fails('lsm_info', { store: '/etc' }, /listed stores are/);
  await fails('lsm_scan', { store: directory, limit: 0 }, /./);
});

test('assistant: reads beside the owner', async () => {
  await withCopy('sensors-leveldb', async (directory) => {
    const { stores } = await ours();
    stores.choose(directory);
    const owner = await Owner.open(directory);
    try {
      await owner.put('fresh', 'value');
      const got = await invoke('lsm_get', { store: directory, key: 'fresh' });
      assert.equal(got['found'], true);
      const info = await invoke('lsm_info', { store: directory });
      assert.equal(info['locked'], true);
    } finally {
      await owner.close();
    }
  });
});
