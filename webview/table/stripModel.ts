/** The strip of data blocks along the file: pure, no DOM. */
import type { TableProfile } from '../../engine/protocol/engineApi.ts';

export interface StripColumn {
  /** Blocks [first, last]. */
  readonly first: number;
  readonly last: number;
  /** Largest raw and stored size among them, in bytes; the stored one is of the block with the largest raw size. */
  readonly rawBytes: number;
  readonly bytes: number;
  readonly damaged: boolean;
}

const UNREADABLE = 255;

/** At most `width` columns, each for one block or for several neighbours. */
export function stripColumns(blocks: TableProfile['blocks'], width: number): StripColumn[] {
  const n = blocks.offset.length;
  const columns = Math.max(0, Math.min(n, Math.floor(width)));
  const out: StripColumn[] = [];
  for (let c = 0; c < columns; c++) {
    const first = Math.floor((c * n) / columns);
    const last = Math.floor(((c + 1) * n) / columns) - 1;
    let rawBytes = -1;
    let bytes = 0;
    let damaged = false;
    for (let b = first; b <= last; b++) {
      if (blocks.compression[b] === UNREADABLE) damaged = true;
      const stored = blocks.bytes[b] as number;
      const raw = Math.max(stored, blocks.rawBytes[b] as number);
      if (raw > rawBytes) {
        rawBytes = raw;
        bytes = stored;
      }
    }
    out.push({ first, last, rawBytes: Math.max(0, rawBytes), bytes, damaged });
  }
  return out;
}

/** A round number of bytes at or above `bytes`, for the top of the axis. */
export function axisTop(bytes: number): number {
  if (bytes <= 0) return 1;
  const unit = 2 ** Math.floor(Math.log2(bytes));
  for (const step of [1, 1.25, 1.5, 1.75, 2]) if (unit * step >= bytes) return unit * step;
  return 2 * unit;
}
