/** SQL taken apart just far enough to know what a statement is and which of our tables and columns it may read. */
import { StoreError } from '../base/errors.ts';

export interface SqlWords {
  /** First word of the statement, in upper case. */
  readonly verb: string;
  /** Everything that could be a name, in lower case: words, and what stands in quotes of any kind. */
  readonly names: ReadonlySet<string>;
  /** `SELECT *`, `t.*`, NATURAL: columns are meant that are not named. */
  readonly allColumns: boolean;
}

const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|[\p{L}_][\p{L}\p{N}_$]*|\S/gu;
const VERBS = ['SELECT', 'WITH', 'VALUES', 'EXPLAIN'];
export const QUERY_BYTES_MAX = 1_000_000;

/** Throws INPUT for what is not one statement that only reads. */
export function sqlWords(query: string): SqlWords {
  if (query.length > QUERY_BYTES_MAX) throw new StoreError('INPUT', 'the query is longer than a million characters');
  const names = new Set<string>();
  let verb = '';
  let allColumns = false;
  let ended = false;
  let last = '';
  let beforeLast = '';
  for (const [token] of query.matchAll(TOKEN)) {
    if (token.startsWith('--') || token.startsWith('/*')) continue;
    if (token === ';') {
      ended = verb !== '';
      continue;
    }
    if (ended) throw new StoreError('INPUT', 'one statement at a time: there is more behind the first ";"');
    const word = /^[\p{L}_]/u.test(token);
    if (verb === '') verb = token.toUpperCase();
    // count(*) needs no column.
    if (token === '*' && !(last === '(' && beforeLast === 'count')) allColumns = true;
    const name = word ? token.toLowerCase() : unquoted(token);
    if (word && name === 'natural') allColumns = true;
    if (name !== undefined) names.add(name);
    beforeLast = last;
    last = name ?? token;
  }
  if (verb === '') throw new StoreError('INPUT', 'the query is empty');
  if (!VERBS.includes(verb)) {
    throw new StoreError(
      'INPUT',
      `SQL here only reads: a query begins with ${VERBS.join(', ')}, not with ${verb.slice(0, 40)}`,
    );
  }
  return { verb, names, allColumns };
}

function unquoted(token: string): string | undefined {
  const quote = token[0];
  if (quote === '[') return token.slice(1, token.endsWith(']') ? -1 : undefined).toLowerCase();
  if (quote !== "'" && quote !== '"' && quote !== '`') return undefined;
  const inside = token.length > 1 && token.endsWith(quote) ? token.slice(1, -1) : token.slice(1);
  return inside.replaceAll(quote + quote, quote).toLowerCase();
}
