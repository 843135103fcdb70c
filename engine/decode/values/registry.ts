/** All value decoders, and which of them fit a sample of values. */
import { rlpText } from '../rlp.ts';
import { bsonDecoder } from './bson.ts';
import { cborDecoder } from './cbor.ts';
import { COMPRESSIONS, compressedFit, type Decompress, unpacking } from './compressed.ts';
import { cqlDecoder } from './cql.ts';
import { type Fit, guarded, type Structured, share, type ValueDecoder } from './decoder.ts';
import { messagePackDecoder } from './messagePack.ts';
import { numberDecoders } from './numbers.ts';
import { protobufDecoder } from './protobuf.ts';
import { hexDecoder, jsonDecoder, utf8Decoder } from './text.ts';

const rlpDecoder: ValueDecoder = {
  id: 'rlp',
  title: 'RLP',
  read: (b) => {
    const text = rlpText(b);
    return text === undefined ? undefined : (JSON.parse(text) as Structured);
  },
  fits(sample) {
    // Every byte below 0x80 is an item; only lists tell anything.
    if (share(sample, (b) => (b[0] as number) >= 0xc0 && b.length > 1 && this.read(b) !== undefined) < 1)
      return undefined;
    return { confidence: 0.6, why: 'every value of the sample is an RLP list that fills it' };
  },
};

/** In the order in which they are offered where they fit equally well. */
export const VALUE_DECODERS: readonly ValueDecoder[] = [
  jsonDecoder,
  utf8Decoder,
  bsonDecoder,
  messagePackDecoder,
  cborDecoder,
  protobufDecoder,
  rlpDecoder,
  ...numberDecoders,
  hexDecoder,
].map(guarded);

export interface ValueMatch extends Fit {
  readonly decoder: ValueDecoder;
}

/** Bytes of a sample that are looked at; values beyond that are left out. */
const SAMPLE_BYTES_MAX = 1 << 20;

/** Decoders that fit, the surest first. Values that are empty say nothing and are left out. */
export function detectValues(values: readonly Uint8Array[], decompress: Decompress): ValueMatch[] {
  const sample: Uint8Array[] = [];
  let bytes = 0;
  for (const b of values) {
    if (b.length === 0 || bytes + b.length > SAMPLE_BYTES_MAX) continue;
    bytes += b.length;
    sample.push(b);
  }
  if (sample.length === 0) return [];
  const found: ValueMatch[] = [];
  for (const decoder of VALUE_DECODERS) {
    const fit = decoder.fits(sample);
    if (fit !== undefined) found.push({ decoder, ...fit });
  }
  for (const how of COMPRESSIONS) {
    const match = compressedFit(how, VALUE_DECODERS, sample, decompress);
    if (match !== undefined) found.push({ decoder: guarded(match.decoder), ...match.fit });
  }
  return found.sort((a, b) => b.confidence - a.confidence);
}

/** A decoder by its id, as `json`, `zstd+json` or `cql:map<text,int>`; undefined for no such one. */
export function valueDecoder(id: string, decompress: Decompress): ValueDecoder | undefined {
  const plus = id.indexOf('+');
  if (plus < 0) return plainDecoder(id);
  const how = COMPRESSIONS.find((c) => c === id.slice(0, plus));
  const inner = plainDecoder(id.slice(plus + 1));
  return how === undefined || inner === undefined ? undefined : guarded(unpacking(how, inner, decompress));
}

function plainDecoder(id: string): ValueDecoder | undefined {
  const typed = cqlDecoder(id);
  return typed === undefined ? VALUE_DECODERS.find((d) => d.id === id) : guarded(typed);
}
