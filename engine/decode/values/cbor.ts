/** CBOR (RFC 8949), by a library; tags of times, large numbers and UUIDs are read, others are kept beside their content. */
import { decode, type TagDecoder } from 'cborg';
import { formatTime } from '../../model/calendar.ts';
import { uuidText } from '../../model/scalars.ts';
import { percent, roots, SHARE_MIN, type Structured, toStructured, type ValueDecoder } from './decoder.ts';

class Tagged {
  readonly tag: number;
  readonly content: unknown;
  constructor(tag: number, content: unknown) {
    this.tag = tag;
    this.content = content;
  }
}

const SELF_DESCRIBED = 55_799;

/** The library asks for the decoder of each tag that it meets. */
const tags = new Proxy<Record<number, TagDecoder>>(
  {},
  {
    get: (_, name): TagDecoder | undefined =>
      typeof name === 'string' && /^\d+$/.test(name)
        ? (content) => {
            const inner = content();
            return Number(name) === SELF_DESCRIBED ? inner : new Tagged(Number(name), inner);
          }
        : undefined,
  },
);

function special(v: object, convert: (inner: unknown) => Structured): Structured | undefined {
  if (!(v instanceof Tagged)) return undefined;
  const { tag, content } = v;
  if (tag === 0 && typeof content === 'string') return content;
  if (tag === 1 && (typeof content === 'number' || typeof content === 'bigint')) {
    const whole = Number.isInteger(Number(content));
    const shown = whole
      ? formatTime(BigInt(content), 's')
      : formatTime(BigInt(Math.round(Number(content) * 1e6)), 'us');
    if (shown !== undefined) return shown;
  }
  if (content instanceof Uint8Array) {
    // A number of many digits takes long to be written out.
    if ((tag === 2 || tag === 3) && content.length <= 1024) return bigNumber(content, tag === 3);
    if (tag === 37 && content.length === 16) return uuidText(content);
  }
  return { tag, value: convert(content) };
}

function bigNumber(b: Uint8Array, negative: boolean): string {
  let n = 0n;
  for (const byte of b) n = n * 256n + BigInt(byte);
  return (negative ? -1n - n : n).toString();
}

export const cborDecoder: ValueDecoder = {
  id: 'cbor',
  title: 'CBOR',
  read: (b) => toStructured(decode(b, { useMaps: true, allowBigInt: true, tags }), special),
  fits(sample) {
    const { objects, lists } = roots(sample, this);
    if (objects + lists < 1) return undefined;
    const map = objects >= SHARE_MIN;
    return {
      confidence: map ? 0.91 : 0.65,
      why: `${percent(1)} of the sample is one whole CBOR ${map ? 'map' : 'list or map'}`,
    };
  },
};
