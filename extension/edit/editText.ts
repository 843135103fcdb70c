/**
 * A value as a text that can be edited, and back. What was not touched comes back byte for byte; whether a form
 * promises that for a value is decided when it is opened. Pure.
 *
 * - json: JSON without blanks between its tokens, shown indented; saved without them again.
 * - text: UTF-8 that an editor leaves alone: line ends of one kind, no control characters, no byte order mark.
 * - hex: everything else. Pairs of hex digits, in any arrangement; a `#` starts a remark up to the end of its line.
 */
import { formatCount, hex, strictText } from '../../engine/model/display.ts';
import { plain, type Translate } from '../../engine/model/keyInput.ts';
import { indentJson } from '../jsonFormat.ts';

/** Bytes of a value that is opened for editing, at most. */
export const EDIT_BYTES_MAX = 1 << 20;
const ROW_BYTES = 16;

export type EditForm = 'json' | 'text' | 'hex';

/** With the dot; it picks the editor's language. */
export const FORM_EXTENSION: Readonly<Record<EditForm, string>> = { json: '.json', text: '.txt', hex: '.hex' };

export type Edited =
  | { readonly ok: true; readonly bytes: Uint8Array }
  /** `line` and `column` count from 1; of JSON the editor itself marks the place. */
  | { readonly ok: false; readonly message: string; readonly line?: number; readonly column?: number };

const encoder = new TextEncoder();

export function formOf(bytes: Uint8Array): EditForm {
  const text = strictText(bytes);
  if (text === undefined || hasMark(bytes) || !isEditable(text)) return 'hex';
  const indented = indentJson(text);
  return indented !== undefined && compactJson(indented) === text ? 'json' : 'text';
}

/** The text in which `bytes` are edited; `form` is what `formOf` said of them. */
export function editText(bytes: Uint8Array, form: EditForm, t: Translate = plain): string {
  if (form === 'hex') return hexText(bytes, t);
  const text = strictText(bytes) ?? '';
  return form === 'json' ? (indentJson(text) ?? text) : text;
}

export function parseEdited(text: string, form: EditForm, t: Translate = plain): Edited {
  if (form === 'hex') return parseHexText(text, t);
  if (form === 'text') return { ok: true, bytes: encoder.encode(text) };
  try {
    JSON.parse(text);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return { ok: false, message: t('This is no JSON: {0}', reason) };
  }
  return { ok: true, bytes: encoder.encode(compactJson(text)) };
}

/** Without blanks between tokens; the tokens stay as they are. `text` is JSON. */
export function compactJson(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/gs, (_, quoted: string | undefined) => quoted ?? '');
}

/** UTF-8's byte order mark, which decoding takes away. */
function hasMark(b: Uint8Array): boolean {
  return b[0] === 0xef && b[1] === 0xbb && b[2] === 0xbf;
}

/** Line ends that an editor would make one of would not come back as they were. */
function isEditable(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]/.test(text)) return false;
  const ends = new Set(text.match(/\r\n|\r|\n/g) ?? []);
  return ends.size <= 1 && !ends.has('\r');
}

function hexText(bytes: Uint8Array, t: Translate): string {
  const lines = [`# ${t('{0} bytes in hex. What stands behind # is not read.', formatCount(bytes.length))}`];
  for (let at = 0; at < bytes.length; at += ROW_BYTES) {
    const row = bytes.subarray(at, at + ROW_BYTES);
    const pairs = hex(row).replace(/../g, '$& ').trimEnd();
    const shown = Array.from(row, (b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.')).join('');
    lines.push(`${pairs.padEnd(3 * ROW_BYTES - 1)}  # ${at.toString(16).padStart(8, '0')} ${shown}`);
  }
  return `${lines.join('\n')}\n`;
}

function parseHexText(text: string, t: Translate): Edited {
  const bytes: number[] = [];
  for (const [i, line] of text.split(/\r\n|\r|\n/).entries()) {
    const wrong = (message: string, column: number): Edited => ({
      ok: false,
      message,
      line: i + 1,
      column: column + 1,
    });
    const end = line.indexOf('#');
    const code = end < 0 ? line : line.slice(0, end);
    for (const word of code.matchAll(/\S+/g)) {
      const [digits] = word;
      const bad = /[^0-9a-f]/i.exec(digits);
      if (bad !== null) return wrong(t('“{0}” is not a hex digit.', bad[0]), word.index + bad.index);
      if (digits.length % 2 !== 0) return wrong(t('Hex needs two digits a byte; one is missing.'), word.index);
      for (let k = 0; k < digits.length; k += 2) bytes.push(Number.parseInt(digits.slice(k, k + 2), 16));
    }
  }
  return { ok: true, bytes: Uint8Array.from(bytes) };
}
