/**
 * Lazy leveling (Dayan and Idreos, "Dostoevsky: Better Space-Time Trade-Offs for LSM-Tree Based Key-Value
 * Stores via Adaptive Removal of Superfluous Merging", SIGMOD 2018, section 4.1): every level but the largest
 * is tiered, the largest is leveled. Point reads cost nearly what leveling costs, since the largest level is
 * one run; writes cost nearly what tiering costs.
 *
 * Here the tiers are runs of L0, told apart by size: a run of tier i has up to
 * `write_buffer_size · Tⁱ⁺¹` bytes, T being `max_bytes_for_level_multiplier`. The largest level is the last.
 *
 *  1. The first tier with T runs, from the newest, is merged.
 *  2. The result stays in L0, a run of the next tier, unless its tier is the oldest and the result is no less
 *     than a T-th of the last level: then it is merged into that level.
 */
import type { TableInfo, TreeView } from '../model/tree.ts';
import { closure } from './closure.ts';
import { maxFileSize } from './options.ts';
import {
  anyBusy,
  type Choice,
  levelCount,
  NOTHING,
  nothing,
  type Policy,
  type PolicyContext,
  type Reason,
  sizeOf,
  tablesAt,
} from './policy.ts';
import { conflicts, spanOf } from './ranges.ts';
import { mergeInL0 } from './sizeTiered.ts';

export const lazyLeveling: Policy = { name: 'lazyLeveling', choose };

interface Tier {
  readonly index: number;
  readonly runs: readonly TableInfo[];
}

function choose(view: TreeView, context: PolicyContext): Choice {
  const { options } = context;
  if (options.disable_auto_compactions) return nothing('automatic compactions are off');
  const ratio = sizeRatio(context);
  const tiers = tiersOf(view, context);
  const last = levelCount(view, options) - 1;
  for (const [i, { index, runs }] of tiers.entries()) {
    if (runs.length < ratio || anyBusy(runs, context)) continue;
    const bytes = sizeOf(runs);
    const largest = sizeOf(tablesAt(view, last));
    const text = `Tier ${index} has ${runs.length} runs, ${bytes} bytes, where the size ratio allows ${ratio - 1}`;
    const reason: Reason = { code: 'TierFull', text };
    const intoLast = last > 0 && i === tiers.length - 1 && bytes * ratio >= largest;
    if (!intoLast) return mergeInL0(runs, reason);
    const inputs = closure(view, context, runs, last);
    const all = inputs.flatMap((l) => l.tables);
    if (anyBusy(all, context) || conflicts(context, spanOf(context.compare, all), last)) continue;
    return {
      kind: 'compact',
      inputs,
      outputLevel: last,
      maxOutputBytes: maxFileSize(options, last, last),
      maxGrandparentBytes: Number.POSITIVE_INFINITY,
      grandparents: [],
      reason,
      isTrivialMove: false,
    };
  }
  return NOTHING;
}

function sizeRatio({ options }: PolicyContext): number {
  return Math.max(2, Math.floor(options.max_bytes_for_level_multiplier));
}

/** Newest first. A run that is smaller than a newer one belongs to the newer one's tier, so that tiers have no gaps. */
export function tiersOf(view: TreeView, context: PolicyContext): Tier[] {
  const ratio = sizeRatio(context);
  const tiers: { index: number; runs: TableInfo[] }[] = [];
  for (const run of tablesAt(view, 0)) {
    let index = 0;
    for (let most = context.options.write_buffer_size * ratio; run.bytes > most; most *= ratio) index++;
    const tier = tiers.at(-1);
    if (tier !== undefined && index <= tier.index) tier.runs.push(run);
    else tiers.push({ index, runs: [run] });
  }
  return tiers;
}
