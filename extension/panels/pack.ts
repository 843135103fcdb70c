/**
 * VS Code sends each `ArrayBuffer` of a webview message as an argument of one remote call, and counts those
 * in a byte: past 255 they arrive empty, without an error. So a message's typed arrays are laid into one buffer,
 * each where its elements are aligned. VS Code makes views of the same kind, at the same offsets, on the other side.
 */

type TypedArray = Exclude<NodeJS.TypedArray, Buffer>;
type Maker = new (buffer: ArrayBuffer, byteOffset: number, length: number) => TypedArray;

function isTyped(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/** The first place from `at` on where an array of this kind may begin. */
function aligned(at: number, array: TypedArray): number {
  const unit = array.BYTES_PER_ELEMENT;
  return Math.ceil(at / unit) * unit;
}

/**
 * A copy of `message` whose typed arrays are views of one buffer, of the same kinds; `message` itself where it
 * holds none, or one that is all of its buffer.
 */
export function pack<T>(message: T): T {
  let arrays = 0;
  let parts = 0;
  let bytes = 0;
  const measure = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (isTyped(value)) {
      arrays++;
      if (value.byteLength !== value.buffer.byteLength) parts++;
      bytes = aligned(bytes, value) + value.byteLength;
    } else if (Array.isArray(value)) for (const item of value) measure(item);
    else for (const name in value) measure(value[name as never]);
  };
  measure(message);
  // A part of a buffer would take the whole of it along.
  if (arrays === 0 || (arrays === 1 && parts === 0)) return message;
  const all = new ArrayBuffer(bytes);
  const asBytes = new Uint8Array(all);
  let at = 0;
  const copy = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (isTyped(value)) {
      const from = aligned(at, value);
      at = from + value.byteLength;
      asBytes.set(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), from);
      // Node's Buffer is a byte string to us: VS Code knows the standard kinds only.
      if (value instanceof Uint8Array) return asBytes.subarray(from, at);
      return new (value.constructor as Maker)(all, from, value.length);
    }
    if (Array.isArray(value)) return value.map(copy);
    const object: Record<string, unknown> = {};
    for (const name in value) object[name] = copy(value[name as never]);
    return object;
  };
  return copy(message) as T;
}
