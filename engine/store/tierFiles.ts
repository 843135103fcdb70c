/**
 * Where the tables of Basho's LevelDB lie: in `sst_0` to `sst_6` of the database, or, with tiered storage, those of the
 * deeper levels in the same directories under another root. That root stands in the options of the application only;
 * the engine prints them into its info log when it opens.
 */

import { strictText } from '../base/bytes.ts';
import { oneLine, type Problem, toStoreError } from '../base/errors.ts';
import { parseFileName, tierName } from '../formats/leveldb/names.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';

/** The options stand at the beginning of each opening, and there is a log for each. */
const LOG_BYTES_MAX = 64 << 10;
const LEVELS = 7;

export interface TierFiles {
  /** By the names of the tables, as seen from the database. */
  readonly places: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

export function tierFiles(fs: FileSystem, directory: string, names: readonly string[]): TierFiles {
  const places = new Map<string, string>();
  const problems: Problem[] = [];
  const take = (root: string, shown: string, level: number): void => {
    for (const name of fs.list(joinPath(root, tierName(level)))) {
      if (parseFileName(name).kind === 'table') places.set(name, `${shown}${tierName(level)}/${name}`);
    }
  };
  for (let level = 0; level < LEVELS; level++) {
    if (!names.includes(tierName(level))) continue;
    try {
      take(directory, '', level);
    } catch (thrown) {
      problems.push(toStoreError(thrown, { path: tierName(level) }).toProblem());
    }
  }
  const slow = names.includes('LOG') ? slowTier(fs, directory) : undefined;
  if (slow === undefined) return { places, problems };
  for (let level = slow.level; level < LEVELS; level++) {
    // A copy may have brought the slow tier along.
    if (names.includes(tierName(level))) continue;
    try {
      if (!fs.list(slow.root).includes(tierName(level))) continue;
      take(slow.root, `${slow.root}/`, level);
    } catch (thrown) {
      const e = toStoreError(thrown);
      problems.push({
        code: e.code,
        path: 'LOG',
        message: oneLine(
          `the slow tier, ${slow.root}, with the tables of level ${slow.level} and below, cannot be read: ${e.message}`,
        ),
        mend: `mount it there, or link its directories ${tierName(slow.level)} to ${tierName(LEVELS - 1)} into a copy of this one`,
      });
      break;
    }
  }
  return { places, problems };
}

function slowTier(fs: FileSystem, directory: string): { level: number; root: string } | undefined {
  let log: string | undefined;
  try {
    const file = fs.open(joinPath(directory, 'LOG'), 'read');
    try {
      const bytes = new Uint8Array(Math.min(file.size(), LOG_BYTES_MAX));
      log = strictText(bytes.subarray(0, file.readAt(bytes, 0)));
    } finally {
      file.close();
    }
  } catch {
    return undefined;
  }
  const level = Number(/Options\.tiered_slow_level: ([1-6])$/m.exec(log ?? '')?.[1] ?? 0);
  const root = /Options\.tiered_slow_prefix: (.+)$/m.exec(log ?? '')?.[1]?.replace(/\/+$/, '');
  return level === 0 || root === undefined || root === '' ? undefined : { level, root };
}
