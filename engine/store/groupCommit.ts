/**
 * Group commit: batches that are handed in during the same turn go to the WAL with one append and, if
 * any of them asks for it, one sync (LevelDB and RocksDB do the same with the threads that wait).
 *
 * The queue is drained in a microtask, so a caller that awaits each write pays one sync a write, and a
 * hundred callers at once pay one together.
 */

export interface WriteOptions {
  /** Resolve only when the batch is durable. */
  readonly sync?: boolean;
}

interface Waiting<B> {
  readonly batch: B;
  readonly sync: boolean;
  resolve(sequence: number): void;
  reject(reason: unknown): void;
}

/** Writes a group; returns the sequence number of the last operation of each batch. */
export type CommitGroup<B> = (batches: readonly B[], sync: boolean) => readonly number[];

export class GroupCommit<B> {
  readonly #commit: CommitGroup<B>;
  #waiting: Waiting<B>[] = [];
  #scheduled = false;

  constructor(commit: CommitGroup<B>) {
    this.#commit = commit;
  }

  /** Resolves with the sequence number of the batch's last operation. */
  write(batch: B, sync: boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, sync, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      queueMicrotask(() => this.drain());
    });
  }

  /** Commits at once what waits; a synchronous write calls it first to keep the order of writes. */
  drain(): void {
    this.#scheduled = false;
    const group = this.#waiting;
    if (group.length === 0) return;
    this.#waiting = [];
    try {
      const sequences = this.#commit(
        group.map((w) => w.batch),
        group.some((w) => w.sync),
      );
      for (let i = 0; i < group.length; i++) (group[i] as Waiting<B>).resolve(sequences[i] as number);
    } catch (thrown) {
      for (const w of group) w.reject(thrown);
    }
  }

  /** Rejects what waits. */
  close(reason: unknown): void {
    for (const w of this.#waiting.splice(0)) w.reject(reason);
  }
}
