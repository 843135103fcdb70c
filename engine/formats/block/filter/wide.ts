/** Products wider than a JavaScript number is exact for. */

/** High 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
export function mulHigh32(a: number, b: number): number {
  const low = (a & 0xffff) * b;
  return Math.floor(((a >>> 16) * b + Math.floor(low / 0x10000)) / 0x10000);
}

/** High half of (hi, lo) × (bHi, bLo) mod 2^64, unsigned; the low half is `Math.imul(lo, bLo) >>> 0`. */
export function mul64High(hi: number, lo: number, bHi: number, bLo: number): number {
  return (mulHigh32(lo, bLo) + Math.imul(lo, bHi) + Math.imul(hi, bLo)) >>> 0;
}
