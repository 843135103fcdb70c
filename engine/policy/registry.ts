/** Policies by name, and the one that a store's own OPTIONS ask for. */
import { dynamicLeveled } from './dynamicLeveled.ts';
import { fifo } from './fifo.ts';
import { lazyLeveling } from './lazyLeveling.ts';
import { leveled } from './leveled.ts';
import type { PolicyName } from './manual.ts';
import { nothing, type Policy } from './policy.ts';
import { sizeTiered } from './sizeTiered.ts';
import { universal } from './tiered.ts';
import { timeWindow } from './timeWindow.ts';

export const POLICIES: Readonly<Record<PolicyName, Policy>> = {
  leveled,
  dynamicLeveled,
  universal,
  sizeTiered,
  lazyLeveling,
  fifo,
  timeWindow,
};

/** Compacts nothing by itself. */
export const NO_POLICY: Policy = { name: 'none', choose: () => nothing('the store compacts nothing by itself') };

/**
 * `style` is a policy's name, or a compaction style as `FamilyInfo.compaction` or OPTIONS have it. Leveled
 * means LevelDB's where the engine is LevelDB, RocksDB's otherwise. A style that is not known compacts nothing.
 */
export function policyFor(style: string, engine: 'rocksdb' | 'leveldb' = 'rocksdb'): Policy {
  const name = policyName(style, engine);
  return name === undefined ? NO_POLICY : POLICIES[name];
}

export function policyName(style: string, engine: 'rocksdb' | 'leveldb' = 'rocksdb'): PolicyName | undefined {
  switch (style) {
    case 'kCompactionStyleLevel':
    case 'leveled':
      return engine === 'leveldb' ? 'leveled' : 'dynamicLeveled';
    case 'kCompactionStyleUniversal':
    case 'tiered':
      return 'universal';
    case 'kCompactionStyleFIFO':
      return 'fifo';
    case 'SizeTieredCompactionStrategy':
      return 'sizeTiered';
    case 'TimeWindowCompactionStrategy':
      return 'timeWindow';
    default:
      return Object.hasOwn(POLICIES, style) ? (style as PolicyName) : undefined;
  }
}
