/** The state of a MANIFEST after an edit, as a new value: views of the old one keep what they show. */
import { applyEdit, type BlobFileState, type FamilyState, type ManifestState } from '../formats/leveldb/manifest.ts';
import type { VersionEdit } from '../formats/leveldb/versionEdit.ts';

function copyFamily(family: FamilyState): FamilyState {
  const blobFiles = new Map<number, BlobFileState>();
  for (const [number, blob] of family.blobFiles) blobFiles.set(number, { ...blob });
  const pointers = family.compactPointers;
  return {
    ...family,
    tables: new Map(family.tables),
    blobFiles,
    ...(pointers === undefined ? {} : { compactPointers: new Map(pointers) }),
  };
}

/** Families that no edit is about are shared with the old state. `file` is the MANIFEST now in force. */
export function editedState(state: ManifestState, edits: readonly VersionEdit[], file: string): ManifestState {
  const next: ManifestState = { ...state, file, families: new Map(state.families) };
  for (const id of new Set(edits.map((e) => e.family))) {
    const family = state.families.get(id);
    if (family !== undefined) next.families.set(id, copyFamily(family));
  }
  for (const edit of edits) applyEdit(next, edit);
  return next;
}
