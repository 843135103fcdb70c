/**
 * How bytes and numbers read on a screen: shared by trees, tabs and messages, so that the same key
 * looks the same wherever it is met, and can be pasted back into any key input.
 */
import { fromHex, hex, strictText } from '../base/bytes.ts';

export { fromHex, hex, strictText };

/** Control, format, surrogate, private and unassigned characters, and line separators: never shown raw. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;
const UNPRINTABLE_ALL = /[\p{C}\p{Zl}\p{Zp}\\']/gu;

const encoder = new TextEncoder();

/**
 * A key (or any short byte string) as text. Printable UTF-8 stays as it is; text with a few control
 * characters becomes `'...'` with `\xNN` escapes; anything else `0x` and hex digits. Text that would
 * read back as something else (it starts with `0x` or a quote, or has outer blanks) is quoted.
 * At most `maxChars` characters, the last one `…` when cut.
 */
export function displayKey(bytes: Uint8Array, maxChars = 200): string {
  if (bytes.length === 0) return "''";
  // Four bytes a character at most, and one more so that a cut is noticed.
  const cut = bytes.length > maxChars * 4 + 4;
  const part = cut ? bytes.subarray(0, maxChars * 4 + 4) : bytes;
  return clip(displayPart(part, cut), maxChars, cut);
}

/** A value as one line: printable text with control characters escaped, or `0x` and hex digits. */
export function displayValue(bytes: Uint8Array, maxChars = 200): string {
  if (bytes.length === 0) return '';
  const cut = bytes.length > maxChars * 4 + 4;
  const part = cut ? bytes.subarray(0, maxChars * 4 + 4) : bytes;
  const text = decodePart(part, cut);
  if (text === undefined || countUnprintable(text) * 3 > text.length) return clip(`0x${hex(part)}`, maxChars, cut);
  return clip(escapeText(text, false), maxChars, cut);
}

/** Bytes in powers of 1024 with three significant digits: `0 B`, `999 B`, `1.50 KB`, `12.0 MB`. */
export function formatBytes(n: number): string {
  if (n < 1024) return `${n} B`;
  const units = ['KB', 'MB', 'GB', 'TB', 'PB'];
  let value = n / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 999.5 ? Math.round(value) : value.toPrecision(3)} ${units[unit]}`;
}

/** A count with thousands separated by commas: `632,506`. */
export function formatCount(n: number): string {
  return Math.round(n)
    .toString()
    .replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** `1 table`, `2 tables`: English plural of a counted noun. */
export function counted(n: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(n)} ${n === 1 ? singular : plural}`;
}

/** A classic hex dump: 16 bytes a line, offset, hex, and ASCII. At most `maxBytes` bytes. */
export function hexDump(bytes: Uint8Array, maxBytes = bytes.length): string {
  const end = Math.min(bytes.length, maxBytes);
  const lines: string[] = [];
  for (let at = 0; at < end; at += 16) {
    let digits = '';
    let ascii = '';
    for (let i = 0; i < 16; i++) {
      if (i === 8) digits += ' ';
      if (at + i >= end) {
        digits += '   ';
        continue;
      }
      const byte = bytes[at + i] as number;
      digits += `${byte.toString(16).padStart(2, '0')} `;
      ascii += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
    }
    lines.push(`${at.toString(16).padStart(8, '0')}  ${digits} ${ascii}`);
  }
  return lines.join('\n');
}

function displayPart(part: Uint8Array, cut: boolean): string {
  const text = decodePart(part, cut);
  if (text === undefined) return `0x${hex(part)}`;
  const bad = countUnprintable(text);
  if (bad === 0) return needsQuotes(text) ? escapeText(text, true) : text;
  return bad * 3 <= text.length ? escapeText(text, true) : `0x${hex(part)}`;
}

/** Strict UTF-8; where the bytes were cut, up to three bytes of a torn last character are dropped. */
function decodePart(part: Uint8Array, cut: boolean): string | undefined {
  for (let drop = 0; drop <= (cut ? 3 : 0); drop++) {
    const text = strictText(part.subarray(0, part.length - drop));
    if (text !== undefined) return text;
  }
  return undefined;
}

function countUnprintable(text: string): number {
  let n = 0;
  for (const c of text) if (UNPRINTABLE.test(c)) n++;
  return n;
}

function needsQuotes(text: string): boolean {
  return /^(0x|['"])/i.test(text) || text !== text.trim();
}

function escapeText(text: string, quoted: boolean): string {
  const body = text.replace(UNPRINTABLE_ALL, (c) => {
    if (c === '\\') return quoted ? '\\\\' : c;
    if (c === "'") return quoted ? "\\'" : c;
    let s = '';
    for (const byte of encoder.encode(c)) s += `\\x${byte.toString(16).padStart(2, '0')}`;
    return s;
  });
  return quoted ? `'${body}'` : body;
}

function clip(s: string, maxChars: number, cut: boolean): string {
  if (s.length <= maxChars && !cut) return s;
  let end = Math.min(s.length, maxChars - 1);
  // Never leave half of a surrogate pair.
  const last = s.charCodeAt(end - 1);
  if (last >= 0xd800 && last <= 0xdbff) end--;
  return `${s.slice(0, end)}…`;
}
