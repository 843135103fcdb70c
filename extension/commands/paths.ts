/** Directories as people type them. */
import { readdir, stat } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';

const t = vscode.l10n.t;

/** `~` and workspace-relative paths. */
export function expand(typed: string): string {
  const trimmed = typed.trim();
  const home = process.env['HOME'] ?? process.env['USERPROFILE'];
  if (home !== undefined && /^~(?=$|[\\/])/.test(trimmed)) return path.join(home, trimmed.slice(1));
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  if (!path.isAbsolute(trimmed) && folder?.scheme === 'file') return path.join(folder.fsPath, trimmed);
  return trimmed;
}

/** A directory that is new or empty. */
export async function askNewDirectory(title: string, prompt: string, value: string): Promise<string | undefined> {
  const typed = await vscode.window.showInputBox({
    title,
    prompt,
    value,
    // The name is what people change.
    valueSelection: [value.length - path.basename(value).length, value.length],
    ignoreFocusOut: true,
    validateInput: checkNew,
  });
  return typed === undefined || typed.trim() === '' ? undefined : path.resolve(expand(typed));
}

async function checkNew(typed: string): Promise<string | undefined> {
  if (typed.trim() === '') return t('Type the path of a new directory.');
  const directory = expand(typed);
  if (!path.isAbsolute(directory)) return t('Type a whole path.');
  const found = await stat(directory).catch(() => undefined);
  if (found === undefined) {
    const parent = await stat(path.dirname(directory)).catch(() => undefined);
    return parent?.isDirectory() === true ? undefined : t('There is no directory {0}.', path.dirname(directory));
  }
  if (!found.isDirectory()) return t('{0} is a file.', directory);
  const names = await readdir(directory).catch(() => ['?']);
  return names.length === 0 ? undefined : t('{0} is not empty.', directory);
}

/** `base`, or `base-2`, `base-3`, … : the first that is not there. */
export async function freeName(base: string): Promise<string> {
  for (let n = 1; n < 100; n++) {
    const name = n === 1 ? base : `${base}-${n}`;
    const found = await stat(name).catch(() => undefined);
    if (found === undefined) return name;
  }
  return base;
}
