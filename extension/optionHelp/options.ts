/**
 * What the options of an OPTIONS file mean, for hovers: those that people tune and look for. Defaults are those of
 * RocksDB 11 as an OPTIONS file spells them, after the adjustments that opening makes; `was` holds earlier ones.
 * An option without a default has one that depends on others.
 */
import { DATABASE } from './database.ts';
import { FAMILY } from './family.ts';
import { NESTED } from './nested.ts';
import { TABLE } from './table.ts';

export type { OptionHelp, OptionUnit } from './help.ts';

/** By section; nested options hold in any. */
export const OPTION_HELP = { DBOptions: DATABASE, CFOptions: FAMILY, TableOptions: TABLE, nested: NESTED } as const;
