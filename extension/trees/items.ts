/** How each node of the Stores tree looks: label, counts, icon, tooltip, menus. */
import * as vscode from 'vscode';
import { displayKey, displayValue, formatBytes, formatCount } from '../../engine/model/display.ts';
import type { Problem } from '../../engine/model/tree.ts';
import type { EntryRow, Finding } from '../../engine/protocol/engineApi.ts';
import { describeProblem } from '../../engine/protocol/rpc.ts';
import { isSensitive } from '../../engine/protocol/viewApi.ts';
import { ITEM, ITEM_COMMANDS, PRIVATE_COMMANDS } from '../ids.ts';
import { sentence } from '../messages.ts';
import type { Store } from '../store.ts';
import * as words from '../words.ts';
import type { EntryNode, FamilyNode, LevelNode, Node, StoreNode, TableNode } from './nodes.ts';

const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
const LABEL_CHARS = 80;
const KEY_CHARS = 24;
const MASK = '••••••';
const t = vscode.l10n.t;

export function treeItem(node: Node): vscode.TreeItem {
  const item = build(node);
  item.id = node.id;
  return item;
}

function build(node: Node): vscode.TreeItem {
  switch (node.kind) {
    case 'store':
      return storeItem(node);
    case 'problems': {
      const onlyNotices = node.problems.every((p) => (p as Partial<Finding>).severity === 'notice');
      const icon = onlyNotices ? new vscode.ThemeIcon('info') : warning('warning');
      const item = row(t('Problems'), Collapsed, icon);
      item.description = formatCount(node.problems.length);
      item.contextValue = ITEM.problems;
      return item;
    }
    case 'problem': {
      const { problem } = node;
      const icon = problemIcon(problem);
      const item = row(problem.path === '' ? problem.code : place(problem.path, problem.offset), None, icon);
      item.description = problem.message;
      item.tooltip = describeProblem(problem);
      item.contextValue = ITEM.problem;
      item.command = run(PRIVATE_COMMANDS.openProblem, t('Open'), node);
      return item;
    }
    case 'family':
      return familyItem(node);
    case 'memtable': {
      const { entries, bytes } = node.family.memtable;
      const item = row(t('Memtable'), None, new vscode.ThemeIcon('server-process'));
      item.description = `${words.entries(entries)} · ${formatBytes(bytes)}`;
      item.tooltip = t(
        'Writes that are in the write-ahead log and in no table yet. Gets and scans see them. Opens the log as a dump, record by record.',
      );
      item.contextValue = ITEM.memtable;
      item.command = run(ITEM_COMMANDS.openDump, t('Open Dump'), node);
      return item;
    }
    case 'level':
      return levelItem(node);
    case 'table':
      return tableItem(node);
    case 'properties':
      return row(t('Properties'), Collapsed, new vscode.ThemeIcon('list-tree'));
    case 'property': {
      // Almost every property of RocksDB begins so; the tooltip has the whole name.
      const item = row(node.name.replace(/^rocksdb\./, ''), None, new vscode.ThemeIcon('symbol-property'));
      item.description = displayText(node.value);
      item.tooltip = `${node.name}\n${node.value}`;
      item.contextValue = ITEM.property;
      return item;
    }
    case 'blocks':
      return row(t('Data blocks'), Collapsed, new vscode.ThemeIcon('layers'));
    case 'block': {
      const { block } = node;
      const item = row(t('Block {0}', formatCount(block.index)), Collapsed, new vscode.ThemeIcon('symbol-array'));
      item.description = `${formatBytes(block.size)} · ≤ ${displayKey(block.separator, KEY_CHARS)}`;
      item.tooltip = table(t('Data block {0}', formatCount(block.index)), [
        [t('File'), node.table.file],
        [t('Offset'), formatCount(block.offset)],
        [t('Stored size'), t('{0} bytes', formatCount(block.size))],
        [t('Separator'), displayKey(block.separator)],
      ]);
      item.contextValue = ITEM.block;
      return item;
    }
    case 'entry':
      return entryItem(node, node.entry);
    case 'wals': {
      const item = row(t('Write-ahead log'), Collapsed, new vscode.ThemeIcon('output'));
      item.description = `${words.files(node.wals.length)} · ${formatBytes(sum(node.wals))}`;
      return item;
    }
    case 'blobs': {
      const item = row(t('Blob files'), Collapsed, new vscode.ThemeIcon('file-binary'));
      item.description = `${words.files(node.blobs.length)} · ${formatBytes(sum(node.blobs))}`;
      return item;
    }
    case 'file': {
      const icons = { wal: 'output', manifest: 'history', blob: 'file-binary', options: 'settings', infoLog: 'note' };
      const item = row(node.file, None, new vscode.ThemeIcon(icons[node.role]));
      item.description = node.description;
      item.tooltip = node.tooltip;
      const isOptions = node.role === 'options';
      item.contextValue = isOptions ? ITEM.options : ITEM.file;
      item.command = isOptions
        ? run(ITEM_COMMANDS.openOptions, t('Open OPTIONS'), node)
        : run(ITEM_COMMANDS.openDump, t('Open Dump'), node);
      return item;
    }
    case 'more': {
      const item = row(t('Load more…'), None, new vscode.ThemeIcon('ellipsis'));
      item.description = node.complete
        ? t('{0} of {1} shown', formatCount(node.loaded), formatCount(node.total))
        : t('{0} shown', formatCount(node.loaded));
      item.contextValue = ITEM.more;
      item.command = run(PRIVATE_COMMANDS.loadMore, t('Load More'), node);
      return item;
    }
    case 'error': {
      const item = row(sentence(node.error), None, warning('error'));
      item.tooltip = describeProblem(node.error);
      item.contextValue = ITEM.error;
      return item;
    }
  }
}

function storeItem(node: StoreNode): vscode.TreeItem {
  const { store } = node;
  const { summary } = store;
  const item = row(store.name, node.chosen ? Expanded : Collapsed, storeIcon(node));
  const contexts = {
    open: ITEM.openStore,
    failed: ITEM.failedStore,
    opening: ITEM.closedStore,
    closed: ITEM.closedStore,
  };
  item.contextValue = contexts[store.state];
  if (summary === undefined) {
    item.description = store.state === 'failed' ? t('cannot be opened') : folderOf(store.path);
    item.tooltip = store.error === undefined ? store.path : `${store.path}\n\n${describeProblem(store.error)}`;
    return item;
  }
  const tables = summary.families.reduce((n, f) => n + f.tables, 0);
  const bytes = summary.families.reduce((n, f) => n + f.bytes + f.blobBytes, 0);
  item.description = `${engineName(summary.engine)} · ${words.tables(tables)} · ${formatBytes(bytes)}`;
  item.tooltip = table(store.name, [
    [t('Path'), store.path],
    [t('Engine'), `${engineName(summary.engine)} ${summary.version}`.trim()],
    [t('Tables'), `${formatCount(tables)} (${formatBytes(bytes)})`],
    [t('Last sequence'), formatCount(summary.lastSequence)],
    [t('MANIFEST'), `${summary.manifest} (${words.edits(summary.edits)})`],
    [t('Lock'), summary.locked ? t('held by a running process') : t('not held')],
    [t('Problems'), formatCount(store.problems.length)],
  ]);
  item.accessibilityInformation = { label: `${store.name}, ${item.description}` };
  return item;
}

/** Where in the workspace a store is; nothing where its name says it all. */
function folderOf(path: string): string {
  const parent = vscode.Uri.joinPath(vscode.Uri.file(path), '..');
  const isRoot = vscode.workspace.workspaceFolders?.some((f) => f.uri.toString() === parent.toString()) === true;
  return isRoot ? '' : vscode.workspace.asRelativePath(parent);
}

function storeIcon(node: StoreNode): vscode.ThemeIcon {
  const { store } = node;
  if (store.state === 'failed') return warning('error');
  if (store.state !== 'open') return new vscode.ThemeIcon('database', new vscode.ThemeColor('disabledForeground'));
  return new vscode.ThemeIcon('database');
}

function familyItem(node: FamilyNode): vscode.TreeItem {
  const { family } = node;
  const only = (node.store.summary?.families.length ?? 0) === 1;
  const item = row(family.name, only ? Expanded : Collapsed, new vscode.ThemeIcon('symbol-namespace'));
  const lens = node.store.lens(family.id);
  const counts = `${words.tables(family.tables)} · ${formatBytes(family.bytes)}`;
  item.description = lens === undefined ? counts : `${lens.title} · ${counts}`;
  const rows: [string, string][] = [
    ...(lens === undefined ? [] : [[t('Application'), `${lens.title}: ${lens.why}`] as [string, string]]),
    [t('Comparator'), family.comparator],
    [t('Merge operator'), family.mergeOperator ?? t('none')],
    [t('Compaction'), family.compaction],
    [t('Tables'), `${formatCount(family.tables)} (${formatBytes(family.bytes)})`],
  ];
  if (family.blobFiles.length > 0) {
    rows.push([t('Blob files'), `${formatCount(family.blobFiles.length)} (${formatBytes(family.blobBytes)})`]);
  }
  if (!family.ordered) rows.push([t('Order'), t('unknown comparator: entries are browsed in file order')]);
  item.tooltip = table(t('Column family {0}', family.name), rows);
  item.contextValue = ITEM.family;
  return item;
}

function levelItem(node: LevelNode): vscode.TreeItem {
  const { level } = node;
  const item = row(`L${level.level}`, level.tables > 0 ? Collapsed : None, new vscode.ThemeIcon('layers'));
  const parts = level.tables === 0 ? [t('empty')] : [words.tables(level.tables), formatBytes(level.bytes)];
  if (level.score !== null && level.score >= 1) parts.push(t('score {0}', level.score.toFixed(2)));
  item.description = parts.join(' · ');
  const rows: [string, string][] = [
    [t('Tables'), formatCount(level.tables)],
    [t('Size'), formatBytes(level.bytes)],
  ];
  if (level.targetBytes !== null) rows.push([t('Target size'), formatBytes(level.targetBytes)]);
  if (level.score !== null) rows.push([t('Compaction score'), level.score.toFixed(2)]);
  item.tooltip = table(t('Level {0}', level.level), rows);
  item.contextValue = ITEM.level;
  return item;
}

function tableItem(node: TableNode): vscode.TreeItem {
  const info = node.table;
  const problem = info.problem ?? met(node.store, info.file);
  const bad = problem !== null;
  const item = row(baseName(info.file), Collapsed, bad ? warning('error') : new vscode.ThemeIcon('table'));
  const range = `${displayKey(info.smallest, KEY_CHARS)} … ${displayKey(info.largest, KEY_CHARS)}`;
  item.description = problem ?? `${formatBytes(info.bytes)} · ${range}`;
  const rows: [string, string][] = [
    [t('File'), info.file],
    [t('Size'), `${formatBytes(info.bytes)} (${t('{0} bytes', formatCount(info.bytes))})`],
    [t('Smallest key'), displayKey(info.smallest)],
    [t('Largest key'), displayKey(info.largest)],
  ];
  if (info.smallestSeq !== null && info.largestSeq !== null) {
    rows.push([t('Sequence numbers'), `${formatCount(info.smallestSeq)} – ${formatCount(info.largestSeq)}`]);
  }
  if (info.createdAt !== null && info.createdAt > 0) {
    rows.push([t('Created'), new Date(info.createdAt * 1000).toLocaleString(vscode.env.language)]);
  }
  if (problem !== null) rows.push([t('Problem'), problem]);
  item.tooltip = table(t('Table {0} on L{1}', info.number, info.level), rows);
  item.contextValue = ITEM.table;
  item.accessibilityInformation = {
    label: t('Table {0}, level {1}, {2}', baseName(info.file), info.level, formatBytes(info.bytes)),
  };
  return item;
}

/** Damage that reading met in a table which looked whole when the store was opened. */
function met(store: Store, file: string): string | null {
  const damage = (p: Problem): boolean => p.code === 'CORRUPT' && (p as Partial<Finding>).severity !== 'notice';
  return store.problems.find((p) => damage(p) && baseName(p.path) === baseName(file))?.message ?? null;
}

function problemIcon(problem: Problem): vscode.ThemeIcon {
  if ((problem as Partial<Finding>).severity === 'notice') return new vscode.ThemeIcon('info');
  return warning(problem.code === 'UNSUPPORTED' ? 'warning' : 'error');
}

const ENTRY_ICONS: Readonly<Record<EntryRow['type'], string>> = {
  put: 'symbol-field',
  delete: 'trash',
  'single-delete': 'trash',
  'range-delete': 'clear-all',
  merge: 'git-merge',
  blob: 'file-binary',
  entity: 'symbol-structure',
  unknown: 'question',
};

function entryItem(node: EntryNode, entry: EntryRow): vscode.TreeItem {
  const icon = entry.problem === undefined ? new vscode.ThemeIcon(ENTRY_ICONS[entry.type]) : warning('warning');
  const item = row(displayKey(entry.key, LABEL_CHARS), None, icon);
  const masked = isSensitive(node.store.lens(node.family)?.id ?? '');
  item.description = entryDescription(entry, masked);
  const rows: [string, string][] = [
    [t('Key'), displayKey(entry.key, 400)],
    [t('Type'), entry.type],
    [t('Sequence'), formatCount(entry.seq)],
  ];
  if (entry.until !== undefined) rows.push([t('Deletes up to'), displayKey(entry.until, 400)]);
  if (entry.timestamp !== undefined) rows.push([t('Timestamp'), displayKey(entry.timestamp)]);
  if (entry.value !== null) {
    rows.push([t('Value size'), t('{0} bytes', formatCount(entry.valueSize))]);
    rows.push([t('Value'), masked ? t('hidden: stores of browsers hold secrets') : displayValue(entry.value, 400)]);
  }
  if (entry.problem !== undefined) rows.push([t('Problem'), describeProblem(entry.problem)]);
  item.tooltip = table(undefined, rows);
  item.contextValue = hasValue(entry) ? `${ITEM.entry}.value` : ITEM.entry;
  if (hasValue(entry)) item.command = run(ITEM_COMMANDS.openValue, t('Open Value'), node);
  return item;
}

function entryDescription(entry: EntryRow, masked: boolean): string {
  if (entry.type === 'range-delete' && entry.until !== undefined) {
    return t('range delete up to {0}', displayKey(entry.until, 40));
  }
  const what = entry.type === 'put' ? '' : `${entry.type} · `;
  const hasText = entry.value !== null && entry.valueSize > 0;
  const value = !hasText ? '' : ` · ${masked || entry.value === null ? MASK : displayValue(entry.value, LABEL_CHARS)}`;
  return `${what}${t('seq {0}', formatCount(entry.seq))}${value}`;
}

/** Whether opening its value makes sense: tombstones have none. */
export function hasValue(entry: EntryRow): boolean {
  return entry.type === 'put' || entry.type === 'merge' || entry.type === 'blob' || entry.type === 'entity';
}

export function engineName(engine: string): string {
  const names: Record<string, string> = {
    rocksdb: 'RocksDB',
    leveldb: 'LevelDB',
    cassandra: 'Cassandra',
    pebble: 'Pebble',
    badger: 'Badger',
  };
  return names[engine] ?? engine;
}

function row(label: string, state: vscode.TreeItemCollapsibleState, icon: vscode.ThemeIcon): vscode.TreeItem {
  const item = new vscode.TreeItem(label, state);
  item.iconPath = icon;
  return item;
}

function run(command: string, title: string, node: Node): vscode.Command {
  return { command, title, arguments: [node] };
}

function warning(icon: 'warning' | 'error'): vscode.ThemeIcon {
  return new vscode.ThemeIcon(
    icon,
    new vscode.ThemeColor(icon === 'error' ? 'list.errorForeground' : 'list.warningForeground'),
  );
}

/** A Markdown tooltip: a heading and a two-column table. Text from a store is escaped. */
function table(heading: string | undefined, rows: readonly (readonly [string, string])[]): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString();
  if (heading !== undefined) markdown.appendMarkdown(`**${escapeCell(heading)}**\n\n`);
  markdown.appendMarkdown('| | |\n|:--|:--|\n');
  for (const [name, value] of rows) markdown.appendMarkdown(`| ${escapeCell(name)} | ${escapeCell(value)} |\n`);
  return markdown;
}

function escapeCell(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-!<>|~$&]/g, '\\$&').replace(/[\r\n]+/g, ' ');
}

function displayText(value: string): string {
  return value.length > 120 ? `${value.slice(0, 119)}…` : value;
}

function place(path: string, offset: number | undefined): string {
  return offset === undefined ? baseName(path) : t('{0} at {1}', baseName(path), formatCount(offset));
}

function baseName(file: string): string {
  return file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
}

function sum(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((n, f) => n + f.bytes, 0);
}
