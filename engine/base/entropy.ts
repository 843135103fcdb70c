/** The only place that asks the machine for time or turns: everything else is handed them. */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back. */
  elapsed(): number;
  /** Lets messages and other work through before it resolves. */
  turn(): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  turn: () => new Promise((resolve) => setImmediate(resolve)),
};

/** Resolves after this many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A random UUID (version 4). */
export function randomId(): string {
  return crypto.randomUUID();
}

/** Uniform unsigned 32-bit numbers, the same ones for the same seed (xorshift32: Marsaglia 2003). */
export function seeded(seed: number): () => number {
  let x = seed | 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** ISO 8601 in UTC to the second; null for a time that no calendar has. */
export function isoTime(epochSeconds: number): string | null {
  if (!(epochSeconds > 0) || epochSeconds > 1e11) return null;
  return new Date(epochSeconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** ISO 8601 in UTC to the microsecond. */
export function isoMicros(epochMicros: number): string {
  const seconds = Math.floor(epochMicros / 1e6);
  const micros = String(Math.floor(epochMicros % 1e6)).padStart(6, '0');
  return new Date(seconds * 1000).toISOString().replace('.000Z', `.${micros}Z`);
}
