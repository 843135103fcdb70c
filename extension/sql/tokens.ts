/** SQL taken apart into words, strings and comments, so that none of them is taken for another. Pure. */

export type TokenKind = 'word' | 'quoted' | 'string' | 'comment' | 'symbol';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Offsets in the text: first character, and the one behind the last. */
  readonly from: number;
  readonly to: number;
}

/** What is not closed goes on to the end of the text, as SQLite has it. */
const TOKEN =
  /(?<comment>--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<string>'(?:[^']|'')*(?:'|$))|(?<quoted>"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$))|(?<word>[\p{L}\p{N}_][\p{L}\p{N}_$]*)|(?<symbol>\S)/gu;

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(TOKEN)) {
    const kind = Object.entries(match.groups ?? {}).find(([, found]) => found !== undefined)?.[0] as TokenKind;
    tokens.push({ kind, text: match[0], from: match.index, to: match.index + match[0].length });
  }
  return tokens;
}

/** The name that a word or what stands in quotes of names says, in lower case; undefined for other tokens. */
export function nameOf(token: Token | undefined): string | undefined {
  if (token?.kind === 'word') return token.text.toLowerCase();
  if (token?.kind !== 'quoted') return undefined;
  const inside = token.text.slice(1, token.text.length > 1 && /["`\]]$/.test(token.text) ? -1 : undefined);
  const quote = token.text[0] ?? '';
  return (quote === '[' ? inside : inside.replaceAll(quote + quote, quote)).toLowerCase();
}
