/**
 * The nodes of the Stores tree. A node is plain data with a stable id, so that VS Code keeps
 * expansion and selection over a refresh, and a parent, so that a table can be revealed.
 */

import type { BlobFileInfo, Problem, WalFileInfo } from '../../engine/model/tree.ts';
import type { BlockRow, EntryRow, FamilySummary, LevelSummary, TableRow } from '../../engine/protocol/engineApi.ts';
import type { StoreError } from '../../engine/protocol/rpc.ts';
import type { Store } from '../store.ts';

interface Base {
  readonly id: string;
  readonly store: Store;
  readonly parent: Node | undefined;
}

export interface StoreNode extends Base {
  readonly kind: 'store';
  /** Opened by a person (not merely found in the workspace): expanded from the start. */
  readonly chosen: boolean;
}
export interface ProblemsNode extends Base {
  readonly kind: 'problems';
  readonly problems: readonly Problem[];
}
export interface ProblemNode extends Base {
  readonly kind: 'problem';
  readonly problem: Problem;
}
export interface FamilyNode extends Base {
  readonly kind: 'family';
  readonly family: FamilySummary;
}
export interface MemtableNode extends Base {
  readonly kind: 'memtable';
  readonly family: FamilySummary;
}
export interface LevelNode extends Base {
  readonly kind: 'level';
  readonly family: FamilySummary;
  readonly level: LevelSummary;
}
export interface TableNode extends Base {
  readonly kind: 'table';
  readonly table: TableRow;
}
export interface PropertiesNode extends Base {
  readonly kind: 'properties';
  readonly table: TableRow;
}
export interface PropertyNode extends Base {
  readonly kind: 'property';
  readonly name: string;
  readonly value: string;
}
export interface BlocksNode extends Base {
  readonly kind: 'blocks';
  readonly table: TableRow;
}
export interface BlockNode extends Base {
  readonly kind: 'block';
  readonly table: TableRow;
  readonly block: BlockRow;
}
export interface EntryNode extends Base {
  readonly kind: 'entry';
  readonly family: number;
  readonly entry: EntryRow;
}
export interface WalGroupNode extends Base {
  readonly kind: 'wals';
  readonly wals: readonly WalFileInfo[];
}
export interface BlobGroupNode extends Base {
  readonly kind: 'blobs';
  readonly blobs: readonly BlobFileInfo[];
}
/** A file that opens as text: a dump of a WAL, MANIFEST, blob file or info log, or OPTIONS as they are. */
export interface FileNode extends Base {
  readonly kind: 'file';
  readonly role: 'wal' | 'manifest' | 'blob' | 'options' | 'infoLog';
  readonly file: string;
  readonly description: string;
  readonly tooltip: string;
}
export interface MoreNode extends Base {
  readonly kind: 'more';
  readonly loaded: number;
  readonly total: number;
  readonly complete: boolean;
}
export interface ErrorNode extends Base {
  readonly kind: 'error';
  readonly error: StoreError;
}

export type Node =
  | StoreNode
  | ProblemsNode
  | ProblemNode
  | FamilyNode
  | MemtableNode
  | LevelNode
  | TableNode
  | PropertiesNode
  | PropertyNode
  | BlocksNode
  | BlockNode
  | EntryNode
  | WalGroupNode
  | BlobGroupNode
  | FileNode
  | MoreNode
  | ErrorNode;

export function storeNode(store: Store, chosen: boolean): StoreNode {
  return { kind: 'store', id: `${store.path}#${store.epoch}`, store, parent: undefined, chosen };
}

export function familyNode(parent: StoreNode, family: FamilySummary): FamilyNode {
  return { kind: 'family', id: `${parent.id}/f${family.id}`, store: parent.store, parent, family };
}

export function levelNode(parent: FamilyNode, level: LevelSummary): LevelNode {
  return {
    kind: 'level',
    id: `${parent.id}/l${level.level}`,
    store: parent.store,
    parent,
    family: parent.family,
    level,
  };
}

export function tableNode(parent: LevelNode, table: TableRow): TableNode {
  return { kind: 'table', id: `${parent.id}/t${table.number}`, store: parent.store, parent, table };
}

/** The table that a node is or lies in. */
export function tableOf(node: Node): TableRow | undefined {
  for (let n: Node | undefined = node; n !== undefined; n = n.parent) {
    if (n.kind === 'table' || n.kind === 'block') return n.table;
  }
  return undefined;
}

/** The column family that a node is or lies in. */
export function familyOf(node: Node): FamilySummary | undefined {
  for (let n: Node | undefined = node; n !== undefined; n = n.parent) {
    if (n.kind === 'family' || n.kind === 'level') return n.family;
  }
  return undefined;
}
