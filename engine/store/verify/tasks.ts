/** What there is to check in a store, as plain data that any thread can work on. */
import type { FileSystem } from '../../fs/fileSystem.ts';
import type { FileVerdict } from '../../model/verify.ts';
import { type BlobTask, verifyBlob } from './verifyBlob.ts';
import { type LogTask, verifyLog } from './verifyLog.ts';
import { type TableTask, verifyTable } from './verifyTable.ts';

export type VerifyTask = TableTask | LogTask | BlobTask;

/** A job: yields the bytes that were checked since the last step. Never throws but for bugs. */
export function verifyFile(fs: FileSystem, task: VerifyTask): Generator<number, FileVerdict> {
  switch (task.kind) {
    case 'table':
      return verifyTable(fs, task);
    case 'blob':
      return verifyBlob(fs, task);
    default:
      return verifyLog(fs, task);
  }
}
