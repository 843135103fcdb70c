/**
 * Rows of a query, pulled in chunks and kept in a small LRU: pure, with the transport passed in.
 *
 * 1. The view says which rows it shows (`need`); chunks that overlap them, and one ahead in the
 *    direction of travel, are wanted.
 * 2. A wanted chunk that is absent is asked for, at most `inFlightMax` at a time, visible ones first.
 * 3. A request whose chunk is wanted no more is cancelled, and its answer, should it still come, is
 *    dropped. After `clear`, answers to older requests are dropped too.
 * 4. While the query is still being counted, the last chunk may be short; it is asked for again once
 *    the total has grown past it.
 */

export interface ChunkCall<Row> {
  readonly result: Promise<readonly Row[]>;
  cancel(): void;
}

export interface ChunkCacheOptions<Row> {
  /** Rows in a chunk. */
  readonly chunkRows: number;
  /** Chunks kept. */
  readonly chunksMax: number;
  readonly inFlightMax: number;
  fetch(from: number, count: number): ChunkCall<Row>;
  /** Rows [from, from+count) have arrived. */
  onRows(from: number, count: number): void;
  /** A chunk could not be read; it is not asked for again until `retry`. */
  onError(from: number, count: number, reason: unknown): void;
}

interface Chunk<Row> {
  readonly rows: readonly Row[];
  used: number;
}

export class ChunkCache<Row> {
  readonly #o: ChunkCacheOptions<Row>;
  readonly #chunks = new Map<number, Chunk<Row>>();
  readonly #running = new Map<number, ChunkCall<Row>>();
  readonly #failed = new Map<number, unknown>();
  #wanted: number[] = [];
  #total = 0;
  #clock = 0;
  #lastFirst = 0;

  constructor(options: ChunkCacheOptions<Row>) {
    this.#o = options;
  }

  /** Rows there are, as far as known. */
  get total(): number {
    return this.#total;
  }

  set total(total: number) {
    this.#total = total;
    this.#pump();
  }

  /** Requests under way. */
  get inFlight(): number {
    return this.#running.size;
  }

  /** Chunks held. */
  get size(): number {
    return this.#chunks.size;
  }

  row(index: number): Row | undefined {
    const chunk = this.#chunks.get(Math.floor(index / this.#o.chunkRows));
    return chunk?.rows[index % this.#o.chunkRows];
  }

  /** Why row `index` cannot be had, if its chunk failed. */
  failure(index: number): unknown {
    return this.#failed.get(Math.floor(index / this.#o.chunkRows));
  }

  /** Says that rows [first, last] are on screen. */
  need(first: number, last: number): void {
    const { chunkRows } = this.#o;
    const from = Math.floor(Math.max(0, first) / chunkRows);
    const to = Math.floor(Math.max(first, last) / chunkRows);
    const wanted: number[] = [];
    for (let c = from; c <= to; c++) wanted.push(c);
    const ahead = first >= this.#lastFirst ? to + 1 : from - 1;
    if (ahead >= 0) wanted.push(ahead);
    this.#lastFirst = first;
    this.#wanted = wanted;
    this.#clock++;
    for (const c of wanted) {
      const chunk = this.#chunks.get(c);
      if (chunk !== undefined) chunk.used = this.#clock;
    }
    this.#pump();
  }

  /** Forgets everything; answers that are still to come are dropped. */
  clear(): void {
    for (const call of this.#running.values()) call.cancel();
    this.#running.clear();
    this.#chunks.clear();
    this.#failed.clear();
    this.#wanted = [];
    this.#total = 0;
    this.#lastFirst = 0;
  }

  /** Asks again for chunks that failed. */
  retry(): void {
    this.#failed.clear();
    this.#pump();
  }

  #rowsExpected(chunk: number): number {
    return Math.max(0, Math.min(this.#o.chunkRows, this.#total - chunk * this.#o.chunkRows));
  }

  #pump(): void {
    for (const [c, call] of this.#running) {
      if (this.#wanted.includes(c)) continue;
      this.#running.delete(c);
      call.cancel();
    }
    for (const c of this.#wanted) {
      if (this.#running.size >= this.#o.inFlightMax) return;
      const expected = this.#rowsExpected(c);
      if (expected === 0 || this.#running.has(c) || this.#failed.has(c)) continue;
      if ((this.#chunks.get(c)?.rows.length ?? 0) >= expected) continue;
      this.#start(c, expected);
    }
  }

  #start(c: number, expected: number): void {
    const from = c * this.#o.chunkRows;
    const call = this.#o.fetch(from, expected);
    this.#running.set(c, call);
    call.result.then(
      (rows) => {
        if (this.#running.get(c) !== call) return;
        this.#running.delete(c);
        if (rows.length < expected && rows.length <= (this.#chunks.get(c)?.rows.length ?? 0)) {
          this.#failed.set(c, new Error(`${rows.length} of ${expected} rows came`));
        }
        this.#chunks.set(c, { rows, used: this.#clock });
        this.#evict();
        this.#o.onRows(from, rows.length);
        this.#pump();
      },
      (reason: unknown) => {
        if (this.#running.get(c) !== call) return;
        this.#running.delete(c);
        this.#failed.set(c, reason);
        this.#o.onError(from, expected, reason);
        this.#pump();
      },
    );
  }

  #evict(): void {
    while (this.#chunks.size > this.#o.chunksMax) {
      let oldest = -1;
      let used = Number.POSITIVE_INFINITY;
      for (const [c, chunk] of this.#chunks) {
        if (chunk.used < used && !this.#wanted.includes(c)) {
          used = chunk.used;
          oldest = c;
        }
      }
      if (oldest < 0) return;
      this.#chunks.delete(oldest);
    }
  }
}
