/** A made-up result of SQL for its page, and the host that answers for it. */
import type { SqlColumn } from '../../../engine/protocol/engineApi.ts';
import type { SqlCell, SqlRequest, SqlState } from '../../../engine/protocol/sqlView.ts';
import type { ToView, ViewAction, ViewInit } from '../../../engine/protocol/viewApi.ts';
import { DAMAGE, HTML_KEY } from './data.ts';

const utf8 = new TextEncoder();

export const SQL_REQUEST: SqlRequest = {
  store: '/data/stores/rocksdb',
  document: 'untitled:Untitled-1',
  title: 'Largest <b>values</b>',
  query: 'SELECT family, key, value, value_size, table_number, big, ratio\nFROM entries\nORDER BY value_size DESC',
  range: { prefix: 'user:' },
};

const of = (name: string): SqlColumn => ({ name, from: { table: 'entries', column: name } });
const COLUMNS: readonly SqlColumn[] = [
  of('family'),
  of('key'),
  of('value'),
  of('value_size'),
  of('table_number'),
  { name: 'big' },
  { name: 'ratio' },
];

/** All of the long value of row 2. */
export const LONG_VALUE = `{"long": "${'0123456789'.repeat(400)}"}`;

export function sqlRow(i: number): readonly SqlCell[] {
  const size = 90_000 - i * 3;
  const value: SqlCell =
    i === 0
      ? utf8.encode('<img src=x onerror="window.pwned=1"> plain text')
      : i === 1
        ? Uint8Array.of(0, 255, 1, 254, 2, 253, 3)
        : i === 2
          ? { cut: LONG_VALUE.slice(0, 1024), size: LONG_VALUE.length }
          : i % 7 === 0
            ? null
            : utf8.encode(`{"n":${i},"name":"sensor ${i}"}`);
  return [
    i % 3 === 0 ? 'meta' : 'default',
    i === 0 ? utf8.encode(HTML_KEY) : utf8.encode(`user:${String((i * 7919) % 100_000).padStart(8, '0')}`),
    value,
    size,
    100 + (i % 40),
    { spelled: '9007199254740993' },
    i / 8,
  ];
}

export interface SqlHarness {
  readonly init: Extract<ViewInit, { view: 'sql' }>;
  answer(method: string, params: unknown): { readonly result: unknown } | undefined;
  /** What the host does when the page asks for it. */
  acted(what: ViewAction): void;
}

export function sqlHarness(scenario: string, count: number, post: (message: ToView) => void): SqlHarness {
  let run = 0;
  const finished = (): SqlState => ({
    phase: 'done',
    run,
    columns: COLUMNS,
    notes: scenario === 'cut' ? ['entries: stopped at 1,000,000 rows; there are more'] : [],
    problems: scenario === 'cut' ? DAMAGE : [],
    fillMillis: 1210,
    queryMillis: 34,
    sort: null,
  });
  const states: Readonly<Record<string, SqlState>> = {
    idle: { phase: 'idle' },
    running: { phase: 'running', table: 'entries', rows: 180_000 },
    failed: { phase: 'failed', code: 'INPUT', message: 'SQL: no such column: nosuch', cancelled: false },
  };
  const total = scenario === 'empty' ? 0 : count;
  return {
    init: { view: 'sql', storeName: 'rocksdb', request: SQL_REQUEST, state: states[scenario] ?? finished() },
    answer: (method, params) => {
      const p = params as Record<string, number>;
      if (method === 'sqlCell') return { result: LONG_VALUE };
      if (method !== 'sqlPage') return undefined;
      const offset = p['offset'] ?? 0;
      if (scenario === 'failing' && offset > 0) throw new Error('this result is closed');
      const n = Math.max(0, Math.min(p['count'] ?? 0, total - offset));
      const rows = Array.from({ length: n }, (_, i) => sqlRow(offset + i));
      return { result: { offset, rows, complete: offset + n >= total } };
    },
    acted: (what) => {
      if (what.action === 'rerun') {
        run++;
        post({ t: 'sqlState', request: SQL_REQUEST, state: { phase: 'running' } });
        post({ t: 'sqlState', request: SQL_REQUEST, state: finished() });
      } else if (what.action === 'sortSql') {
        run++;
        post({ t: 'sqlState', request: SQL_REQUEST, state: { ...finished(), sort: what.sort } as SqlState });
      } else if (what.action === 'cancelSql') {
        const state: SqlState = { phase: 'failed', code: 'CANCELLED', message: 'cancelled', cancelled: true };
        post({ t: 'sqlState', request: SQL_REQUEST, state });
      }
    },
  };
}
