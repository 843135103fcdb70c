/** Test helpers: logs, write batches and files in memory. */
import { concat, utf8, writeU32, writeU64 } from '../../../engine/base/bytes.ts';
import { crc32c, mask } from '../../../engine/base/crc32c.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { writeVarint } from '../../../engine/base/varint.ts';
import { baseName, type FileHandle, type FileSystem } from '../../../engine/fs/fileSystem.ts';

export function memoryFile(bytes: Uint8Array, path = 'file'): FileHandle {
  return {
    path,
    readAt(into, at) {
      const part = bytes.subarray(at, at + into.length);
      into.set(part);
      return part.length;
    },
    append: () => assertReadOnly(),
    sync: () => assertReadOnly(),
    size: () => bytes.length,
    close: () => undefined,
  };
}

function assertReadOnly(): never {
  throw new StoreError('READ_ONLY', 'a test wrote');
}

/** A directory of files by name; every path's last part counts. */
export function memoryFs(files: Readonly<Record<string, Uint8Array>>): FileSystem {
  const find = (path: string): Uint8Array => {
    const bytes = files[baseName(path)];
    if (bytes === undefined) throw new StoreError('NOT_FOUND', 'no such file', { path });
    return bytes;
  };
  return {
    list: () => Object.keys(files).sort(),
    stat: (path) => ({
      size: find(path).length,
      modified: 0,
      isDirectory: false,
      isFile: true,
      device: 0,
      inode: 0,
    }),
    open: (path) => memoryFile(find(path), path),
    rename: assertReadOnly,
    remove: assertReadOnly,
    link: assertReadOnly,
    mkdir: assertReadOnly,
    syncDir: assertReadOnly,
    rewriteTail: assertReadOnly,
  };
}

const BLOCK = 32768;

export function fragment(type: number, payload: Uint8Array, logNumber?: number): Uint8Array {
  const header = logNumber === undefined ? 7 : 11;
  const b = new Uint8Array(header + payload.length);
  b[4] = payload.length;
  b[5] = payload.length >>> 8;
  b[6] = type;
  if (logNumber !== undefined) writeU32(b, 7, logNumber);
  b.set(payload, header);
  writeU32(b, 0, mask(crc32c(b, 6, b.length)));
  return b;
}

/** Writes records as the engines do; `logNumber` makes them recyclable. */
export class LogBuilder {
  readonly #parts: Uint8Array[] = [];
  readonly #logNumber: number | undefined;
  size = 0;

  constructor(logNumber?: number) {
    this.#logNumber = logNumber;
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.size += bytes.length;
    return this;
  }

  add(record: Uint8Array): this {
    const header = this.#logNumber === undefined ? 7 : 11;
    const base = this.#logNumber === undefined ? 0 : 4;
    let at = 0;
    let first = true;
    for (;;) {
      const left = BLOCK - (this.size % BLOCK);
      if (left < header) {
        this.raw(new Uint8Array(left));
        continue;
      }
      const n = Math.min(record.length - at, left - header);
      const last = at + n === record.length;
      const type = first ? (last ? 1 : 2) : last ? 4 : 3;
      this.raw(fragment(type + base, record.subarray(at, at + n), this.#logNumber));
      at += n;
      first = false;
      if (last) return this;
    }
  }

  bytes(): Uint8Array {
    return concat(this.#parts);
  }
}

export function varint(value: number): Uint8Array {
  const b = new Uint8Array(10);
  return b.slice(0, writeVarint(b, 0, value));
}

export function str(value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === 'string' ? utf8(value) : value;
  return concat([varint(bytes.length), bytes]);
}

export function u64(value: number): Uint8Array {
  const b = new Uint8Array(8);
  writeU64(b, 0, value);
  return b;
}

/** Bytes out of numbers (one byte each) and parts. */
export function bytesOf(...parts: (number | Uint8Array)[]): Uint8Array {
  return concat(parts.map((p) => (typeof p === 'number' ? Uint8Array.of(p) : p)));
}

/** A write batch: `operations` are whole encoded operations. */
export function batch(sequence: number, count: number, ...operations: Uint8Array[]): Uint8Array {
  const header = new Uint8Array(12);
  writeU64(header, 0, sequence);
  writeU32(header, 8, count);
  return concat([header, ...operations]);
}

export const putOp = (key: string, value: string): Uint8Array => bytesOf(1, str(key), str(value));
export const deleteOp = (key: string): Uint8Array => bytesOf(0, str(key));
