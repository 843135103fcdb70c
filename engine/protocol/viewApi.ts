/**
 * What crosses between an editor tab's webview and the extension host. The webview pulls: the host
 * sends no rows unasked, so a hidden panel loses nothing and messages stay bounded.
 */
import type {
  CompactionProgress,
  DiffKind,
  EngineApi,
  EvidenceOpened,
  EvidenceState,
  QueryParams,
  QueryState,
  StoreSummary,
  TableRow,
} from './engineApi.ts';
import type { ErrorData } from './rpc.ts';
import { SQL_PAGE_METHODS, type SqlPageApi, type SqlRequest, type SqlSort, type SqlState } from './sqlView.ts';

/** Engine methods a webview may call through the host; the host checks the name against this list. */
export const VIEW_METHODS = [
  'summary',
  'tables',
  'tableDetails',
  'blocks',
  'blockDetails',
  'queryState',
  'stopQuery',
  'checkWhere',
  'rows',
  'value',
  'lenses',
  'explain',
  'tableProfile',
  // Of the table's own page, and of its table only.
  'openQuery',
  'closeQuery',
  'timeline',
  'timelineChunk',
  'timelineKeys',
  'timelinePosition',
  // Of the evidence page, and of what it shows only.
  'evidenceRows',
  'evidenceLenses',
  // Of the comparison's page, and of its two stores only.
  'diff',
] as const satisfies readonly (keyof EngineApi)[];

/** What a page may call: of the engine, and of the host of its own tab. */
export type ViewApi = Pick<EngineApi, (typeof VIEW_METHODS)[number]> & SqlPageApi;
export type ViewMethod = keyof ViewApi;
export type ViewParams<M extends ViewMethod> = Parameters<ViewApi[M]>[0];
export type ViewResult<M extends ViewMethod> = ReturnType<ViewApi[M]>;

/** Methods that the host of a tab answers itself. */
export type PageMethod = keyof SqlPageApi;

export function isPageMethod(method: ViewMethod): method is PageMethod {
  return (SQL_PAGE_METHODS as readonly string[]).includes(method);
}

/** From this confidence on a lens is used without being asked for. */
export const SURE_LENS = 0.8;

/** How a page finds the lens to show a family through. */
export interface LensChoice {
  /** A lens that surely fits is used by itself. */
  readonly auto: boolean;
  /** What a person chose before; null for none. Absent: nothing was chosen. */
  readonly chosen?: string | null;
}

/** Stores of browsers hold tokens and passwords: their values are shown only on request. */
export function isSensitive(lens: string): boolean {
  return lens.startsWith('chromium-');
}

/** How bytes are shown. */
export type BytesFormat = 'text' | 'hex' | 'json';

/** What a tab shows when it opens or is restored. */
export type ViewInit =
  | {
      readonly view: 'results';
      readonly storeName: string;
      readonly storePath: string;
      readonly familyName: string;
      /** In words, for the heading: "scan of default, prefix user:, newest first". */
      readonly title: string;
      readonly params: QueryParams;
      readonly state: QueryState;
      /** One table file without its store: at which level it is live is not known. */
      readonly single?: boolean;
      readonly lens: LensChoice;
      /** The next query gets a tab of its own. */
      readonly pinned?: boolean;
    }
  | {
      readonly view: 'compare';
      readonly storeName: string;
      readonly storePath: string;
      readonly otherName: string;
      readonly otherPath: string;
    }
  | { readonly view: 'overview'; readonly storeName: string; readonly summary: StoreSummary }
  | {
      readonly view: 'visualizer';
      readonly storeName: string;
      readonly summary: StoreSummary;
      /** What it was opened for, beside showing itself; done once. */
      readonly request?: VisualizerRequest;
    }
  | {
      readonly view: 'table';
      readonly storeName: string;
      readonly storePath: string;
      /** Of the store that the table is looked at in; `kind` is 'table' for a file on its own. */
      readonly summary: StoreSummary;
      readonly table: TableRow;
      readonly lens: LensChoice;
    }
  | { readonly view: 'sql'; readonly storeName: string; readonly request: SqlRequest; readonly state: SqlState }
  | {
      readonly view: 'evidence';
      readonly storeName: string;
      readonly storePath: string;
      /** What the records are narrowed to. */
      readonly family?: string;
      readonly prefix?: Uint8Array;
      readonly opened: EvidenceOpened;
      readonly lens: LensChoice;
    };

/** What a person asked of the visualiser from outside of it. */
export type VisualizerRequest =
  | { readonly ask: 'family'; readonly family: number }
  | { readonly ask: 'explain'; readonly family: number; readonly key: Uint8Array; readonly at?: number }
  | { readonly ask: 'select'; readonly family: number; readonly tables: readonly number[] };

/** What a person asked for in the webview that only the host can do. */
export type ViewAction =
  | { readonly action: 'openValue'; readonly family: number; readonly key: Uint8Array; readonly seq: number }
  | { readonly action: 'copyText'; readonly text: string }
  /** Remembers the lens for a family; null for none. */
  | { readonly action: 'chooseLens'; readonly family: number; readonly lens: string | null }
  /** Asks the person for a format of the family's values. */
  | { readonly action: 'askFormat'; readonly family: number }
  | { readonly action: 'revealTable'; readonly table: number }
  | { readonly action: 'openProblem'; readonly path: string; readonly offset: number | null }
  | { readonly action: 'scan'; readonly family: number; readonly prefix?: Uint8Array }
  | { readonly action: 'get'; readonly family: number }
  | { readonly action: 'rerun' }
  /** The same query with another condition; empty for none. */
  | { readonly action: 'setCondition'; readonly where: string }
  /** The rows from the last key to the first, or the other way. */
  | { readonly action: 'setReverse'; readonly reverse: boolean }
  /** Whether the next query leaves this tab alone. */
  | { readonly action: 'pin'; readonly pinned: boolean }
  | { readonly action: 'keyHistory'; readonly family: number; readonly key: Uint8Array }
  /** The data block of an entry, at that entry. */
  | { readonly action: 'openEntryBlock'; readonly table: number; readonly key: Uint8Array; readonly seq: number }
  /** Export…, of the range and the condition that the tab shows. */
  | { readonly action: 'exportResults' }
  /** The two values of a key that differs, in the diff editor; the family by its name. */
  | {
      readonly action: 'openDifference';
      readonly family: string;
      readonly key: Uint8Array;
      readonly kind: DiffKind;
      /** The key as it is shown. */
      readonly shown?: string;
    }
  /** All differences that have come so far, a line a key. */
  | { readonly action: 'compareAsText' }
  /** The first of two values to compare, and the second. */
  | {
      readonly action: 'markValue' | 'compareValue';
      readonly family: number;
      readonly key: Uint8Array;
      readonly seq: number;
    }
  /** The value of a key in an editor that can save it; deleting a key; both ask before they write. */
  | { readonly action: 'editValue' | 'deleteKey'; readonly family: number; readonly key: Uint8Array }
  | { readonly action: 'bookmarkKey'; readonly family: number; readonly key: Uint8Array }
  /** Keeps the query that the tab shows. */
  | { readonly action: 'bookmarkQuery' }
  /** Asks for a key and explains it in this view. */
  | { readonly action: 'explain'; readonly family: number }
  /** The table's own editor. */
  | { readonly action: 'openTable'; readonly table: number }
  /** The annotated bytes of a data block, as a text document; at `key`, where the block holds it. */
  | { readonly action: 'openBlock'; readonly table: number; readonly offset: number; readonly key?: Uint8Array }
  /** The bytes of one record: in a table's block that begins at `offset`, or in a log. */
  | {
      readonly action: 'openRecord';
      readonly file: string;
      readonly offset: number;
      readonly key: Uint8Array;
      readonly seq: number;
      readonly inBlock: boolean;
    }
  /** Shows only the records of a family, and of keys with a prefix. */
  | { readonly action: 'filterEvidence'; readonly family?: string; readonly prefix?: Uint8Array }
  /** Ends gathering and counting where it is. */
  | { readonly action: 'stopEvidence' }
  | { readonly action: 'exportEvidence' }
  /** Which tables are picked here, so that the tree may follow. */
  | { readonly action: 'selectedTables'; readonly family: number; readonly tables: readonly number[] }
  /** Ends the compaction of ours that runs. */
  | { readonly action: 'cancelCompaction' }
  /** Compact…, with these tables chosen. */
  | { readonly action: 'compact'; readonly family: number; readonly tables: readonly number[] }
  /** Asks where to, and writes the file. */
  | { readonly action: 'saveFile'; readonly suggested: string; readonly bytes: Uint8Array }
  | { readonly action: 'showVisualizer'; readonly family: number }
  /** Another history beside the one on show: lets a person choose it, takes the one that was there before, or none. */
  | { readonly action: 'chooseTrack' }
  | { readonly action: 'restoreTrack'; readonly track: TrackId | null }
  /** Of SQL results: ends the run, puts its rows into another order, writes all of them to a file, goes to the query. */
  | { readonly action: 'cancelSql' | 'showSql' }
  | { readonly action: 'sortSql'; readonly sort: SqlSort | null }
  | { readonly action: 'saveSql'; readonly format: 'csv' | 'jsonl' }
  /** Looks a key up: bytes, or text as people type it; null for a family that is not told. */
  | { readonly action: 'getKey'; readonly family: string | null; readonly key: Uint8Array | string }
  | { readonly action: 'refresh' };

/** A history that a visualiser shows beside its own. */
export interface TrackId {
  /** Directory of its store. */
  readonly path: string;
  /** Name of its column family. */
  readonly family: string;
}

/** What belongs to the second history of a visualiser. */
export interface TrackInit extends TrackId {
  /** For people: the store, and the family where it has several. */
  readonly label: string;
  readonly summary: StoreSummary;
}

export type FromView =
  | { readonly t: 'ready' }
  | {
      readonly t: 'call';
      readonly id: number;
      readonly method: ViewMethod;
      readonly params: unknown;
      /** Of the store of the second history; of a visualiser only. */
      readonly of?: 'track';
    }
  | { readonly t: 'cancel'; readonly id: number }
  | { readonly t: 'do'; readonly what: ViewAction };

export type ToView =
  | { readonly t: 'init'; readonly init: ViewInit }
  | { readonly t: 'ok'; readonly id: number; readonly result: unknown }
  | { readonly t: 'error'; readonly id: number; readonly error: ErrorData }
  | { readonly t: 'queryProgress'; readonly state: QueryState }
  /** Keys compared so far, of the answer that is on its way. */
  | { readonly t: 'diffProgress'; readonly keys: number }
  /** The value that is marked to be compared with another, in words; null for none. */
  | { readonly t: 'marked'; readonly name: string | null }
  | { readonly t: 'sqlState'; readonly state: SqlState; readonly request: SqlRequest }
  | { readonly t: 'evidenceProgress'; readonly state: EvidenceState }
  /** A compaction of ours is under way; null when it has ended, however it did. */
  | { readonly t: 'compactionProgress'; readonly progress: CompactionProgress | null }
  | { readonly t: 'profileProgress'; readonly table: number; readonly done: number; readonly total: number }
  /** Something was asked of a visualiser that is open. */
  | { readonly t: 'request'; readonly request: VisualizerRequest }
  | { readonly t: 'storeChanged'; readonly summary: StoreSummary }
  /** The second history: chosen, grown, or taken away. */
  | { readonly t: 'track'; readonly track: TrackInit | null }
  /** A lens was chosen for a family elsewhere. */
  | { readonly t: 'lens'; readonly family: number; readonly lens: string }
  /** The engine is gone or back. */
  | { readonly t: 'engine'; readonly alive: boolean; readonly message: string };
