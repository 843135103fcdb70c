/** Reading is for every workspace; writing is for those that a person trusts. */
import * as vscode from 'vscode';

const t = vscode.l10n.t;

/** True where stores may be written to; otherwise says why not and how to change that. */
export function mayWrite(): boolean {
  if (vscode.workspace.isTrusted) return true;
  const manage = t('Manage Workspace Trust');
  const message = t(
    'Stores are only read in a workspace that is not trusted. Trust it to write, compact or create one.',
  );
  void vscode.window.showWarningMessage(message, manage).then((choice) => {
    if (choice === manage) void vscode.commands.executeCommand('workbench.trust.manage');
  });
  return false;
}
