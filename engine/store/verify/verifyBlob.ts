/** Checks a blob file: header, every record, footer, and what the MANIFEST says of it (rocksdb-leveldb.md §9). */
import { toStoreError } from '../../base/errors.ts';
import { BlobFile } from '../../formats/rocksdb/blob.ts';
import { type FileHandle, type FileSystem, joinPath } from '../../fs/fileSystem.ts';
import type { FileVerdict } from '../../model/verify.ts';
import { Findings } from './findings.ts';

export interface BlobTask {
  readonly kind: 'blob';
  readonly directory: string;
  readonly file: string;
  /** What the MANIFEST says; undefined for a file that it does not know. */
  readonly count: number | undefined;
  readonly bytes: number | undefined;
}

const SLICE_BYTES = 1 << 20;

/** A job: yields the bytes that were checked since the last step. Never throws but for bugs. */
export function* verifyBlob(fs: FileSystem, task: BlobTask): Generator<number, FileVerdict> {
  const findings = new Findings(task.file);
  let units = 0;
  let size = 0;
  let file: FileHandle | undefined;
  try {
    file = fs.open(joinPath(task.directory, task.file), 'read');
    size = file.size();
    const blob = new BlobFile(file, task.file);
    let told = 0;
    let bytes = 0;
    let from: number | undefined;
    for (;;) {
      let at = from ?? 0;
      try {
        for (const record of from === undefined ? blob.records() : blob.records(from)) {
          units++;
          at = record.valueOffset + record.valueSize;
          bytes += at - record.offset;
          if (!record.intact) findings.add('damage', 'checksum mismatch in a blob record', record.offset);
          if (at - told >= SLICE_BYTES) {
            yield at - told;
            told = at;
          }
        }
        break;
      } catch (thrown) {
        const e = toStoreError(thrown);
        findings.add('damage', e.message, e.offset, e.code);
        from = blob.findRecord((e.offset ?? at) + 1);
        if (from === undefined) break;
        yield 0;
      }
    }
    checkFooter(blob, task, units, bytes, findings);
    yield Math.max(0, size - told);
  } catch (thrown) {
    findings.thrown(thrown);
  } finally {
    file?.close();
  }
  return {
    file: task.file,
    kind: 'blob',
    bytes: size,
    units,
    entries: units,
    findings: findings.list,
    more: findings.more,
    unchecked: [],
  };
}

function checkFooter(blob: BlobFile, task: BlobTask, records: number, bytes: number, findings: Findings): void {
  const { footer } = blob;
  if (footer === undefined) {
    // RocksDB adds a file to the MANIFEST only once it is closed.
    if (task.count !== undefined)
      findings.add('damage', 'the footer is damaged or missing', Math.max(0, blob.size - 32));
    else findings.add('notice', 'the file was not closed by its writer', blob.size);
  } else if (findings.list.length === 0 && footer.count !== records) {
    findings.add('damage', `the footer says ${footer.count} values, there are ${records}`, blob.size - 32);
  }
  if (findings.list.length > 0) return;
  if (task.count !== undefined && task.count !== records) {
    findings.add('damage', `the MANIFEST says ${task.count} values, there are ${records}`, 0);
  }
  if (task.bytes !== undefined && task.bytes !== bytes) {
    findings.add('damage', `the MANIFEST says ${task.bytes} bytes of values and keys, there are ${bytes}`, 0);
  }
}
