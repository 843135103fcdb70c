/**
 * What crosses between an editor tab's webview and the extension host. The webview pulls: the host
 * sends no rows unasked, so a hidden panel loses nothing and messages stay bounded.
 */
import type { EngineApi, QueryParams, QueryState, StoreSummary } from './engineApi.ts';
import type { ErrorData } from './rpc.ts';

/** Engine methods a webview may call through the host; the host checks the name against this list. */
export const VIEW_METHODS = [
  'summary',
  'tables',
  'tableDetails',
  'blocks',
  'blockDetails',
  'queryState',
  'rows',
  'value',
] as const satisfies readonly (keyof EngineApi)[];
export type ViewMethod = (typeof VIEW_METHODS)[number];

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
    }
  | { readonly view: 'overview'; readonly storeName: string; readonly summary: StoreSummary };

/** What a person asked for in the webview that only the host can do. */
export type ViewAction =
  | { readonly action: 'openValue'; readonly family: number; readonly key: Uint8Array; readonly seq: number }
  | { readonly action: 'copyText'; readonly text: string }
  | { readonly action: 'revealTable'; readonly table: number }
  | { readonly action: 'openProblem'; readonly path: string; readonly offset: number | null }
  | { readonly action: 'scan'; readonly family: number; readonly prefix?: Uint8Array }
  | { readonly action: 'get'; readonly family: number }
  | { readonly action: 'rerun' }
  | { readonly action: 'refresh' };

export type FromView =
  | { readonly t: 'ready' }
  | { readonly t: 'call'; readonly id: number; readonly method: ViewMethod; readonly params: unknown }
  | { readonly t: 'cancel'; readonly id: number }
  | { readonly t: 'do'; readonly what: ViewAction };

export type ToView =
  | { readonly t: 'init'; readonly init: ViewInit }
  | { readonly t: 'ok'; readonly id: number; readonly result: unknown }
  | { readonly t: 'error'; readonly id: number; readonly error: ErrorData }
  | { readonly t: 'queryProgress'; readonly state: QueryState }
  | { readonly t: 'storeChanged'; readonly summary: StoreSummary }
  /** The engine is gone or back. */
  | { readonly t: 'engine'; readonly alive: boolean; readonly message: string };
