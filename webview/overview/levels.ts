/** Bytes per level, to one scale, as a table whose bars are decoration: every number is also text. */
import type { FamilySummary } from '../../engine/protocol/engineApi.ts';
import { count, levelName, ratio, size } from '../text/numbers.ts';
import { el } from '../ui/dom.ts';
import { barScale, barShare, shownLevels } from './metrics.ts';

export function levelsTable(family: FamilySummary): HTMLElement {
  const levels = shownLevels(family);
  if (levels.length === 0 && family.memtable.entries === 0) {
    return el('p', { class: 'muted' }, 'No tables yet.');
  }
  const widest = barScale(family);
  const heading = (text: string, kind = ''): HTMLElement => el('th', { scope: 'col', class: kind }, text);
  const rows = levels.map((level) => {
    const over = level.score !== null && level.score >= 1;
    return el(
      'tr',
      {},
      el('th', { scope: 'row' }, levelName(level.level)),
      el('td', { class: 'bar-cell' }, bar(level.bytes, level.targetBytes, widest, over)),
      el('td', { class: 'right' }, count(level.tables)),
      el('td', { class: 'right' }, size(level.bytes)),
      el('td', { class: 'right' }, level.targetBytes === null ? '–' : size(level.targetBytes)),
      el(
        'td',
        {
          class: `right${over ? ' over' : ''}`,
          title: over ? 'At 1 or above, the engine would compact this level' : undefined,
        },
        level.score === null ? '–' : level.score.toFixed(2),
      ),
    );
  });
  if (family.memtable.entries > 0) {
    rows.unshift(
      el(
        'tr',
        {},
        el('th', { scope: 'row' }, 'WAL'),
        el('td', { class: 'bar-cell' }, bar(family.memtable.bytes, null, widest, false)),
        el('td', { class: 'right' }, '–'),
        el('td', { class: 'right' }, size(family.memtable.bytes)),
        el('td', { class: 'right' }, '–'),
        el('td', { class: 'right' }, '–'),
      ),
    );
  }
  const head = el(
    'tr',
    {},
    heading('Level'),
    heading('Bytes', 'bar-cell'),
    heading('Tables', 'right'),
    heading('Size', 'right'),
    heading('Target', 'right'),
    heading('Score', 'right'),
  );
  return el('table', { class: 'data levels' }, el('thead', {}, head), el('tbody', {}, ...rows));
}

function bar(bytes: number, target: number | null, widest: number, over: boolean): HTMLElement {
  const filled = el('div', { class: `level-fill${over ? ' over' : ''}` });
  filled.style.width = `${barShare(bytes, widest) * 100}%`;
  const track = el('div', { class: 'level-bar', 'aria-hidden': 'true' }, filled);
  // A target far outside of the scale is told by the column beside it.
  if (target !== null && target > 0 && target <= widest) {
    const mark = el('div', { class: 'level-target', title: `Target ${size(target)}; ${ratio(bytes / target)}` });
    mark.style.left = `${(target / widest) * 100}%`;
    track.appendChild(mark);
  }
  return track;
}
