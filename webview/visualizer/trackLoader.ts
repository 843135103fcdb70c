/** Pulls the second history, anew whenever the host says that there is another one, or more of it. */
import type { TimelineInfo } from '../../engine/model/timeline/columns.ts';
import { Timeline } from '../../engine/model/timeline/timeline.ts';
import type { TrackInit } from '../../engine/protocol/viewApi.ts';
import type { Host } from '../ui/host.ts';
import { Track } from './track.ts';

const CHUNK_EVENTS = 4096;

export class TrackLoader {
  readonly #host: Host;
  readonly #changed: () => void;
  readonly #failed: (why: string) => void;
  #track: Track | undefined;
  /** Answers to older rounds are void. */
  #round = 0;

  constructor(host: Host, changed: () => void, failed: (why: string) => void) {
    this.#host = host;
    this.#changed = changed;
    this.#failed = failed;
  }

  get track(): Track | undefined {
    return this.#track;
  }

  /** Shows that one; null for none. The old one stays until the new one is whole. */
  async take(init: TrackInit | null): Promise<void> {
    const round = ++this.#round;
    if (init === null) {
      if (this.#track === undefined) return;
      this.#track = undefined;
      this.#changed();
      return;
    }
    try {
      const family = init.summary.families.find((f) => f.name === init.family)?.id;
      if (family === undefined) throw new Error(`${init.label} has no column family ${init.family}.`);
      const info: TimelineInfo = await this.#host.call('timeline', { family }, 'track').result;
      const timeline = new Timeline();
      for (let from = 0; from < info.events; from = timeline.events) {
        if (round !== this.#round) return;
        const count = Math.min(CHUNK_EVENTS, info.events - from);
        const p = { family, epoch: info.epoch, from, count };
        timeline.append(await this.#host.call('timelineChunk', p, 'track').result);
        if (timeline.events === from) throw new Error('Its history ended early.');
      }
      if (round !== this.#round) return;
      this.#track = new Track(init, info, timeline, round);
      this.#changed();
    } catch (thrown) {
      if (round === this.#round) this.#failed((thrown as Error).message);
    }
  }
}
