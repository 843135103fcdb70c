/** What the language-model tools read: each takes its input apart, asks the engine, and answers in bounded JSON. */
import type * as vscode from 'vscode';
import { parseKey } from '../../engine/model/keyInput.ts';
import { storeMetrics } from '../../engine/model/metrics.ts';
import type { FamilySummary, QueryState, StoreSummary } from '../../engine/protocol/engineApi.ts';
import { StoreError } from '../../engine/protocol/rpc.ts';
import type { Store } from '../store.ts';
import { findTable } from '../trees/children.ts';
import { answer, entryJson, type Json, keyJson, plainJson, problemsJson, sqlJson } from './answer.ts';

const TABLES_DEFAULT = 100;
const TABLES_MAX = 1_000;
const ROWS_DEFAULT = 50;
const ROWS_MAX = 500;
const GET_VALUE_BYTES = 8_000;
const SCAN_VALUE_BYTES_DEFAULT = 256;
const SCAN_VALUE_BYTES_MAX = 4_096;
const SQL_CELL_BYTES = 512;
/** Rows that SQL's `entries` and `versions` are filled with. */
const SQL_ENTRIES_MAX = 200_000;
/** A scan that has not found its rows by then answers with those it has. */
const SCAN_MILLIS = 10_000;
const SQL_MILLIS = 10_000;
const POLL_MILLIS = 20;

export type Input = Readonly<Record<string, unknown>>;
export type Reader = (store: Store, input: Input, token: vscode.CancellationToken) => Promise<string>;

const say = (message: string, ...args: (string | number)[]): string =>
  message.replace(/\{(\d+)\}/g, (whole, i: string) => String(args[Number(i)] ?? whole));

// ── Inputs ─────────────────────────────────────────────────────────────────────────────────────

function wrong(message: string): StoreError {
  return new StoreError('INPUT', message);
}

export function textOf(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw wrong(`"${name}" is to be a string`);
  return value;
}

function flag(input: Input, name: string): boolean {
  return input[name] === true;
}

function count(input: Input, name: string, fallback: number, max: number, min = 1): number {
  const value = input[name];
  if (value === undefined || value === null) return fallback;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min) {
    throw wrong(`"${name}" is to be a whole number of at least ${min}`);
  }
  return Math.min(value, max);
}

function optionalCount(input: Input, name: string): number | undefined {
  return input[name] === undefined || input[name] === null
    ? undefined
    : count(input, name, 0, Number.MAX_SAFE_INTEGER, 0);
}

function keyIn(input: Input, name: string): Uint8Array | undefined {
  const typed = textOf(input, name);
  if (typed === undefined) return undefined;
  const parsed = parseKey(typed);
  if (!parsed.ok) throw wrong(`"${name}": ${parsed.message}`);
  return parsed.bytes;
}

function familyIn(summary: StoreSummary, input: Input): FamilySummary {
  const { families } = summary;
  const named = textOf(input, 'family');
  const found =
    named === undefined
      ? (families.find((f) => f.name === 'default') ?? families[0])
      : families.find((f) => f.name === named);
  if (found !== undefined) return found;
  throw wrong(`there is no column family "${named ?? 'default'}"; there are ${families.map((f) => f.name).join(', ')}`);
}

// ── The readers ────────────────────────────────────────────────────────────────────────────────

export const info: Reader = async (store, _input, token) => {
  const s = await store.open(token);
  const families = s.families.map((f) => ({
    id: f.id,
    name: f.name,
    comparator: f.comparator,
    mergeOperator: f.mergeOperator,
    compaction: f.compaction,
    tables: f.tables,
    bytes: f.bytes,
    levels: f.levels
      .filter((l) => l.tables > 0)
      .map(({ level, tables, bytes, score }) => ({ level, tables, bytes, score })),
    memtable: f.memtable,
    blobFiles: f.blobFiles.length,
    blobBytes: f.blobBytes,
  }));
  const head = {
    path: s.path,
    engine: s.engine,
    version: s.version,
    lastSequence: s.lastSequence,
    manifest: s.manifest,
    edits: s.edits,
    locked: s.locked,
    wal: plainJson(s.wal.slice(0, 20)),
    metrics: plainJson(storeMetrics(s.families)),
    ...problemsJson(store.problems),
  };
  return answer(head, 'families', plainJson(families) as readonly Json[]);
};

export const tables: Reader = async (store, input, token) => {
  const summary = await store.open(token);
  const number = optionalCount(input, 'table');
  if (number !== undefined) {
    await findTable(store, number, say);
    const { stats, properties, problems } = await store.call('tableDetails', { table: number }, token);
    const head = { store: store.path, table: plainJson(stats), ...problemsJson(problems) };
    return answer(head, 'properties', plainJson(properties) as readonly Json[]);
  }
  const family = familyIn(summary, input);
  const level = optionalCount(input, 'level') ?? -1;
  const offset = optionalCount(input, 'offset') ?? 0;
  const limit = count(input, 'limit', TABLES_DEFAULT, TABLES_MAX);
  const page = await store.call('tables', { family: family.id, level, offset, limit }, token);
  const rows = page.items.map((t) => ({
    number: t.number,
    level: t.level,
    file: t.file,
    bytes: t.bytes,
    smallest: keyJson(t.smallest),
    largest: keyJson(t.largest),
    smallestSeq: t.smallestSeq,
    largestSeq: t.largestSeq,
    createdAt: t.createdAt === null ? null : new Date(t.createdAt * 1000).toISOString(),
    ...(t.problem === null ? {} : { problem: t.problem }),
  }));
  const head = { store: store.path, family: family.name, offset, total: page.total };
  return answer(head, 'tables', rows, Math.max(rows.length, page.total - offset));
};

export const get: Reader = async (store, input, token) => {
  const summary = await store.open(token);
  const family = familyIn(summary, input);
  const key = keyIn(input, 'key');
  if (key === undefined) throw wrong('"key" is missing');
  const { entry, at, problems } = await store.call(
    'get',
    { family: family.id, key, at: optionalCount(input, 'at') },
    token,
  );
  const head = {
    store: store.path,
    family: family.name,
    key: keyJson(key),
    at,
    found: entry !== undefined,
    ...problemsJson(problems),
  };
  return answer(head, 'entries', entry === undefined ? [] : [entryJson(entry, GET_VALUE_BYTES)]);
};

export const scan: Reader = async (store, input, token) => {
  const summary = await store.open(token);
  const family = familyIn(summary, input);
  const limit = count(input, 'limit', ROWS_DEFAULT, ROWS_MAX);
  const previewBytes = flag(input, 'keysOnly')
    ? 0
    : count(input, 'valueBytes', SCAN_VALUE_BYTES_DEFAULT, SCAN_VALUE_BYTES_MAX);
  const where = textOf(input, 'where');
  const params = {
    family: family.id,
    prefix: keyIn(input, 'prefix'),
    from: keyIn(input, 'from'),
    to: keyIn(input, 'to'),
    reverse: flag(input, 'reverse') || undefined,
    allVersions: flag(input, 'allVersions') || undefined,
    at: optionalCount(input, 'at'),
    limit,
    ...(where === undefined ? {} : { where }),
  };
  let state = await store.call('openQuery', params, token);
  try {
    state = await waitFor(store, state, limit, token);
    const page = await store.call(
      'rows',
      { query: state.query, from: 0, count: Math.min(limit, state.total), previewBytes },
      token,
    );
    const rows = page.items.map((row) =>
      previewBytes === 0 && row.value !== null
        ? { key: keyJson(row.key), type: row.type, seq: row.seq, size: row.valueSize }
        : entryJson(row, previewBytes),
    );
    // A limit that was reached says nothing of what lies behind it.
    const more =
      rows.length >= limit ? 'unknown: the limit was reached' : state.complete ? 'no' : 'unknown: time was over';
    const head = {
      store: store.path,
      family: family.name,
      at: state.at,
      moreBehind: more,
      ...problemsJson(state.problems),
    };
    return answer(head, 'entries', rows);
  } finally {
    store.call('closeQuery', { query: state.query }).catch(() => {});
  }
};

async function waitFor(
  store: Store,
  first: QueryState,
  limit: number,
  token: vscode.CancellationToken,
): Promise<QueryState> {
  const end = performance.now() + SCAN_MILLIS;
  let state = first;
  while (!state.complete && state.total < limit && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLIS));
    state = await store.call('queryState', { query: state.query }, token);
  }
  return state;
}

export const explain: Reader = async (store, input, token) => {
  const summary = await store.open(token);
  const family = familyIn(summary, input);
  const key = keyIn(input, 'key');
  if (key === undefined) throw wrong('"key" is missing');
  const path = await store.call('explain', { family: family.id, key, at: optionalCount(input, 'at') }, token);
  const head = {
    store: store.path,
    family: family.name,
    key: keyJson(key),
    at: path.at,
    found: path.entry !== undefined,
    ...(path.entry === undefined ? {} : { entry: entryJson(path.entry, SCAN_VALUE_BYTES_DEFAULT) }),
    totals: plainJson(path.totals),
    skipped: plainJson(path.skipped),
    ...problemsJson(path.problems),
  };
  return answer(head, 'steps', plainJson(path.steps) as readonly Json[]);
};

export const sql: Reader = async (store, input, token) => {
  const summary = await store.open(token);
  const query = textOf(input, 'query');
  if (query === undefined) throw wrong('"query" is missing');
  const limit = count(input, 'limit', ROWS_DEFAULT, ROWS_MAX);
  const named = textOf(input, 'family');
  const page = await store.call(
    'sql',
    {
      query,
      family: named === undefined ? undefined : familyIn(summary, input).id,
      prefix: keyIn(input, 'prefix'),
      from: keyIn(input, 'from'),
      to: keyIn(input, 'to'),
      entriesMax: SQL_ENTRIES_MAX,
      millisMax: SQL_MILLIS,
      count: limit,
    },
    token,
  );
  store.call('sqlClose', { cursor: page.cursor }).catch(() => {});
  const head = {
    store: store.path,
    columns: page.columns.map((c) => c.name),
    complete: page.complete,
    notes: [...page.notes],
    ...problemsJson(page.problems),
  };
  const rows = page.rows.map((row) => row.map((value) => sqlJson(value, SQL_CELL_BYTES)));
  return answer(head, 'rows', rows);
};

/** The tables and columns of SQL, for an assistant that has not asked yet. */
export const sqlSchema: Reader = async (store, _input, token) => {
  const schema = await store.call('sqlSchema', {}, token);
  const tablesOf = schema.map((t) => ({
    name: t.name,
    doc: t.doc,
    columns: t.columns.map((c) => `${c.name} ${c.type}: ${c.doc}`),
  }));
  return answer({ store: store.path }, 'tables', tablesOf);
};
