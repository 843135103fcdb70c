/** SHA-256 of whole files. */
import { hashing } from '../../codec/sha256.ts';
import type { FileSystem } from '../../fs/fileSystem.ts';

/** A job: yields the bytes of each piece that was read; ends with the digest as lower-case hex. Throws StoreError. */
export function* hashingFile(fs: FileSystem, path: string): Generator<number, string, void> {
  const file = fs.open(path, 'read');
  try {
    return yield* hashing(file);
  } finally {
    file.close();
  }
}

/** As `hashingFile`, at once. */
export function sha256Of(fs: FileSystem, path: string): string {
  const job = hashingFile(fs, path);
  for (let step = job.next(); ; step = job.next()) if (step.done === true) return step.value;
}
