/**
 * Who holds a store's LOCK. Only looks: `/proc/locks` tells on Linux, without opening the file
 * (architecture.md, decision 8). Elsewhere the answer is unknown.
 */
import { readFileSync, statSync } from 'node:fs';

export interface LockOwner {
  readonly pid: number;
}

/** The process that holds an exclusive lock on `path`, if one does and the system tells. */
export function lockOwner(path: string): LockOwner | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const { dev, ino } = statSync(path);
    const major = ((dev >> 8) & 0xfff) | (Math.floor(dev / 0x1_0000_0000) & ~0xfff);
    const minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
    for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
      // `1: POSIX  ADVISORY  WRITE 4711 fe:01:131588 0 EOF`
      const fields = line.trim().split(/\s+/);
      const kind = fields.indexOf('WRITE');
      if (kind < 0 || !fields.includes('POSIX')) continue;
      const pid = Number(fields[kind + 1]);
      const [majorHex = '', minorHex = '', inode = ''] = (fields[kind + 2] ?? '').split(':');
      if (Number(inode) !== ino) continue;
      if (Number.parseInt(majorHex, 16) === major && Number.parseInt(minorHex, 16) === minor) return { pid };
    }
  } catch {
    return undefined;
  }
  return undefined;
}
