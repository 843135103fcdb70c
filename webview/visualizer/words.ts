/** Moments and figures of a history in words: pure, no DOM. */
import { FLAG_START } from '../../engine/model/timeline/columns.ts';
import type { Timeline } from '../../engine/model/timeline/timeline.ts';
import { size } from '../text/numbers.ts';
import { caption } from './captionText.ts';

/** What the place `at` shows: the caption of the event that led there. */
export function captionAt(timeline: Timeline, at: number): string {
  if (timeline.events === 0) return 'No history yet';
  const event = Math.min(at, timeline.events) - 1;
  if (event >= 0) return caption(timeline, event);
  return ((timeline.flags[0] as number) & FLAG_START) !== 0
    ? 'Before the history that the MANIFEST tells'
    : 'Before the first edit: the tree is empty';
}

/** `2026-01-05 08:00:12.345`, in UTC; '' for NaN. */
export function timeText(micros: number): string {
  if (!(Math.abs(micros) < 8.64e18)) return '';
  return new Date(micros / 1000).toISOString().slice(0, 23).replace('T', ' ');
}

/** Microseconds as a length of time: `640 µs`, `12.5 ms`, `3.2 s`. */
export function spanText(micros: number): string {
  if (micros < 1000) return `${Math.round(micros)} µs`;
  if (micros < 1e6) return `${(micros / 1000).toPrecision(3)} ms`;
  if (micros < 60e6) return `${(micros / 1e6).toPrecision(3)} s`;
  if (micros < 3600e6) return `${Math.floor(micros / 60e6)} min ${Math.round((micros % 60e6) / 1e6)} s`;
  return `${Math.floor(micros / 3600e6)} h ${Math.round((micros % 3600e6) / 60e6)} min`;
}

/** `read 12.0 MB, wrote 11.2 MB in 1.2 s (19.3 MB/s)`; '' where nobody tells. */
export function costText(timeline: Timeline, event: number): string {
  const read = timeline.readBytes[event] as number;
  const written = timeline.writtenBytes[event] as number;
  const micros = timeline.micros[event] as number;
  const parts: string[] = [];
  if (read > 0) parts.push(`read ${size(read)}`);
  if (written > 0) parts.push(`wrote ${size(written)}`);
  const bytes = (read > 0 ? read : 0) + (written > 0 ? written : 0);
  if (parts.length > 0 && micros > 0) {
    parts[parts.length - 1] += ` in ${spanText(micros)}`;
    parts.push(`${size(Math.round((bytes / micros) * 1e6))}/s`);
  }
  return parts.join(', ');
}
