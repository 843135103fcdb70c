/** Where the outputs of a job that runs now stand on the map: their bounds are keys, and the host is asked for their positions. */
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

/** Positions kept: a job has two bounds a table. */
const KEPT = 4096;

export class JobPlaces {
  readonly #context: Context;
  readonly #arrived: () => void;
  /** By key in hex; NaN while it is asked for, and where nobody can tell. */
  readonly #positions = new Map<string, number>();
  #epoch = -1;

  constructor(context: Context, arrived: () => void) {
    this.#context = context;
    this.#arrived = arrived;
  }

  /**
   * Boxes of the job's outputs. By their keys where positions are known; the others share the part of the axis
   * that the inputs take. On the axis of bytes they stand behind what the level holds.
   */
  boxes(job: RunningJob, layout: TreeLayout, inputs: { readonly left: number; readonly right: number }): OutputBox[] {
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
      const from = layout.fractionOf(this.#position(o.smallest));
      const to = layout.fractionOf(this.#position(o.largest));
      if (from <= to) return { ...base, left: from, right: to + 1 / layout.extent };
      const step = (inputs.right - inputs.left) / Math.max(1, n);
      return { ...base, left: inputs.left + i * step, right: inputs.left + (i + 0.96) * step };
    });
  }

  #position(key: Uint8Array): number {
    const { info, host } = this.#context;
    if (info === undefined) return Number.NaN;
    if (this.#epoch !== info.epoch || this.#positions.size > KEPT) {
      this.#epoch = info.epoch;
      this.#positions.clear();
    }
    const name = hex(key);
    const known = this.#positions.get(name);
    if (known !== undefined) return known;
    this.#positions.set(name, Number.NaN);
    host.call('timelinePosition', { family: info.family, epoch: info.epoch, key }).result.then(
      ({ position }) => {
        if (info.epoch !== this.#epoch) return;
        this.#positions.set(name, position);
        this.#arrived();
      },
      // It stays unknown, and its box is spread evenly.
      () => undefined,
    );
    return Number.NaN;
  }
}
