/**
 * Bytes and text from a store, made safe to look at: pure functions, no DOM.
 *
 * Whatever cannot be seen or would change how its neighbours are drawn (control characters, escape
 * sequences, bidirectional controls, zero-width characters, bytes that are not UTF-8) becomes an
 * escape in ASCII, in a segment of its own so that a view can set it apart from the same characters
 * in plain text.
 */
import type { BytesFormat } from '../../engine/protocol/viewApi.ts';

export interface Segment {
  readonly text: string;
  /** True for an escape that stands for something else. */
  readonly escaped: boolean;
}

/** What must not reach the screen as it is; a lone surrogate U+DC80..DCFF stands for an undecodable byte. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const loose = new TextDecoder('utf-8', { ignoreBOM: true });

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/** Length in bytes of the UTF-8 sequence at `at`, or 0 if there is no valid one before `end`. */
function sequenceLength(b: Uint8Array, at: number, end: number): number {
  const first = b[at] as number;
  if (first < 0x80) return 1;
  const length =
    first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
  if (length === 0 || at + length > end) return 0;
  for (let i = 1; i < length; i++) if (((b[at + i] as number) & 0xc0) !== 0x80) return 0;
  const second = b[at + 1] as number;
  if (first === 0xe0 && second < 0xa0) return 0;
  if (first === 0xed && second > 0x9f) return 0;
  if (first === 0xf0 && second < 0x90) return 0;
  if (first === 0xf4 && second > 0x8f) return 0;
  return length;
}

/** Text of `b`; each byte that is not part of valid UTF-8 becomes the lone surrogate U+DC00 + byte. */
export function decodeBytes(b: Uint8Array): string {
  try {
    return strict.decode(b);
  } catch {
    let out = '';
    let at = 0;
    while (at < b.length) {
      const start = at;
      for (let n = sequenceLength(b, at, b.length); n > 0; n = at < b.length ? sequenceLength(b, at, b.length) : 0)
        at += n;
      if (at > start) out += loose.decode(b.subarray(start, at));
      if (at < b.length) out += String.fromCharCode(0xdc00 + (b[at++] as number));
    }
    return out;
  }
}

/** Text of `b`, or undefined where it is not UTF-8. */
export function strictText(b: Uint8Array): string | undefined {
  try {
    return strict.decode(b);
  } catch {
    return undefined;
  }
}

/** Bytes as they go to the clipboard: exact text where there is one, hex otherwise and in the hex format. */
export function clipboardText(b: Uint8Array, format: BytesFormat): string {
  return format === 'hex' ? hexText(b) : (strictText(b) ?? hexText(b));
}

/** `b` without an incomplete UTF-8 sequence at its end: for a preview that was cut by bytes. */
export function trimCutSequence(b: Uint8Array): Uint8Array {
  for (let back = 1; back <= 3 && back <= b.length; back++) {
    const byte = b[b.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return wanted > back ? b.subarray(0, b.length - back) : b;
  }
  return b;
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) as number;
  if (code === 0x0a) return '\\n';
  if (code === 0x0d) return '\\r';
  if (code === 0x09) return '\\t';
  if (code < 0x20 || code === 0x7f) return `\\x${HEX[code]}`;
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${HEX[code - 0xdc00]}`;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/**
 * `text` as segments, neighbouring escapes joined. With `keepLines`, newline and tab stay as they
 * are (for text shown over several lines).
 */
export function segmentsOf(text: string, keepLines = false): Segment[] {
  const segments: Segment[] = [];
  let plainFrom = 0;
  let escapes = '';
  const flush = (): void => {
    if (escapes !== '') segments.push({ text: escapes, escaped: true });
    escapes = '';
  };
  for (const match of text.matchAll(UNSEEN)) {
    const character = match[0];
    if (keepLines && (character === '\n' || character === '\t')) continue;
    if (match.index > plainFrom) {
      flush();
      segments.push({ text: text.slice(plainFrom, match.index), escaped: false });
    }
    escapes += escapeOf(character);
    plainFrom = match.index + character.length;
  }
  flush();
  if (plainFrom < text.length) segments.push({ text: text.slice(plainFrom), escaped: false });
  return segments;
}

/** Characters looked at to tell text from binary. */
const SAMPLE_CHARS = 1024;

/** Whether more than a third of `text` cannot be shown: then hex says more (the rule of `displayKey`). */
export function isBinary(text: string): boolean {
  const sample = text.slice(0, SAMPLE_CHARS);
  const unseen = sample.match(UNSEEN)?.filter((c) => c !== '\n' && c !== '\t' && c !== '\r').length ?? 0;
  return unseen * 3 > sample.length;
}

/** One line of plain text with everything unseen escaped: for titles, labels and the clipboard of a grid. */
export function visibleText(b: Uint8Array, charsMax = Number.POSITIVE_INFINITY): string {
  const text = decodeBytes(b.length > charsMax * 4 ? trimCutSequence(b.subarray(0, charsMax * 4)) : b);
  const shown = segmentsOf(text.length > charsMax ? text.slice(0, charsMax) : text)
    .map((s) => s.text)
    .join('');
  return text.length > charsMax ? `${shown}…` : shown;
}

/** Text that did not come as bytes (file names, messages), made visible in the same way. */
export function visibleString(text: string): string {
  return segmentsOf(text)
    .map((s) => s.text)
    .join('');
}

/** Lower-case hex of at most `bytesMax` bytes. */
export function hexText(b: Uint8Array, bytesMax: number = b.length): string {
  const n = Math.min(b.length, bytesMax);
  let out = '';
  for (let i = 0; i < n; i++) out += HEX[b[i] as number];
  return n < b.length ? `${out}…` : out;
}

/** Lines of a hex dump, 16 bytes each: offset, two groups of eight, ASCII. `from` and `to` are byte offsets. */
export function hexDump(b: Uint8Array, from = 0, to: number = b.length): string {
  let out = '';
  const end = Math.min(to, b.length);
  for (let at = from; at < end; at += 16) {
    const n = Math.min(16, end - at);
    let line = `${at.toString(16).padStart(8, '0')} `;
    let ascii = '';
    for (let i = 0; i < 16; i++) {
      if (i % 8 === 0) line += ' ';
      if (i < n) {
        const byte = b[at + i] as number;
        line += `${HEX[byte]} `;
        ascii += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
      } else line += '   ';
    }
    out += `${line} ${ascii}${at + 16 < end ? '\n' : ''}`;
  }
  return out;
}
