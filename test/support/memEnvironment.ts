/** A `WriteEnvironment` on a file system in memory: locks of its own, a clock that ticks, ids from a counter. */
import { StoreError } from '../../engine/base/errors.ts';
import type { FileSystem } from '../../engine/fs/fileSystem.ts';
import type { WriteEnvironment } from '../../engine/store/writeEnvironment.ts';

export function memEnvironment(fs: FileSystem, free: number | undefined = undefined): WriteEnvironment {
  const held = new Set<string>();
  let ids = 0;
  let now = 1_790_000_000_000;
  return {
    fs,
    clock: { now: () => now++, elapsed: () => now++, turn: () => Promise.resolve() },
    lock: (path) => {
      if (held.has(path)) throw new StoreError('LOCKED', 'the store is locked: process 4711 has it open', { path });
      if (!fs.list(path.slice(0, path.lastIndexOf('/'))).includes('LOCK')) fs.open(path, 'create').close();
      held.add(path);
      return { path, release: () => held.delete(path) };
    },
    freeBytes: () => free,
    id: () => `${String(++ids).padStart(8, '0')}-0000-4000-8000-000000000000`,
  };
}
