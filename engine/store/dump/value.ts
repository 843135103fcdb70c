/** What the value of an entry is, in words, by the entry's type (rocksdb-leveldb.md §4, §9, §10). */
import { StoreError } from '../../base/errors.ts';
import { decodeBlobIndex } from '../../formats/rocksdb/blob.ts';
import { decodeColumns } from '../../formats/rocksdb/wideColumns.ts';
import { ValueType } from '../../iter/cursor.ts';
import { counted } from '../../model/display.ts';
import { shownKey, shownValue } from './line.ts';

const COLUMNS_MAX = 20;

/** The rest of an entry's line, with what separates it from the key. */
export function entryValue(type: number, value: Uint8Array): string {
  try {
    switch (type) {
      case ValueType.deletion:
      case ValueType.singleDeletion:
        return value.length === 0 ? '' : ` = ${shownValue(value)}`;
      case ValueType.deletionWithTimestamp:
        return '';
      case ValueType.rangeDeletion:
        return ` up to ${shownKey(value)}`;
      case ValueType.blobIndex:
        return ` = ${blobIndex(value)}`;
      case ValueType.wideColumnEntity:
        return ` = ${entity(value)}`;
      default:
        return ` = ${shownValue(value)}`;
    }
  } catch (thrown) {
    if (!(thrown instanceof StoreError)) throw thrown;
    return ` = ${shownValue(value)} (${thrown.code}: ${thrown.message})`;
  }
}

function blobIndex(value: Uint8Array): string {
  const index = decodeBlobIndex(value);
  if (index.kind === 'inlined') return `inlined blob, expires ${index.expiration}, ${shownValue(index.value)}`;
  const expires = index.expiration === undefined ? '' : `, expires ${index.expiration}`;
  return `blob in file #${index.file} at ${index.offset}, ${index.size} bytes, compression ${index.compression}${expires}`;
}

function entity(value: Uint8Array): string {
  // A column that was moved into a blob file is shown by its index.
  const columns = decodeColumns(value, (index) => index);
  const shown = columns.slice(0, COLUMNS_MAX).map((c) => `${shownKey(c.name)} = ${shownValue(c.value)}`);
  if (columns.length > COLUMNS_MAX) shown.push('…');
  return `${counted(columns.length, 'column')} {${shown.join('; ')}}`;
}
