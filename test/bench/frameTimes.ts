/** Intervals between a page's frames, and the line that a report says of them. */

export const FRAME_MAX = 1000 / 60;
/** A frame is late when it comes more than half a frame behind. */
const LATE = FRAME_MAX * 1.5;

export const FRAME_HEAD = `  ${''.padEnd(30)}  median    95th   worst     fps     cpu  late`;

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/** `intervals` and `work`, the processor time of a frame, in milliseconds; NaN where that was not measured. */
export function frameLine(name: string, intervals: readonly number[], work: number): string {
  const sorted = [...intervals].sort((a, b) => a - b);
  const total = sorted.reduce((sum, ms) => sum + ms, 0);
  const late = sorted.filter((ms) => ms > LATE).length;
  const figures = [at(sorted, 0.5), at(sorted, 0.95), sorted.at(-1) ?? Number.NaN].map((ms) =>
    ms.toFixed(1).padStart(7),
  );
  const fps = ((1000 * sorted.length) / total).toFixed(1).padStart(6);
  const cpu = (Number.isNaN(work) ? '' : work.toFixed(1)).padStart(7);
  return `  ${name.padEnd(30)} ${figures.join(' ')}  ${fps} ${cpu}  ${String(late).padStart(4)} of ${sorted.length}`;
}
