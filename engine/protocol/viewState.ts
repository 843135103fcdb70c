/**
 * What a tab's webview leaves with `vscode.setState`: enough for the host to open the same tab again
 * after a window reload. It must survive JSON, so bytes are lower-case hex.
 */
import type { QueryParams } from './engineApi.ts';
import { isSqlRequest, type SqlRequest } from './sqlView.ts';

/** `QueryParams` with each byte string as hex. */
export interface SavedParams {
  readonly family: number;
  readonly key?: string;
  readonly from?: string;
  readonly to?: string;
  readonly prefix?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
  readonly allVersions?: boolean;
  readonly at?: number;
  readonly atTimestamp?: string;
  readonly table?: number;
  readonly block?: number;
  readonly where?: string;
  readonly valueLens?: string;
}

/** `ui` is the webview's own affair: scroll position, column widths, selection. */
export type SavedView =
  | {
      readonly view: 'results';
      readonly storePath: string;
      readonly storeName: string;
      readonly familyName: string;
      readonly title: string;
      readonly params: SavedParams;
      readonly pinned?: boolean;
      readonly ui: unknown;
    }
  | {
      readonly view: 'compare';
      readonly storePath: string;
      readonly storeName: string;
      readonly otherPath: string;
      readonly ui: unknown;
    }
  | {
      readonly view: 'overview' | 'visualizer';
      readonly storePath: string;
      readonly storeName: string;
      readonly ui: unknown;
    }
  | {
      readonly view: 'table';
      readonly storePath: string;
      readonly storeName: string;
      /** File number. */
      readonly table: number;
      readonly ui: unknown;
    }
  | {
      readonly view: 'sql';
      readonly storePath: string;
      readonly storeName: string;
      readonly request: SqlRequest;
      readonly ui: unknown;
    }
  | {
      readonly view: 'evidence';
      readonly storePath: string;
      readonly storeName: string;
      readonly family?: string;
      /** As hex. */
      readonly prefix?: string;
      readonly ui: unknown;
    };

function toHex(b: Uint8Array): string {
  let s = '';
  for (const byte of b) s += byte.toString(16).padStart(2, '0');
  return s;
}

function fromHex(s: string): Uint8Array {
  const b = new Uint8Array(s.length >> 1);
  for (let i = 0; i < b.length; i++) b[i] = Number.parseInt(s.slice(2 * i, 2 * i + 2), 16);
  return b;
}

export function saveParams(p: QueryParams): SavedParams {
  return {
    family: p.family,
    ...(p.key === undefined ? {} : { key: toHex(p.key) }),
    ...(p.from === undefined ? {} : { from: toHex(p.from) }),
    ...(p.to === undefined ? {} : { to: toHex(p.to) }),
    ...(p.prefix === undefined ? {} : { prefix: toHex(p.prefix) }),
    ...(p.reverse === undefined ? {} : { reverse: p.reverse }),
    ...(p.limit === undefined ? {} : { limit: p.limit }),
    ...(p.allVersions === undefined ? {} : { allVersions: p.allVersions }),
    ...(p.at === undefined ? {} : { at: p.at }),
    ...(p.atTimestamp === undefined ? {} : { atTimestamp: toHex(p.atTimestamp) }),
    ...(p.table === undefined ? {} : { table: p.table }),
    ...(p.block === undefined ? {} : { block: p.block }),
    ...(p.where === undefined ? {} : { where: p.where }),
    ...(p.valueLens === undefined ? {} : { valueLens: p.valueLens }),
  };
}

export function restoreParams(s: SavedParams): QueryParams {
  return {
    family: s.family,
    key: s.key === undefined ? undefined : fromHex(s.key),
    from: s.from === undefined ? undefined : fromHex(s.from),
    to: s.to === undefined ? undefined : fromHex(s.to),
    prefix: s.prefix === undefined ? undefined : fromHex(s.prefix),
    reverse: s.reverse,
    limit: s.limit,
    allVersions: s.allVersions,
    at: s.at,
    atTimestamp: s.atTimestamp === undefined ? undefined : fromHex(s.atTimestamp),
    table: s.table,
    block: s.block,
    where: s.where,
    valueLens: s.valueLens,
  };
}

/** Whether `state`, as a window reload hands it back, is one of ours. */
export function isSavedView(state: unknown): state is SavedView {
  if (typeof state !== 'object' || state === null) return false;
  const s = state as {
    view?: unknown;
    otherPath?: unknown;
    storePath?: unknown;
    table?: unknown;
    params?: { family?: unknown };
    request?: unknown;
  };
  if (typeof s.storePath !== 'string') return false;
  if (s.view === 'compare') return typeof s.otherPath === 'string';
  if (s.view === 'table') return typeof s.table === 'number';
  if (s.view === 'sql') return isSqlRequest(s.request);
  return (
    s.view === 'overview' ||
    s.view === 'visualizer' ||
    s.view === 'evidence' ||
    (s.view === 'results' && typeof s.params?.family === 'number')
  );
}
