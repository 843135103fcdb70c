/**
 * Merge operators that come with RocksDB and that a reader can apply without its owner's code
 * (rocksdb-leveldb.md §10, §11, §15). Any other operator leaves its operands unresolved.
 */
import { compareBytes, concat, EMPTY, utf8 } from '../../base/bytes.ts';
import { nestedOptions } from '../../model/optionValues.ts';

export interface MergeOperator {
  /** RocksDB's own name, as table properties state it. */
  readonly name: string;
  /** What was assumed because the store does not say it; for a note to the reader. */
  readonly assumption?: string;
  /** `operands` oldest first; `base` undefined where there is no value under them. Allocates. */
  full(base: Uint8Array | undefined, operands: readonly Uint8Array[]): Uint8Array;
}

/** Sum of 8-byte little-endian integers, modulo 2^64; anything of another length counts as 0. */
const uint64Add: MergeOperator = {
  name: 'UInt64AddOperator',
  full(base, operands) {
    let sum = 0n;
    for (const part of base === undefined ? operands : [base, ...operands]) sum += fixed64(part);
    const out = new Uint8Array(8);
    new DataView(out.buffer).setBigUint64(0, BigInt.asUintN(64, sum), true);
    return out;
  },
};

function fixed64(b: Uint8Array): bigint {
  return b.length === 8 ? new DataView(b.buffer, b.byteOffset, 8).getBigUint64(0, true) : 0n;
}

/** The last operand wins. */
const put: MergeOperator = {
  name: 'PutOperator',
  full: (base, operands) => operands.at(-1) ?? base ?? EMPTY,
};

/** The largest byte string wins. */
const max: MergeOperator = {
  name: 'MaxOperator',
  full(base, operands) {
    let largest = base ?? EMPTY;
    for (const operand of operands) if (compareBytes(operand, largest) > 0) largest = operand;
    return largest;
  },
};

/** Base and operands with a delimiter between each two; an empty base is one too. */
function stringAppend(name: string, delimiter: string | undefined): MergeOperator {
  const between = utf8(delimiter ?? ',');
  return {
    name,
    ...(delimiter === undefined ? { assumption: 'delimiter "," (the options do not state it)' } : {}),
    full(base, operands) {
      const parts: Uint8Array[] = base === undefined ? [] : [base];
      for (const operand of operands) {
        if (parts.length > 0) parts.push(between);
        parts.push(operand);
      }
      return concat(parts);
    },
  };
}

/** What a TTL database's values end with: when they were written. */
const TTL_SUFFIX_BYTES = 4;

/**
 * The operator of a TTL database: `inner` works on values without their times. RocksDB gives the result the time of
 * the merge, which a reader has not; the newest operand's stands for it.
 */
function withTtl(inner: MergeOperator): MergeOperator {
  const bare = (b: Uint8Array): Uint8Array => b.subarray(0, Math.max(0, b.length - TTL_SUFFIX_BYTES));
  return {
    name: 'TtlMergeOperator',
    ...(inner.assumption === undefined ? {} : { assumption: inner.assumption }),
    full(base, operands) {
      const merged = inner.full(base === undefined ? undefined : bare(base), operands.map(bare));
      const newest = operands.at(-1) ?? base ?? EMPTY;
      return concat([merged, newest.subarray(Math.max(0, newest.length - TTL_SUFFIX_BYTES))]);
    },
  };
}

/**
 * The operator that an OPTIONS value (`{id=StringAppendOperator;delimiter=,;}`, `UInt64AddOperator`)
 * or a table property names; undefined for none and for one that is not known here.
 */
export function mergeOperatorFor(option: string): MergeOperator | undefined {
  return operatorFor(option, true);
}

/** `ttl`: whether it may be that of a TTL database, inside of which there is no other. */
function operatorFor(option: string, ttl: boolean): MergeOperator | undefined {
  const nested = option.includes('=') ? nestedOptions(option) : undefined;
  const id = nested === undefined ? option.trim() : (nested['id'] ?? '');
  const delimiter = nested === undefined ? undefined : nested['delimiter'];
  switch (id) {
    case 'UInt64AddOperator':
    case 'uint64add':
      return uint64Add;
    case 'PutOperator':
    case 'put':
    case 'put_v1':
      return put;
    case 'MaxOperator':
    case 'max':
      return max;
    case 'StringAppendOperator':
    case 'stringappend':
      return stringAppend('StringAppendOperator', delimiter);
    case 'StringAppendTESTOperator':
    case 'stringappendtest':
      return stringAppend('StringAppendTESTOperator', delimiter);
    case 'TtlMergeOperator': {
      const inner = ttl ? operatorFor(nested?.['user_operator'] ?? '', false) : undefined;
      return inner === undefined ? undefined : withTtl(inner);
    }
    default:
      return undefined;
  }
}
