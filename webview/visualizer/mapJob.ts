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

/** Of an equal share of the inputs' part of the axis: outputs that are narrower cannot be told apart there. */
const NARROW = 0.25;
/** Of the inputs' part of the axis: as far as this may the last output's key be from where the job is by bytes. */
const ASTRAY = 0.35;

/**
 * Boxes of a job's outputs. On the axis of keys they stand where their keys do, unless they are crowded between two
 * boundary keys, as when all inputs overlap: then they share what the job has `done` (0 to 1) of the part of the
 * axis that the inputs take (`room`), by their bytes. `positionOf` gives NaN where the position is not known.
 * On the axis of bytes they stand behind what the level holds.
 */
export function outputBoxes(
  job: RunningJob,
  layout: TreeLayout,
  room: { readonly left: number; readonly right: number },
  done: number,
  positionOf: (key: Uint8Array) => number,
): OutputBox[] {
  if (layout.axis === 'bytes') {
    let end = 0;
    for (const row of layout.rows) {
      const last = row.tables[row.tables.length - 1];
      if (row.level === job.outputLevel && last !== undefined) end = layout.right[last] as number;
    }
    return byBytes(job, end, 1 / layout.extent);
  }
  const share = (room.right - room.left) / Math.max(1, job.outputs.length);
  const boxes: { level: number; number: number; bytes: number; left: number; right: number }[] = [];
  let end = room.left;
  for (const { number, bytes, smallest, largest } of job.outputs) {
    let left = layout.fractionOf(positionOf(smallest));
    let right = layout.fractionAfter(positionOf(largest));
    // One whose place is not known yet comes after those before it.
    if (Number.isNaN(left + right)) {
      left = end;
      right = Math.min(room.right, end + 0.96 * share);
    }
    // Keys between the same two boundary keys share a step.
    const before = boxes.at(-1);
    if (before !== undefined && before.left < left) before.right = Math.min(before.right, left);
    boxes.push({ level: job.outputLevel, number, bytes, left, right });
    end = right;
  }
  // The last one may have only just begun.
  const narrow = boxes.filter((box, i) => i + 1 < boxes.length && box.right - box.left < NARROW * share).length;
  const astray = Math.abs((end - room.left) / (room.right - room.left) - done);
  if (2 * narrow < boxes.length && astray <= ASTRAY) return boxes;
  const bytes = job.outputs.reduce((sum, o) => sum + o.bytes, 0);
  return byBytes(job, room.left, (Math.min(1, Math.max(0, done)) * (room.right - room.left)) / Math.max(1, bytes));
}

/** Outputs side by side from `left` on. */
function byBytes(job: RunningJob, left: number, perByte: number): OutputBox[] {
  let at = left;
  return job.outputs.map(({ number, bytes }) => {
    const from = at;
    at += bytes * perByte;
    return { level: job.outputLevel, number, bytes, left: from, right: at };
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
