/** Repeatable randomness for tests. */

/** Uniform in [0, 1); the same sequence for the same seed. */
export function random(seed: number): () => number {
  let s = seed >>> 0;
  return () => {
    s = (s + 0x6d2b79f5) >>> 0;
    let t = Math.imul(s ^ (s >>> 15), s | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function randomBytes(length: number, seed: number): Uint8Array {
  const next = random(seed);
  return Uint8Array.from({ length }, () => next() * 256);
}

/** Bytes with repetitions near and far, single runs and incompressible stretches, as real blocks have. */
export function mixedBytes(length: number, seed: number): Uint8Array {
  const next = random(seed);
  const b = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const n = Math.min(length - at, 1 + Math.floor(next() ** 3 * 400));
    const kind = next();
    if (kind < 0.3 || at === 0) for (let i = 0; i < n; i++) b[at + i] = next() * 256;
    else if (kind < 0.5) b.fill(next() * 256, at, at + n);
    else {
      const back = 1 + Math.floor(next() ** 2 * at);
      for (let i = 0; i < n; i++) b[at + i] = b[at + i - Math.min(back, at)]!;
    }
    at += n;
  }
  return b;
}
