/** Values that are one number, time or UUID of a fixed size, and varints. Told by how sensible the numbers look. */
import { formatTime, TIME_UNITS, type TimeUnit } from '../../model/calendar.ts';
import { decodeScalar, type Scalar, scalarOf } from '../../model/scalars.ts';
import {
  type Fit,
  floatValue,
  percent,
  SHARE_MIN,
  type Structured,
  share,
  type ValueDecoder,
  wholeNumber,
} from './decoder.ts';

const scalar = (name: string): Scalar => scalarOf(name) as Scalar;

function sized(sample: readonly Uint8Array[], bytes: number): boolean {
  return sample.every((b) => b.length === bytes);
}

/** Middle of the sample's magnitudes in bits: a wrong byte order makes small numbers large. */
function middleBits(sample: readonly Uint8Array[], s: Scalar): number {
  const bits = sample.map((b) => Math.log2(1 + Math.abs(Number(decodeScalar(s, b, 0))))).sort((a, b) => a - b);
  return bits[bits.length >> 1] as number;
}

function integerDecoder(name: string, title: string): ValueDecoder {
  const s = scalar(name);
  return {
    id: name,
    title,
    read: (b) => (b.length === s.bytes ? wholeNumber(decodeScalar(s, b, 0) as number | bigint) : undefined),
    fits: (sample) => {
      if (!sized(sample, s.bytes)) return undefined;
      const why = `every value of the sample has ${s.bytes} ${s.bytes === 1 ? 'byte' : 'bytes'}`;
      if (s.bytes === 1) return s.kind === 'unsigned' ? { confidence: 0.3, why } : { confidence: 0.1, why };
      const signedSeen = sample.some((b) => Number(decodeScalar({ ...s, kind: 'signed' }, b, 0)) < 0);
      const mine = middleBits(sample, s);
      const other = middleBits(sample, { ...s, little: !s.little });
      const small = mine < other && mine < s.bytes * 8 - 4;
      // Without negative numbers both read the same, and unsigned is the simpler claim.
      const sign = s.kind === 'signed' ? (signedSeen && mine < s.bytes * 4 ? 0.02 : -0.15) : 0;
      const order = small ? `, and as ${s.little ? 'little' : 'big'}-endian numbers they are small` : '';
      return { confidence: Math.max(0.05, (small ? 0.55 : 0.2) + sign), why: why + order };
    },
  };
}

function floatDecoder(name: string, title: string): ValueDecoder {
  const s = scalar(name);
  return {
    id: name,
    title,
    read: (b) => (b.length === s.bytes ? floatValue(decodeScalar(s, b, 0) as number) : undefined),
    fits: (sample) => {
      if (!sized(sample, s.bytes)) return undefined;
      const part = share(sample, (b) => {
        const n = Math.abs(decodeScalar(s, b, 0) as number);
        return n === 0 || (n > 1e-9 && n < 1e15);
      });
      const zeros = share(sample, (b) => b.every((byte) => byte === 0));
      if (part < SHARE_MIN || zeros > 0.5) return undefined;
      const size = `${s.bytes * 8}-bit floating-point numbers of ordinary size`;
      return { confidence: (s.bytes === 8 ? 0.6 : 0.5) * part, why: `${percent(part)} of the sample reads as ${size}` };
    },
  };
}

/** Times that a store written in our days holds: 2001 to 2060. */
const EARLIEST_S = 978_307_200n;
const LATEST_S = 2_840_140_800n;
const UNIT_NAMES: Readonly<Record<TimeUnit, string>> = {
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
};

function timeDecoder(unit: TimeUnit, bytes: 4 | 8, little: boolean): ValueDecoder {
  const s = scalar(`${bytes === 8 ? 'i64' : 'u32'}${little ? 'le' : 'be'}`);
  const count = (b: Uint8Array): bigint => BigInt(decodeScalar(s, b, 0));
  const per = 1000n ** BigInt(TIME_UNITS.indexOf(unit));
  const order = little ? 'little' : 'big';
  return {
    id: `unix-${unit}${bytes === 4 ? '32' : ''}-${little ? 'le' : 'be'}`,
    title: `Time (${UNIT_NAMES[unit]} since 1970, ${bytes} bytes, ${order}-endian)`,
    read: (b) => (b.length === bytes ? formatTime(count(b), unit) : undefined),
    fits: (sample): Fit | undefined => {
      if (!sized(sample, bytes)) return undefined;
      const part = share(sample, (b) => {
        const n = count(b);
        return n >= EARLIEST_S * per && n < LATEST_S * per;
      });
      if (part < SHARE_MIN) return undefined;
      const what = `a time between 2001 and 2060 in ${UNIT_NAMES[unit]}, ${order}-endian`;
      return { confidence: (bytes === 8 ? 0.8 : 0.57) * part, why: `${percent(part)} of the sample is ${what}` };
    },
  };
}

const uuidDecoder: ValueDecoder = {
  id: 'uuid',
  title: 'UUID',
  read: (b) => (b.length === 16 ? (decodeScalar(scalar('uuid'), b, 0) as string) : undefined),
  fits: (sample) => {
    if (!sized(sample, 16)) return undefined;
    const part = share(sample, (b) => {
      const version = (b[6] as number) >>> 4;
      return version >= 1 && version <= 8 && (b[8] as number) >>> 6 === 2;
    });
    if (part < SHARE_MIN) return { confidence: 0.15, why: 'every value of the sample has 16 bytes' };
    return { confidence: 0.85 * part, why: `${percent(part)} of the sample has the version and variant of a UUID` };
  },
};

function readVarint(b: Uint8Array): Structured | undefined {
  if (b.length === 0 || b.length > 10) return undefined;
  let n = 0n;
  for (const [i, byte] of b.entries()) {
    // Only the last byte ends it.
    if (byte < 0x80 !== (i === b.length - 1)) return undefined;
    n |= BigInt(byte & 0x7f) << BigInt(7 * i);
  }
  return n < 1n << 64n ? wholeNumber(n) : undefined;
}

const varintDecoder: ValueDecoder = {
  id: 'varint',
  title: 'Varint',
  read: readVarint,
  fits: (sample) => {
    if (!sample.every((b) => readVarint(b) !== undefined)) return undefined;
    const lengths = new Set(sample.map((b) => b.length));
    if (lengths.size < 2) return { confidence: 0.1, why: 'every value of the sample is a varint of the same length' };
    return { confidence: 0.5, why: 'every value of the sample is one varint, of different lengths' };
  },
};

function integers(): ValueDecoder[] {
  const all = [integerDecoder('u8', 'Unsigned 8-bit integer'), integerDecoder('i8', 'Signed 8-bit integer')];
  for (const bits of [16, 32, 64]) {
    for (const [order, words] of [
      ['be', 'big-endian'],
      ['le', 'little-endian'],
    ] as const) {
      all.push(integerDecoder(`u${bits}${order}`, `Unsigned ${bits}-bit integer, ${words}`));
      all.push(integerDecoder(`i${bits}${order}`, `Signed ${bits}-bit integer, ${words}`));
    }
  }
  return all;
}

export const numberDecoders: readonly ValueDecoder[] = [
  uuidDecoder,
  ...TIME_UNITS.flatMap((unit) => [timeDecoder(unit, 8, false), timeDecoder(unit, 8, true)]),
  timeDecoder('s', 4, false),
  timeDecoder('s', 4, true),
  ...integers(),
  floatDecoder('f64be', '64-bit floating point, big-endian'),
  floatDecoder('f64le', '64-bit floating point, little-endian'),
  floatDecoder('f32be', '32-bit floating point, big-endian'),
  floatDecoder('f32le', '32-bit floating point, little-endian'),
  varintDecoder,
];
