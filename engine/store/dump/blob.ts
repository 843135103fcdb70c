/** A blob file of RocksDB: header, records, footer (rocksdb-leveldb.md §9). */
import { toStoreError } from '../../base/errors.ts';
import { compressionName, NO_COMPRESSION } from '../../codec/registry.ts';
import { BlobFile, type BlobRecord } from '../../formats/rocksdb/blob.ts';
import type { FileHandle } from '../../fs/fileSystem.ts';
import { displayValue } from '../../model/display.ts';
import { type Lines, shownError, shownKey, shownValue, sized, VALUE_CHARS } from './line.ts';

/** Of an uncompressed value, this much is read to show its beginning; a compressed one is unpacked up to this. */
const HEAD_BYTES = 512;
const UNPACK_BYTES_MAX = 1 << 20;

export function* dumpBlob(file: FileHandle, lines: Lines): Generator<string, void> {
  let blob: BlobFile;
  try {
    blob = new BlobFile(file);
  } catch (thrown) {
    yield lines.damage(shownError(thrown), 0);
    return;
  }
  const codec = compressionName('rocksdb', blob.compression);
  yield lines.at(
    0,
    `header: column family ${blob.family}, compression ${codec}, ${blob.hasTtl ? 'with' : 'no'} time to live`,
  );
  let n = 0;
  for (let from: number | undefined; ; ) {
    let end = from;
    try {
      for (const r of from === undefined ? blob.records() : blob.records(from)) {
        yield lines.at(r.offset, `record ${n++}: key ${shownKey(r.key)}, ${describe(file, blob, r, codec)}`);
        end = r.valueOffset + r.valueSize;
      }
      break;
    } catch (thrown) {
      const e = shownError(thrown);
      const at = e.offset ?? end ?? 0;
      yield lines.damage(e, at);
      from = blob.findRecord(at + 1);
      if (from === undefined) break;
      yield lines.at(from, 'the next sound record begins here');
    }
  }
  if (blob.footer === undefined) {
    yield lines.at(
      blob.size,
      `end: ${n} records, no footer: the writer did not close the file, or the footer is damaged`,
    );
    return;
  }
  const { count, expirationLow, expirationHigh } = blob.footer;
  const expiration = expirationHigh === 0 ? '' : `, expiration ${expirationLow}..${expirationHigh}`;
  yield lines.at(blob.size - FOOTER_BYTES, `footer: ${count} blobs${expiration}, checksum ok`);
}

const FOOTER_BYTES = 32;

function describe(file: FileHandle, blob: BlobFile, r: BlobRecord, codec: string): string {
  const expires = r.expiration === 0 ? '' : `, expires ${r.expiration}`;
  const place = `value at ${r.valueOffset}`;
  if (!r.intact) return `${place}, ${sized(r.valueSize)}${expires}, CORRUPT: checksum of key and value does not match`;
  if (blob.compression === NO_COMPRESSION) {
    const head = new Uint8Array(Math.min(r.valueSize, HEAD_BYTES));
    file.readAt(head, r.valueOffset);
    const shown = displayValue(head, VALUE_CHARS);
    return `${place}, checksum ok${expires}, ${r.valueSize === 0 ? 'empty' : `${sized(r.valueSize)}: ${shown}`}`;
  }
  const stored = `${place}, ${sized(r.valueSize)} of ${codec}, checksum ok${expires}`;
  if (r.valueSize > UNPACK_BYTES_MAX || r.keySize !== r.key.length) return stored;
  try {
    const index = {
      kind: 'blob',
      file: 0,
      offset: r.valueOffset,
      size: r.valueSize,
      compression: blob.compression,
    } as const;
    return `${stored}, ${shownValue(blob.get(index, r.key))}`;
  } catch (thrown) {
    const e = toStoreError(thrown);
    return `${stored}, ${e.code}: ${e.message}`;
  }
}
