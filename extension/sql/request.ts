/** A query as the engine is asked it: the range with keys as bytes, and the limits of the settings. */
import * as vscode from 'vscode';
import type { SqlParams } from '../../engine/protocol/engineApi.ts';
import { StoreError } from '../../engine/protocol/rpc.ts';
import type { SqlRange, SqlRequest } from '../../engine/protocol/sqlView.ts';
import { parseKey } from '../keyInput.ts';
import { settings } from '../settings.ts';
import type { Store } from '../store.ts';

const t = vscode.l10n.t;

/** Rows that come with the answer itself. */
const FIRST_ROWS = 1_000;

/** Opens the store. Throws INPUT for a range that means nothing in it. */
export async function paramsOf(store: Store, { query, range }: SqlRequest): Promise<SqlParams> {
  const { families } = await store.open();
  const family = families.find((f) => f.name === range.family);
  if (range.family !== undefined && family === undefined) {
    throw new StoreError('INPUT', t('There is no column family “{0}”.', range.family));
  }
  return {
    query,
    family: family?.id,
    from: keyOf(range, 'from'),
    to: keyOf(range, 'to'),
    prefix: keyOf(range, 'prefix'),
    entriesMax: range.limit ?? settings.sqlEntries(),
    count: FIRST_ROWS,
    millisMax: settings.sqlMillis(),
  };
}

function keyOf(range: SqlRange, name: 'from' | 'to' | 'prefix'): Uint8Array | undefined {
  const typed = range[name];
  if (typed === undefined) return undefined;
  const parsed = parseKey(typed, t);
  if (!parsed.ok) throw new StoreError('INPUT', `${name}: ${parsed.message}`);
  return parsed.bytes;
}
