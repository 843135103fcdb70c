/** From a policy's choice and the tree to what the merge has to know. */
import type { KeyOrder } from '../../iter/order.ts';
import type { TableInfo } from '../../model/tree.ts';
import type { CompactChoice } from '../../policy/policy.ts';
import type { FamilyVersion } from '../version.ts';
import type { StoreView } from '../view.ts';
import { type RangeJobInput, runsOf } from './rangeJob.ts';

/** Tables that are no inputs and may hold older versions of the outputs' keys. */
export function tablesBelow(family: FamilyVersion, choice: CompactChoice): TableInfo[] {
  const inputs = new Set(choice.inputs.flatMap((i) => i.tables.map((t) => t.number)));
  return family.view.levels.flatMap(({ level, tables }) => {
    if (level < choice.outputLevel) return [];
    if (level > choice.outputLevel) return tables.filter((t) => !inputs.has(t.number));
    if (level > 0) return [];
    // L0 stands newest first: what comes behind the newest input is older than something in the outputs.
    const newest = tables.findIndex((t) => inputs.has(t.number));
    return tables.filter((t, i) => i > newest && !inputs.has(t.number));
  });
}

/** The whole choice as one range. `snapshots`: live sequence numbers. */
export function jobInput(
  view: StoreView,
  family: FamilyVersion,
  choice: CompactChoice,
  snapshots: readonly number[],
): RangeJobInput {
  const { options } = view.snapshot;
  const own = options.family(family.state.name);
  const inputs = choice.inputs.flatMap((i) => i.tables);
  const isRocks = view.shared.dialect.id === 'rocksdb';
  const ingestsBelow = isRocks && options.db['allow_ingest_behind'] === 'true';
  const spread = tablesBelow(family, choice);
  const below = spread.filter((t) => inputs.some((i) => meets(i, t, family.order)));
  return {
    family: family.state.id,
    outputLevel: choice.outputLevel,
    runs: runsOf(inputs, family.order),
    // A run in L0 is one table: two of them would each need a place of its own in the order of ages.
    maxOutputBytes: choice.outputLevel === 0 ? Number.POSITIVE_INFINITY : choice.maxOutputBytes,
    grandparents: choice.outputLevel === 0 ? [] : choice.grandparents,
    maxGrandparentBytes: choice.maxGrandparentBytes,
    below,
    ingestsBelow,
    snapshots,
    // RocksDB keeps sequences that tell the age of data where it places data by age.
    zeroSequences: isRocks && !ingestsBelow && below.length === 0 && !keepsTimes(own),
    mergeOperator: isRocks ? view.resolver(family).mergeOperator : null,
    hasBlobs: family.view.blobFiles.length > 0 || inputs.some((t) => (t.oldestBlobFile ?? 0) > 0),
  };
}

function meets(a: TableInfo, b: TableInfo, order: KeyOrder): boolean {
  const compare = (x: Uint8Array, y: Uint8Array): number => order.compareUser(x, 0, x.length, y, 0, y.length);
  return compare(a.smallest.key, b.largest.key) <= 0 && compare(b.smallest.key, a.largest.key) <= 0;
}

function keepsTimes(options: Readonly<Record<string, string>>): boolean {
  return ['preserve_internal_time_seconds', 'preclude_last_level_data_seconds'].some((name) => {
    const value = options[name];
    return value !== undefined && value !== '' && value !== '0';
  });
}
