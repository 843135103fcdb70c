/** What a value looks like as a document: indented JSON, text, or a hex dump; and places in dumps. Pure. */
import { displayKey, formatCount, hexDump, strictText } from '../engine/model/display.ts';
import { indentJson } from './jsonFormat.ts';

/** Bytes that a hex dump shows: the editor slows down past some 100,000 lines. */
export const HEX_BYTES_MAX = 1024 * 1024;

export interface ValueText {
  readonly kind: 'json' | 'text' | 'hex';
  /** With the dot; it picks the editor's language. */
  readonly extension: string;
  readonly text: string;
}

export function valueText(bytes: Uint8Array): ValueText {
  const text = strictText(bytes);
  if (text !== undefined && !isBinary(text)) {
    const json = indentJson(text);
    return json === undefined
      ? { kind: 'text', extension: '.txt', text }
      : { kind: 'json', extension: '.json', text: json };
  }
  const rest = bytes.length - HEX_BYTES_MAX;
  const dump = hexDump(bytes, HEX_BYTES_MAX);
  return {
    kind: 'hex',
    extension: '.hexdump',
    text: rest > 0 ? `${dump}\n… ${formatCount(rest)} more bytes: \`lsm get STORE KEY\` writes the whole value.` : dump,
  };
}

/** Control characters other than tab, line feed, form feed and carriage return do not belong in a text. */
function isBinary(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /[\x00-\x08\x0b\x0e-\x1f\x7f]/.test(text);
}

/**
 * The line of a dump for byte `offset`: the first of those with the largest offset that is not past
 * it, or the one among them that names damage. Lines begin with their offset, in no order: a table's
 * footer comes before its blocks.
 */
export function lineAtOffset(text: string, offset: number): number {
  let best = 0;
  let bestOffset = -1;
  let damage = false;
  for (const [i, line] of text.split('\n').entries()) {
    const match = /^\s*(\d+)\b/.exec(line);
    if (match === null) continue;
    const at = Number(match[1]);
    if (at > offset || at < bestOffset) continue;
    const named = /^\s*\d+\s+(CORRUPT|UNSUPPORTED|IO|NOT_FOUND): /.test(line);
    if (at > bestOffset || (named && !damage)) {
      best = i;
      bestOffset = at;
      damage = named;
    }
  }
  return best;
}

/** The line of a dump of a block in which the entry with that key begins, in the version `seq`; -1 if there is none. */
export function lineOfKey(text: string, key: Uint8Array, seq?: number): number {
  const whole = displayKey(key, 4 * key.length + 2);
  const lines = text.split('\n');
  return lines.findIndex((line, i) => {
    // The tag stands right behind the key.
    if (seq !== undefined && /\bsequence (\d+),/.exec(lines[i + 1] ?? '')?.[1] !== String(seq)) return false;
    const shown = /^\s*\d+\s+(?:[\da-f]{2} )*\s*key (.*)$/.exec(line)?.[1];
    if (shown === undefined || shown === whole) return shown === whole;
    // A long key is cut, and its length stands behind it.
    const cut = /^(.*)… \((\d+) bytes\)$/s.exec(shown);
    return cut !== null && Number(cut[2]) === key.length && whole.startsWith(cut[1] ?? '');
  });
}

/** The line of a log's dump with operation `seq` of the record that begins at byte `offset`; -1 if there is none. */
export function lineOfOperation(text: string, offset: number, seq: number): number {
  return text.split('\n').findIndex((line) => {
    const match = /^\s*(\d+)\s+(?:family \d+ )?seq (\d+) /.exec(line);
    return match !== null && Number(match[1]) >= offset && Number(match[2]) === seq;
  });
}
