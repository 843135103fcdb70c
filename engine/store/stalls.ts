/**
 * Write stalls out of RocksDB's info log. Its lines say that writes are slowed down or stopped, and why; that
 * they are not any more is never said. But each time a family gets a new version, the thread that brought it
 * looks anew, says so if a stall goes on, and then logs how the levels look: where it logs only that, the stall
 * is over.
 */
import type { LogEvent } from '../formats/rocksdb/eventLog.ts';
import type { Stall } from '../model/timeline/columns.ts';

/** Stalls kept; of more, the shortest go. */
const STALLS_MAX = 4096;

interface Open {
  readonly from: number;
  readonly kind: Stall['kind'];
  readonly why: string;
  /** `why` without its numbers: a stall that goes on for the same cause is one stall. */
  readonly cause: string;
}

export interface FamilyStall extends Stall {
  readonly family: string;
}

/** The stalls of one log file. */
export class StallReader {
  readonly #into: FamilyStall[];
  readonly #open = new Map<string, Open>();
  /** Families, each with the threads that have said since their last version that writes are stalled. */
  readonly #said = new Map<string, Set<string>>();
  /** Time of the last event of the log. */
  #last = 0;

  constructor(into: FamilyStall[]) {
    this.#into = into;
  }

  /** Families that are stalled as far as the log goes. */
  get open(): FamilyStall[] {
    return [...this.#open].map(([family, stall]) => closed(family, stall, this.#last));
  }

  read(e: LogEvent): void {
    // Lines of local time before the zone is known have none, and moved files local time only.
    if (e.at > 0 && e.kind !== 'fileMoved' && e.kind !== 'fifoPicked') this.#last = Math.max(this.#last, e.at);
    const family = e.family;
    if (family === undefined || e.at <= 0) return;
    if (e.kind === 'stalled') {
      this.#threads(family).add(e.thread);
      const cause = e.why.replace(/\d+/g, '#');
      const open = this.#open.get(family);
      if (open !== undefined && open.kind === e.how && open.cause === cause) return;
      this.#close(family, e.at);
      this.#open.set(family, { from: e.at, kind: e.how, why: e.why, cause });
    } else if (e.kind === 'installed') {
      const goesOn = this.#threads(family).delete(e.thread);
      if (!goesOn) this.#close(family, e.at);
    } else if (e.kind === 'recoveryStarted') this.#close(family, e.at);
  }

  /** The log goes no further. */
  end(): void {
    for (const family of [...this.#open.keys()]) this.#close(family, this.#last);
  }

  #threads(family: string): Set<string> {
    let threads = this.#said.get(family);
    if (threads === undefined) {
      threads = new Set();
      this.#said.set(family, threads);
    }
    return threads;
  }

  #close(family: string, at: number): void {
    const open = this.#open.get(family);
    if (open === undefined) return;
    this.#open.delete(family);
    this.#into.push(closed(family, open, at));
    if (this.#into.length < 2 * STALLS_MAX) return;
    const longest = [...this.#into].sort((a, b) => b.to - b.from - (a.to - a.from)).slice(0, STALLS_MAX);
    this.#into.splice(0, this.#into.length, ...longest.sort((a, b) => a.from - b.from));
  }
}

function closed(family: string, open: Open, to: number): FamilyStall {
  return { family, from: open.from, to: Math.max(open.from, to), kind: open.kind, why: open.why };
}

/**
 * As a family's timeline shows them: writes to every family wait when one of them stalls, so those of the
 * others are there too, with their names.
 */
export function stallsFor(family: string, stalls: readonly FamilyStall[]): Stall[] {
  const shown = stalls.map(({ family: of, from, to, kind, why }): Stall => {
    return { from, to, kind, why: of === family ? why : `${of}: ${why}` };
  });
  return shown.sort((a, b) => a.from - b.from).slice(0, STALLS_MAX);
}
