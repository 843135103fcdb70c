/** What lies under a node: asked of the engine, a page at a time. Nothing here touches the view. */
import { formatBytes, formatCount } from '../../engine/model/display.ts';
import type { Problem } from '../../engine/model/tree.ts';
import type { FamilySummary, QueryParams, StoreSummary, TableRow } from '../../engine/protocol/engineApi.ts';
import { StoreError, toStoreError } from '../../engine/protocol/rpc.ts';
import type { Store } from '../store.ts';
import { textFiles } from '../textFiles.ts';
import {
  type BlockNode,
  type BlocksNode,
  type FamilyNode,
  familyNode,
  type LevelNode,
  levelNode,
  type Node,
  type ProblemsNode,
  type PropertiesNode,
  type StoreNode,
  type TableNode,
  tableNode,
} from './nodes.ts';

/** Nodes that a level, a block list or a block shows at first, and adds with each "Load more…". */
export const PAGE = 200;
/** Bytes of a value that an entry's description can show. */
const PREVIEW_BYTES = 256;

/** Words for what is listed; `vscode.l10n.t` in the extension. */
export type Say = (message: string, ...args: (string | number)[]) => string;

/**
 * The children of `node`, at most `loaded` of those that page. Rejects with `StoreError`.
 * `onDetails` hears what opening a table found wrong with it.
 */
export async function childrenOf(node: Node, loaded: number, say: Say): Promise<Node[]> {
  switch (node.kind) {
    case 'store':
      return storeChildren(node, await node.store.open(), say);
    case 'problems':
      return problemNodes(node, node.problems);
    case 'family':
      return familyChildren(node);
    case 'level':
      return levelChildren(node, loaded);
    case 'table':
      return tableChildren(node);
    case 'properties':
      return propertyNodes(node, say);
    case 'blocks':
      return blockNodes(node, loaded);
    case 'block':
      return entryNodes(node, { family: node.table.family, table: node.table.number, block: node.block.index }, loaded);
    case 'wals':
      return node.wals.map((wal) => ({
        kind: 'file',
        id: `${node.id}/${wal.file}`,
        store: node.store,
        parent: node,
        role: 'wal',
        file: wal.file,
        description: `${formatBytes(wal.bytes)} · ${say('{0} batches', formatCount(wal.records))}`,
        tooltip: say('Write-ahead log: what is in no table yet. Opens as a dump, record by record.'),
      }));
    case 'blobs':
      return node.blobs.map((blob) => ({
        kind: 'file',
        id: `${node.id}/${blob.file}`,
        store: node.store,
        parent: node,
        role: 'blob',
        file: blob.file,
        description: `${formatBytes(blob.bytes)} · ${say('{0} values', formatCount(blob.count))}${
          blob.garbageBytes > 0 ? ` · ${say('{0} garbage', formatBytes(blob.garbageBytes))}` : ''
        }`,
        tooltip: say('Blob file: large values kept outside of the tables. Opens as a dump, record by record.'),
      }));
    default:
      return [];
  }
}

/** What is wrong with a store, as one node; none where nothing is. */
export function problemsNodes(node: StoreNode): Node[] {
  const { store } = node;
  const { problems } = store;
  return problems.length === 0 ? [] : [{ kind: 'problems', id: `${node.id}/problems`, store, parent: node, problems }];
}

async function storeChildren(node: StoreNode, summary: StoreSummary, say: Say): Promise<Node[]> {
  const { store } = node;
  const nodes: Node[] = problemsNodes(node);
  for (const family of summary.families) nodes.push(familyNode(node, family));
  if (summary.wal.length > 0) {
    nodes.push({ kind: 'wals', id: `${node.id}/wals`, store, parent: node, wals: summary.wal });
  }
  if (summary.manifest !== '') {
    nodes.push({
      kind: 'file',
      id: `${node.id}/manifest`,
      store,
      parent: node,
      role: 'manifest',
      file: summary.manifest,
      description: say('{0} edits', formatCount(summary.edits)),
      tooltip: say('The log of version edits that says which tables are live. Opens as a dump, edit by edit.'),
    });
  }
  for (const { file, role, bytes } of await textFiles(store.path)) {
    nodes.push({
      kind: 'file',
      id: `${node.id}/${role}`,
      store,
      parent: node,
      role,
      file,
      description: formatBytes(bytes),
      tooltip:
        role === 'options'
          ? say('The options that the store was last opened with. Opens as text; hover over one to see what it means.')
          : say(
              'What the engine did and when: flushes, compactions, stalls. Opens as a dump, with its jobs as outline.',
            ),
    });
  }
  return nodes;
}

function familyChildren(node: FamilyNode): Node[] {
  const { store, family } = node;
  const nodes: Node[] = [];
  if (family.memtable.entries > 0) {
    nodes.push({ kind: 'memtable', id: `${node.id}/memtable`, store, parent: node, family });
  }
  for (const level of shownLevels(family)) nodes.push(levelNode(node, level));
  if (family.blobFiles.length > 0) {
    nodes.push({ kind: 'blobs', id: `${node.id}/blobs`, store, parent: node, blobs: family.blobFiles });
  }
  return nodes;
}

/** L0 down to the last level that holds tables; empty ones between them stay, so that the shape shows. */
export function shownLevels(family: FamilySummary): FamilySummary['levels'] {
  let last = -1;
  family.levels.forEach((level, i) => {
    if (level.tables > 0) last = i;
  });
  return family.levels.slice(0, last + 1);
}

async function levelChildren(node: LevelNode, loaded: number): Promise<Node[]> {
  const page = await node.store.call('tables', {
    family: node.family.id,
    level: node.level.level,
    offset: 0,
    limit: loaded,
  });
  const nodes: Node[] = page.items.map((table) => tableNode(node, table));
  return withMore(nodes, node, page.total, page.complete);
}

function tableChildren(node: TableNode): Node[] {
  const { store, table } = node;
  return [
    { kind: 'properties', id: `${node.id}/properties`, store, parent: node, table },
    { kind: 'blocks', id: `${node.id}/blocks`, store, parent: node, table },
  ];
}

async function propertyNodes(node: PropertiesNode, say: Say): Promise<Node[]> {
  const { store, table } = node;
  const details = await store.call('tableDetails', { table: table.number });
  const nodes: Node[] = [];
  const add = (key: string, name: string, value: string): void => {
    nodes.push({ kind: 'property', id: `${node.id}/${key}`, store, parent: node, name, value });
  };
  nodes.push(...problemNodes(node, details.problems));
  if (details.properties.length > 0) {
    for (const [i, p] of details.properties.entries()) add(`p${i}`, p.name, p.value);
    return nodes;
  }
  // A LevelDB table carries no properties block: what was counted stands in for it.
  const { stats } = details;
  add('entries', say('entries'), formatCount(stats.entries));
  add('deletions', say('deletions'), formatCount(stats.deletions));
  add('dataBlocks', say('data blocks'), formatCount(stats.dataBlocks));
  add('rawKeyBytes', say('raw key bytes'), formatCount(stats.rawKeyBytes));
  add('rawValueBytes', say('raw value bytes'), formatCount(stats.rawValueBytes));
  add('compression', say('compression'), stats.compression);
  add('filter', say('filter'), stats.filter ?? say('none'));
  return nodes;
}

async function blockNodes(node: BlocksNode, loaded: number): Promise<Node[]> {
  const { store, table } = node;
  const page = await store.call('blocks', { table: table.number, offset: 0, limit: loaded });
  // Only range deletions in it, which lie in a block of their own: show those.
  if (page.total === 0) return entryNodes(node, { family: table.family, table: table.number }, loaded);
  const nodes: Node[] = page.items.map((block) => ({
    kind: 'block',
    id: `${node.id}/b${block.index}`,
    store,
    parent: node,
    table,
    block,
  }));
  return withMore(nodes, node, page.total, page.complete);
}

async function entryNodes(node: BlockNode | BlocksNode, params: QueryParams, loaded: number): Promise<Node[]> {
  const { store } = node;
  const state = await store.call('openQuery', params);
  try {
    const page = await store.call('rows', { query: state.query, from: 0, count: loaded, previewBytes: PREVIEW_BYTES });
    const nodes: Node[] = page.items.map((entry, i) => ({
      kind: 'entry',
      id: `${node.id}/e${i}`,
      store,
      parent: node,
      family: params.family,
      entry,
    }));
    return [...problemNodes(node, state.problems), ...withMore(nodes, node, page.total, page.complete)];
  } finally {
    store.call('closeQuery', { query: state.query }).catch(() => {});
  }
}

function problemNodes(parent: Node, problems: ProblemsNode['problems']): Node[] {
  return problems.map((problem: Problem, i) => ({
    kind: 'problem',
    id: `${parent.id}/problem${i}`,
    store: parent.store,
    parent,
    problem,
  }));
}

function withMore(nodes: Node[], parent: Node, total: number, complete: boolean): Node[] {
  const loaded = nodes.length;
  if (loaded < total || !complete) {
    nodes.push({ kind: 'more', id: `${parent.id}/more`, store: parent.store, parent, loaded, total, complete });
  }
  return nodes;
}

/** Where a live table is: its row, and its position among the tables of its level. */
export async function locateTable(
  store: Store,
  table: number,
  say: Say,
): Promise<{ readonly row: TableRow; readonly index: number }> {
  const step = 5_000;
  for (const family of store.summary?.families ?? []) {
    for (const level of family.levels) {
      for (let offset = 0; offset < level.tables; offset += step) {
        const page = await store.call('tables', { family: family.id, level: level.level, offset, limit: step });
        const at = page.items.findIndex((t) => t.number === table);
        const row = page.items[at];
        if (row !== undefined) return { row, index: offset + at };
        if (page.items.length === 0) break;
      }
    }
  }
  throw new StoreError('NOT_FOUND', say('Table {0} is not live any more.', table), { path: store.path });
}

/** The row of a live table; of a table file its only one. Rejects if it is not live. */
export async function findTable(store: Store, table: number | undefined, say: Say): Promise<TableRow> {
  const summary = await store.open();
  if (table !== undefined && store.kind === 'directory') return (await locateTable(store, table, say)).row;
  const family = summary.families[0]?.id ?? 0;
  const page = await store.call('tables', { family, level: -1, offset: 0, limit: 1 });
  const [row] = page.items;
  if (row !== undefined) return row;
  throw new StoreError('UNSUPPORTED', say('There is no table in this file.'), { path: store.path });
}

/** An error in a node's place. */
export function errorNode(parent: Node, thrown: unknown): Node {
  const error = toStoreError(thrown);
  return { kind: 'error', id: `${parent.id}/error`, store: parent.store, parent, error };
}
