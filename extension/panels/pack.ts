/**
 * VS Code sends each `ArrayBuffer` of a webview message as an argument of one remote call, and counts those
 * in a byte: past 255 they arrive empty, without an error. So a message's byte strings are laid into one buffer.
 */

/** A copy of `message` whose byte strings are views of one buffer; `message` itself where it holds at most one. */
export function pack<T>(message: T): T {
  let strings = 0;
  let bytes = 0;
  const measure = (value: unknown): void => {
    if (value instanceof Uint8Array) {
      strings++;
      bytes += value.length;
    } else if (Array.isArray(value)) for (const item of value) measure(item);
    else if (typeof value === 'object' && value !== null) for (const name in value) measure(value[name as never]);
  };
  measure(message);
  if (strings <= 1) return message;
  const all = new Uint8Array(bytes);
  let at = 0;
  const copy = (value: unknown): unknown => {
    if (value instanceof Uint8Array) {
      all.set(value, at);
      at += value.length;
      return all.subarray(at - value.length, at);
    }
    if (Array.isArray(value)) return value.map(copy);
    if (typeof value !== 'object' || value === null) return value;
    const object: Record<string, unknown> = {};
    for (const name in value) object[name] = copy(value[name as never]);
    return object;
  };
  return copy(message) as T;
}
