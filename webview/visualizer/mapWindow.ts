/** The part of the map's axis that is on screen: pure. All numbers are fractions of the whole axis. */
import type { Window } from './state.ts';

function within(from: number, width: number): Window {
  const w = Math.min(1, width);
  const start = Math.max(0, Math.min(1 - w, from));
  return { from: start, to: start + w };
}

/** `factor` below 1 zooms in. The place at `around` (0 left, 1 right) stays where it is. */
export function zoomed(window: Window, around: number, factor: number, narrowest: number): Window {
  const width = window.to - window.from;
  const next = Math.max(narrowest, Math.min(1, width * factor));
  return within(window.from + around * (width - next), next);
}

/** Moves the window by a part of its own width. */
export function panned(window: Window, by: number): Window {
  const width = window.to - window.from;
  return within(window.from + by * width, width);
}

/** The same window if [left, right] can be seen in it; else moved, and as wide as it was or as it needs to be. */
export function shownWithin(window: Window, left: number, right: number): Window {
  const width = window.to - window.from;
  if (left >= window.from && right <= window.to) return window;
  // Of what is wider than the window, any part will do.
  if (right - left >= width) return left < window.to && right > window.from ? window : within(left, width);
  return within((left + right) / 2 - width / 2, width);
}
