/** A service over a small store in memory, made by a real engine, that may write beside it. */
import { compareBytes } from '../../engine/base/bytes.ts';
import type { MemFs } from '../../engine/fs/memFs.ts';
import type { EngineNotice } from '../../engine/protocol/engineApi.ts';
import type { Service } from '../../engine/service.ts';
import { AT, mount, type TinyStore } from './tinyStores.ts';
import { writingService } from './writingService.ts';

export interface Bench {
  readonly fs: MemFs;
  readonly service: Service;
  readonly notices: EngineNotice[];
}

export async function benchOn(store: TinyStore): Promise<Bench> {
  const fs = mount(store);
  fs.mkdir('/out');
  const { service, notices } = writingService(fs);
  await service.call('open', { path: AT });
  return { fs, service, notices };
}

/** Hex of key and value of everything visible, as `family key=value`, in the order of families and bytes. */
export function visibleOf(store: TinyStore): string[] {
  return [...store.visible].flatMap(([family, entries]) =>
    [...entries]
      .sort(([a], [b]) => compareBytes(Buffer.from(a, 'hex'), Buffer.from(b, 'hex')))
      .map(([key, value]) => `${family} ${key}=${value}`),
  );
}

/** Content of a file. */
export function contentOf(fs: MemFs, path: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(fs.read(path));
}

/** Every file under a directory, relative to it. */
export function filesUnder(fs: MemFs, directory: string): string[] {
  return fs.list(directory).flatMap((name) => {
    const path = `${directory}/${name}`;
    return fs.stat(path).isDirectory ? filesUnder(fs, path).map((below) => `${name}/${below}`) : [name];
  });
}
