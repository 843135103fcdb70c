/** Which bytes of a file no block accounts for. */
export interface Extent {
  readonly offset: number;
  readonly bytes: number;
}

export interface Gap extends Extent {
  /** Two blocks claim the bytes, rather than none. */
  readonly overlap: boolean;
}

/** Gaps and overlaps of `extents` over [0, end); sorts `extents`. An extent that stands twice is one. */
export function findGaps(extents: Extent[], end: number): Gap[] {
  extents.sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  const gaps: Gap[] = [];
  let at = 0;
  let previous: Extent | undefined;
  for (const e of extents) {
    if (previous !== undefined && e.offset === previous.offset && e.bytes === previous.bytes) continue;
    if (e.offset > at) gaps.push({ offset: at, bytes: e.offset - at, overlap: false });
    else if (e.offset < at)
      gaps.push({ offset: e.offset, bytes: Math.min(at, e.offset + e.bytes) - e.offset, overlap: true });
    at = Math.max(at, e.offset + e.bytes);
    previous = e;
  }
  if (at < end) gaps.push({ offset: at, bytes: end - at, overlap: false });
  return gaps;
}
