/** Choices that an edit alone carries out: tables that change their level, and tables that are dropped. */
import { StoreError } from '../../base/errors.ts';
import { emptyEdit, type VersionEdit } from '../../formats/leveldb/versionEdit.ts';
import type { TableInfo } from '../../model/tree.ts';
import type { CompactChoice, DropChoice } from '../../policy/policy.ts';
import type { FamilyVersion } from '../version.ts';
import type { CompactionHost } from './job.ts';
import { type CompactionResult, result } from './result.ts';
import { checkTree } from './treeCheck.ts';

export function drop(host: CompactionHost, family: FamilyVersion, choice: DropChoice): CompactionResult {
  const edit: VersionEdit = { ...emptyEdit(), family: family.state.id };
  for (const t of choice.tables) edit.deletedFiles.push({ level: choice.level, number: t.number });
  host.logAndApply(edit, { kind: 'drop', why: choice.reason.code });
  const now = host.reader.view.family(family.state.id);
  return result('drop', choice.reason.text, family, now, choice.tables, [], choice.level, 0, 0);
}

/** Tables change their level by an edit alone. */
export function move(host: CompactionHost, family: FamilyVersion, choice: CompactChoice): CompactionResult {
  const edit: VersionEdit = { ...emptyEdit(), family: family.state.id };
  const inputs = choice.inputs.flatMap((i) => i.tables);
  const moved: TableInfo[] = [];
  for (const t of inputs) {
    const file = family.state.tables.get(t.number);
    if (file === undefined) throw new StoreError('INPUT', `table ${t.number} is not live any more`);
    edit.deletedFiles.push({ level: t.level, number: t.number });
    edit.newFiles.push({ ...file, level: choice.outputLevel });
    moved.push({ ...t, level: choice.outputLevel });
  }
  checkTree(family, host.reader.view, inputs, moved);
  pointer(edit, choice);
  host.logAndApply(edit, { kind: 'move', why: choice.reason.code });
  const now = host.reader.view.family(family.state.id);
  return result('move', choice.reason.text, family, now, inputs, moved, choice.outputLevel, 0, 0);
}

/** Where the next compaction of the level begins goes into the same edit. */
export function pointer(edit: VersionEdit, choice: CompactChoice): void {
  if (choice.compactPointer !== undefined) edit.compactCursors.push(choice.compactPointer);
}
