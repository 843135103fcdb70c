/** Numbers as people read them: pure functions, no DOM. */

import { formatCount } from '../../engine/model/display.ts';

export { formatBytes as size, formatCount as count } from '../../engine/model/display.ts';

/** `1 row`, `2 rows`. */
export function plural(n: number, noun: string, many = `${noun}s`): string {
  return `${formatCount(n)} ${n === 1 ? noun : many}`;
}

/** Milliseconds: `812 ms`, `2.4 s`, `3 min 20 s`. */
export function duration(millis: number): string {
  if (millis < 1000) return `${Math.round(millis)} ms`;
  if (millis < 60_000) return `${(millis / 1000).toFixed(1)} s`;
  return `${Math.floor(millis / 60_000)} min ${Math.round((millis % 60_000) / 1000)} s`;
}

/** A ratio: `1.25×`. */
export function ratio(value: number): string {
  return `${value >= 100 ? Math.round(value) : value.toFixed(2)}×`;
}

/** `L3`, or `WAL` for -1. */
export function levelName(level: number): string {
  return level < 0 ? 'WAL' : `L${level}`;
}
