/** BSON, by MongoDB's library; its own types become text or small objects. */
import { Binary, BSONRegExp, Code, Decimal128, deserialize, Long, ObjectId, Timestamp } from 'bson';
import { readU32 } from '../../base/bytes.ts';
import { formatTime } from '../../model/calendar.ts';
import { uuidText } from '../../model/scalars.ts';
import {
  attempt,
  bytesValue,
  millisOf,
  percent,
  SHARE_MIN,
  type Structured,
  share,
  toStructured,
  type ValueDecoder,
} from './decoder.ts';

/** A document states its length and ends with a zero. */
function framed(b: Uint8Array): boolean {
  return b.length >= 5 && readU32(b, 0) === b.length && b[b.length - 1] === 0;
}

function special(v: object, convert: (inner: unknown) => Structured): Structured | undefined {
  const millis = millisOf(v);
  if (millis !== undefined) return Number.isNaN(millis) ? null : (formatTime(BigInt(millis), 'ms') ?? String(millis));
  if (v instanceof ObjectId) return v.toHexString();
  if (v instanceof Binary) {
    const bytes = v.buffer.subarray(0, v.position);
    return v.sub_type === Binary.SUBTYPE_UUID && bytes.length === 16 ? uuidText(bytes) : bytesValue(bytes);
  }
  // A timestamp is a kind of Long.
  if (v instanceof Timestamp) return { t: v.t, i: v.i };
  if (v instanceof Long || v instanceof Decimal128) return v.toString();
  if (v instanceof BSONRegExp) return `/${v.pattern}/${v.options}`;
  if (v instanceof Code) return { code: v.code, scope: convert(v.scope ?? null) };
  const kind = (v as { readonly _bsontype?: unknown })._bsontype;
  return typeof kind === 'string' ? { bson: kind } : undefined;
}

export const bsonDecoder: ValueDecoder = {
  id: 'bson',
  title: 'BSON',
  read: (b) => (framed(b) ? toStructured(deserialize(b, { useBigInt64: true, bsonRegExp: true }), special) : undefined),
  fits(sample) {
    const part = share(sample, (b) => framed(b) && attempt(() => this.read(b)) !== undefined);
    if (part < SHARE_MIN) return undefined;
    return {
      confidence: 0.96 * part,
      why: `${percent(part)} of the sample is a BSON document of the length that it states`,
    };
  },
};
