/** The rows of a result that have come, in the order of the engine or sorted here: pure, no DOM. */
import { contentOf, isCut, isSpelled, type SqlCell, type SqlRows } from '../../engine/protocol/sqlView.ts';

export type Row = readonly SqlCell[];

/** Rows that a page holds; whoever wants more saves them to a file. */
export const ROWS_MAX = 500_000;
/** About how many bytes they may take. */
const BYTES_MAX = 128 << 20;

export class LoadedRows {
  #rows: Row[] = [];
  #bytes = 0;
  #complete = false;
  /** Positions in the order that is shown; undefined for the engine's own. */
  #order: Uint32Array | undefined;

  get count(): number {
    return this.#rows.length;
  }

  /** There are no rows behind these. */
  get complete(): boolean {
    return this.#complete;
  }

  /** No more are taken. */
  get full(): boolean {
    return this.#rows.length >= ROWS_MAX || this.#bytes >= BYTES_MAX;
  }

  clear(): void {
    this.#rows = [];
    this.#bytes = 0;
    this.#complete = false;
    this.#order = undefined;
  }

  /** Takes the rows that follow those that are here; false for any others. */
  append({ offset, rows, complete }: SqlRows): boolean {
    if (offset !== this.#rows.length) return false;
    for (const row of rows) {
      this.#rows.push(row);
      for (const cell of row) this.#bytes += bytesOf(cell);
    }
    this.#complete = complete;
    this.#order = undefined;
    return true;
  }

  /** The row that is shown in that place. */
  at(place: number): Row | undefined {
    return this.#rows[this.position(place)];
  }

  /** Where the row in that place stands in the result. */
  position(place: number): number {
    return this.#order?.[place] ?? place;
  }

  /** Whether sorting here comes to what the engine would answer: all rows are here, and their values in full. */
  sorts(column: number): boolean {
    return this.#complete && this.#rows.every((row) => !isCut(row[column] ?? null));
  }

  /** Rows of equal values stay in the order of the engine. */
  sort(column: number, down: boolean): void {
    const rows = this.#rows;
    const order = Uint32Array.from(rows, (_, i) => i);
    const sign = down ? -1 : 1;
    order.sort((a, b) => sign * compareCells(rows[a]?.[column] ?? null, rows[b]?.[column] ?? null) || a - b);
    this.#order = order;
  }

  unsort(): void {
    this.#order = undefined;
  }
}

function bytesOf(cell: SqlCell): number {
  if (cell === null || isSpelled(cell)) return 16;
  const { value } = contentOf(cell);
  return typeof value === 'string' ? 16 + value.length * 2 : value instanceof Uint8Array ? 64 + value.length : 8;
}

/** As SQLite orders values: NULL, numbers, texts by their code points, BLOBs by their bytes. */
export function compareCells(a: SqlCell, b: SqlCell): number {
  const kind = rank(a) - rank(b);
  if (kind !== 0) return kind;
  if (rank(a) === 1) return compareNumbers(numberOf(a), numberOf(b));
  const left = contentOf(a as Exclude<SqlCell, { spelled: string }>).value;
  const right = contentOf(b as Exclude<SqlCell, { spelled: string }>).value;
  if (typeof left === 'string' && typeof right === 'string') return compareTexts(left, right);
  if (left instanceof Uint8Array && right instanceof Uint8Array) return compareBytes(left, right);
  return 0;
}

function rank(cell: SqlCell): 0 | 1 | 2 | 3 {
  if (cell === null) return 0;
  if (isSpelled(cell)) return 1;
  const { value } = contentOf(cell);
  return typeof value === 'number' ? 1 : typeof value === 'string' ? 2 : 3;
}

function numberOf(cell: SqlCell): number | bigint {
  if (typeof cell === 'number') return cell;
  const spelled = cell !== null && isSpelled(cell) ? cell.spelled : '0';
  return /^-?\d+$/.test(spelled) ? BigInt(spelled) : Number(spelled);
}

function compareNumbers(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareTexts(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x === y) continue;
    // Characters past U+FFFF stand in surrogates, which are less than those of U+E000 to U+FFFF.
    if (x >= 0xd800 && y >= 0xd800) {
      x = x >= 0xe000 ? x - 0x800 : x + 0x2000;
      y = y >= 0xe000 ? y - 0x800 : y + 0x2000;
    }
    return x - y;
  }
  return a.length - b.length;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
