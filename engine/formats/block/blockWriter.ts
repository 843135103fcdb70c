/**
 * Blocks on their way into a table: compressed if that is worth it, with their trailer behind them
 * (rocksdb-leveldb.md §6, "Block trailer"). Bytes gather in the memory of a machine; a data block with
 * Snappy goes there from where it was built without a copy.
 */
import { writeU32 } from '../../base/bytes.ts';
import { mask } from '../../base/crc32c.ts';
import { compress, compressionTypeByte, worthwhile } from '../../codec/compress.ts';
import { type CompressionName, type Dialect, OutputBuffer } from '../../codec/registry.ts';
import type { FileHandle } from '../../fs/fileSystem.ts';
import { blockChecksum, ChecksumType, contextModifier, TRAILER_BYTES } from './checksum.ts';
import { FileWriter } from './fileWriter.ts';
import type { BlockHandle } from './footer.ts';
import { type BlockMachine, snappyRoom } from './kernel/machine.ts';

export interface BlockWriterOptions {
  readonly dialect: Dialect;
  readonly formatVersion: number;
  /** One of `ChecksumType`. */
  readonly checksum: number;
  /** 0 before format_version 6. */
  readonly contextBase: number;
  readonly compression: CompressionName;
  readonly level: number | undefined;
  readonly bufferBytes: number | undefined;
}

const BUFFER_BYTES = 128 << 10;

export class BlockWriter {
  /** Whether the block written last is compressed. */
  compressed = false;
  readonly #options: BlockWriterOptions;
  readonly #compressionType: number;
  readonly #machine: BlockMachine;
  readonly #writer: FileWriter;
  readonly #output = new OutputBuffer();

  /** `file` is new and empty. Throws INPUT otherwise, UNSUPPORTED for a codec that is only read. */
  constructor(file: FileHandle, options: BlockWriterOptions, machine: BlockMachine) {
    this.#options = options;
    this.#compressionType = compressionTypeByte(options.dialect, options.compression);
    this.#machine = machine;
    this.#writer = new FileWriter(file, machine.writeBuffer(options.bufferBytes ?? BUFFER_BYTES));
  }

  get path(): string {
    return this.#writer.path;
  }

  /** Where the next block will stand in the file. */
  get offset(): number {
    return this.#writer.offset;
  }

  /** Writes the block machine.bytes[start, start + length); returns its stored size without trailer. */
  own(start: number, length: number): number {
    const machine = this.#machine;
    if (this.#options.compression !== 'snappy') return this.block(machine.bytes, start, length).size;
    const at = this.#writer.reserve(snappyRoom(length) + TRAILER_BYTES);
    const n = machine.snappyEncode(start, length, at, worthwhile(this.#options.dialect, length));
    if (n === 0) return this.raw(machine.bytes, start, length).size;
    this.compressed = true;
    this.#end(at, n, this.#compressionType);
    return n;
  }

  /** Writes b[start, start + length), compressed if that is worth it. */
  block(b: Uint8Array, start: number, length: number): BlockHandle {
    const { dialect, formatVersion, compression, level } = this.#options;
    const output = this.#output;
    const n = compress(dialect, formatVersion, compression, b, start, start + length, output, level);
    if (n === 0) return this.raw(b, start, length);
    const handle = this.raw(output.bytes, 0, n, this.#compressionType);
    this.compressed = true;
    return handle;
  }

  /** Writes b[start, start + length) as it is, with the type byte of its compression. */
  raw(b: Uint8Array, start: number, length: number, type = 0): BlockHandle {
    const writer = this.#writer;
    const { offset } = writer;
    const isOwn = b === this.#machine.bytes;
    const at = writer.reserve(length + TRAILER_BYTES);
    const into = writer.bytes;
    // Making room may have moved the machine's memory.
    if (isOwn) into.copyWithin(at, start, start + length);
    else into.set(b.subarray(start, start + length), at);
    this.compressed = false;
    this.#end(at, length, type);
    return { offset, size: length };
  }

  /** Writes bytes that are no block. */
  append(b: Uint8Array): void {
    this.#writer.append(b, 0, b.length);
  }

  /** Hands everything to the file. */
  flush(): void {
    this.#writer.flush();
  }

  /** Ends the block of `length` bytes at `at`, which was reserved, with its trailer. */
  #end(at: number, length: number, type: number): void {
    const writer = this.#writer;
    const { bytes, offset } = writer;
    const { checksum, contextBase } = this.#options;
    bytes[at + length] = type;
    const computed =
      checksum === ChecksumType.crc32c
        ? mask(this.#machine.crc32c(at, at + length + 1))
        : (blockChecksum(checksum, bytes, at, length) as number);
    writeU32(bytes, at + length + 1, (computed + contextModifier(contextBase, offset)) >>> 0);
    writer.commit(length + TRAILER_BYTES);
  }
}
