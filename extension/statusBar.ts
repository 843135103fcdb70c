/** One line on the active store: read-only, live or locked, as of which edit. */
import * as vscode from 'vscode';
import { formatCount } from '../engine/model/display.ts';
import { COMMANDS } from './ids.ts';
import type { Stores } from './stores.ts';
import { engineName } from './trees/items.ts';

const t = vscode.l10n.t;

export function registerStatusBar(stores: Stores): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('lsm.status', vscode.StatusBarAlignment.Left, 0);
  item.name = t('LSM Store');
  const update = (): void => {
    const store = stores.active;
    const summary = store?.summary;
    if (store === undefined || summary === undefined) {
      item.hide();
      return;
    }
    const lock = summary.locked ? ` · ${t('live')}` : '';
    item.text = `$(database) ${store.name}: ${t('read-only')}${lock} · ${t('as of edit {0}, seq {1}', formatCount(summary.edits), formatCount(summary.lastSequence))}`;
    const tooltip = new vscode.MarkdownString();
    tooltip.appendMarkdown(`**${t('LSM store')}**\n\n`);
    tooltip.appendText(`${engineName(summary.engine)} ${summary.version}\n${store.path}\n`);
    tooltip.appendText(
      summary.locked
        ? t('A running process holds its LOCK; what it writes is followed.')
        : t('No running process holds its LOCK.'),
    );
    item.tooltip = tooltip;
    item.accessibilityInformation = { label: item.text.replace(/\$\([a-z-]+\) ?/g, '') };
    item.command = { command: COMMANDS.showOverview, title: t('Show Store Overview'), arguments: [store] };
    item.show();
  };
  const subscriptions = [item, stores.onListChanged(update), stores.onStoreChanged(update)];
  update();
  return vscode.Disposable.from(...subscriptions);
}
