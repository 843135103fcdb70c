/** Moments and figures of a history in words: pure, no DOM. */
import { captionOf } from '../../engine/model/timeline/caption.ts';
import { FLAG_START, type TimelineInfo } from '../../engine/model/timeline/columns.ts';
import type { Timeline } from '../../engine/model/timeline/timeline.ts';

/** What the place `at` shows: what the event that led there did, and why. */
export function captionAt(timeline: Timeline, at: number): string {
  if (timeline.events === 0) return 'No history yet';
  const event = Math.min(at, timeline.events) - 1;
  if (event >= 0) {
    const { what, reason } = captionOf(timeline, event);
    return capital(reason === '' ? what : `${what}, reason: ${reason}`);
  }
  return ((timeline.flags[0] as number) & FLAG_START) !== 0
    ? 'Before the history that the MANIFEST tells'
    : 'Before the first edit: the tree is empty';
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `2026-01-05 08:00:12.345`, in UTC; '' for NaN. */
export function timeText(micros: number): string {
  if (!(Math.abs(micros) < 8.64e18)) return '';
  return new Date(micros / 1000).toISOString().slice(0, 23).replace('T', ' ');
}

/** What held up writes when the event took place, in words; '' for nothing, and where its time is not known. */
export function stallText(info: TimelineInfo | undefined, micros: number): string {
  const stall = info?.stalls.find((s) => micros >= s.from && micros <= s.to);
  if (stall === undefined) return '';
  return `Writes ${stall.kind === 'stop' ? 'stopped' : 'slowed down'}${stall.why === '' ? '' : `: ${stall.why}`}`;
}

/** Microseconds as a length of time: `640 µs`, `12.5 ms`, `3.2 s`. */
export function spanText(micros: number): string {
  if (micros < 1000) return `${Math.round(micros)} µs`;
  if (micros < 1e6) return `${(micros / 1000).toPrecision(3)} ms`;
  return micros < 60e6 ? `${(micros / 1e6).toPrecision(3)} s` : waitText(micros / 1e6);
}

/** Seconds as a length of time that a person waits: `12 s`, `3 min 20 s`, `1 h 5 min`. */
export function waitText(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
