/** What the map tells of one table: the tooltip, and a sentence for screen readers. */
import { displayKey } from '../../engine/model/display.ts';
import type { TreeAt } from '../../engine/model/timeline/timeline.ts';
import { count, levelName, plural, size } from '../text/numbers.ts';
import { el } from '../ui/dom.ts';
import { type Colours, MODE_NAMES } from './colours.ts';
import type { Keys } from './context.ts';
import type { Overlap } from './mapModel.ts';
import { timeText } from './words.ts';

const KEY_CHARS = 60;

function keyText(keys: Keys, position: number): string {
  const key = keys.at(position);
  return key === undefined ? '…' : displayKey(key, KEY_CHARS);
}

function bornText(tree: TreeAt, life: number): string {
  const t = tree.timeline;
  const event = t.born[life] as number;
  const time = timeText(t.at[event] as number);
  return `edit ${count(event + 1)}${time === '' ? '' : `, ${time.slice(0, 19)} UTC`}`;
}

/** One sentence: what a screen reader says of the table. */
export function describeLife(tree: TreeAt, life: number, keys: Keys, overlaps: readonly Overlap[]): string {
  const t = tree.timeline;
  const shared = overlaps.map((o) => `${o.lives.length} in ${levelName(o.level)}`).join(', ');
  return (
    `Table ${t.number[life]}, ${levelName(t.level[life] as number)}, ${size(t.bytes[life] as number)}, ` +
    `from ${keyText(keys, t.smallest[life] as number)} to ${keyText(keys, t.largest[life] as number)}` +
    `${shared === '' ? '' : `, overlaps ${shared}`}`
  );
}

export function tipContent(
  tree: TreeAt,
  life: number,
  keys: Keys,
  overlaps: readonly Overlap[],
  colours: Colours,
): HTMLElement[] {
  const t = tree.timeline;
  const line = (name: string, text: string, mono = false): HTMLElement =>
    el(
      'div',
      { class: 'tip-line' },
      el('span', { class: 'dim' }, name),
      el('span', mono ? { class: 'mono' } : {}, text),
    );
  const lines = [
    el(
      'div',
      { class: 'tip-title' },
      `Table ${t.number[life]}`,
      el('span', { class: 'dim' }, `${levelName(t.level[life] as number)}, ${size(t.bytes[life] as number)}`),
    ),
    line('from', keyText(keys, t.smallest[life] as number), true),
    line('to', keyText(keys, t.largest[life] as number), true),
  ];
  const low = t.smallestSeq[life] as number;
  const high = t.largestSeq[life] as number;
  if (!Number.isNaN(high)) lines.push(line('seq', Number.isNaN(low) ? count(high) : `${count(low)} – ${count(high)}`));
  const entries = t.entries[life] as number;
  if (!Number.isNaN(entries)) {
    const deletions = t.deletions[life] as number;
    const gone = Number.isNaN(deletions) || deletions === 0 ? '' : `, ${plural(deletions, 'deletion')}`;
    lines.push(line('holds', `${plural(entries, 'entry', 'entries')}${gone}`));
  }
  lines.push(line('born', bornText(tree, life)));
  if (colours.mode !== 'level' && colours.mode !== 'size') {
    lines.push(el('div', { class: 'tip-value' }, `${MODE_NAMES[colours.mode]}: ${colours.describe(life)}`));
  }
  lines.push(
    overlaps.length === 0
      ? el('div', { class: 'dim' }, 'overlaps no other table')
      : el(
          'div',
          { class: 'tip-overlaps' },
          el('span', { class: 'dim' }, 'overlaps'),
          ...overlaps.map((o) =>
            el('span', {}, el('b', {}, levelName(o.level)), ` ${plural(o.lives.length, 'table')}, ${size(o.bytes)}`),
          ),
        ),
  );
  return lines;
}
