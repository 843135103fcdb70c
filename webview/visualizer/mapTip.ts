/** What the map tells of one table: the tooltip, and a sentence for screen readers. */
import { displayKey } from '../../engine/model/display.ts';
import type { TreeAt } from '../../engine/model/timeline/timeline.ts';
import { count, levelName, plural, size } from '../text/numbers.ts';
import { el, show } from '../ui/dom.ts';
import { type Colours, MODE_NAMES } from './colours.ts';
import type { Keys } from './context.ts';
import type { LevelFacts, Overlap } from './mapModel.ts';
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
  if (!Number.isNaN(high))
    lines.push(line('seq', Number.isNaN(low) || low === high ? count(high) : `${count(low)} – ${count(high)}`));
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

/** What the header of a level says, in full. */
export function levelTip(facts: LevelFacts): HTMLElement[] {
  const line = (text: string): HTMLElement => el('div', {}, text);
  const lines: HTMLElement[] = [
    el(
      'div',
      { class: 'tip-title' },
      levelName(facts.level),
      el('span', { class: 'dim' }, `${plural(facts.tables, 'file')}, ${size(facts.bytes)}`),
    ),
  ];
  if (facts.base) lines.push(line('Base level: L0 is compacted into it.'));
  if (facts.targetBytes !== null && facts.targetBytes > 0) {
    const share = count((100 * facts.bytes) / facts.targetBytes);
    lines.push(line(`${share} % of its target of ${size(facts.targetBytes)}`));
  }
  if (facts.score === null) lines.push(el('div', { class: 'dim' }, 'The engine does not score it.'));
  else {
    const due = facts.score >= 1 ? 'due to be compacted' : 'not due: it is compacted from a score of 1 on';
    lines.push(line(`Score ${facts.score.toFixed(2)}, ${due}`));
    if (facts.score >= 10 && facts.dynamic) {
      lines.push(el('div', { class: 'dim' }, 'With dynamic levels RocksDB multiplies scores above 1 by 10.'));
    }
  }
  return lines;
}

/** The box of the tooltip, over the map. */
export class TipBox {
  readonly element = el('div', { class: 'map-tip', 'aria-hidden': 'true' });

  constructor() {
    show(this.element, false);
  }

  hide(): void {
    show(this.element, false);
  }

  /**
   * Shows `content` beside `x`, so that what overlaps above and below stays in sight, and below a row or above it.
   * All in pixels of the pane, which is `width` × `height`.
   */
  set(
    content: readonly HTMLElement[],
    x: number,
    rowTop: number,
    rowHeight: number,
    width: number,
    height: number,
  ): void {
    show(this.element, true);
    this.element.replaceChildren(...content);
    const { offsetWidth: w, offsetHeight: h } = this.element;
    const below = rowTop + rowHeight + 10;
    const above = rowTop - h - 10;
    const left = x + 18 + w < width ? x + 18 : x - 18 - w;
    const top = below + h < height || above < 0 ? Math.min(below, height - h - 4) : above;
    this.element.style.left = `${Math.round(Math.max(4, Math.min(width - w - 4, left)))}px`;
    this.element.style.top = `${Math.round(Math.max(4, top))}px`;
  }
}
