/** Vectors of rocksdb-leveldb.md §7 over `patterned` bytes: length, XXPH3, XXH3. */
export const VECTORS: readonly (readonly [number, string, string])[] = [
  [0, '5342c3010fe1dd04', '2d06800538d394c2'],
  [1, '81b78b21c2ce4f18', '13e608bc156defed'],
  [3, '6731a716813ee5f1', 'a9088dda485b481c'],
  [4, '3a5afd967acaf5c3', '6d9253b16c8b1ed3'],
  [8, 'bcb56b6f8d4b12da', '60539db630471163'],
  [9, '03787b4eec57bf4b', 'feff668361d723a8'],
  [16, '81720cc0702edd73', 'b8c859b0f030b585'],
  [17, '0b515520f462e96f', '714a04408e79b80f'],
  [128, '8ea76d838ce7563f', '67425a03650261bf'],
  [129, '3992d120c8c4677a', 'c664bf3311c6abc4'],
  [240, 'df41bc5fea3a61e8', '64556dc6b462a6cf'],
  [241, '91d10f0682af4ac3', '8beadd3a8874fe17'],
  [1024, '7d54b94e043675ba', '9b81661c641c72b1'],
  [1025, '90acdaaaaca675b0', '806c2072ed713576'],
];

export function patterned(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (7 * i + 3) & 255);
}

/** Low 32 bits of a hash in hex. */
export function lowHalf(hash: string): number {
  return Number.parseInt(hash.slice(-8), 16);
}
