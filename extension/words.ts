/** Counted nouns, in the words of the editor's language. */
import * as vscode from 'vscode';
import { formatCount } from '../engine/model/display.ts';

const { t } = vscode.l10n;

export function tables(n: number): string {
  return n === 1 ? t('1 table') : t('{0} tables', formatCount(n));
}

export function files(n: number): string {
  return n === 1 ? t('1 file') : t('{0} files', formatCount(n));
}

export function entries(n: number): string {
  return n === 1 ? t('1 entry') : t('{0} entries', formatCount(n));
}

export function rows(n: number): string {
  return n === 1 ? t('1 row') : t('{0} rows', formatCount(n));
}

export function edits(n: number): string {
  return n === 1 ? t('1 edit') : t('{0} edits', formatCount(n));
}
