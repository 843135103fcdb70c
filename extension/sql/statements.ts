/**
 * A `.lsm.sql` document as statements, and what its comments say of the store to ask. Pure.
 *
 * Lines of comments of the form `-- store: PATH` are directives. Those in the comments at the top of the document
 * hold for all of its statements, those right before a statement for that one. `family`, `prefix`, `from`, `to` and
 * `limit` narrow what `entries` and `versions` are filled with.
 */
import type { SqlRange } from '../../engine/protocol/sqlView.ts';
import { type Token, tokensOf } from './tokens.ts';

export interface Directive {
  readonly name: string;
  readonly value: string;
  /** Offsets of the value. */
  readonly from: number;
  readonly to: number;
}

export interface Statement {
  /** As it is run: without its semicolon, and without the comments before it. */
  readonly text: string;
  /** Offsets of the first character, and behind the last; the semicolon is not counted. */
  readonly from: number;
  readonly to: number;
  /** Where the comments above it begin, or it itself. */
  readonly head: number;
  /** Where the next statement begins at the earliest: behind the semicolon, or at the end of the text. */
  readonly end: number;
  /** Those of the document, then those before it: of two of one name the last counts. */
  readonly directives: readonly Directive[];
  /** The last line of the comments right above it that is no directive. */
  readonly title?: string;
}

export const DIRECTIVES = ['store', 'family', 'prefix', 'from', 'to', 'limit'] as const;
export type DirectiveName = (typeof DIRECTIVES)[number];

const DIRECTIVE = new RegExp(`^--[ \\t]*(${DIRECTIVES.join('|')})[ \\t]*:[ \\t]*(.*?)\\s*$`, 'i');

/** Statements in their order; text of comments alone is none. */
export function statementsIn(text: string): Statement[] {
  const statements: Statement[] = [];
  let common: readonly Directive[] = [];
  let before: Directive[] = [];
  let first: Token | undefined;
  let last: Token | undefined;
  let above: Token[] = [];
  let head: number | undefined;
  let title: string | undefined;
  const close = (end: number): void => {
    if (first === undefined || last === undefined) return;
    if (statements.length === 0) common = before;
    const own = statements.length === 0 ? [] : before;
    const { from } = first;
    statements.push({
      ...{ text: text.slice(from, last.to), head: head ?? from, from, to: last.to, end },
      directives: [...common, ...own],
      ...(title === undefined ? {} : { title }),
    });
    before = [];
    above = [];
    first = last = head = undefined;
  };
  for (const token of tokensOf(text)) {
    if (token.kind === 'comment') {
      // One behind the semicolon of a statement is about that.
      const ended = statements.at(-1)?.end;
      if (first !== undefined || (ended !== undefined && !text.slice(ended, token.from).includes('\n'))) continue;
      head ??= token.from;
      before.push(...directiveOf(token));
      above.push(token);
    } else if (token.kind === 'symbol' && token.text === ';') close(token.to);
    else {
      if (first === undefined) {
        first = token;
        title = titleOf(text, above, token);
      }
      last = token;
    }
  }
  close(text.length);
  return statements;
}

/** What the comments right above a statement say, beside directives: the line next to it. */
function titleOf(text: string, above: readonly Token[], first: Token): string | undefined {
  let below = first;
  for (const comment of above.toReversed()) {
    const isNext = /^\r?\n[ \t]*$/.test(text.slice(comment.to, below.from));
    if (!isNext || !comment.text.startsWith('--')) return undefined;
    const line = comment.text.replace(/^-+/, '').trim();
    if (line !== '' && directiveOf(comment).length === 0) return line;
    below = comment;
  }
  return undefined;
}

function directiveOf(comment: Token): Directive[] {
  const match = DIRECTIVE.exec(comment.text);
  const [, name, value] = match ?? [];
  if (name === undefined || value === undefined || value === '') return [];
  const from = comment.from + comment.text.indexOf(value, comment.text.indexOf(':') + 1);
  return [{ name: name.toLowerCase(), value, from, to: from + value.length }];
}

/** Directives of the comments at the top of a text, whether a statement follows or not. */
export function headerDirectives(text: string): Directive[] {
  const found: Directive[] = [];
  for (const token of tokensOf(text)) {
    if (token.kind !== 'comment') break;
    found.push(...directiveOf(token));
  }
  return found;
}

/** The statement at an offset: the one around it or below its comments, else the nearest before, else the first. */
export function statementAt(statements: readonly Statement[], offset: number): Statement | undefined {
  return statements.findLast((s) => s.head <= offset) ?? statements[0];
}

export function directive(directives: readonly Directive[], name: DirectiveName): Directive | undefined {
  return directives.findLast((d) => d.name === name);
}

/** The range that the directives tell, as it was typed; a limit that is no whole number is named in `bad`. */
export function rangeOf(directives: readonly Directive[]): { readonly range: SqlRange; readonly bad?: Directive } {
  const range: { -readonly [K in keyof SqlRange]: SqlRange[K] } = {};
  for (const name of ['family', 'from', 'to', 'prefix'] as const) {
    const found = directive(directives, name);
    if (found !== undefined) range[name] = found.value;
  }
  const limit = directive(directives, 'limit');
  if (limit === undefined) return { range };
  const digits = limit.value.replace(/[,_ ]/g, '');
  if (!/^\d{1,15}$/.test(digits) || Number(digits) < 1) return { range, bad: limit };
  return { range: { ...range, limit: Number(digits) } };
}

/** The directive that a message about the range of a query is about. */
export function directiveOfError(directives: readonly Directive[], message: string): Directive | undefined {
  const bound = /^(from|to|prefix): /.exec(message)?.[1];
  return directives.findLast(({ name, value }) =>
    bound === undefined ? name === 'family' && message.includes(`“${value}”`) : name === bound,
  );
}

export interface Change {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The change that makes `-- store: PATH` at the top of a document say `path`. */
export function storeChange(text: string, path: string): Change {
  const found = directive(headerDirectives(text), 'store');
  if (found !== undefined) return { from: found.from, to: found.to, text: path };
  return { from: 0, to: 0, text: `-- store: ${path}\n` };
}

/** Where in a statement a message of SQLite points, as offsets in the statement; undefined for all of it. */
export function placeOfError(statement: string, message: string): { readonly from: number; to: number } | undefined {
  const near = /near "(.+?)": syntax error/s.exec(message)?.[1];
  const named = /(?:no such (?:column|table|function)|ambiguous column name):? (?:main\.)?([^\s]+)/.exec(message)?.[1];
  const wanted = near ?? named;
  if (wanted === undefined) return undefined;
  const tokens = tokensOf(statement).filter((token) => token.kind !== 'comment');
  // `t.name` is three tokens.
  const parts = near === undefined ? wanted.split('.').flatMap((part, i) => (i === 0 ? [part] : ['.', part])) : [near];
  const fits = (token: Token | undefined, part: string): boolean =>
    token !== undefined &&
    (token.text.toLowerCase() === part.toLowerCase() || token.text.slice(1, -1).toLowerCase() === part.toLowerCase());
  const at = tokens.findIndex((_, i) => parts.every((part, k) => fits(tokens[i + k], part)));
  const first = tokens[at];
  const last = tokens[at + parts.length - 1];
  if (first === undefined || last === undefined) return undefined;
  return { from: first.from, to: last.to };
}
