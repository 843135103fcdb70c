/** A store as a sorted map for each family: what operations mean, told without any of the engine's code. */
import { compareBytes, concat, fromHex, hex, utf8 } from '../../engine/base/bytes.ts';
import type { BatchBuilder } from '../../engine/formats/leveldb/batchBuilder.ts';
import { hexLine } from '../fixtures/stores.ts';

export interface Operation {
  readonly kind: 'put' | 'delete' | 'singleDelete' | 'deleteRange' | 'merge';
  readonly family: number;
  readonly key: Uint8Array;
  /** Value or operand, or the exclusive end of a range. */
  readonly value: Uint8Array;
}

const NONE = new Uint8Array(0);
const COMMA = utf8(',');

export type MergeName = 'StringAppendOperator' | 'MaxOperator' | 'PutOperator';

/** What RocksDB's own operators make of a value and one operand more. */
export const MERGES: Readonly<Record<MergeName, (base: Uint8Array | undefined, operand: Uint8Array) => Uint8Array>> = {
  StringAppendOperator: (base, operand) => (base === undefined ? operand : concat([base, COMMA, operand])),
  MaxOperator: (base, operand) => (base !== undefined && compareBytes(base, operand) > 0 ? base : operand),
  PutOperator: (_, operand) => operand,
};

export const put = (family: number, key: string, value: string): Operation => {
  return { kind: 'put', family, key: utf8(key), value: utf8(value) };
};
export const del = (family: number, key: string): Operation => {
  return { kind: 'delete', family, key: utf8(key), value: NONE };
};
export const single = (family: number, key: string): Operation => {
  return { kind: 'singleDelete', family, key: utf8(key), value: NONE };
};
export const range = (family: number, from: string, to: string): Operation => {
  return { kind: 'deleteRange', family, key: utf8(from), value: utf8(to) };
};
export const merge = (family: number, key: string, operand: string): Operation => {
  return { kind: 'merge', family, key: utf8(key), value: utf8(operand) };
};

export function addTo(batch: BatchBuilder, { kind, family, key, value }: Operation): void {
  switch (kind) {
    case 'put':
      batch.put(family, key, value);
      break;
    case 'delete':
      batch.delete(family, key);
      break;
    case 'singleDelete':
      batch.singleDelete(family, key);
      break;
    case 'deleteRange':
      batch.deleteRange(family, key, value);
      break;
    case 'merge':
      batch.merge(family, key, value);
      break;
  }
}

export class StoreModel {
  readonly #names: readonly string[];
  /** By family: hex of the key → value. */
  readonly #families: Map<string, Uint8Array>[];
  readonly #merge: MergeName;

  constructor(
    names: readonly string[],
    merge: MergeName = 'StringAppendOperator',
    families: Map<string, Uint8Array>[] = names.map(() => new Map()),
  ) {
    this.#names = names;
    this.#merge = merge;
    this.#families = families;
  }

  clone(): StoreModel {
    return new StoreModel(
      this.#names,
      this.#merge,
      this.#families.map((f) => new Map(f)),
    );
  }

  has(family: number, key: Uint8Array): boolean {
    return this.#families[family]?.has(hex(key)) ?? false;
  }

  keys(family: number): Uint8Array[] {
    return [...(this.#families[family] as Map<string, Uint8Array>).keys()].map((k) => fromHex(k) as Uint8Array);
  }

  apply(operations: readonly Operation[]): this {
    for (const { kind, family, key, value } of operations) {
      const map = this.#families[family] as Map<string, Uint8Array>;
      const id = hex(key);
      if (kind === 'put') map.set(id, value);
      else if (kind === 'merge') map.set(id, MERGES[this.#merge](map.get(id), value));
      else if (kind === 'deleteRange') {
        for (const known of [...map.keys()]) {
          const k = fromHex(known) as Uint8Array;
          if (compareBytes(k, key) >= 0 && compareBytes(k, value) < 0) map.delete(known);
        }
      } else map.delete(id);
    }
    return this;
  }

  /** As `content` of a store. */
  lines(): string[] {
    return this.#families.flatMap((map, i) =>
      [...map.keys()]
        .sort()
        .map((k) => `${this.#names[i]} ${hexLine(fromHex(k) as Uint8Array, map.get(k) as Uint8Array)}`),
    );
  }
}
