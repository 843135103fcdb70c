import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';
import type { GetResult, WriteReport } from '../../engine/protocol/engineApi.ts';
import { test } from './harness.ts';
import { closeTabs, Owner, ours, tabs, until, withCopy, withStub } from './support.ts';

const run = <T>(command: string, ...args: unknown[]): Promise<T> =>
  Promise.resolve(vscode.commands.executeCommand<T>(command, ...args));

/** What our own engine reads. */
async function read(directory: string, key: string): Promise<string | undefined> {
  const store = (await ours()).stores.byPath(directory);
  assert.ok(store);
  const { entry }: GetResult = await store.call('get', { family: 0, key: Buffer.from(key) });
  return entry?.value === undefined || entry.value === null ? undefined : Buffer.from(entry.value).toString('latin1');
}

/** What LevelDB itself reads. */
async function official(directory: string, key: string): Promise<string | undefined> {
  const owner = await Owner.open(directory);
  try {
    return (await owner.get(key))?.toString('latin1');
  } finally {
    await owner.close();
  }
}

interface Asked {
  readonly message: string;
  readonly detail: string;
}

/** Answers every modal question with `answer` while `body` runs. */
async function answering(answer: string | undefined, body: (asked: Asked[]) => Promise<void>): Promise<void> {
  const asked: Asked[] = [];
  const stub = async (message: string, options: vscode.MessageOptions): Promise<string | undefined> => {
    assert.equal(options.modal, true);
    asked.push({ message, detail: options.detail ?? '' });
    return answer;
  };
  await withStub(vscode.window, 'showWarningMessage', stub, () => body(asked));
}

async function retype(document: vscode.TextDocument, text: string): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, new vscode.Range(0, 0, document.lineCount, 0), text);
  assert.ok(await vscode.workspace.applyEdit(edit));
}

async function editing(directory: string, key: string): Promise<vscode.TextDocument> {
  const uri = await run<vscode.Uri>('lsm.editValue', { store: directory, family: 'default', key });
  assert.equal(uri?.scheme, 'lsm-edit');
  return vscode.workspace.openTextDocument(uri);
}

test('edit: put and delete ask, write, and are taken back; LevelDB sees each', async () => {
  await withCopy('sensors-leveldb', async (directory) => {
    await run('lsm.openStoreAtPath', directory);
    const at = { store: directory, family: 'default', key: 'new-key' };
    await answering(undefined, async (asked) => {
      assert.equal(await run('lsm.put', { ...at, value: 'one' }), undefined);
      assert.equal(asked.length, 1);
    });
    assert.equal(await read(directory, 'new-key'), undefined, 'nothing was written');
    await answering('Put', async (asked) => {
      const report = await run<WriteReport>('lsm.put', { ...at, value: 'one' });
      assert.deepEqual(report.previous, [{ state: 'absent' }]);
      const [question] = asked;
      assert.match(question?.message ?? '', /new-key/);
      for (const part of ['The store will be changed', directory, 'default', 'new-key', '3 B']) {
        assert.ok(question?.detail.includes(part), `${part} in ${question?.detail}`);
      }
    });
    assert.equal(await read(directory, 'new-key'), 'one');
    assert.equal(await official(directory, 'new-key'), 'one');
    await answering('Undo', async () => {
      assert.ok(await run('lsm.undoWrite'));
    });
    assert.equal(await read(directory, 'new-key'), undefined);
    assert.equal(await official(directory, 'new-key'), undefined);

    assert.ok(await run('lsm.put', { ...at, value: 'two', ask: false }));
    await answering('Delete', async (asked) => {
      assert.ok(await run('lsm.delete', at));
      assert.equal(asked.length, 1);
    });
    assert.equal(await official(directory, 'new-key'), undefined);
    assert.ok(await run('lsm.undoWrite', { ask: false }));
    assert.equal(await official(directory, 'new-key'), 'two');
    const { writes } = await ours();
    assert.equal(writes.last, undefined, 'an undo is not undone');
  });
});

test('edit: an undo is refused once another has written', async () => {
  await withCopy('sensors-leveldb', async (directory) => {
    await run('lsm.openStoreAtPath', directory);
    assert.ok(await run('lsm.put', { store: directory, family: 'default', key: 'mine', value: '1', ask: false }));
    const owner = await Owner.open(directory);
    await owner.put('theirs', '2');
    await owner.close();
    const said: string[] = [];
    const show = async (message: string): Promise<undefined> => void said.push(message);
    await withStub(vscode.window, 'showErrorMessage', show, async () => {
      assert.equal(await run('lsm.undoWrite', { ask: false }), undefined);
    });
    assert.match(said.join(), /^Undo Last Write: .*written since/);
    assert.equal(await official(directory, 'mine'), '1');
  });
});

test('edit: is refused while the owner has the store', async () => {
  await withCopy('sensors-leveldb', async (directory) => {
    await run('lsm.openStoreAtPath', directory);
    const owner = await Owner.open(directory);
    try {
      const said: string[] = [];
      const show = async (message: string): Promise<undefined> => void said.push(message);
      await withStub(vscode.window, 'showErrorMessage', show, async () => {
        const args = { store: directory, family: 'default', key: 'k', value: 'v', ask: false };
        assert.equal(await run('lsm.put', args), undefined);
      });
      assert.match(said.join(), new RegExp(`^Put: .*process ${owner.pid}`));
    } finally {
      await owner.close();
    }
  });
});

test('edit: a JSON value is saved after its difference was shown, and is taken back', async () => {
  await withCopy('sensors-leveldb', async (directory) => {
    await run('lsm.openStoreAtPath', directory);
    const value = '{"n":12345678901234567890,"list":[1,2]}';
    assert.ok(
      await run('lsm.put', { store: directory, family: 'default', key: 'doc', value: `'${value}'`, ask: false }),
    );
    const document = await editing(directory, 'doc');
    assert.ok(document.uri.path.endsWith('.json'));
    assert.equal(document.getText().split('\n').length, 7, 'it is laid out');
    const changed = document.getText().replace('[\n    1,\n    2\n  ]', '[\n    1,\n    3\n  ]');
    await retype(document, changed);
    await answering(undefined, async (asked) => {
      assert.equal(await document.save(), false);
      assert.equal(asked.length, 1);
    });
    assert.ok(document.isDirty);
    assert.equal(await read(directory, 'doc'), value, 'nothing was written');
    await until('the difference is shown', () => tabs().some((tab) => tab.input instanceof vscode.TabInputTextDiff));
    const saved = value.replace('[1,2]', '[1,3]');
    await answering('Write', async (asked) => {
      assert.equal(await document.save(), true);
      assert.match(asked[0]?.detail ?? '', /39 B in place of 39 B/);
    });
    assert.equal(await official(directory, 'doc'), saved);
    assert.ok(await run('lsm.undoWrite', { ask: false }));
    assert.equal(await official(directory, 'doc'), value);
    await until('the document follows the store', () => /\[\s*1,\s*2\s*\]/.test(document.getText()));
    await retype(document, '{"n":');
    assert.equal(await document.save(), false, 'this is no JSON');
    await run('workbench.action.files.revert');
    await closeTabs();
  });
});

test('edit: the editor hears of a value only when it is another one', async () => {
  await withCopy('sensors-leveldb', async (directory) => {
    await run('lsm.openStoreAtPath', directory);
    const { edits } = await ours();
    const heard: string[] = [];
    const listening = edits.onDidChangeFile((events) => heard.push(...events.map(({ uri }) => uri.toString())));
    try {
      const put = { store: directory, family: 'default', ask: false };
      assert.ok(await run('lsm.put', { ...put, key: 'doc', value: 'one' }));
      const document = await editing(directory, 'doc');
      const of = (): number => heard.filter((uri) => uri === document.uri.toString()).length;
      assert.equal(of(), 0, 'it was loaded just now');
      assert.ok(await run('lsm.put', { ...put, key: 'other', value: 'two' }));
      assert.ok(await run('lsm.put', { ...put, key: 'doc', value: 'three' }));
      await until('the document follows', () => document.getText() === 'three');
      assert.equal(of(), 1, 'once, and not for the other key');
    } finally {
      listening.dispose();
      await closeTabs();
    }
  });
});

test('edit: bytes come back as they were, and what is no hex is refused', async () => {
  await withCopy('sensors-leveldb', async (directory) => {
    await run('lsm.openStoreAtPath', directory);
    const value = '0x00ff0a0d80c3280022';
    assert.ok(await run('lsm.put', { store: directory, family: 'default', key: 'raw', value, ask: false }));
    const document = await editing(directory, 'raw');
    assert.ok(document.uri.path.endsWith('.hex'));
    const text = document.getText();
    await retype(document, text.replace('00 ff', '00 fg'));
    assert.equal(await document.save(), false);
    await retype(document, `${text}\n# a remark only`);
    await answering('Write', async (asked) => {
      assert.equal(await document.save(), true, 'the same bytes');
      assert.equal(asked.length, 0, 'nothing to write, nothing to ask');
      await retype(document, text.replace('00 ff', '01 ff'));
      assert.equal(await document.save(), true);
      assert.equal(asked.length, 1);
    });
    assert.equal(await official(directory, 'raw'), '\x01\xff\n\r\x80\xc3(\x00"');
    await closeTabs();
  });
});

test('edit: what was changed meanwhile is not overwritten', async () => {
  await withCopy('sensors-leveldb', async (directory) => {
    await run('lsm.openStoreAtPath', directory);
    assert.ok(await run('lsm.put', { store: directory, family: 'default', key: 'shared', value: 'old', ask: false }));
    const document = await editing(directory, 'shared');
    await retype(document, 'mine');
    const owner = await Owner.open(directory);
    await owner.put('shared', 'theirs');
    await owner.close();
    await answering('Write', async () => {
      assert.equal(await document.save(), false);
    });
    assert.equal(await official(directory, 'shared'), 'theirs');
    await run('workbench.action.files.revert');
    await closeTabs();
  });
});
