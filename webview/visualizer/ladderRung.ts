/** The parts of a rung of the ladder: what one step of a get says, line by line. */
import { displayKey } from '../../engine/model/display.ts';
import type { BlockStep, ReadStep, VersionStep } from '../../engine/protocol/engineApi.ts';
import { count, size } from '../text/numbers.ts';
import { type Child, el } from '../ui/dom.ts';
import { filterFacts, type VerdictTone } from './ladderModel.ts';

/** Characters of a bounding key. */
const BOUND_CHARS = 60;
/** Versions listed in one place; more than a handful are merge operands. */
const VERSIONS_MAX = 6;

export function dot(tone: VerdictTone): HTMLElement {
  return el('span', { class: `dot tone-${tone}`, 'aria-hidden': true });
}

export function chip(tone: VerdictTone, text: string, className = ''): HTMLElement {
  return el('span', { class: `chip ${className}` }, dot(tone), text);
}

/** Bounds, filter, blocks and versions of a step; `open` shows a block. */
export function stepLines(step: ReadStep, open: (block: BlockStep) => void): Child[] {
  const more = step.versions.length - VERSIONS_MAX;
  return [
    rangeLine(step),
    filterLine(step),
    ...step.blocks.map((b) => blockLine(step, b, () => open(b))),
    ...step.versions.slice(0, VERSIONS_MAX).map(versionLine),
    more > 0 ? termLine('', undefined, `and ${count(more)} more`) : null,
  ];
}

function rangeLine(step: ReadStep): Child {
  if (step.smallest === null || step.largest === null) return null;
  const title = `Smallest: ${displayKey(step.smallest, 400)}\nLargest: ${displayKey(step.largest, 400)}`;
  return el(
    'div',
    { class: 'rung-range mono', title },
    el('span', {}, displayKey(step.smallest, BOUND_CHARS)),
    '…',
    el('span', {}, displayKey(step.largest, BOUND_CHARS)),
  );
}

/** A name in a column of its own, and what belongs to it. */
function termLine(term: string, title: string | undefined, ...children: readonly Child[]): HTMLElement {
  return el(
    'div',
    { class: 'rung-line', title },
    el('span', { class: 'rung-term' }, term),
    el('span', {}, ...children),
  );
}

function filterLine(step: ReadStep): Child {
  const { filter } = step;
  if (filter === null) return null;
  const falsePositive = filter.falsePositive === true;
  const words = falsePositive ? 'false positive!' : filter.verdict;
  const tone = filter.verdict === 'no' ? 'blue' : falsePositive ? 'orange' : 'muted';
  const what = filter.bitsPerKey === null ? size(filter.bytes) : `${filter.bitsPerKey.toFixed(1)} bits/key`;
  return termLine('filter', filterFacts(step), chip(tone, words), ' ', el('span', { class: 'muted' }, what));
}

function blockLine(step: ReadStep, b: BlockStep, open: () => void): HTMLElement {
  const of = step.index === null ? '' : ` of ${count(step.index.blocks)}`;
  const title = `Show data block ${b.block} at offset ${b.offset} as text`;
  const link = el('button', { class: 'link', type: 'button', title }, `${count(b.block)}${of}`);
  link.addEventListener('click', open);
  const codec =
    b.compression === 'none' ? 'not compressed' : `${b.compression}, ${count(b.rawBytes)} bytes uncompressed`;
  return termLine(
    'block',
    codec,
    link,
    ' ',
    el('span', { class: 'muted' }, `${size(b.bytes)} ${b.cached ? 'cached' : 'read'}`),
  );
}

function versionLine(v: VersionStep): HTMLElement {
  const where = v.blob === undefined ? '' : ` in ${v.blob.file}`;
  const deleted = v.type === 'delete' || v.type === 'single-delete';
  const bytes = deleted ? '' : `, ${size(v.valueBytes)}${where}`;
  return termLine('version', undefined, `${v.type} `, el('span', { class: 'muted' }, `${count(v.seq)}${bytes}`));
}
