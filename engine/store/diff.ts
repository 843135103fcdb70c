/**
 * What differs between two stores: a merge walk over the visible entries of both, family by family. Nothing is
 * allocated for keys that are the same, and memory does not depend on the stores' sizes.
 *
 * Values are compared by their content, wherever they stand: in a table, in a blob file, as columns of an entity.
 * Where, how often and with which sequence numbers an entry was written makes no difference.
 */
import { compareRanges, equalBytes } from '../base/bytes.ts';
import { StoreError } from '../base/errors.ts';
import { typeName } from '../formats/leveldb/internalKey.ts';
import type { DamageLog } from '../iter/damage.ts';
import type { KeyOrder } from '../iter/order.ts';
import type { VisibleEntries } from '../iter/visible.ts';
import type { DiffPlace, DiffRow, DiffSide, DiffTable } from '../model/diff.ts';
import type { TableInfo } from '../model/tree.ts';
import type { FamilyVersion } from './version.ts';
import type { StoreView } from './view.ts';

export interface DiffOptions {
  /** One column family, by name. */
  readonly family?: string | undefined;
  readonly keysOnly?: boolean | undefined;
  /** Begins behind this key; families before its own are passed over. */
  readonly after?: DiffPlace | undefined;
}

interface Pair {
  readonly name: string;
  readonly before: FamilyVersion | undefined;
  readonly after: FamilyVersion | undefined;
}

/** Keys that are the same between two steps of the walk. */
const SLICE_KEYS = 1024;

/** Families of both stores by name: those of the first in their order, then those that only the second has. */
function pairs(before: StoreView, after: StoreView, only: string | undefined): Pair[] {
  const named = (view: StoreView) => new Map([...view.version.families.values()].map((f) => [f.state.name, f]));
  const first = named(before);
  const second = named(after);
  const names = [...new Set([...first.keys(), ...second.keys()])];
  if (only !== undefined && !names.includes(only)) {
    throw new StoreError('INPUT', `there is no column family "${only}"`, { mend: `there are: ${names.join(', ')}` });
  }
  return names
    .filter((name) => only === undefined || name === only)
    .map((name) => ({ name, before: first.get(name), after: second.get(name) }));
}

/** Names of the families that only one of the stores has. */
export function familyDifferences(before: StoreView, after: StoreView): { added: string[]; removed: string[] } {
  const all = pairs(before, after, undefined);
  return {
    added: all.filter((p) => p.before === undefined).map((p) => p.name),
    removed: all.filter((p) => p.after === undefined).map((p) => p.name),
  };
}

/**
 * Yields the differences in the order of the keys, and undefined now and then where there is none, so that the caller
 * can look up. Throws INPUT where the keys of a family are ordered differently in the two stores, UNSUPPORTED where
 * their order is not known.
 */
export class StoreDiff {
  /** Keys that are in both, with the same content as far as it is compared. */
  same = 0;
  readonly #before: StoreView;
  readonly #after: StoreView;
  readonly #options: DiffOptions;
  readonly #damage: DamageLog;

  constructor(before: StoreView, after: StoreView, options: DiffOptions, damage: DamageLog) {
    this.#before = before;
    this.#after = after;
    this.#options = options;
    this.#damage = damage;
  }

  *rows(): Generator<DiffRow | undefined, void, void> {
    const { family, after } = this.#options;
    let all = pairs(this.#before, this.#after, family);
    for (const pair of all) orderOf(pair);
    if (after !== undefined) {
      const from = all.findIndex((p) => p.name === after.family);
      if (from < 0) throw new StoreError('INPUT', `there is no column family "${after.family}" to go on in`);
      all = all.slice(from);
    }
    for (const pair of all) yield* this.#family(pair, after?.family === pair.name ? after.key : undefined);
  }

  *#family(pair: Pair, behind: Uint8Array | undefined): Generator<DiffRow | undefined, void, void> {
    const { name } = pair;
    const order = orderOf(pair);
    const values = this.#options.keysOnly !== true;
    const open = (view: StoreView, family: FamilyVersion | undefined): VisibleEntries | undefined => {
      if (family === undefined) return undefined;
      const e = view.scan(family.state.id, { from: behind, values }, this.#damage);
      e.first();
      if (behind !== undefined && e.valid && compare(order, e, behind) === 0) e.next();
      return e;
    };
    const a = open(this.#before, pair.before);
    const b = open(this.#after, pair.after);
    try {
      for (let steps = 1; a?.valid === true || b?.valid === true; steps++) {
        const d = a?.valid !== true ? 1 : b?.valid !== true ? -1 : compareEntries(order, a, b);
        if (d < 0) {
          yield removed(name, a as VisibleEntries);
          a?.next();
        } else if (d > 0) {
          yield added(name, b as VisibleEntries);
          b?.next();
        } else {
          const [left, right] = [a as VisibleEntries, b as VisibleEntries];
          this.#note(left);
          this.#note(right);
          if (!values || sameContent(left, right)) {
            this.same++;
            if (steps % SLICE_KEYS === 0) yield undefined;
          } else {
            yield { family: name, kind: 'changed', key: keyOf(left), before: sideOf(left), after: sideOf(right) };
          }
          left.next();
          right.next();
        }
      }
    } finally {
      a?.close();
      b?.close();
    }
  }

  #note(e: VisibleEntries): void {
    if (e.problem !== undefined) this.#damage.report(e.problem, keyOf(e), keyOf(e));
  }
}

function orderOf({ name, before, after }: Pair): KeyOrder {
  const order = (before ?? after)?.order as KeyOrder;
  for (const family of [before, after]) {
    if (family?.order.known === false) {
      throw new StoreError(
        'UNSUPPORTED',
        `column family "${name}" cannot be compared: its order (${family.state.comparator}) is not known`,
      );
    }
  }
  if (before !== undefined && after !== undefined && before.order.name !== after.order.name) {
    throw new StoreError(
      'INPUT',
      `column family "${name}" is ordered by ${before.state.comparator} in one store and by ${after.state.comparator} in the other`,
    );
  }
  return order;
}

function compare(order: KeyOrder, e: VisibleEntries, key: Uint8Array): number {
  return order.compareUser(e.keyBuffer, e.keyStart, e.keyLength, key, 0, key.length);
}

function compareEntries(order: KeyOrder, a: VisibleEntries, b: VisibleEntries): number {
  return order.compareUser(a.keyBuffer, a.keyStart, a.keyLength, b.keyBuffer, b.keyStart, b.keyLength);
}

function sameContent(a: VisibleEntries, b: VisibleEntries): boolean {
  if (a.hasValue !== b.hasValue) return false;
  if (
    a.hasValue &&
    (a.valueLength !== b.valueLength ||
      compareRanges(a.valueBuffer, a.valueStart, a.valueLength, b.valueBuffer, b.valueStart, b.valueLength) !== 0)
  ) {
    return false;
  }
  if ((a.columns ?? a.operands) === undefined && (b.columns ?? b.operands) === undefined) return true;
  return sameList(flat(a), flat(b));
}

/** Columns of an entity, or operands that no known operator joins, as one list. */
function flat(e: VisibleEntries): Uint8Array[] {
  const columns = (e.columns ?? []).flatMap((c) => [c.name, c.value]);
  return [...columns, ...(e.base === undefined ? [] : [e.base]), ...(e.operands ?? [])];
}

function sameList(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((bytes, i) => equalBytes(bytes, b[i] as Uint8Array));
}

function keyOf(e: VisibleEntries): Uint8Array {
  return e.keyBuffer.slice(e.keyStart, e.keyStart + e.keyLength);
}

function sideOf(e: VisibleEntries): DiffSide {
  return {
    type: typeName(e.type),
    seq: e.sequence,
    valueSize: e.hasValue ? e.valueLength : 0,
    level: e.level,
    table: e.table === 0 ? null : e.table,
  };
}

function removed(family: string, e: VisibleEntries): DiffRow {
  return { family, kind: 'removed', key: keyOf(e), before: sideOf(e) };
}

function added(family: string, e: VisibleEntries): DiffRow {
  return { family, kind: 'added', key: keyOf(e), after: sideOf(e) };
}

/** Tables that are not on the same level of both stores, by family and number. */
export function tableDifferences(before: StoreView, after: StoreView, only?: string | undefined): DiffTable[] {
  const found: DiffTable[] = [];
  for (const { name, before: a, after: b } of pairs(before, after, only)) {
    const first = new Map((a?.tables ?? []).map((t) => [t.number, t]));
    const second = new Map((b?.tables ?? []).map((t) => [t.number, t]));
    for (const number of [...new Set([...first.keys(), ...second.keys()])].sort((x, y) => x - y)) {
      const x = first.get(number);
      const y = second.get(number);
      if (x !== undefined && y !== undefined && sameTable(x, y)) {
        if (x.level !== y.level) found.push(row(name, 'moved', x, { before: x.level, after: y.level }));
        continue;
      }
      if (x !== undefined) found.push(row(name, 'removed', x, { before: x.level }));
      if (y !== undefined) found.push(row(name, 'added', y, { after: y.level }));
    }
  }
  return found;
}

function sameTable(a: TableInfo, b: TableInfo): boolean {
  return (
    a.bytes === b.bytes &&
    a.smallest.seq === b.smallest.seq &&
    a.largest.seq === b.largest.seq &&
    equalBytes(a.smallest.key, b.smallest.key) &&
    equalBytes(a.largest.key, b.largest.key)
  );
}

function row(
  family: string,
  kind: DiffTable['kind'],
  t: TableInfo,
  levels: { before?: number; after?: number },
): DiffTable {
  const { number, bytes } = t;
  return { family, kind, number, bytes, smallest: t.smallest.key, largest: t.largest.key, ...levels };
}
