/**
 * Paints the map's ground: headers of levels, rows, tables. No DOM beyond the surface. What it costs is bounded
 * by the pixels and not by the tables, since tables of the same pixels are one span.
 */
import { formatBytes, formatCount } from '../../engine/model/display.ts';
import type { TreeAt } from '../../engine/model/timeline/timeline.ts';
import { Spans } from '../map/layout.ts';
import { levelName, plural } from '../text/numbers.ts';
import { type Colours, UNKNOWN } from './colours.ts';
import type { TreeLayout } from './mapLayout.ts';
import type { LevelFacts } from './mapModel.ts';
import type { Palette } from './mapPalette.ts';
import type { Band, RowPlaces } from './mapRows.ts';
import { fitted, oneOf, type Surface } from './mapSurface.ts';
import type { Window } from './state.ts';
import { css, mix } from './tones.ts';

/** All that a picture of the map is made of. Lengths are CSS pixels. */
export interface Scene {
  readonly tree: TreeAt;
  readonly layout: TreeLayout;
  readonly places: RowPlaces;
  readonly colours: Colours;
  readonly palette: Palette;
  readonly facts: readonly LevelFacts[];
  readonly window: Window;
  /** Of the whole picture, headers included. */
  readonly width: number;
  readonly height: number;
  readonly gutter: number;
}

export const RIGHT_PAD = 10;
/** A table that is smaller than this has no label. */
const LABEL_WIDTH = 30;
const LABEL_HEIGHT = 13;
const NAME = { size: 13, bold: true } as const;
const SMALL = { size: 11 } as const;

export const mapWidth = (s: Scene): number => Math.max(1, s.width - s.gutter - RIGHT_PAD);

/** Pixels from the left of the picture at a fraction of the axis. */
export function xOf(s: Scene, fraction: number): number {
  return s.gutter + ((fraction - s.window.from) / (s.window.to - s.window.from)) * mapWidth(s);
}

export function fractionAt(s: Scene, x: number): number {
  return s.window.from + ((x - s.gutter) / mapWidth(s)) * (s.window.to - s.window.from);
}

/** Paints with what is outside of the rows cut off, headers included; two pixels stay for frames. */
export function inRows(surface: Surface, s: Scene, paint: (shifted: Scene) => void): void {
  const width = mapWidth(s);
  surface.group(s.gutter - 2, 0, width + 4, s.height, () => paint({ ...s, gutter: 2, width: width + 2 + RIGHT_PAD }));
}

const spans = new Spans();

export function paintMap(surface: Surface, s: Scene): void {
  const { palette, places, layout } = s;
  const width = mapWidth(s);
  for (const band of places.bands) {
    surface.rect(s.gutter, band.top, width, band.height, palette.track);
    if (palette.highContrast) surface.frame(s.gutter - 1, band.top - 1, width + 2, band.height + 2, palette.line, 1);
    paintHeader(surface, s, band);
  }
  surface.group(s.gutter, 0, width, s.height, () => {
    layout.rows.forEach((_, i) => {
      paintRow(surface, s, i, width);
    });
  });
}

function paintRow(surface: Surface, s: Scene, rowIndex: number, width: number): void {
  const { layout, places, colours, palette, window } = s;
  const row = layout.rows[rowIndex];
  if (row === undefined || row.tables.length === 0) return;
  const y = places.top[rowIndex] as number;
  const height = places.height[rowIndex] as number;
  spans.set(layout, row, width, window.from, window.to);
  const hatchLine = css(mix(palette.tones.background, palette.tones.muted, 0.6));
  for (let i = 0; i < spans.count; i++) {
    const x = spans.edges[2 * i] as number;
    const w = (spans.edges[2 * i + 1] as number) - x;
    const first = spans.first[i] as number;
    const last = spans.last[i] as number;
    const index = colours.index(row.tables, first, last);
    if (index === UNKNOWN && w >= 3) surface.hatch(x, y, w, height, colours.fill(index), hatchLine);
    else surface.rect(x, y, w, height, colours.fill(index));
    if (palette.highContrast && w >= 5 && height >= 5) surface.frame(x, y, w, height, palette.line, 1);
    if (first === last && w >= LABEL_WIDTH && height >= LABEL_HEIGHT) {
      label(surface, s, row.tables[first] as number, x, y, w, height, colours.ink(index));
    }
  }
}

/** Writes once more, over what dims the tables, the labels of all but those in `bright`. */
export function paintDimmedLabels(surface: Surface, s: Scene, bright: ReadonlySet<number>): void {
  const { layout, places, palette, window } = s;
  const width = mapWidth(s);
  const ink = css(mix(palette.tones.background, palette.tones.foreground, 0.75));
  surface.group(s.gutter, 0, width, s.height, () => {
    layout.rows.forEach((row, i) => {
      const height = places.height[i] as number;
      if (row.tables.length === 0 || height < LABEL_HEIGHT) return;
      spans.set(layout, row, width, window.from, window.to);
      for (let at = 0; at < spans.count; at++) {
        const x = spans.edges[2 * at] as number;
        const w = (spans.edges[2 * at + 1] as number) - x;
        const life = row.tables[spans.first[at] as number] as number;
        if (spans.first[at] !== spans.last[at] || w < LABEL_WIDTH || bright.has(life)) continue;
        label(surface, s, life, x, places.top[i] as number, w, height, ink);
      }
    });
  });
}

/** Number and size in a table, as far as there is room in the part of it that is on screen. */
function label(
  surface: Surface,
  s: Scene,
  life: number,
  left: number,
  y: number,
  w: number,
  height: number,
  colour: string,
): void {
  const t = s.tree.timeline;
  const from = Math.max(0, left) + 5;
  const room = Math.min(mapWidth(s), left + w) - from - 3;
  const number = `#${t.number[life]}`;
  const size = formatBytes(t.bytes[life] as number);
  const style = { ...SMALL, colour };
  // Digits are about as wide as this; close enough to decide what to write.
  const wide = (text: string, bold: boolean): number => text.length * (bold ? 7.7 : 7);
  const middle = y + height / 2 + 4;
  if (height >= 30 && wide(number, true) <= room && wide(size, false) <= room) {
    surface.text(number, from, middle - 7, { ...style, bold: true });
    surface.text(size, from, middle + 7, style);
  } else if (wide(number, true) + wide(size, false) + 8 <= room) {
    surface.text(number, from, middle, { ...style, bold: true });
    surface.text(size, from + room, middle, { ...style, align: 'right' });
  } else if (wide(number, false) <= room) surface.text(number, from, middle, style);
}

const SCORE_MAX_DIGITS = 100;

function scoreText(score: number): string {
  return score >= SCORE_MAX_DIGITS ? String(Math.round(score)) : score.toFixed(2);
}

/** Name, base badge, tables, bytes, score, and bytes against the target: as much as the height allows. */
function paintHeader(surface: Surface, s: Scene, band: Band): void {
  const { palette } = s;
  const facts = s.facts.find((f) => f.level === band.level);
  const right = s.gutter - 12;
  const left = 10;
  if (band.skippedFrom >= 0) {
    const last = band.level - 1;
    const range = last === band.skippedFrom ? levelName(last) : `${levelName(band.skippedFrom)}–${levelName(last)}`;
    surface.text(`${range} unused`, left, band.top - 5, { ...SMALL, size: 10, colour: palette.muted });
  }
  if (facts === undefined) return;
  const dim = { ...SMALL, colour: palette.muted };
  const plain = { ...SMALL, colour: palette.text };
  const name = levelName(facts.level);
  const lines = Math.max(1, Math.min(3, Math.floor((band.height - 2) / 15)));
  const first =
    lines === 1 ? band.top + band.height / 2 + 5 : band.top + Math.max(13, (band.height - lines * 15) / 2 + 12);
  surface.text(name, left, first, { ...NAME, colour: palette.text });
  let x = left + surface.measure(name, { ...NAME, colour: '' }) + 6;
  if (facts.base) {
    const w = surface.measure('base', { ...SMALL, size: 10, colour: '' }) + 8;
    surface.rect(x, first - 10, w, 13, palette.badge);
    if (palette.highContrast) surface.frame(x, first - 10, w, 13, palette.line, 1);
    surface.text('base', x + 4, first, { ...SMALL, size: 10, colour: palette.badgeText });
    x += w + 6;
  }
  if (facts.tables === 0) {
    surface.text(fitted(surface, 'empty', right - x, dim), right, first, { ...dim, align: 'right' });
    paintBar(surface, s, band, facts, left, right);
    return;
  }
  const over = facts.score !== null && facts.score >= 1;
  const score = facts.score === null ? '' : scoreText(facts.score);
  const files = plural(facts.tables, 'file');
  const size = formatBytes(facts.bytes);
  surface.text(fitted(surface, size, right - x, plain), right, first, { ...plain, align: 'right' });
  if (lines >= 2) {
    surface.text(fitted(surface, files, right - left, dim), left, first + 15, dim);
    const room = right - left - surface.measure(files, dim) - 8;
    const style = over ? { ...plain, bold: true } : dim;
    surface.text(oneOf(surface, score === '' ? [] : [`score ${score}`, score], room, style), right, first + 15, {
      ...style,
      align: 'right',
    });
  }
  if (lines >= 3 && facts.targetBytes !== null && facts.targetBytes > 0) {
    const share = Math.round((100 * facts.bytes) / facts.targetBytes);
    const texts = [`${formatCount(share)} % of ${formatBytes(facts.targetBytes)}`, `${formatCount(share)} % of target`];
    surface.text(oneOf(surface, [...texts, `${formatCount(share)} %`], right - left, dim), left, first + 30, dim);
  }
  paintBar(surface, s, band, facts, left, right);
}

/** Bytes against the target as a bar at the right edge of the header, upright; the target is its whole height. */
function paintBar(surface: Surface, s: Scene, band: Band, facts: LevelFacts, _left: number, right: number): void {
  const ratio =
    facts.targetBytes !== null && facts.targetBytes > 0
      ? facts.bytes / facts.targetBytes
      : facts.level === 0 && facts.score !== null
        ? facts.score
        : undefined;
  if (ratio === undefined) return;
  const { palette } = s;
  const filled = Math.max(facts.tables > 0 ? 1 : 0, Math.round(band.height * Math.min(1, ratio)));
  const x = right + 5;
  surface.rect(x, band.top, 3, band.height, css(mix(palette.tones.background, palette.tones.foreground, 0.12)));
  surface.rect(x, band.top + band.height - filled, 3, filled, ratio >= 1 ? palette.warning : palette.accent);
}
