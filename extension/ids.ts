/**
 * Every id that package.json and the code must agree on, once. Free of `vscode`, so that
 * test/unit/extension/contributions.test.ts can hold the two together.
 */

/** Commands that a person can run from the palette. */
export const COMMANDS = {
  openStore: 'lsm.openStore',
  openStoreAtPath: 'lsm.openStoreAtPath',
  closeStore: 'lsm.closeStore',
  refresh: 'lsm.refresh',
  get: 'lsm.get',
  scan: 'lsm.scan',
  keyHistory: 'lsm.keyHistory',
  chooseFormat: 'lsm.chooseFormat',
  export: 'lsm.export',
  compare: 'lsm.compare',
  explain: 'lsm.explain',
  querySql: 'lsm.querySql',
  runSql: 'lsm.runSql',
  chooseSqlStore: 'lsm.chooseSqlStore',
  showOverview: 'lsm.showOverview',
  showVisualizer: 'lsm.showVisualizer',
  showTable: 'lsm.showTable',
  planCompaction: 'lsm.planCompaction',
  compact: 'lsm.compact',
  flush: 'lsm.flush',
  verify: 'lsm.verify',
  repair: 'lsm.repair',
  showEvidence: 'lsm.showEvidence',
  exportEvidence: 'lsm.exportEvidence',
  createSample: 'lsm.createSample',
  put: 'lsm.put',
  delete: 'lsm.delete',
  undoWrite: 'lsm.undoWrite',
  editValue: 'lsm.editValue',
  import: 'lsm.import',
  addBookmark: 'lsm.addBookmark',
  clearHistory: 'lsm.clearHistory',
  copyKey: 'lsm.copyKey',
  copyValue: 'lsm.copyValue',
  copyPath: 'lsm.copyPath',
  showLog: 'lsm.showLog',
} as const;

/** Commands that act on what was clicked; contributed for menus, hidden from the palette. */
export const ITEM_COMMANDS = {
  openFolderAsStore: 'lsm.openFolderAsStore',
  scanTable: 'lsm.scanTable',
  openValue: 'lsm.openValue',
  openDump: 'lsm.openDump',
  openOptions: 'lsm.openOptions',
  runQuery: 'lsm.runQuery',
  pinQuery: 'lsm.pinQuery',
  unpinQuery: 'lsm.unpinQuery',
  removeQuery: 'lsm.removeQuery',
  renameBookmark: 'lsm.renameBookmark',
} as const;

/** Commands that only our own tree items and lenses run; not contributed. */
export const PRIVATE_COMMANDS = {
  loadMore: 'lsm.private.loadMore',
  openProblem: 'lsm.private.openProblem',
  revealTable: 'lsm.private.revealTable',
  importRows: 'lsm.private.importRows',
  changeImport: 'lsm.private.changeImport',
} as const;

export const CONTAINER = 'lsm';

export const VIEWS = { stores: 'lsm.stores', history: 'lsm.history', bookmarks: 'lsm.bookmarks' } as const;

/** Webview panel types; the activation event of each is `onWebviewPanel:<id>`. */
export const PANELS = {
  results: 'lsm.results',
  overview: 'lsm.overview',
  visualizer: 'lsm.visualizer',
  table: 'lsm.tableDetails',
  sql: 'lsm.sql',
  evidence: 'lsm.evidence',
  compare: 'lsm.compareStores',
} as const;

export const CUSTOM_EDITORS = { table: 'lsm.table' } as const;

/** Language of dumps and hex dumps; set on our documents only, so no file name is claimed. */
export const DUMP_LANGUAGE = 'lsm-dump';

/** Language of OPTIONS files, by the names that RocksDB gives them, and of our documents of them. */
export const OPTIONS_LANGUAGE = 'lsm-options';

/** Language of `.lsm.sql` documents. */
export const SQL_LANGUAGE = 'lsm-sql';

/** Scheme of virtual documents: values and dumps. */
export const SCHEME = 'lsm';

/** Scheme of values that can be saved. */
export const EDIT_SCHEME = 'lsm-edit';

/** Language-model tools. */
export const TOOLS = {
  info: 'lsm_info',
  tables: 'lsm_tables',
  get: 'lsm_get',
  scan: 'lsm_scan',
  explain: 'lsm_explain',
  sql: 'lsm_sql',
} as const;

/** `when` clause keys. */
export const CONTEXT = {
  /** At least one store is listed. */
  hasStore: 'lsm.hasStore',
  /** At least one store is open. */
  hasOpenStore: 'lsm.hasOpenStore',
  /** The selected tree item has a key to copy. */
  selectionHasKey: 'lsm.selectionHasKey',
  /** The last write of this window can be taken back, as far as this window knows. */
  canUndoWrite: 'lsm.canUndoWrite',
  /** The active editor shows a value of a store. */
  valueDocument: 'lsm.valueDocument',
  /** Queries are remembered. */
  hasHistory: 'lsm.hasHistory',
} as const;

/** `viewItem` values. */
export const ITEM = {
  openStore: 'lsm.store.open',
  closedStore: 'lsm.store.closed',
  failedStore: 'lsm.store.failed',
  family: 'lsm.family',
  memtable: 'lsm.memtable',
  level: 'lsm.level',
  table: 'lsm.table',
  block: 'lsm.block',
  entry: 'lsm.entry',
  /** A file that `dump` reads: WAL, MANIFEST, blob file. */
  file: 'lsm.file',
  /** An OPTIONS file of RocksDB, which opens as it is. */
  options: 'lsm.options',
  property: 'lsm.property',
  problem: 'lsm.problem',
  problems: 'lsm.problems',
  more: 'lsm.more',
  error: 'lsm.error',
  query: 'lsm.query',
  pinnedQuery: 'lsm.query.pinned',
  bookmark: 'lsm.bookmark',
} as const;

export const SETTINGS = {
  section: 'lsm',
  scanPreviewBytes: 'scan.previewBytes',
  scanDefaultLimit: 'scan.defaultLimit',
  refreshAuto: 'refresh.auto',
  discoverDepth: 'discover.depth',
  overviewOnOpen: 'overview.showOnOpen',
  lensAuto: 'lens.auto',
  compactionRate: 'compaction.maxMegabytesPerSecond',
  sqlEntries: 'sql.maxEntries',
  sqlTimeout: 'sql.timeoutSeconds',
} as const;

/** Keys in the workspace's memento. */
export const STATE = {
  stores: 'lsm.stores',
  lenses: 'lsm.lenses',
  history: 'lsm.history',
  bookmarks: 'lsm.bookmarks',
} as const;
