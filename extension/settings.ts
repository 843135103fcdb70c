/** The settings `lsm.*`, read when needed: a change takes effect with the next use. */
import * as vscode from 'vscode';
import { SETTINGS } from './ids.ts';

function read<T>(name: string, fallback: T): T {
  return vscode.workspace.getConfiguration(SETTINGS.section).get<T>(name, fallback);
}

function readNumber(name: string, fallback: number, min: number, max: number): number {
  const value = read<unknown>(name, fallback);
  return typeof value === 'number' && Number.isFinite(value)
    ? Math.min(max, Math.max(min, Math.floor(value)))
    : fallback;
}

export const settings = {
  /** Bytes of a value that a row shows. */
  previewBytes: (): number => readNumber(SETTINGS.scanPreviewBytes, 256, 16, 65_536),
  /** Rows at which a scan stops; 0 for none. */
  defaultLimit: (): number => readNumber(SETTINGS.scanDefaultLimit, 0, 0, Number.MAX_SAFE_INTEGER),
  /** Rows that SQL's `entries`, and `versions`, are filled with. */
  sqlEntries: (): number => readNumber(SETTINGS.sqlEntries, 1_000_000, 1, 1_000_000_000),
  /** Milliseconds that a query in SQL may take once its tables are filled. */
  sqlMillis: (): number => readNumber(SETTINGS.sqlTimeout, 60, 1, 86_400) * 1_000,
  autoRefresh: (): boolean => read(SETTINGS.refreshAuto, true),
  /** Folder levels searched for stores; -1 for none. */
  discoverDepth: (): number => readNumber(SETTINGS.discoverDepth, 3, -1, 8),
  overviewOnOpen: (): boolean => read(SETTINGS.overviewOnOpen, true),
  /** Bytes that a compaction of ours may read and write a second; 0 for no limit. */
  compactionBytesPerSecond: (): number => readNumber(SETTINGS.compactionRate, 0, 0, 100_000) * 1e6,
  /** Whether a lens that surely fits is used without being asked for. */
  autoLens: (): boolean => read(SETTINGS.lensAuto, true),
};
