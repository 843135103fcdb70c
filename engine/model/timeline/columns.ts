/**
 * The life of one column family's tree as columns of numbers: what an engine hands out piece by piece, and what
 * a view holds whole.
 *
 * - An *event* is one change of the tree (`TreeEvent`), numbered from 0 in the family's own order.
 * - A *life* is the stay of one table on one level, from the event that brought it to the one that took it. A
 *   table that moves has a life on each level. Lives are numbered by birth, so those that one event brings stand
 *   side by side.
 * - A *position* says where a boundary key stands among all boundary keys of the family's history: whole numbers
 *   from 0 when a timeline is first read, numbers in between for keys that came later. Keys themselves are asked
 *   for by position, as far as somebody looks at them.
 *
 * Everything here is structured-cloneable. NaN stands for "nobody tells" in every Float64Array.
 */
import type { EventKind } from '../events.ts';

/** `TimelineChunk.kind` holds indexes of this list. */
export const EVENT_KINDS: readonly EventKind[] = ['unknown', 'flush', 'compaction', 'move', 'ingest', 'drop'];

/** Bits of `TimelineChunk.flags`. */
export const FLAG_INFERRED = 1;
/** The event with which the MANIFEST begins: what it brings was there before. */
export const FLAG_START = 2;
export const FLAG_LIVE = 4;
export const FLAG_SIMULATED = 8;

/** Writes were slowed down or stopped. Microseconds since the epoch. */
export interface Stall {
  readonly from: number;
  /** Where the log tells of no end, the time of its next line. */
  readonly to: number;
  readonly kind: 'slowdown' | 'stop';
  readonly why: string;
}

export interface TimelineInfo {
  readonly family: number;
  readonly familyName: string;
  /** Increases when what was handed out before is void: another MANIFEST, or positions given anew. */
  readonly epoch: number;
  readonly events: number;
  readonly lives: number;
  /** Of all boundary keys: the x-axis of the map reaches from `firstPosition` to `lastPosition`. 0 and -1 if there are none. */
  readonly firstPosition: number;
  readonly lastPosition: number;
  readonly manifest: string;
  /** The MANIFEST was rolled: its first event brings tables of an earlier history, which nobody tells. */
  readonly startsHere: boolean;
  /** Events whose time is known. */
  readonly timedEvents: number;
  readonly stalls: readonly Stall[];
  /** `bytewise` and `reverse` orders have positions that grow with the key as the store orders it. */
  readonly comparator: string;
  /**
   * Events before this one are final. Of those behind, a log that is written later may still tell the kind, time,
   * reason, cost and contents: when `revision` is another one than before, they are worth asking for again, from
   * the `settled` of the time before on (`Timeline.revise`).
   */
  readonly settled?: number;
  readonly revision?: number;
}

/** Events [from, from + count) and the lives that they bring. */
export interface TimelineChunk {
  readonly epoch: number;
  readonly from: number;
  readonly count: number;

  // One entry an event.
  /** Index in EVENT_KINDS. */
  readonly kind: Uint8Array;
  readonly flags: Uint8Array;
  /** Index in `reasons`. */
  readonly why: Uint16Array;
  /** Microseconds since the epoch, when the change came into force. */
  readonly at: Float64Array;
  /** Microseconds that the job took. */
  readonly micros: Float64Array;
  readonly readBytes: Float64Array;
  readonly writtenBytes: Float64Array;
  readonly recordsIn: Float64Array;
  readonly recordsOut: Float64Array;
  /** `count + 1` entries: event i brings the lives [addedStart[i], addedStart[i + 1]), numbered in the family. */
  readonly addedStart: Uint32Array;
  /** `count + 1` entries: event i ends the lives removed[removedStart[i]] … removed[removedStart[i + 1] - 1]. */
  readonly removedStart: Uint32Array;
  readonly removed: Uint32Array;

  // One entry a life that was born here; the first is life addedStart[0].
  /** File number. */
  readonly number: Float64Array;
  readonly level: Uint8Array;
  readonly bytes: Float64Array;
  /** Positions, both inclusive. */
  readonly smallest: Float64Array;
  readonly largest: Float64Array;
  readonly smallestSeq: Float64Array;
  readonly largestSeq: Float64Array;
  /** Point entries, and deletions among them. */
  readonly entries: Float64Array;
  readonly deletions: Float64Array;
  /** Bytes of keys and values before blocks and compression. */
  readonly rawBytes: Float64Array;
  readonly filterBytes: Float64Array;
  /** Epoch microseconds at which the file was made. */
  readonly createdAt: Float64Array;

  /** Texts of `why`; the first is ''. */
  readonly reasons: readonly string[];
}
