/**
 * Finds store directories in the workspace folders: those that hold a `CURRENT` file. Bounded in
 * depth, in directories visited and in stores found, so that a huge workspace costs little.
 */
import { readdir } from 'node:fs/promises';
import * as path from 'node:path';

const SKIPPED = new Set(['node_modules', '.git', '.hg', '.svn', 'dist', 'out', 'target']);
const DIRECTORIES_MAX = 5_000;
const STORES_MAX = 200;

/** Absolute paths of store directories at most `depth` levels below `roots` (0: the roots alone). */
export async function findStores(roots: readonly string[], depth: number, stop?: () => boolean): Promise<string[]> {
  const found: string[] = [];
  let level = [...roots];
  let visited = 0;
  for (let d = 0; d <= depth && level.length > 0; d++) {
    const next: string[] = [];
    for (const directory of level) {
      if (visited++ >= DIRECTORIES_MAX || found.length >= STORES_MAX || stop?.() === true) return found;
      const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
      if (entries.some((e) => e.name === 'CURRENT' && e.isFile())) {
        found.push(directory);
        continue;
      }
      for (const e of entries) if (e.isDirectory() && !SKIPPED.has(e.name)) next.push(path.join(directory, e.name));
    }
    level = next;
  }
  return found;
}
