/** A service over files in memory that may write to them. */
import type { FileSystem } from '../../engine/fs/fileSystem.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import type { EngineNotice } from '../../engine/protocol/engineApi.ts';
import { Service } from '../../engine/service.ts';
import type { WriteEnvironment } from '../../engine/store/writeEnvironment.ts';
import { memEnvironment } from './memEnvironment.ts';

export interface WritingService {
  readonly service: Service;
  readonly write: WriteEnvironment;
  /** All that it has told so far. */
  readonly notices: EngineNotice[];
}

/** `writes`: the same files, where those that are written go another way, as with faults. */
export function writingService(fs: FileSystem, writes: FileSystem = fs): WritingService {
  const write = memEnvironment(writes, 1e12);
  const notices: EngineNotice[] = [];
  const service = new Service({
    fs: readOnlyFs(fs),
    write,
    clock: write.clock,
    lockOwner: () => undefined,
    notify: (notice) => void notices.push(notice),
  });
  return { service, write, notices };
}
