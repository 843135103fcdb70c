/**
 * The move from one tree to its neighbour, shown: what goes slides to where it goes and fades, what comes
 * appears there. Pure but for the surface; the tree on show is the new one from the first frame on, so nothing
 * waits for it.
 */
import type { TreeAt } from '../../engine/model/timeline/timeline.ts';
import { inRows, type Scene, xOf } from './mapPaint.ts';
import type { Surface } from './mapSurface.ts';

const MILLIS = 260;
/** Events of more tables than this do not move: it would be a blur. */
const TABLES_MAX = 400;
/** A speed, in events a second, from which nothing moves while playing. */
export const FLOW_SPEED_MAX = 6;

/** A table where it stood or stands: pixels up and down, fractions of the axis sideways. */
interface Box {
  readonly life: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly height: number;
}

export interface Flow {
  readonly gone: readonly Box[];
  readonly came: readonly number[];
  readonly started: number;
}

/** Lives that leave and come when `event` is applied, or undone. */
export function changesOf(tree: TreeAt, event: number, back: boolean): { gone: number[]; came: number[] } | undefined {
  const t = tree.timeline;
  const added: number[] = [];
  const removed: number[] = [];
  const size =
    (t.addedStart[event + 1] as number) -
    (t.addedStart[event] as number) +
    (t.removedStart[event + 1] as number) -
    (t.removedStart[event] as number);
  if (size > TABLES_MAX) return undefined;
  for (let life = t.addedStart[event] as number; life < (t.addedStart[event + 1] as number); life++) added.push(life);
  for (let k = t.removedStart[event] as number; k < (t.removedStart[event + 1] as number); k++) {
    removed.push(t.removed[k] as number);
  }
  return back ? { gone: added, came: removed } : { gone: removed, came: added };
}

/** Where `lives` stand now: call it before the layout moves on. */
export function boxesOf(s: Pick<Scene, 'layout' | 'places'>, lives: readonly number[]): Box[] {
  const { layout, places } = s;
  return lives.map((life) => {
    const row = layout.rowOf[life] as number;
    return {
      life,
      left: layout.left[life] as number,
      right: layout.right[life] as number,
      top: places.top[row] as number,
      height: places.height[row] as number,
    };
  });
}

const ease = (x: number): number => 1 - (1 - x) ** 3;

/** Paints the flow at `now`; false when it is over. */
export function paintFlow(surface: Surface, s: Scene, flow: Flow, now: number): boolean {
  const x = (now - flow.started) / MILLIS;
  if (x >= 1) return false;
  inRows(surface, s, (shifted) => paintPart(surface, shifted, flow, ease(Math.max(0, x))));
  return true;
}

function paintPart(surface: Surface, s: Scene, flow: Flow, p: number): void {
  const t = s.tree.timeline;
  const came = boxesOf(s, flow.came);
  for (const box of came) {
    const left = xOf(s, box.left);
    surface.rect(left, box.top, xOf(s, box.right) - left, box.height, s.palette.track, 1 - p);
  }
  const from = outline(flow.gone);
  const to = outline(came);
  if (from !== undefined && to !== undefined) {
    const a = from.top <= to.top ? from.bottom : from.top;
    const b = from.top <= to.top ? to.top : to.bottom;
    const ribbon = [xOf(s, from.left), a, xOf(s, from.right), a, xOf(s, to.right), b, xOf(s, to.left), b];
    surface.shape(ribbon, s.palette.accent, 0.16 * (1 - p));
  }
  for (const box of flow.gone) {
    // A table that moves arrives as itself; one that is merged goes down where its keys are.
    const self = came.find((c) => t.number[c.life] === t.number[box.life]);
    const keys = s.layout.axis === 'keys';
    const target = self ?? (to === undefined ? undefined : { ...to, height: Math.min(box.height, to.bottom - to.top) });
    const at = (v: number, goal: number | undefined): number => (goal === undefined ? v : v + (goal - v) * p);
    const left = xOf(s, self === undefined && keys ? box.left : at(box.left, target?.left));
    const right = xOf(s, self === undefined && keys ? box.right : at(box.right, target?.right));
    const fill = s.colours.fill(s.colours.index(Uint32Array.of(box.life), 0, 0));
    const alpha = self === undefined ? 0.85 * (1 - p) : 1;
    surface.rect(
      left,
      at(box.top, target?.top),
      Math.max(1.5, right - left),
      at(box.height, target?.height),
      fill,
      alpha,
    );
  }
  if (flow.gone.length > 0) return;
  // Nothing went: it came from memory, above.
  for (const box of came) {
    const left = xOf(s, box.left);
    const fill = s.colours.fill(s.colours.index(Uint32Array.of(box.life), 0, 0));
    surface.rect(left, box.top - 18 * (1 - p), Math.max(1.5, xOf(s, box.right) - left), box.height, fill, p);
  }
}

function outline(
  boxes: readonly Box[],
): { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number } | undefined {
  if (boxes.length === 0) return undefined;
  return {
    left: Math.min(...boxes.map((b) => b.left)),
    right: Math.max(...boxes.map((b) => b.right)),
    top: Math.min(...boxes.map((b) => b.top)),
    bottom: Math.max(...boxes.map((b) => b.top + b.height)),
  };
}
