/** Chromium's IndexedDB (other-engines.md §1): which database, store and index a key belongs to, and the key itself. */
import { hex } from '../../base/bytes.ts';
import { isoMicros } from '../../base/entropy.ts';
import { Bytes } from '../bytes.ts';
import type { DecodedValue, Lens, LensContext, LensKind, LensMatch } from '../lens.ts';

const FIRST_INDEX = 30;
const DEPTH_MAX = 20;

const GLOBAL: Readonly<Record<number, string>> = {
  0: 'schema version',
  1: 'largest database id',
  2: 'data version',
  3: 'recovery blob journal',
  4: 'active blob journal',
  5: 'earliest sweep',
  6: 'earliest compaction',
};
const DATABASE: Readonly<Record<number, string>> = {
  0: 'origin',
  1: 'name',
  2: 'version as text',
  3: 'largest store id',
  4: 'version',
  5: 'blob number generator',
};
const STORE = [
  'name',
  'key path',
  'auto increment',
  'evictable',
  'last version',
  'largest index id',
  'has key path',
  'key generator',
];
const INDEX = ['name', 'unique', 'key path', 'multi-entry'];

interface Prefix {
  readonly database: number;
  readonly store: number;
  readonly index: number;
}

function prefixOf(s: Bytes): Prefix {
  const first = s.u8();
  const database = s.little((first >> 5) + 1);
  const store = s.little(((first >> 2) & 7) + 1);
  return { database, store, index: s.little((first & 3) + 1) };
}

const counted = (s: Bytes): string => JSON.stringify(s.utf16(s.varint(), false));

function userKey(s: Bytes, depth = 0): string {
  const type = s.u8();
  switch (type) {
    case 0:
      return 'null';
    case 1:
      return counted(s);
    case 2: {
      const millis = s.f64();
      return Math.abs(millis) <= 8.64e15 ? isoMicros(millis * 1000) : `date ${millis}`;
    }
    case 3:
      return String(s.f64());
    case 4: {
      const n = s.varint();
      const parts: string[] = [];
      if (depth >= DEPTH_MAX || !(n <= s.left)) s.bad = true;
      else for (let i = 0; i < n && !s.bad; i++) parts.push(userKey(s, depth + 1));
      return `[${parts.join(', ')}]`;
    }
    case 5:
      return 'min';
    case 6:
      return `0x${hex(s.take(s.varint()))}`;
    default:
      s.bad = true;
      return '';
  }
}

function globalKey(s: Bytes): string {
  const type = s.u8();
  if (GLOBAL[type] !== undefined) return GLOBAL[type];
  if (type === 50) return `scopes 0x${hex(s.take(s.left))}`;
  if (type === 100) return `free database id ${s.varint()}`;
  if (type === 201) return `database ${counted(s)}, ${counted(s)}: id`;
  s.bad = true;
  return '';
}

function databaseKey(s: Bytes): string {
  const type = s.u8();
  if (DATABASE[type] !== undefined) return DATABASE[type];
  switch (type) {
    case 50:
      return `store ${s.varint()}: ${STORE[s.u8()] ?? '?'}`;
    case 100:
      return `store ${s.varint()}, index ${s.varint()}: ${INDEX[s.u8()] ?? '?'}`;
    case 150:
      return `free store id ${s.varint()}`;
    case 151:
      return `free index id of store ${s.varint()}: ${s.varint()}`;
    case 200:
      return `store ${counted(s)}: id`;
    case 201:
      return `index ${counted2(s)}: id`;
    default:
      s.bad = true;
      return '';
  }
}

function counted2(s: Bytes): string {
  const store = s.varint();
  return `${counted(s)} of store ${store}`;
}

export const indexedDbLens: Lens = {
  id: 'chromium-indexeddb',
  title: 'Chromium IndexedDB',
  key: (key) => {
    const s = new Bytes(key);
    const p = prefixOf(s);
    let text: string;
    if (p.database === 0) text = `global: ${globalKey(s)}`;
    else if (p.store === 0) text = `db ${p.database}: ${databaseKey(s)}`;
    else {
      const what = p.index === 1 ? '' : p.index === 2 ? ' exists' : p.index === 3 ? ' blobs' : ` index ${p.index}`;
      text = `db ${p.database} store ${p.store}${what}: ${userKey(s)}`;
      // An index entry names the record that it leads to.
      if (p.index >= FIRST_INDEX && s.left > 0) {
        s.varint();
        if (s.left > 0) text += ` → ${userKey(s)}`;
      }
    }
    return s.bad ? undefined : text;
  },
  value: (key, value) => {
    const p = prefixOf(new Bytes(key));
    if (p.store !== 0 && p.index === 1) return record(value);
    if (p.store !== 0) return undefined;
    return metadata(value);
  },
};

/** Metadata is a number, or text in UTF-16. */
function metadata(value: Uint8Array): DecodedValue | undefined {
  const s = new Bytes(value);
  if (value.length > 0 && value.length % 2 === 0) {
    const text = s.utf16(value.length / 2, false);
    if (/^[\p{L}\p{N}\p{P}\p{S}\p{Zs}]+$/u.test(text)) return { text, language: 'text' };
  }
  const n = new Bytes(value);
  const number = n.varint();
  return !n.bad && n.left === 0 ? { text: String(number), language: 'text' } : undefined;
}

/** A record is its version and a structured clone, of which the envelope is told. */
function record(value: Uint8Array): DecodedValue | undefined {
  const s = new Bytes(value);
  const version = s.varint();
  if (s.bad || s.u8() !== 0xff) return undefined;
  const blink = s.u8();
  if (blink === 0x11) {
    const how = s.u8();
    if (how === 1) return { text: `version ${version}, value in a blob file`, language: 'text' };
    if (how === 2) return { text: `version ${version}, Snappy, ${s.left} bytes`, language: 'text' };
  }
  const v8 = s.b.indexOf(0xff, s.at);
  const inner = v8 >= 0 && v8 + 1 < value.length ? `, V8 version ${value[v8 + 1]}` : '';
  return {
    text: `version ${version}, structured clone (Blink version ${blink}${inner}), ${s.left} bytes`,
    language: 'text',
  };
}

export const indexedDb: LensKind = {
  id: indexedDbLens.id,
  title: indexedDbLens.title,
  detect: (context: LensContext): LensMatch | undefined =>
    context.comparator === 'idb_cmp1'
      ? { lens: indexedDbLens, confidence: 1, why: 'the comparator is idb_cmp1' }
      : undefined,
};
