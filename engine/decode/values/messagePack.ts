/**
 * MessagePack, by a library. It makes an array of the length that the bytes claim before it has seen the items, so a
 * walk of ours goes over the bytes first: what is not one whole value never reaches it.
 */
import { decode, decodeTimestampToTimeSpec, ExtData, ExtensionCodec } from '@msgpack/msgpack';
import { formatTime } from '../../model/calendar.ts';
import {
  bytesValue,
  DEPTH_MAX,
  ITEMS_MAX,
  percent,
  roots,
  SHARE_MIN,
  type Structured,
  toStructured,
  type ValueDecoder,
} from './decoder.ts';

/** Whether `b` is exactly one value. */
function isWhole(b: Uint8Array): boolean {
  /** Items still to come of each open array or map, outermost first. */
  const pending = [1];
  let at = 0;
  let items = 0;
  const big = (bytes: number): number => {
    let n = 0;
    for (let i = 0; i < bytes; i++) n = n * 256 + (b[at + i] ?? 0);
    at += bytes;
    return n;
  };
  /** Moves behind a length of so many bytes, what it counts, and `more`. */
  const skip = (bytes: number, more: number): void => {
    const n = big(bytes);
    at += n + more;
  };
  while (pending.length > 0) {
    const left = pending[pending.length - 1] as number;
    if (left === 0) {
      pending.pop();
      continue;
    }
    pending[pending.length - 1] = left - 1;
    const code = b[at++];
    if (code === undefined || items++ > ITEMS_MAX) return false;
    let inner = 0;
    if (code < 0x80 || code >= 0xe0 || code === 0xc0 || code === 0xc2 || code === 0xc3) continue;
    if (code < 0x90) inner = (code & 15) * 2;
    else if (code < 0xa0) inner = code & 15;
    else if (code < 0xc0) at += code & 31;
    else if (code === 0xc1) return false;
    else if (code <= 0xc6) skip(1 << (code - 0xc4), 0);
    else if (code <= 0xc9) skip(1 << (code - 0xc7), 1);
    else if (code === 0xca || code === 0xcb) at += code === 0xca ? 4 : 8;
    else if (code <= 0xcf) at += 1 << (code - 0xcc);
    else if (code <= 0xd3) at += 1 << (code - 0xd0);
    else if (code <= 0xd8) at += (1 << (code - 0xd4)) + 1;
    else if (code <= 0xdb) skip(1 << (code - 0xd9), 0);
    else if (code <= 0xdd) inner = big(code === 0xdc ? 2 : 4);
    else inner = big(code === 0xde ? 2 : 4) * 2;
    // Each item takes a byte at the least.
    if (at > b.length || inner > b.length - at) return false;
    if (inner > 0 && pending.push(inner) > DEPTH_MAX) return false;
  }
  return at === b.length;
}

class Time {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const extensions = new ExtensionCodec();
extensions.register({
  type: -1,
  encode: () => null,
  decode: (data) => {
    const { sec, nsec } = decodeTimestampToTimeSpec(data);
    return new Time(formatTime(BigInt(sec) * 1_000_000_000n + BigInt(nsec), 'ns') ?? `${sec} s`);
  },
});

function special(v: object, _convert: (inner: unknown) => Structured): Structured | undefined {
  if (v instanceof Time) return v.text;
  if (!(v instanceof ExtData)) return undefined;
  const data = v.data as Uint8Array | ((at: number) => Uint8Array);
  return { ext: v.type, data: data instanceof Uint8Array ? bytesValue(data) : null };
}

function mapKey(key: unknown): string {
  return typeof key === 'string' ? key : JSON.stringify(toStructured(key, special));
}

export const messagePackDecoder: ValueDecoder = {
  id: 'msgpack',
  title: 'MessagePack',
  read: (b) => {
    if (!isWhole(b)) return undefined;
    const value = decode(b, { useBigInt64: true, extensionCodec: extensions, mapKeyConverter: mapKey });
    return toStructured(value, special);
  },
  fits(sample) {
    const { objects, lists } = roots(sample, this);
    if (objects + lists < 1) return undefined;
    const map = objects >= SHARE_MIN;
    return {
      confidence: map ? 0.92 : 0.7,
      why: `${percent(1)} of the sample is one whole MessagePack ${map ? 'map' : 'list or map'}`,
    };
  },
};
