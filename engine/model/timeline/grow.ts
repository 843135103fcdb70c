/** Typed arrays that grow: doubled when they are full, so that adding one by one stays linear. */

export type Growing = Float64Array | Uint32Array | Uint8Array;

/** `old`, or a longer array with its content; at least `length` long. */
export function grown<T extends Growing>(old: T, length: number): T {
  if (length <= old.length) return old;
  const next = new (old.constructor as new (n: number) => T)(Math.max(length, 2 * old.length, 64));
  next.set(old as never);
  return next;
}
