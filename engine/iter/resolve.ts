/**
 * From the versions of one user key to what a reader sees: newest version first, until one of them
 * decides. The one place that knows what puts, deletions, merges, blobs and entities mean together.
 */
import { type Problem, StoreError, toStoreError } from '../base/errors.ts';
import { ValueType } from './cursor.ts';

/** One version, with bytes of its own. */
export interface Version {
  readonly type: number;
  readonly sequence: number;
  readonly value: Uint8Array;
  readonly level: number;
  readonly table: number;
  readonly timestamp?: Uint8Array | undefined;
}

export interface Column {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
}

/** What only the format can tell: where blobs are, how entities and merges are encoded. */
export interface ValueResolver {
  /** The value that a blob index refers to. Throws StoreError. */
  blob(index: Uint8Array, userKey: Uint8Array): Uint8Array;
  /** Columns of an entity, sorted by name. Throws StoreError. */
  columns(value: Uint8Array, userKey: Uint8Array): Column[];
  /** Result of the merge operator; undefined if the operator is not known. Throws StoreError. */
  merge(base: Uint8Array | undefined, operands: readonly Uint8Array[], userKey: Uint8Array): Uint8Array | undefined;
}

export interface Resolved {
  readonly type: number;
  readonly sequence: number;
  readonly level: number;
  readonly table: number;
  readonly timestamp: Uint8Array | undefined;
  readonly value: Uint8Array | undefined;
  readonly columns?: Column[] | undefined;
  readonly operands?: Uint8Array[] | undefined;
  readonly base?: Uint8Array | undefined;
  readonly problem?: Problem | undefined;
}

/** Range deletions, asked about one key at a time. */
export interface Covering {
  /** Sequence of the newest one at or below `at` that covers the user key; -1 if none does. */
  covering(b: Uint8Array, start: number, length: number, at: number, timestamp?: Uint8Array): number;
}

export interface ResolveContext {
  readonly resolver: ValueResolver;
  readonly tombstones: Covering | undefined;
  readonly at: number;
  /** Versions with a later user timestamp are not seen; undefined for none, and where there are no timestamps. */
  readonly atTimestamp?: Uint8Array | undefined;
  /** False: values of blobs are not fetched (keys only). */
  readonly values: boolean;
}

const EMPTY_NAME_FIRST = (c: readonly Column[]): Uint8Array | undefined =>
  c.length > 0 && (c[0] as Column).name.length === 0 ? (c[0] as Column).value : undefined;

/** What stands under the operands of a merge. */
interface Base {
  readonly value: Uint8Array | undefined;
  readonly columns: Column[] | undefined;
}

/** `versions` newest first. undefined: the key is not visible. */
export function resolveVersions(
  userKey: Uint8Array,
  versions: Iterable<Version>,
  context: ResolveContext,
): Resolved | undefined {
  const operands: Uint8Array[] = [];
  let newest: Version | undefined;
  for (const v of versions) {
    if (v.sequence > context.at) continue;
    const covered = context.tombstones?.covering(userKey, 0, userKey.length, context.at, v.timestamp) ?? -1;
    if (covered > v.sequence) {
      // With timestamps an older version may have been written after the range deletion.
      if (v.timestamp !== undefined && operands.length === 0) continue;
      break;
    }
    if (isDeletion(v.type)) break;
    newest ??= v;
    if (v.type === ValueType.merge) {
      operands.unshift(v.value);
      continue;
    }
    if (operands.length === 0) return single(userKey, v, context);
    return merged(userKey, newest, operands, v, context);
  }
  if (newest === undefined || operands.length === 0) return undefined;
  return merged(userKey, newest, operands, undefined, context);
}

export function isDeletion(type: number): boolean {
  return type === ValueType.deletion || type === ValueType.singleDeletion || type === ValueType.deletionWithTimestamp;
}

function place(v: Version) {
  return { sequence: v.sequence, level: v.level, table: v.table, timestamp: v.timestamp };
}

/** A version that is no merge operand, as a reader sees it. */
function single(userKey: Uint8Array, v: Version, context: ResolveContext): Resolved {
  try {
    const base = baseOf(userKey, v, context);
    return { ...place(v), type: v.type, value: base.value, columns: base.columns };
  } catch (thrown) {
    return { ...place(v), type: v.type, value: undefined, problem: toStoreError(thrown).toProblem() };
  }
}

function baseOf(userKey: Uint8Array, v: Version, context: ResolveContext): Base {
  switch (v.type) {
    case ValueType.value:
      return { value: v.value, columns: undefined };
    case ValueType.valuePreferredSeqno:
      return { value: v.value.subarray(0, Math.max(0, v.value.length - 8)), columns: undefined };
    case ValueType.blobIndex:
      if (!context.values) return { value: undefined, columns: undefined };
      return { value: context.resolver.blob(v.value, userKey), columns: undefined };
    case ValueType.wideColumnEntity: {
      const columns = context.resolver.columns(v.value, userKey);
      const onlyDefault = columns.length === 1 ? EMPTY_NAME_FIRST(columns) : undefined;
      // An entity of nothing but the default column reads as a plain value, in RocksDB's API too.
      return onlyDefault !== undefined
        ? { value: onlyDefault, columns: undefined }
        : { value: EMPTY_NAME_FIRST(columns), columns };
    }
    default:
      throw new StoreError('UNSUPPORTED', `entry of type 0x${v.type.toString(16)} is not known`);
  }
}

function merged(
  userKey: Uint8Array,
  newest: Version,
  operands: Uint8Array[],
  under: Version | undefined,
  context: ResolveContext,
): Resolved {
  const at = { ...place(newest), type: ValueType.merge };
  try {
    const base = under === undefined ? undefined : baseOf(userKey, under, context);
    const columns = base?.columns;
    // An entity takes the operands on its default column; without one it counts as empty, not as absent.
    const baseValue = columns === undefined ? base?.value : (base?.value ?? new Uint8Array(0));
    const value = context.resolver.merge(baseValue, operands, userKey);
    if (value === undefined) return { ...at, value: undefined, operands, base: base?.value, columns };
    if (columns === undefined) return { ...at, value };
    const others = columns.filter((c) => c.name.length > 0);
    return { ...at, value, columns: [{ name: new Uint8Array(0), value }, ...others] };
  } catch (thrown) {
    return { ...at, value: undefined, operands, problem: toStoreError(thrown).toProblem() };
  }
}
