/**
 * CRC-32C (Castagnoli) and its masked form, as logs and table blocks store it (rocksdb-leveldb.md,
 * notation and §2, §6).
 *
 * Slicing by 16: sixteen tables let sixteen bytes be folded in with independent look-ups, of which
 * only four wait for the previous step. The loop runs in WebAssembly over a window of its memory;
 * below `SMALL` bytes the call and the copy cost more than they save, and one table in JavaScript does.
 */
import { assemble, Func, type Local, type Value } from './wasm.ts';

/** 0x1edc6f41 with its bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const SLICES = 16;
const TABLE_BYTES = 1024;
const WINDOW_AT = SLICES * TABLE_BYTES;
const WINDOW_BYTES = 7 * WINDOW_AT;
const SMALL = 24;

/**
 * crc(address, end, crc): folds [address, end) into `crc`, which is neither inverted before nor after. `crcTables`
 * stand at `tablesAt` of the module's memory.
 */
export function crcKernel(tablesAt = 0): Func {
  const f = new Func(['i32', 'i32', 'i32'], 'i32');
  const [at, end, crc] = f.parameters as [Local, Local, Local];
  /** Entry of table `slice` for byte `index` of `word`. */
  const look = (word: Value, index: number, slice: number): Value => {
    const shifted = index === 0 ? word.shl(2n) : word.shr(BigInt(8 * index - 2));
    return shifted
      .and(0x3fcn)
      .low32()
      .load32(tablesAt + slice * TABLE_BYTES);
  };
  const last = f.let(end.sub(16));
  const low = f.local('i64');
  const high = f.local('i64');
  const next = f.local('i32');
  f.if(end.sub(at).ge(16), () => {
    f.doWhile(() => {
      f.set(high, at.load64(8));
      f.set(low, at.load64());
      f.set(next, look(high, 0, 7));
      for (let i = 1; i < 8; i++) f.set(next, next.xor(look(high, i, 7 - i)));
      for (let i = 4; i < 8; i++) f.set(next, next.xor(look(low, i, 15 - i)));
      f.set(low, low.xor(crc.toI64()));
      f.set(
        crc,
        next.xor(
          look(low, 0, 15)
            .xor(look(low, 1, 14))
            .xor(look(low, 2, 13).xor(look(low, 3, 12))),
        ),
      );
      f.set(at, at.add(16));
    }, at.le(last));
  });
  f.while(at.lt(end), () => {
    f.set(crc, crc.xor(at.load8()).and(0xff).shl(2).load32(tablesAt).xor(crc.shr(8)));
    f.set(at, at.add(1));
  });
  f.return(crc);
  return f;
}

const { memory, call } = assemble({ crc: crcKernel() }, WINDOW_AT + WINDOW_BYTES);
const crcWindow = call['crc'] as (at: number, end: number, crc: number) => number;
const bytes = new Uint8Array(memory.buffer);
const table = new Int32Array(memory.buffer, 0, SLICES * 256);

for (let i = 0; i < 256; i++) {
  let c = i;
  for (let bit = 0; bit < 8; bit++) c = (c >>> 1) ^ (c & 1 ? POLYNOMIAL : 0);
  table[i] = c;
}
for (let i = 256; i < SLICES * 256; i++) {
  const c = table[i - 256] as number;
  table[i] = (c >>> 8) ^ (table[c & 0xff] as number);
}

/** What the kernel looks up, 16 KiB. */
export const crcTables: Uint8Array = bytes.subarray(0, SLICES * TABLE_BYTES);

/** CRC-32C of buffer[start, end), unsigned; `seed` is the CRC of what came before. */
export function crc32c(buffer: Uint8Array, start: number, end: number, seed = 0): number {
  let crc = ~seed;
  if (end - start < SMALL) {
    for (let i = start; i < end; i++) {
      crc = (crc >>> 8) ^ (table[(crc ^ (buffer[i] as number)) & 0xff] as number);
    }
    return ~crc >>> 0;
  }
  for (let from = start; from < end; from += WINDOW_BYTES) {
    const to = end - from > WINDOW_BYTES ? from + WINDOW_BYTES : end;
    bytes.set(buffer.subarray(from, to), WINDOW_AT);
    crc = crcWindow(WINDOW_AT, WINDOW_AT + (to - from), crc);
  }
  return ~crc >>> 0;
}

const MASK_DELTA = 0xa282ead8;

/** The form in which files store a CRC, so that the CRC of data that holds CRCs stays strong. */
export function mask(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}

export function unmask(masked: number): number {
  const rotated = (masked - MASK_DELTA) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}
