/**
 * JSON laid out anew without touching its literals. Parsing and printing would round 64-bit numbers
 * and drop repeated names, so the text is checked by the parser and then only its blanks are changed.
 */

const DEPTH_MAX = 200;

function isJsonStart(text: string): boolean {
  return /^[\s\ufeff]*[[{]/.test(text);
}

/** Position just after the string literal that opens at `at`. */
function skipString(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x5c) i++;
    else if (c === 0x22) return i + 1;
  }
  return text.length;
}

/**
 * The object or array in `text`, indented by `indent` spaces, or on one line with `indent` 0;
 * undefined if `text` is no JSON object or array.
 */
export function layoutJson(text: string, indent: number): string | undefined {
  if (!isJsonStart(text)) return undefined;
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const newline = (depth: number): string =>
    indent === 0 ? '' : `\n${' '.repeat(Math.min(depth, DEPTH_MAX) * indent)}`;
  const parts: string[] = [];
  let depth = 0;
  let at = 0;
  while (at < text.length) {
    const c = text[at] as string;
    if (c === '"') {
      const end = skipString(text, at);
      parts.push(text.slice(at, end));
      at = end;
      continue;
    }
    at++;
    if (c === '{' || c === '[') {
      const rest = /^\s*[}\]]/.exec(text.slice(at, at + 64));
      if (rest !== null) {
        parts.push(c, c === '{' ? '}' : ']');
        at += rest[0].length;
      } else parts.push(c, newline(++depth));
    } else if (c === '}' || c === ']') parts.push(newline(--depth), c);
    else if (c === ',') parts.push(indent === 0 ? ', ' : ',', newline(depth));
    else if (c === ':') parts.push(': ');
    else if (c !== ' ' && c !== '\n' && c !== '\r' && c !== '\t') {
      const literal = /^[^\s,\]}:]+/.exec(text.slice(at - 1, at + 400));
      const token = literal === null ? c : literal[0];
      parts.push(token);
      at += token.length - 1;
    }
  }
  return parts.join('');
}
