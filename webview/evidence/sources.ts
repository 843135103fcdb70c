/** The files that the records come from, in the detail pane while no row is selected. */
import type { EvidenceFile } from '../../engine/protocol/engineApi.ts';
import { section } from '../results/detail.ts';
import { plural, size } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { el } from '../ui/dom.ts';

/** More than anybody reads; an export lists them all. */
const FILES_MAX = 500;

export function sourcesTable(files: readonly EvidenceFile[]): HTMLElement {
  const orphans = files.filter((f) => !f.live).length;
  // What the store does not count is what people look for.
  const shown = [...files].sort((a, b) => Number(a.live) - Number(b.live)).slice(0, FILES_MAX);
  const rows = shown.map(({ file, bytes, live }) =>
    el(
      'tr',
      {},
      el('th', { scope: 'row' }, el('span', { class: 'mono' }, visibleString(file))),
      el('td', {}, size(bytes)),
      el('td', {}, live ? 'counts' : el('span', { class: 'became became-orphan' }, 'orphan')),
    ),
  );
  const head = ['File', 'Size', 'For the store'].map((name) => el('th', { scope: 'col' }, name));
  const notes = [plural(files.length, 'file'), orphans === 0 ? '' : plural(orphans, 'orphan')];
  if (files.length > FILES_MAX) notes.push(`the first ${FILES_MAX} are listed`);
  return section(
    'Sources',
    notes,
    el('table', { class: 'entity sources' }, el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...rows)),
  );
}
