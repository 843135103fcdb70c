/** One file of a store as lines of text, a slice of them. */
import { StoreError } from '../base/errors.ts';
import { baseName, type FileSystem } from '../fs/fileSystem.ts';
import type { Page, Params } from '../protocol/engineApi.ts';
import { blockLines } from '../store/dump/blockBytes.ts';
import { dumpLines } from '../store/dump/dump.ts';

/** Lines between two turns of whoever waits. */
const LINES_PER_TURN = 2000;

/** `turn` lets others have their turn, and throws CANCELLED when nobody wants the answer any more. */
export async function dumpSlice(
  fs: FileSystem,
  file: string,
  p: Pick<Params<'dump'>, 'offset' | 'limit' | 'block'>,
  turn: () => Promise<void>,
): Promise<Page<string>> {
  if (baseName(file) === 'LOCK') {
    // Closing it would drop a lock that this process holds.
    throw new StoreError('INPUT', 'LOCK is not opened: it is empty, and held or not', { path: file });
  }
  const items: string[] = [];
  let total = 0;
  let complete = true;
  const lines = p.block === undefined ? dumpLines(fs, file) : blockLines(fs, file, p.block);
  for (const line of lines) {
    total++;
    if (total <= p.offset) continue;
    if (items.length >= p.limit) {
      complete = false;
      break;
    }
    items.push(line);
    if (total % LINES_PER_TURN === 0) await turn();
  }
  return { items, offset: p.offset, total, complete };
}
