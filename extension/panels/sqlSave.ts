/** All rows of a result, written where a person says. */
import * as vscode from 'vscode';
import { formatBytes, formatCount } from '../../engine/model/display.ts';
import { headerText, type RowsFormat, rowText } from '../../engine/model/sqlText.ts';
import type { SqlPage } from '../../engine/protocol/engineApi.ts';
import { StoreError } from '../../engine/protocol/rpc.ts';
import type { Store } from '../store.ts';
import { saveFile } from './saveFile.ts';

const t = vscode.l10n.t;

const PAGE_ROWS = 5_000;
/** A file is written in one piece, which stands in memory. */
const BYTES_MAX = 256 << 20;

/** Reads on from `first`; resolves to the file, undefined where the person gave up. */
export async function saveRows(
  store: Store,
  first: SqlPage,
  format: RowsFormat,
  title: string,
): Promise<vscode.Uri | undefined> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: t('Reading the rows of {0}', title),
    cancellable: true,
  };
  const bytes = await vscode.window.withProgress(options, (progress, token) =>
    rowsBytes(store, first, format, token, (rows) => progress.report({ message: t('{0} rows', formatCount(rows)) })),
  );
  if (bytes === undefined) return undefined;
  const name = title.replace(/(\.lsm)?\.sql$/, '').replace(/[^\p{L}\p{N}._-]+/gu, '-');
  return saveFile(store, `${name === '' ? 'rows' : name}.${format}`, bytes);
}

async function rowsBytes(
  store: Store,
  first: SqlPage,
  format: RowsFormat,
  token: vscode.CancellationToken,
  report: (rows: number) => void,
): Promise<Uint8Array | undefined> {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [encoder.encode(headerText(first.columns, format))];
  let bytes = 0;
  for (let page: SqlPage = first, rows = 0; ; ) {
    const part = encoder.encode(page.rows.map((row) => rowText(first.columns, row, format)).join(''));
    parts.push(part);
    bytes += part.length;
    rows += page.rows.length;
    report(rows);
    if (page.complete) break;
    if (bytes > BYTES_MAX) {
      throw new StoreError('INPUT', t('The rows come to more than {0}.', formatBytes(BYTES_MAX)), {
        mend: t('narrow the query down, or use “lsm sql --format {0}”', format),
      });
    }
    if (token.isCancellationRequested) return undefined;
    page = await store.call('sqlRows', { cursor: first.cursor, offset: rows, count: PAGE_ROWS }, token);
  }
  return concat(parts);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
