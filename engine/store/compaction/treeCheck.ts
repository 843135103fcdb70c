/** The levels of the tree that a compaction would leave behind. */
import { StoreError } from '../../base/errors.ts';
import { checkLevels } from '../../model/check.ts';
import type { TableInfo, TreeView } from '../../model/tree.ts';
import { buildView, type FamilyVersion } from '../version.ts';
import type { StoreView } from '../view.ts';
import { proofFailure } from './rules.ts';

/** Throws if the tree with `outputs` in place of `inputs` breaks a rule that it kept before. */
export function checkTree(
  family: FamilyVersion,
  view: StoreView,
  inputs: readonly TableInfo[],
  outputs: readonly TableInfo[],
): void {
  const gone = new Set(inputs.map((t) => t.number));
  const { order, view: tree } = family;
  const compare = (a: Uint8Array, b: Uint8Array): number => order.compareUser(a, 0, a.length, b, 0, b.length);
  const findings = (t: TreeView): string[] =>
    checkLevels(t, compare, { lastSequence: view.lastSequence }).map((f) => f.message);
  for (const t of inputs) {
    if (family.state.tables.get(t.number) === undefined) {
      throw new StoreError('INPUT', `table ${t.number} is not live any more`, { path: t.file });
    }
  }
  const known = new Set(findings(tree));
  const tables = [...family.tables.filter((t) => !gone.has(t.number)), ...outputs];
  const broken = findings(buildView(family.state.id, tables, order, tree.blobFiles)).find((m) => !known.has(m));
  if (broken !== undefined) throw proofFailure(`the tree would be wrong: ${broken}`);
}
