/**
 * Live snapshots of a store that is open for writing: sequence numbers as of which somebody still
 * reads. Flush and compaction keep every version that one of them can see.
 */

export interface LiveSnapshot {
  /** Entries up to this sequence number are visible. */
  readonly sequence: number;
  /** May be called twice. */
  release(): void;
}

export class LiveSnapshots {
  /** Sequence number → how many hold it. */
  readonly #held = new Map<number, number>();
  #list: readonly number[] | undefined = [];

  acquire(sequence: number): LiveSnapshot {
    this.#held.set(sequence, (this.#held.get(sequence) ?? 0) + 1);
    this.#list = undefined;
    let released = false;
    return {
      sequence,
      release: () => {
        if (released) return;
        released = true;
        const left = (this.#held.get(sequence) ?? 1) - 1;
        if (left > 0) this.#held.set(sequence, left);
        else this.#held.delete(sequence);
        this.#list = undefined;
      },
    };
  }

  /** Ascending, each once. */
  list(): readonly number[] {
    this.#list ??= [...this.#held.keys()].sort((a, b) => a - b);
    return this.#list;
  }
}
