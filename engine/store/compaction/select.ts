/** Which tables a forced compaction takes, by the policy that the store's own options name. */
import type { TableInfo } from '../../model/tree.ts';
import { forcedCompaction, type ManualTarget } from '../../policy/manual.ts';
import { policyOptions } from '../../policy/options.ts';
import { type Choice, nothing, type PolicyContext } from '../../policy/policy.ts';
import { policyName } from '../../policy/registry.ts';
import type { FamilyVersion } from '../version.ts';
import type { StoreView } from '../view.ts';

/** `now`: epoch seconds. `busy`: tables that compactions under way have taken. */
export function policyContext(
  view: StoreView,
  family: FamilyVersion,
  now: number,
  busy: ReadonlySet<number> = new Set(),
): PolicyContext {
  const { order } = family;
  return {
    options: policyOptions(view.shared.dialect.id, view.snapshot.options.family(family.state.name)),
    compare: (a, b) => order.compareUser(a, 0, a.length, b, 0, b.length),
    now,
    busy,
  };
}

export function forcedChoice(
  view: StoreView,
  family: FamilyVersion,
  target: ManualTarget,
  now: number,
  busy?: ReadonlySet<number>,
): Choice {
  const style = view.snapshot.options.family(family.state.name)['compaction_style'] ?? 'leveled';
  const policy = policyName(style, view.shared.dialect.id);
  if (policy === undefined) return nothing(`the compaction style ${style} is not known`);
  return forcedCompaction(family.view, policyContext(view, family, now, busy), target, policy);
}

/** Tables that a choice takes out of their levels. */
export function tablesOf(choice: Choice): readonly TableInfo[] {
  switch (choice.kind) {
    case 'none':
      return [];
    case 'drop':
      return choice.tables;
    default:
      return choice.inputs.flatMap((i) => i.tables);
  }
}
