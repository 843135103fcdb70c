/**
 * The syntax of keys that people type: plain text; `0x…` for bytes in hex; `'…'` or `"…"` for text
 * with escapes (`\xNN`, `\n`, `\r`, `\t`, `\0`, `\\`, `\'`, `\"`). What `displayKey` shows reads back
 * as the same bytes.
 *
 * Input that starts with a function of keySyntax.ts, as `u32be(`, is a typed key; so is hex or quoted text with `+`
 * behind it. Any other text is plain, whatever stands in it.
 */
import { looksTyped, parseKeyExpression } from './keySyntax.ts';

export type ParsedKey =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly message: string };

/** `vscode.l10n.t` in the extension, `plain` elsewhere. */
export type Translate = (message: string, ...args: (string | number)[]) => string;

const SIMPLE: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, '0': 0, '\\': 92, "'": 39, '"': 34 };

export const plain: Translate = (message, ...args) =>
  message.replace(/\{(\d+)\}/g, (whole, i: string) => String(args[Number(i)] ?? whole));

export function parseKey(input: string, t: Translate = plain): ParsedKey {
  if (input === '') return { ok: false, message: t('Type a key: text, 0xHEX, or quoted text with \\xNN escapes.') };
  if (looksTyped(input) || /^(0x[0-9a-f]*|'(\\.|[^'\\])*'|"(\\.|[^"\\])*")\s*\+/is.test(input)) {
    return parseKeyExpression(input);
  }
  if (/^0x/i.test(input)) return parseHex(input.slice(2), t);
  const quote = input[0];
  if (quote === "'" || quote === '"') return parseQuoted(input, quote, t);
  return { ok: true, bytes: new TextEncoder().encode(input) };
}

function parseHex(digits: string, t: Translate): ParsedKey {
  const bad = /[^0-9a-f]/i.exec(digits);
  if (bad !== null) return { ok: false, message: t('“{0}” is not a hex digit.', bad[0]) };
  if (digits.length % 2 !== 0) return { ok: false, message: t('Hex needs two digits a byte; one is missing.') };
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return { ok: true, bytes };
}

function parseQuoted(input: string, quote: string, t: Translate): ParsedKey {
  const out: number[] = [];
  const encoder = new TextEncoder();
  let at = 1;
  while (at < input.length) {
    const c = input[at] as string;
    if (c === quote) {
      if (at !== input.length - 1) return { ok: false, message: t('There is text after the closing quote.') };
      return { ok: true, bytes: Uint8Array.from(out) };
    }
    if (c !== '\\') {
      const character = String.fromCodePoint(input.codePointAt(at) as number);
      out.push(...encoder.encode(character));
      at += character.length;
      continue;
    }
    const kind = input[at + 1];
    if (kind === 'x') {
      const digits = input.slice(at + 2, at + 4);
      if (!/^[0-9a-f]{2}$/i.test(digits)) return { ok: false, message: t('\\x needs two hex digits after it.') };
      out.push(Number.parseInt(digits, 16));
      at += 4;
      continue;
    }
    const simple = kind === undefined ? undefined : SIMPLE[kind];
    if (simple === undefined) {
      return { ok: false, message: t('“\\{0}” is not an escape; use \\xNN or \\\\.', kind ?? '') };
    }
    out.push(simple);
    at += 2;
  }
  return { ok: false, message: t('The closing quote is missing.') };
}
