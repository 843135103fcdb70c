/** Values that are text: UTF-8, JSON, and hex for everything. */
import { hex, strictText, text } from '../../base/bytes.ts';
import {
  cut,
  percent,
  printable,
  roots,
  SHARE_MIN,
  type Structured,
  share,
  structuredText,
  type ValueDecoder,
} from './decoder.ts';

export const utf8Decoder: ValueDecoder = {
  id: 'utf8',
  title: 'Text (UTF-8)',
  read: strictText,
  show: (b) => {
    const shown = strictText(b);
    return shown === undefined ? undefined : { text: cut(shown), language: 'text' };
  },
  fits: (sample) => {
    const part = share(sample, (b) => printable(b) !== undefined);
    if (part < SHARE_MIN) return undefined;
    return { confidence: 0.7 * part, why: `${percent(part)} of the sample is printable UTF-8` };
  },
};

export const hexDecoder: ValueDecoder = {
  id: 'hex',
  title: 'Hex',
  read: hex,
  show: (b) => ({ text: cut(hex(b)), language: 'text' }),
  fits: () => ({ confidence: 0.01, why: 'any bytes can be shown in hex' }),
};

/** A run of digits that may not fit into a double. */
const LONG_NUMBER = /\d{16}/;
const KEPT = /^-?\d+$/;

interface Source {
  readonly source?: string;
}

function parse(b: Uint8Array, exact: boolean): Structured | undefined {
  const first = b[0];
  if (first === undefined) return undefined;
  const source = asciiText(b) ?? strictText(b);
  if (source === undefined) return undefined;
  if (!exact || !LONG_NUMBER.test(source)) return JSON.parse(source) as Structured;
  // The reviver's third argument holds the number as it was written.
  const keep = (_: string, value: unknown, context?: Source): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) && KEPT.test(context?.source ?? '')
      ? context?.source
      : value;
  return JSON.parse(source, keep) as Structured;
}

/** Short ASCII is decoded faster here than by the system's decoder. */
const SHORT = 24;
function asciiText(b: Uint8Array): string | undefined {
  if (b.length > SHORT) return undefined;
  for (let i = 0; i < b.length; i++) if ((b[i] as number) >= 0x80) return undefined;
  return String.fromCharCode.apply(null, b as unknown as number[]);
}

export const jsonDecoder: ValueDecoder = {
  id: 'json',
  title: 'JSON',
  read: (b) => parse(b, true),
  readFast: (b) => parse(b, false),
  show: (b) => {
    const value = parse(b, true);
    if (value === undefined) return undefined;
    // As it was written where numbers would not survive a round trip.
    const source = text(b);
    if (LONG_NUMBER.test(source)) return { text: cut(source), language: 'json' };
    if (value !== null && typeof value === 'object') return structuredText(value);
    return { text: cut(JSON.stringify(value)), language: 'json' };
  },
  fits: (sample) => {
    const { objects, lists, scalars } = roots(sample, { read: (b) => parse(b, false) });
    const deep = objects + lists;
    if (deep >= SHARE_MIN) {
      return { confidence: 0.97 * deep, why: `${percent(deep)} of the sample is a JSON object or list` };
    }
    const all = deep + scalars;
    if (all < SHARE_MIN) return undefined;
    return {
      confidence: 0.4 * all,
      why: `${percent(all)} of the sample parses as JSON, but mostly as bare numbers or words`,
    };
  },
};
