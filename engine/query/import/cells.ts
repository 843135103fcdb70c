/** What stands in a column of a row, and the bytes that it means. */
import { fromHex, utf8 } from '../../base/bytes.ts';
import { IMPORT_ENCODINGS, type ImportEncoding } from '../../model/import.ts';
import { parseKey } from '../../model/keyInput.ts';
import { parseKeyExpression } from '../../model/keySyntax.ts';

/** Text, bytes that were written as `{"hex": "…"}`, JSON's null, or nothing. */
export type Cell = string | Uint8Array | null | undefined;

/** Why a cell is not what it should be. */
export class CellFault extends Error {}

export interface ColumnSpec {
  readonly name: string;
  readonly as: ImportEncoding;
}

/** `NAME` or `NAME:ENCODING`; a column whose name looks like that comes first. */
export function parseColumn(spec: string, names: readonly string[]): ColumnSpec {
  const cut = spec.lastIndexOf(':');
  const as = IMPORT_ENCODINGS.find((e) => e === spec.slice(cut + 1));
  if (cut < 0 || as === undefined || names.includes(spec)) return { name: spec, as: 'text' };
  return { name: spec.slice(0, cut), as };
}

/** `{"hex": "…"}`, with or without its text, as exports have it; undefined for anything else. Throws CellFault. */
export function bytesOfJson(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'object' || value === null || !('hex' in value) || typeof value.hex !== 'string') {
    return undefined;
  }
  if (Object.keys(value).some((name) => name !== 'hex' && name !== 'text')) return undefined;
  return hexBytes(value.hex);
}

/** Throws CellFault. */
export function bytesOf(text: string, as: ImportEncoding): Uint8Array {
  switch (as) {
    case 'text':
      return utf8(text);
    case 'hex':
      return hexBytes(text.trim().replace(/^0x/i, ''));
    case 'base64':
      return base64Bytes(text.trim());
    case 'typed':
      return typedBytes(text);
    case 'escaped':
      return escapedBytes(text);
    case 'json':
      return utf8(checkJson(text));
  }
}

function hexBytes(digits: string): Uint8Array {
  const bytes = fromHex(digits);
  if (bytes === undefined) throw new CellFault(`${quoted(digits)} is not a row of two-digit hex bytes`);
  return bytes;
}

const BASE64 = /^(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2}(?:==)?|[A-Za-z0-9+/_-]{3}=?)?$/;

/** Both alphabets, with or without padding. */
function base64Bytes(text: string): Uint8Array {
  if (!BASE64.test(text)) throw new CellFault(`${quoted(text)} is not base64`);
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

function typedBytes(text: string): Uint8Array {
  const parsed = parseKey(text);
  if (!parsed.ok) throw new CellFault(parsed.message);
  return parsed.bytes;
}

/** Throws CellFault where it is no JSON. */
export function checkJson(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    throw new CellFault(`${quoted(text)} is not JSON`);
  }
  return text;
}

const SIMPLE: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\' };

/** What `bytesText` and `csvBytes` of rowText.ts print. */
function escapedBytes(text: string): Uint8Array {
  if (/^0x(?:[0-9a-f]{2})*$/i.test(text)) return hexBytes(text.slice(2));
  if (!text.includes('\\')) return utf8(text);
  const undone = text.replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|(.?))/gis, (whole, x, u, simple) => {
    if (x !== undefined || u !== undefined) return String.fromCharCode(Number.parseInt(x ?? u, 16));
    const c = SIMPLE[simple as string];
    if (c === undefined) throw new CellFault(`“${whole}” is not an escape; use \\xNN, \\uNNNN, \\n, \\r, \\t or \\\\`);
    return c;
  });
  return utf8(undone);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 39)}…` : text);
}

/** Numbers that stand in a typed key as they are; any other text is quoted there. */
const NUMBER = /^-?\d+(?:\.\d+)?(?:e-?\d+)?$/i;

/** A typed key with `{NAME}` in it. */
export class KeyTemplate {
  /** Names, in the order of the template. */
  readonly names: readonly string[];
  readonly #parts: readonly string[];

  private constructor(parts: readonly string[]) {
    this.#parts = parts;
    this.names = parts.filter((_, i) => i % 2 === 1);
  }

  /** Undefined where the text is no template. */
  static of(text: string): KeyTemplate | undefined {
    const parts = text.split(/\{([^{}]+)\}/);
    return parts.length === 1 ? undefined : new KeyTemplate(parts);
  }

  /** The key with these cells in its places. Throws CellFault. */
  bytes(cells: readonly string[]): Uint8Array {
    const text = this.#parts.map((part, i) => (i % 2 === 0 ? part : literal(cells[i >> 1] ?? ''))).join('');
    const parsed = parseKeyExpression(text);
    if (!parsed.ok) throw new CellFault(parsed.message);
    return parsed.bytes;
  }
}

function literal(cell: string): string {
  if (NUMBER.test(cell)) return cell;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to be escaped
  const escaped = cell.replace(/[\\'\u0000-\u001f]/g, (c) =>
    c === '\\' || c === "'" ? `\\${c}` : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `'${escaped}'`;
}
