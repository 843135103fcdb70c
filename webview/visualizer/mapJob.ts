/**
 * Where things stand on the map of which only keys are known: the outputs of a job that runs now, and the key of
 * a get. The host is asked for the positions of keys.
 */
import { hex } from '../../engine/model/display.ts';
import type { RunningJob } from '../../engine/protocol/engineApi.ts';
import type { Context } from './context.ts';
import type { TreeLayout } from './mapLayout.ts';

/** A box on the level that a job writes to. Edges are fractions of the axis. */
export interface OutputBox {
  readonly level: number;
  readonly number: number;
  readonly bytes: number;
  readonly left: number;
  readonly right: number;
}

/**
 * Boxes of a job's outputs. By their keys where positions are known; the others share the part of the axis that
 * the inputs take (`room`). On the axis of bytes they stand behind what the level holds. `positionOf` gives NaN
 * where the position is not known.
 */
export function outputBoxes(
  job: RunningJob,
  layout: TreeLayout,
  room: { readonly left: number; readonly right: number },
  positionOf: (key: Uint8Array) => number,
): OutputBox[] {
  const n = job.outputs.length;
  let at = 0;
  if (layout.axis === 'bytes') {
    for (const row of layout.rows) {
      const last = row.tables[row.tables.length - 1];
      if (row.level === job.outputLevel && last !== undefined) at = layout.right[last] as number;
    }
  }
  return job.outputs.map((o, i) => {
    const base = { level: job.outputLevel, number: o.number, bytes: o.bytes };
    if (layout.axis === 'bytes') {
      const left = at;
      at += o.bytes / layout.extent;
      return { ...base, left, right: at };
    }
    const from = layout.fractionOf(positionOf(o.smallest));
    const to = layout.fractionOf(positionOf(o.largest));
    if (from <= to) return { ...base, left: from, right: to + 1 / layout.extent };
    const step = (room.right - room.left) / Math.max(1, n);
    return { ...base, left: room.left + i * step, right: room.left + (i + 0.96) * step };
  });
}

/** Positions kept: a job has two bounds a table. */
const KEPT = 4096;

/** Positions of keys, asked for once. */
export class KeyPlaces {
  readonly #context: Context;
  readonly #arrived: () => void;
  /** By key in hex; NaN while it is asked for, and where nobody can tell. */
  readonly #positions = new Map<string, number>();
  #of: string = '';

  constructor(context: Context, arrived: () => void) {
    this.#context = context;
    this.#arrived = arrived;
  }

  /** NaN while it is on its way. */
  position(key: Uint8Array): number {
    const { info, host } = this.#context;
    if (info === undefined) return Number.NaN;
    const { family, epoch } = info;
    const of = `${family} ${epoch}`;
    if (this.#of !== of || this.#positions.size > KEPT) {
      this.#of = of;
      this.#positions.clear();
    }
    const name = hex(key);
    const known = this.#positions.get(name);
    if (known !== undefined) return known;
    this.#positions.set(name, Number.NaN);
    host.call('timelinePosition', { family, epoch, key }).result.then(
      ({ position }) => {
        if (this.#of !== of) return;
        this.#positions.set(name, position);
        this.#arrived();
      },
      // It stays unknown: the box is spread evenly, and the way has no line above it.
      () => undefined,
    );
    return Number.NaN;
  }
}
