/** Column widths: pure, no DOM. */

export interface ColumnShape {
  readonly id: string;
  /** Pixels, before anybody resizes it. */
  readonly width: number;
  /** Least width in pixels. */
  readonly min: number;
  /** Takes what the others leave, until somebody resizes it. */
  readonly flex?: boolean;
  /** How much of what is left a flexible column takes beside others; 1 unless told. */
  readonly share?: number;
}

export const COLUMN_MAX = 2000;

/** `width` within what the column may have, in whole pixels. */
export function resizeColumn(column: ColumnShape, width: number): number {
  return Math.round(Math.min(COLUMN_MAX, Math.max(column.min, width)));
}

/**
 * The `grid-template-columns` for `widths` (null: flexible), and the least width in pixels. Where no
 * column is flexible, an empty last track keeps the others at their widths.
 */
export function columnTemplate(
  columns: readonly ColumnShape[],
  widths: readonly (number | null)[],
): { readonly template: string; readonly minimum: number } {
  let minimum = 0;
  let flexible = false;
  const tracks = columns.map((column, i) => {
    const width = widths[i] ?? null;
    if (width === null) {
      flexible = true;
      minimum += column.width;
      return `minmax(${column.width}px, ${column.share ?? 1}fr)`;
    }
    minimum += width;
    return `${width}px`;
  });
  return { template: flexible ? tracks.join(' ') : `${tracks.join(' ')} 1fr`, minimum };
}
