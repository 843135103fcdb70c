/** Pictures and lists that a page has made, written where a person says. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Store } from '../store.ts';

const t = vscode.l10n.t;

/** Resolves to the file; undefined where the person gave up. */
export async function saveFile(store: Store, suggested: string, bytes: Uint8Array): Promise<vscode.Uri | undefined> {
  const name = path.basename(suggested);
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(path.dirname(store.path));
  const extension = path.extname(name).slice(1);
  const file = await vscode.window.showSaveDialog({
    title: t('Save {0}', name),
    defaultUri: vscode.Uri.joinPath(folder, name),
    ...(extension === '' ? {} : { filters: { [extension.toUpperCase()]: [extension] } }),
  });
  if (file === undefined) return undefined;
  await vscode.workspace.fs.writeFile(file, bytes);
  const open = t('Open');
  const reveal = t('Reveal');
  const command = revealCommand(file);
  const message = t('Saved {0}.', path.basename(file.path));
  void vscode.window
    .showInformationMessage(message, open, ...(command === undefined ? [] : [reveal]))
    .then((choice) => {
      if (choice === open) void vscode.commands.executeCommand('vscode.open', file);
      if (choice === reveal && command !== undefined) void vscode.commands.executeCommand(command, file);
    });
  return file;
}

/**
 * What shows a file or a folder. Outside of the workspace only the system's file manager can, and only where it runs
 * beside us.
 */
export function revealCommand(uri: vscode.Uri): 'revealInExplorer' | 'revealFileInOS' | undefined {
  if (vscode.workspace.getWorkspaceFolder(uri) !== undefined) return 'revealInExplorer';
  const beside = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
  return beside ? 'revealFileInOS' : undefined;
}
