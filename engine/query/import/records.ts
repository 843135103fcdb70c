/** A file of rows, whatever its format. */
import type { Cell } from './cells.ts';

/** A file of rows with named cells. */
export interface Records {
  /** Where the record begins, counted from 1. */
  readonly line: number;
  /** What is wrong with the record as a whole. */
  readonly fault:
    | { readonly column?: string | undefined; readonly message: string; readonly mend?: string }
    | undefined;
  /** False at the end. Throws INPUT where what follows cannot be told apart. */
  next(): boolean;
  /** Throws CellFault. */
  cell(name: string): Cell;
  /** The cell as JSON; undefined where it is not there. Throws CellFault. */
  json(name: string): string | undefined;
  /** The record as JSON. */
  whole(): string;
}
