/** Hands out a family's history piece by piece. */

import type { Clock } from '../base/entropy.ts';
import { StoreError } from '../base/errors.ts';
import type { TimelineChunk, TimelineInfo } from '../model/timeline/columns.ts';
import type { Params } from '../protocol/engineApi.ts';
import type { CancelToken } from '../protocol/rpc.ts';
import type { StoreReader } from '../store/reader.ts';

export class Timelines {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async info(_store: StoreReader, _family: number, _token: CancelToken): Promise<TimelineInfo> {
    await this.#clock.turn();
    throw new StoreError('UNSUPPORTED', 'not yet');
  }

  chunk(_p: Params<'timelineChunk'>): TimelineChunk {
    throw new StoreError('UNSUPPORTED', 'not yet');
  }

  keys(_p: Params<'timelineKeys'>): readonly Uint8Array[] {
    throw new StoreError('UNSUPPORTED', 'not yet');
  }

  position(_p: Params<'timelinePosition'>): { readonly position: number; readonly exact: boolean } {
    throw new StoreError('UNSUPPORTED', 'not yet');
  }

  /** Another store, or none, is open. */
  clear(): void {}
}
