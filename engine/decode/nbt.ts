/** Minecraft's NBT in its little-endian form, as indented text that reads like JSON; a sequence of roots is an array. */
import { text } from '../base/bytes.ts';
import { Bytes } from './bytes.ts';

const DEPTH_MAX = 64;
/** Longer results are cut: nobody reads them, and they cost memory. */
const CHARS_MAX = 1 << 20;
const ARRAY_ITEMS_MAX = 4096;

type Value = string | number | readonly Value[] | { readonly [name: string]: Value };

/** Undefined where the bytes are no NBT. */
export function nbtText(b: Uint8Array): string | undefined {
  const s = new Bytes(b);
  const roots: Value[] = [];
  while (s.left > 0 && !s.bad) {
    const type = s.u8();
    if (type !== 10 && type !== 9) return undefined;
    const name = shortText(s);
    const value = payload(s, type, 0);
    roots.push(name === '' ? value : { [name]: value });
  }
  if (s.bad || roots.length === 0) return undefined;
  const shown = JSON.stringify(roots.length === 1 ? roots[0] : roots, null, 2);
  return shown.length > CHARS_MAX ? undefined : shown;
}

function shortText(s: Bytes): string {
  return text(s.take(s.u16()));
}

function payload(s: Bytes, type: number, depth: number): Value {
  if (depth > DEPTH_MAX) s.bad = true;
  if (s.bad) return '';
  switch (type) {
    case 1:
      return s.i8();
    case 2:
      return s.i16();
    case 3:
      return s.i32();
    case 4:
      return s.i64Text();
    case 5:
      return s.f32();
    case 6:
      return s.f64();
    case 7:
      return items(s, 1, () => s.i8());
    case 8:
      return shortText(s);
    case 9: {
      const of = s.u8();
      return items(s, of === 0 ? 0 : 1, () => payload(s, of, depth + 1));
    }
    case 10:
      return compound(s, depth);
    case 11:
      return items(s, 4, () => s.i32());
    case 12:
      return items(s, 8, () => s.i64Text());
    default:
      s.bad = true;
      return '';
  }
}

/** `bytes` is what an item takes at the least. */
function items(s: Bytes, bytes: number, item: () => Value): readonly Value[] {
  const n = s.i32();
  if (!(n >= 0 && n * bytes <= s.left && (bytes > 0 || n === 0))) {
    s.bad = n !== 0 || s.bad;
    return [];
  }
  const all: Value[] = [];
  for (let i = 0; i < n && !s.bad; i++) {
    const one = item();
    if (i < ARRAY_ITEMS_MAX) all.push(one);
    else if (i === ARRAY_ITEMS_MAX) all.push('…');
  }
  return all;
}

function compound(s: Bytes, depth: number): Value {
  // A name may be anything, `__proto__` too.
  const fields = Object.create(null) as Record<string, Value>;
  for (let type = s.u8(); type !== 0 && !s.bad; type = s.u8()) {
    const name = shortText(s);
    fields[name] = payload(s, type, depth + 1);
  }
  return fields;
}
