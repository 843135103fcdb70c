/** Values that a program has compressed itself, before the store saw them: unpacked, then read by another decoder. */
import { decodeText, type Fit, INPUT_MAX, percent, SHARE_MIN, type ValueDecoder } from './decoder.ts';

export const COMPRESSIONS = ['gzip', 'zlib', 'zstd', 'snappy'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** Unpacks a whole value into bytes of its own, at most `maxBytes`; throws for what is malformed or larger. */
export type Decompress = (how: Compression, b: Uint8Array, maxBytes: number) => Uint8Array;

const TITLES: Readonly<Record<Compression, string>> = {
  gzip: 'gzip',
  zlib: 'zlib',
  zstd: 'Zstandard',
  snappy: 'Snappy',
};

/** Whether the bytes begin as the format does, so that nothing else is unpacked for a guess. */
function begins(how: Compression, b: Uint8Array): boolean {
  const [first = 0, second = 0, third, fourth] = b;
  switch (how) {
    case 'gzip':
      return first === 0x1f && second === 0x8b && third === 8;
    case 'zlib':
      return (first & 15) === 8 && first >>> 4 <= 7 && (first * 256 + second) % 31 === 0 && (second & 0x20) === 0;
    case 'zstd':
      return first === 0x28 && second === 0xb5 && third === 0x2f && fourth === 0xfd;
    case 'snappy':
      // A varint of the length, then a literal: nothing has been seen yet that could be copied.
      return snappyLength(b) !== undefined;
  }
}

function snappyLength(b: Uint8Array): number | undefined {
  let length = 0;
  for (let i = 0; i < 5 && i < b.length; i++) {
    const byte = b[i] as number;
    length += (byte & 0x7f) * 128 ** i;
    if (byte < 0x80) return length > 0 && i + 1 < b.length && ((b[i + 1] as number) & 3) === 0 ? length : undefined;
  }
  return undefined;
}

export function unpacking(how: Compression, inner: ValueDecoder, decompress: Decompress): ValueDecoder {
  const unpack = (b: Uint8Array): Uint8Array | undefined =>
    begins(how, b) ? decompress(how, b, INPUT_MAX) : undefined;
  return {
    id: `${how}+${inner.id}`,
    title: `${inner.title} in ${TITLES[how]}`,
    read: (b) => {
      const raw = unpack(b);
      return raw === undefined ? undefined : inner.read(raw);
    },
    show: (b) => {
      const raw = unpack(b);
      return raw === undefined ? undefined : decodeText(inner, raw);
    },
    fits: (sample) => compressedFit(how, [inner], sample, decompress)?.fit,
  };
}

/** Bytes that a sample may unpack to; what comes after them is not looked at. */
const UNPACKED_MAX = 8 << 20;

/** Whether a sample is compressed, and which of `inner` reads what is inside. */
export function compressedFit(
  how: Compression,
  inner: readonly ValueDecoder[],
  sample: readonly Uint8Array[],
  decompress: Decompress,
): { readonly decoder: ValueDecoder; readonly fit: Fit } | undefined {
  const unpacked: Uint8Array[] = [];
  let strays = 0;
  let seen = 0;
  let bytes = 0;
  for (const b of sample) {
    if (bytes > UNPACKED_MAX) break;
    seen++;
    try {
      const raw = begins(how, b) ? decompress(how, b, INPUT_MAX) : undefined;
      if (raw === undefined) strays++;
      else if (raw.length > 0) {
        unpacked.push(raw);
        bytes += raw.length;
      }
    } catch {
      strays++;
    }
    if (strays > sample.length * (1 - SHARE_MIN)) return undefined;
  }
  if (unpacked.length === 0) return undefined;
  const part = 1 - strays / seen;
  let best: { decoder: ValueDecoder; fit: Fit } | undefined;
  for (const decoder of inner) {
    const fit = decoder.fits(unpacked);
    if (fit !== undefined && fit.confidence > (best?.fit.confidence ?? 0)) best = { decoder, fit };
  }
  if (best === undefined) return undefined;
  // A magic number and a content that unpacks whole leave little doubt; Snappy has no magic number.
  const sure = how === 'snappy' ? 0.82 : 0.95;
  return {
    decoder: unpacking(how, best.decoder, decompress),
    fit: {
      confidence: Math.min(0.98, sure * part + 0.03 * best.fit.confidence),
      why: `${percent(part)} of the sample unpacks as ${TITLES[how]}; inside, ${best.fit.why}`,
    },
  };
}
