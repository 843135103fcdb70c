/**
 * How high the rows of the map are, and where: pure, no DOM. All numbers are CSS pixels.
 *
 * The rows fill the pane. L0 has a band of its own in which its sublevels stand on the ground of the band and
 * pile up, so that the levels below stay where they are while tables come and go above.
 */
import type { MapLayout } from '../map/layout.ts';

/** The rows of one level. */
export interface Band {
  readonly level: number;
  top: number;
  height: number;
  /** First level that never held a table and stands between this one and the one above; -1 for none. */
  skippedFrom: number;
}

const PAD = 6;
const GAP = 7;
/** Room for a line of text where levels are left out. */
const SKIPPED_GAP = 17;
const LEVEL_MIN = 24;
const LEVEL_MAX = 120;
/** The band of L0 against that of another level, where it has sublevels. */
const L0_WEIGHT = 1.6;
const SUBLEVEL_MAX = 30;
/** As thin as a sublevel gets without need, and with it. */
const SUBLEVEL_GOOD = 5;
const SUBLEVEL_MIN = 1;
const SUBLEVEL_GAP = 1;

export class RowPlaces {
  /** By row of the layout. */
  top = new Float64Array(16);
  height = new Float64Array(16);
  bands: Band[] = [];
  total = 0;

  /** Places the rows in `available` pixels, or in more where they need it. */
  update(layout: MapLayout, available: number): void {
    const { rows } = layout;
    if (this.top.length < rows.length) {
      this.top = new Float64Array(2 * rows.length);
      this.height = new Float64Array(2 * rows.length);
    }
    this.bands = [];
    let sublevels = 0;
    for (const row of rows) {
      const previous = this.bands[this.bands.length - 1];
      if (row.level === 0) sublevels++;
      if (previous?.level === row.level) continue;
      const skippedFrom = previous !== undefined && row.level > previous.level + 1 ? previous.level + 1 : -1;
      this.bands.push({ level: row.level, top: 0, height: 0, skippedFrom });
    }
    const stacked = layout.axis === 'keys';
    const deeper = this.bands.length - 1;
    const gaps = this.bands.reduce((sum, b, i) => sum + (i === 0 ? 0 : b.skippedFrom >= 0 ? SKIPPED_GAP : GAP), 0);
    const room = available - 2 * PAD - gaps;
    const weight = stacked ? L0_WEIGHT : 1;
    let level = Math.min(LEVEL_MAX, Math.max(LEVEL_MIN, room / (deeper + weight)));
    let l0 = level * weight;
    // Where many tables pile up, L0 takes what the other levels can spare, and only then more than there is.
    const comfortable = sublevels * (SUBLEVEL_GOOD + SUBLEVEL_GAP);
    if (l0 < comfortable) {
      l0 = Math.max(l0, Math.min(comfortable, room - deeper * LEVEL_MIN), sublevels * (SUBLEVEL_MIN + SUBLEVEL_GAP));
      level = Math.max(LEVEL_MIN, Math.min(level, (room - l0) / Math.max(1, deeper)));
    }

    let at = PAD;
    this.bands.forEach((band, i) => {
      if (i > 0) at += band.skippedFrom >= 0 ? SKIPPED_GAP : GAP;
      band.top = at;
      band.height = Math.floor(band.level === 0 ? l0 : level);
      at += band.height;
    });
    this.total = at + PAD;
    this.#placeRows(layout, sublevels);
  }

  /** The row at `y`, or the nearest one of its band; -1 between bands. */
  rowAt(layout: MapLayout, y: number): number {
    let best = -1;
    let distance = Number.POSITIVE_INFINITY;
    for (let i = 0; i < layout.rows.length; i++) {
      const top = this.top[i] as number;
      const d = Math.max(0, top - y, y - top - (this.height[i] as number));
      if (d < distance) {
        distance = d;
        best = i;
      }
    }
    return distance <= 2 ? best : -1;
  }

  bandOf(level: number): Band | undefined {
    return this.bands.find((b) => b.level === level);
  }

  #placeRows(layout: MapLayout, sublevels: number): void {
    const most = (layout.axis === 'keys' ? SUBLEVEL_MAX : LEVEL_MAX * L0_WEIGHT) + SUBLEVEL_GAP;
    const l0 = this.bandOf(0)?.height ?? 0;
    // A part of a pixel counts, so that many thin rows fill the band; edges are on whole pixels.
    const pitch = Math.max(SUBLEVEL_MIN + SUBLEVEL_GAP, Math.min(most, (l0 + SUBLEVEL_GAP) / Math.max(1, sublevels)));
    layout.rows.forEach((row, i) => {
      const band = this.bandOf(row.level);
      if (band === undefined) return;
      if (row.level > 0) {
        this.top[i] = band.top;
        this.height[i] = band.height;
        return;
      }
      const ground = band.top + band.height + SUBLEVEL_GAP;
      const top = Math.round(ground - (row.sublevel + 1) * pitch);
      this.top[i] = top;
      this.height[i] = Math.max(SUBLEVEL_MIN, Math.round(ground - row.sublevel * pitch) - SUBLEVEL_GAP - top);
    });
  }
}
