/**
 * Indents JSON without touching its tokens: numbers past 2^53, duplicate keys and escapes stay as the
 * store holds them, which a round trip through `JSON.parse` would not promise.
 */

/** Indented by two spaces, or undefined if `text` is not a JSON object or array. */
export function indentJson(text: string): string | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const out: string[] = [];
  let depth = 0;
  const newline = (): void => {
    out.push('\n', '  '.repeat(depth));
  };
  // Strings, runs of other scalars, and single punctuation marks; white space falls between.
  const tokens = text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs);
  let previous = '';
  for (const [token] of tokens) {
    const closes = token === '}' || token === ']';
    if (closes) {
      depth--;
      if (previous !== '{' && previous !== '[') newline();
    } else if (previous === '{' || previous === '[') {
      newline();
    }
    out.push(token);
    if (token === ':') out.push(' ');
    else if (token === ',') newline();
    else if (token === '{' || token === '[') depth++;
    previous = token;
  }
  return out.join('');
}
