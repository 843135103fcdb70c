/**
 * Pictures of the overview, made of elements, so that the theme's colours and the text size come by
 * themselves. Each has its numbers as a table beside it: for a screen reader always, for everybody on request.
 */
import type { SizeHistogram } from '../../engine/protocol/engineApi.ts';
import { count, size } from '../text/numbers.ts';
import { el } from '../ui/dom.ts';
import { bucketRange, bucketsShown, bucketTick, percent } from './words.ts';

/** A picture and its table, of which CSS shows one. */
export function figure(picture: HTMLElement, table: HTMLElement): HTMLElement {
  picture.classList.add('picture');
  picture.setAttribute('aria-hidden', 'true');
  table.classList.add('picture-table');
  return el('div', { class: 'figure' }, picture, table);
}

/** First column left, the rest right. */
export function dataTable(
  caption: string,
  headings: readonly string[],
  rows: readonly (readonly (string | HTMLElement)[])[],
): HTMLElement {
  const kind = (i: number): string => (i === 0 ? '' : 'right');
  return el(
    'table',
    { class: 'data', 'aria-label': caption },
    el('thead', {}, el('tr', {}, ...headings.map((h, i) => el('th', { scope: 'col', class: kind(i) }, h)))),
    el(
      'tbody',
      {},
      ...rows.map((row) =>
        el(
          'tr',
          {},
          ...row.map((cell, i) => (i === 0 ? el('th', { scope: 'row' }, cell) : el('td', { class: 'right' }, cell))),
        ),
      ),
    ),
  );
}

/** Bars of a histogram over power-of-two sizes. */
export function histogram(what: string, h: SizeHistogram): HTMLElement {
  const { first, last } = bucketsShown(h.counts);
  const n = h.counts.reduce((a, b) => a + b, 0);
  const most = Math.max(1, ...h.counts);
  const columns: HTMLElement[] = [];
  const rows: string[][] = [];
  for (let i = first; i <= last; i++) {
    const c = h.counts[i] ?? 0;
    const bar = el('div', { class: 'hist-bar' });
    // What is there at all is seen.
    bar.style.height = c === 0 ? '0' : `max(2px, ${(c / most) * 100}%)`;
    const words = `${bucketRange(i)} bytes: ${count(c)} (${percent(c / Math.max(1, n))})`;
    columns.push(
      el(
        'div',
        { class: 'hist-column', title: words },
        el('div', { class: 'hist-room' }, bar),
        el('div', { class: 'hist-tick' }, bucketTick(i)),
      ),
    );
    if (c > 0) rows.push([bucketRange(i), count(c), percent(c / Math.max(1, n))]);
  }
  const picture = el(
    'div',
    { class: 'hist' },
    el('div', { class: 'hist-top' }, n === 0 ? '' : count(most)),
    el('div', { class: 'hist-columns' }, ...columns),
    el('div', { class: 'hist-axis' }, 'bytes'),
  );
  return el(
    'div',
    {},
    figure(picture, dataTable(what, ['Bytes', 'Entries', 'Share'], rows)),
    el('div', { class: 'card-note' }, n === 0 ? 'none' : sizesText(h)),
  );
}

function sizesText(h: SizeHistogram): string {
  const spread =
    h.min === h.max ? `all ${size(h.min)}` : `${size(h.min)} to ${size(h.max)}, mean ${size(round(h.mean))}`;
  return `${spread}, ${size(h.total)} in all`;
}

function round(bytes: number): number {
  return bytes < 1024 ? Math.round(bytes * 10) / 10 : bytes;
}

export interface Part {
  readonly name: string;
  readonly bytes: number;
  /** One of the colour classes `tone-0` to `tone-8`. */
  readonly tone: number;
}

/** One bar of the whole, with a legend that is its table. */
export function stackedBar(caption: string, parts: readonly Part[]): HTMLElement {
  const total = Math.max(
    1,
    parts.reduce((sum, p) => sum + p.bytes, 0),
  );
  const bar = el('div', { class: 'stack', 'aria-hidden': 'true' });
  for (const p of parts) {
    const piece = el('div', {
      class: `stack-part tone-${p.tone}`,
      title: `${p.name}: ${size(p.bytes)} (${percent(p.bytes / total)})`,
    });
    piece.style.flexGrow = String(p.bytes / total);
    bar.appendChild(piece);
  }
  const items = parts.map((p) =>
    el(
      'li',
      { class: 'legend-item' },
      el('span', { class: `legend-mark tone-${p.tone}`, 'aria-hidden': 'true' }),
      el('span', {}, p.name),
      el('span', { class: 'legend-value' }, size(p.bytes)),
      el('span', { class: 'dim' }, percent(p.bytes / total)),
    ),
  );
  return el('div', {}, bar, el('ul', { class: 'legend', 'aria-label': caption }, ...items));
}

/** A row of a table whose last cell is a bar for its share. */
export function shareBar(share: number, tone: number): HTMLElement {
  const filled = el('div', { class: `share-fill tone-${tone}` });
  filled.style.width = share === 0 ? '0' : `max(1px, ${Math.min(1, share) * 100}%)`;
  return el('div', { class: 'share', 'aria-hidden': 'true' }, filled);
}
