/** What the host tests share: our exports, the sample stores, and an owner process beside us. */
import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as vscode from 'vscode';
import type { Exports } from '../../extension/extension.ts';
import type { Node } from '../../extension/trees/nodes.ts';

const ID = 'lsm-inspector.lsm-inspector';

export async function ours(): Promise<Exports> {
  const extension = vscode.extensions.getExtension<Exports>(ID);
  assert.ok(extension, `${ID} is not among the installed extensions`);
  return extension.activate();
}

export function sample(name: 'sensors-leveldb' | 'sensors-rocksdb'): string {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, 'the tests need the workspace that holds the sample stores');
  return join(folder.uri.fsPath, name);
}

/** A copy that a test may change; gone when `body` ends. */
export async function withCopy(
  name: 'sensors-leveldb' | 'sensors-rocksdb',
  body: (directory: string) => Promise<void>,
) {
  const parent = mkdtempSync(join(tmpdir(), 'lsm-host-'));
  const directory = join(parent, name);
  cpSync(sample(name), directory, { recursive: true });
  try {
    await body(directory);
  } finally {
    const { stores } = await ours();
    const store = stores.byPath(directory);
    if (store !== undefined) stores.close(store);
    rmSync(parent, { recursive: true, force: true });
  }
}

/** Names, sizes and times of a directory's files: reading must leave them as they are. */
export function print(directory: string): string[] {
  return readdirSync(directory)
    .sort()
    .map((name) => {
      const s = statSync(join(directory, name));
      return `${name} ${s.size} ${s.mtimeMs}`;
    });
}

/** The children of `node` whose label (a text, or a text it begins with) is `label`. */
export async function child(parent: Node | undefined, kind: Node['kind'], label?: string): Promise<Node> {
  const { tree } = await ours();
  const nodes = await tree.getChildren(parent);
  const labels = nodes.map((n) => `${n.kind}: ${String(tree.getTreeItem(n).label)}`);
  const found = nodes.find((n) => n.kind === kind && (label === undefined || tree.getTreeItem(n).label === label));
  assert.ok(found, `no ${kind} ${label ?? ''} among ${labels.join(', ')}`);
  return found;
}

/** Waits until `holds` does; the tests' only clock. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, millis = 20_000): Promise<void> {
  const end = performance.now() + millis;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not so after ${millis} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function tabs(): vscode.Tab[] {
  return vscode.window.tabGroups.all.flatMap((g) => [...g.tabs]);
}

/** Tabs of one of our webview panels. */
export function panels(viewType: string): vscode.Tab[] {
  return tabs().filter((tab) => tab.input instanceof vscode.TabInputWebview && tab.input.viewType.endsWith(viewType));
}

export async function closeTabs(): Promise<void> {
  await vscode.window.tabGroups.close(tabs(), false);
}

/** A LevelDB process that holds the store open. */
export class Owner {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(process: ChildProcess, lines: AsyncIterator<string>) {
    this.#process = process;
    this.#lines = lines;
  }

  static async open(directory: string): Promise<Owner> {
    const script = join(vscode.extensions.getExtension(ID)?.extensionPath ?? '', 'test', 'host', 'owner.mjs');
    const child = spawn(process.execPath, [script, directory], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const owner = new Owner(child, lines);
    assert.equal(await owner.#answer(), 'open');
    return owner;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  async put(key: string, value: string): Promise<void> {
    this.#process.stdin?.write(`put ${key} ${value}\n`);
    assert.equal(await this.#answer(), 'done');
  }

  async del(key: string): Promise<void> {
    this.#process.stdin?.write(`del ${key}\n`);
    assert.equal(await this.#answer(), 'done');
  }

  /** The value as the engine itself reads it; undefined where there is none. */
  async get(key: string): Promise<Buffer | undefined> {
    this.#process.stdin?.write(`get ${key}\n`);
    const answer = await this.#answer();
    return answer === 'absent' ? undefined : Buffer.from(String(answer).slice(2), 'hex');
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.stdin?.write('close\n');
    this.#process.stdin?.end();
    await ended;
  }

  async #answer(): Promise<string | undefined> {
    const line = await this.#lines.next();
    return line.done === true ? undefined : line.value;
  }
}

/** Replaces a member of VS Code's API while `body` runs: there is nobody to answer its dialogs here. */
export async function withStub<T extends object, K extends keyof T>(
  target: T,
  name: K,
  stub: unknown,
  body: () => Promise<void>,
): Promise<void> {
  const old = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { configurable: true, get: () => stub });
  try {
    await body();
  } finally {
    if (old === undefined) delete target[name];
    else Object.defineProperty(target, name, old);
  }
}

/**
 * In place of `vscode.window.withProgress`: the notification with a finger on its button, which is pressed at a report
 * that `presses` is true of, or at once where there is nothing to wait for.
 */
export function withCancelPressed(presses?: (message: string) => boolean) {
  return async <T>(
    _options: vscode.ProgressOptions,
    task: (progress: vscode.Progress<{ message?: string }>, token: vscode.CancellationToken) => Thenable<T>,
  ): Promise<T> => {
    const source = new vscode.CancellationTokenSource();
    if (presses === undefined) source.cancel();
    const report = ({ message = '' }: { message?: string }): void => {
      if (presses?.(message) === true) source.cancel();
    };
    return task({ report }, source.token);
  };
}
