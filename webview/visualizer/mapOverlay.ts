/**
 * Paints what moves over the map's ground: the table under the pointer and what it overlaps, the selection, the
 * key that was searched for, the way of a get, a job that runs. No DOM beyond the surface.
 */
import type { RunningJob } from '../../engine/protocol/engineApi.ts';
import type { Stop } from './mapExplain.ts';
import type { OutputBox } from './mapJob.ts';
import type { Overlap } from './mapModel.ts';
import { inRows, paintDimmedLabels, RIGHT_PAD, type Scene, xOf } from './mapPaint.ts';
import type { Surface } from './mapSurface.ts';
import { css } from './tones.ts';

export interface Marks {
  /** Under the pointer or the keyboard; -1 for none. */
  readonly hover: number;
  readonly overlaps: readonly Overlap[];
  readonly selected: readonly number[];
  /** Fraction of the axis at which the pointer is; undefined where it is not on the map. */
  readonly cursor: number | undefined;
  /** Fraction of the axis and tables of the key that was searched for. */
  readonly search: { readonly at: number | undefined; readonly lives: readonly number[] } | undefined;
  readonly explain: { readonly at: number | undefined; readonly stops: readonly Stop[] } | undefined;
  readonly job:
    | {
        readonly job: RunningJob;
        readonly percent: number;
        readonly inputs: readonly number[];
        readonly outputs: readonly OutputBox[];
      }
    | undefined;
  /** Pixels by which the dashes of running inputs have moved. */
  readonly march: number;
}

interface Rect {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Where a live table stands on the picture; at least two pixels wide. */
export function rectOf(s: Scene, life: number): Rect {
  const row = s.layout.rowOf[life] as number;
  const from = xOf(s, s.layout.left[life] as number);
  const to = xOf(s, s.layout.right[life] as number);
  const x = Math.round(Math.max(s.gutter - 40, from));
  const right = Math.min(s.width + 40, to);
  return {
    x,
    y: s.places.top[row] as number,
    w: Math.max(2, Math.round(right) - 1 - x),
    h: s.places.height[row] as number,
  };
}

export function isLive(s: Scene, life: number): boolean {
  return s.tree.timeline.isLive(life, s.tree.at);
}

export function paintMarks(surface: Surface, s: Scene, m: Marks): void {
  inRows(surface, s, (shifted) => paintRows(surface, shifted, m));
}

function paintRows(surface: Surface, s: Scene, m: Marks): void {
  const { palette } = s;
  const bottom = s.places.total - 4;
  const hovered = m.hover >= 0 && isLive(s, m.hover);
  // What is not meant stands back, in any colour mode; what is meant keeps its colour.
  if (hovered) veil(surface, s, [m.hover, ...m.overlaps.flatMap((o) => o.lives)]);
  else if (m.explain !== undefined && m.explain.stops.length > 0) veil(surface, s, livesOf(m.explain.stops));
  else if (m.search !== undefined) veil(surface, s, m.search.lives);
  if (hovered && s.layout.axis === 'keys') {
    const r = rectOf(s, m.hover);
    surface.line(r.x, 2, r.x, bottom, palette.muted, 1, [2, 3]);
    surface.line(r.x + r.w, 2, r.x + r.w, bottom, palette.muted, 1, [2, 3]);
  }
  if (m.cursor !== undefined) {
    const x = Math.round(xOf(s, m.cursor)) + 0.5;
    surface.line(x, 2, x, bottom, palette.text, 1);
  }
  if (m.search?.at !== undefined && m.explain === undefined) {
    const x = Math.round(xOf(s, m.search.at));
    surface.line(x, 2, x, bottom, palette.background, 4);
    surface.line(x, 2, x, bottom, palette.text, 2, [5, 3]);
  }
  for (const life of m.selected) if (isLive(s, life)) frame(surface, s, life, 1, palette.focus, 2, palette.background);
  if (m.job !== undefined) paintJob(surface, s, m.job, m.march);
  if (hovered) frame(surface, s, m.hover, 1, palette.text, 1, palette.background);
  if (m.explain !== undefined) paintExplain(surface, s, m.explain);
}

function livesOf(stops: readonly Stop[]): number[] {
  return stops.map((stop) => stop.life);
}

function frame(
  surface: Surface,
  s: Scene,
  life: number,
  grow: number,
  colour: string,
  width: number,
  halo?: string,
): void {
  const r = rectOf(s, life);
  if (halo !== undefined)
    surface.frame(r.x - grow - 1, r.y - grow - 1, r.w + 2 * grow + 2, r.h + 2 * grow + 2, halo, 1);
  surface.frame(r.x - grow, r.y - grow, r.w + 2 * grow, r.h + 2 * grow, colour, width);
}

/** Dims all rows but where `lives` stand. Neighbours on the screen are one, so that thousands cost little. */
function veil(surface: Surface, s: Scene, lives: readonly number[]): void {
  const { palette, layout, places } = s;
  const right = s.width - RIGHT_PAD;
  const alpha = palette.highContrast ? 0.65 : 0.58;
  const rows = layout.rows.map((): number[] => []);
  for (const life of lives) {
    if (isLive(s, life)) rows[layout.rowOf[life] as number]?.push(life);
  }
  rows.forEach((kept, i) => {
    const row = layout.rows[i];
    if (row === undefined || row.tables.length === 0) return;
    const y = places.top[i] as number;
    // Down to the next sublevel, and above the highest one up to where its level begins.
    const h =
      layout.rows[i + 1]?.level === row.level ? (places.top[i + 1] as number) - y : (places.height[i] as number);
    const band = layout.rows[i - 1]?.level === row.level ? undefined : places.bandOf(row.level);
    if (band !== undefined) surface.rect(s.gutter, band.top, right - s.gutter, y - band.top, palette.background, alpha);
    kept.sort((a, b) => (layout.left[a] as number) - (layout.left[b] as number));
    let from = s.gutter;
    const dim = (to: number): void => {
      if (to > from) surface.rect(from, y, to - from, h, palette.background, alpha);
    };
    for (const life of kept) {
      const a = Math.round(xOf(s, layout.left[life] as number));
      const b = Math.max(a + 2, Math.round(xOf(s, layout.right[life] as number)) - 1);
      if (a > right) break;
      if (b <= from) continue;
      // Gaps of a pixel are the borders between neighbours.
      if (a - from > 1) dim(a);
      from = Math.max(from, b);
    }
    dim(right);
  });
  paintDimmedLabels(surface, s, new Set(lives));
}

function paintJob(surface: Surface, s: Scene, running: NonNullable<Marks['job']>, march: number): void {
  const { palette } = s;
  // A dash that begins one on is one that has moved: the offset is in its first, shortened part.
  const dash = [5, 3];
  for (const life of running.inputs) {
    if (!isLive(s, life)) continue;
    const r = rectOf(s, life);
    surface.rect(r.x, r.y, r.w, r.h, palette.background, 0.4);
    marching(surface, { x: r.x, y: r.y, w: r.w, h: r.h }, palette.warning, dash, march);
  }
  const band = s.places.bandOf(running.job.outputLevel);
  if (band === undefined) return;
  let last: Rect | undefined;
  for (const box of running.outputs) {
    const x = Math.round(xOf(s, box.left));
    const w = Math.max(3, Math.round(xOf(s, box.right)) - 1 - x);
    const h = Math.max(6, Math.min(band.height, 26));
    const r = { x, y: band.top + (band.height - h) / 2, w, h };
    surface.rect(r.x, r.y, r.w, r.h, palette.background, 0.7);
    surface.rect(r.x, r.y, r.w, r.h, palette.good, 0.4);
    // Many narrow ones stand side by side: their borders must not be all that is seen.
    surface.frame(r.x, r.y, r.w, r.h, palette.good, r.w < 32 ? 1 : 2);
    last = r;
  }
  const text = `${Math.floor(running.percent)} %`;
  const style = { size: 11, bold: true, colour: palette.text } as const;
  const wide = surface.measure(text, style);
  const x = last === undefined ? s.gutter + 8 : Math.min(s.width - wide - 16, last.x + last.w + 6);
  const y = band.top + band.height / 2;
  surface.rect(x - 4, y - 9, wide + 8, 18, palette.background, 0.85);
  surface.text(text, x, y + 4, style);
}

/** A dashed frame whose dashes have moved on by `march` pixels. */
function marching(surface: Surface, r: Rect, colour: string, dash: readonly number[], march: number): void {
  const [on = 5, off = 3] = dash;
  const period = on + off;
  const at = ((march % period) + period) % period;
  const pattern = at < on ? [on - at, off, at, 0] : [0, period - at, on, at - on];
  surface.frame(r.x - 1, r.y - 1, r.w + 2, r.h + 2, colour, 2, pattern);
}

function paintExplain(surface: Surface, s: Scene, explain: NonNullable<Marks['explain']>): void {
  const { palette } = s;
  const toneOf = (stop: Stop): string => (stop.tone === 'muted' ? palette.muted : css(palette.tones[stop.tone]));
  const stops = explain.stops.filter((stop) => isLive(s, stop.life));
  const places = stops.map((stop) => {
    const r = rectOf(s, stop.life);
    const x = explain.at === undefined ? r.x + r.w / 2 : xOf(s, explain.at);
    return { x: Math.max(12, Math.min(s.width - 22, x)), y: r.y + r.h / 2 };
  });
  stops.forEach((stop) => {
    frame(surface, s, stop.life, 1, toneOf(stop), 2);
  });
  const first = places[0];
  if (first !== undefined && explain.at !== undefined) surface.line(first.x, 0, first.x, first.y, palette.text, 1.5);
  for (let i = 1; i < places.length; i++) {
    const a = places[i - 1] as { x: number; y: number };
    const b = places[i] as { x: number; y: number };
    surface.line(a.x, a.y, b.x, b.y, palette.text, 1.5);
  }
  // Stops on rows that are too close together move apart sideways.
  let previous = -100;
  let shift = 0;
  stops.forEach((stop, i) => {
    const place = places[i] as { x: number; y: number };
    shift = Math.abs(place.y - previous) < 16 ? shift + 18 : 0;
    previous = place.y;
    const x = place.x + shift;
    surface.disc(x, place.y, 8, palette.background, toneOf(stop));
    surface.disc(x, place.y, 6.5, toneOf(stop), toneOf(stop));
    surface.text(String(stop.order), x, place.y + 3.5, {
      size: 10,
      bold: true,
      align: 'center',
      colour: palette.background,
    });
  });
}
