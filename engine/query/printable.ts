/** Whether bytes are text to read: one rule for SQL's `..._text` columns and for those of an export. */

/**
 * True if b[start, start + length) is UTF-8 (RFC 3629: no overlong forms, no surrogates) without control
 * characters but tab, line feed and carriage return.
 */
export function isPrintable(b: Uint8Array, start: number, length: number): boolean {
  const end = start + length;
  let i = start;
  while (i < end) {
    const c = b[i] as number;
    if (c < 0x80) {
      if ((c < 0x20 && c !== 0x0a && c !== 0x09 && c !== 0x0d) || c === 0x7f) return false;
      i++;
      continue;
    }
    const more = c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 0;
    if (more === 0 || i + more >= end) return false;
    const second = b[i + 1] as number;
    // Only the second byte has bounds of its own: against overlong forms, surrogates, and what is past U+10FFFF.
    const least = c === 0xe0 ? 0xa0 : c === 0xf0 ? 0x90 : c === 0xc2 ? 0xa0 : 0x80;
    const most = c === 0xed ? 0x9f : c === 0xf4 ? 0x8f : 0xbf;
    if (second < least || second > most) return false;
    for (let k = 2; k <= more; k++) if (((b[i + k] as number) & 0xc0) !== 0x80) return false;
    i += more + 1;
  }
  return true;
}
