/** What is told of one option of an OPTIONS file. */

export type OptionUnit = 'bytes' | 'seconds' | 'milliseconds' | 'microseconds' | 'megabytes';

export interface OptionHelp {
  readonly text: string;
  readonly unit?: OptionUnit;
  readonly default?: string;
  /** Before these versions of RocksDB (major, minor), the oldest first, the default was this. */
  readonly was?: readonly { readonly before: readonly [number, number]; readonly default: string }[];
}
