/** What can be typed at a place in a statement, and what a name there means. Pure. */
import type { SqlColumnSchema, SqlTableSchema } from '../../engine/protocol/engineApi.ts';
import { nameOf, type Token, tokensOf } from './tokens.ts';
import { FUNCTIONS, KEY_WORDS } from './words.ts';

export interface Suggestion {
  readonly kind: 'table' | 'column' | 'alias' | 'function' | 'keyword';
  readonly label: string;
  /** Beside the label: a type, the table of a column. */
  readonly detail: string;
  readonly doc: string;
  /** The first come first. */
  readonly rank: number;
}

/** A table that a statement names, as it is called in it. */
interface Source {
  readonly name: string;
  readonly table: SqlTableSchema;
}

/** Words after which a name in FROM cannot be an alias. */
const NOT_ALIASES = new Set([...KEY_WORDS.map((word) => word.toLowerCase())]);
/** Words behind which the name of a table is meant. */
const BEFORE_TABLE = new Set(['from', 'join']);

/** `offset` is one in the statement. Nothing is suggested inside of strings and comments. */
export function suggestionsAt(schema: readonly SqlTableSchema[], statement: string, offset: number): Suggestion[] {
  const tokens = tokensOf(statement);
  const inside = tokens.find((token) => token.from < offset && offset <= token.to);
  if (inside !== undefined && offset < inside.to && inside.kind !== 'word' && inside.kind !== 'symbol') return [];
  if (inside?.kind === 'comment' && inside.text.startsWith('--')) return [];
  if (inside?.kind === 'string') return [];
  const code = tokens.filter((token) => token.kind !== 'comment');
  const typed = inside?.kind === 'word' || inside?.kind === 'quoted' ? inside : undefined;
  const at = typed === undefined ? code.filter((token) => token.to <= offset).length : code.indexOf(typed);
  const sources = sourcesOf(schema, code);
  const before = code[at - 1];
  if (before?.text === '.') {
    const owner = nameOf(code[at - 2]);
    const found = sources.filter((source) => source.name === owner);
    return found.slice(0, 1).flatMap(({ table }) => columnsOf(table, 0));
  }
  if (expectsTable(code, at)) return schema.map((table) => tableSuggestion(table, 0));
  return [
    ...columnSuggestions(schema, sources),
    ...sources.filter((s) => s.name !== s.table.name).map((s) => aliasSuggestion(s)),
    ...schema.map((table) => tableSuggestion(table, sources.length === 0 ? 1 : 4)),
    ...FUNCTIONS.map(([call, doc]) => ({ kind: 'function' as const, label: call, detail: '', doc, rank: 5 })),
    ...KEY_WORDS.map((label) => ({ kind: 'keyword' as const, label, detail: '', doc: '', rank: 3 })),
  ];
}

/** Those of the tables that the statement names; where it names none, those of all. */
function columnSuggestions(schema: readonly SqlTableSchema[], sources: readonly Source[]): Suggestion[] {
  const named = [...new Set(sources.map((s) => s.table))];
  const seen = new Set<string>();
  const all = named.length > 0 ? named.flatMap((table) => columnsOf(table, 1)) : [];
  const rest = schema.filter((table) => !named.includes(table)).flatMap((table) => columnsOf(table, 6));
  return [...all, ...rest].filter(({ label, rank, detail }) => {
    // One column of many tables stands there once, unless they are all meant.
    const id = rank === 1 ? `${label} ${detail}` : label;
    if (seen.has(id) || (rank !== 1 && [...seen].some((s) => s.startsWith(`${label} `)))) return false;
    seen.add(id);
    return true;
  });
}

function columnsOf(table: SqlTableSchema, rank: number): Suggestion[] {
  return table.columns.map(({ name, type, doc }) => ({
    kind: 'column',
    label: name,
    detail: `${type} · ${table.name}`,
    doc,
    rank,
  }));
}

function tableSuggestion({ name, doc }: SqlTableSchema, rank: number): Suggestion {
  return { kind: 'table', label: name, detail: '', doc, rank };
}

function aliasSuggestion({ name, table }: Source): Suggestion {
  return { kind: 'alias', label: name, detail: table.name, doc: table.doc, rank: 2 };
}

/** Behind FROM or JOIN, or behind a comma in the list of FROM. */
function expectsTable(code: readonly Token[], at: number): boolean {
  const before = code[at - 1];
  if (BEFORE_TABLE.has(nameOf(before) ?? '')) return true;
  if (before?.text !== ',') return false;
  let depth = 0;
  for (let i = at - 2; i >= 0; i--) {
    const token = code[i] as Token;
    if (token.text === ')') depth++;
    else if (token.text === '(' && --depth < 0) return false;
    else if (depth === 0 && token.kind === 'word') {
      const word = token.text.toLowerCase();
      if (word === 'from') return true;
      if (['select', 'where', 'by', 'having', 'on', 'values', 'using', 'limit'].includes(word)) return false;
    }
  }
  return false;
}

/** Tables that stand behind FROM and JOIN, each by its name and by its alias. */
export function sourcesOf(schema: readonly SqlTableSchema[], code: readonly Token[]): Source[] {
  const sources: Source[] = [];
  for (const [i, token] of code.entries()) {
    const table = schema.find((s) => s.name === nameOf(token));
    if (table === undefined || !expectsTable(code, i)) continue;
    const next = nameOf(code[i + 1]);
    const alias = next === 'as' ? nameOf(code[i + 2]) : next;
    sources.push({ name: table.name, table });
    if (alias !== undefined && !NOT_ALIASES.has(alias)) sources.unshift({ name: alias, table });
  }
  return sources;
}

export interface Meaning {
  readonly table: SqlTableSchema;
  /** Undefined where the table itself is meant. */
  readonly column?: SqlColumnSchema;
}

/** What the name at an offset of a statement may mean; more than one where columns of several tables share it. */
export function meaningsAt(schema: readonly SqlTableSchema[], statement: string, offset: number): Meaning[] {
  const code = tokensOf(statement).filter((token) => token.kind !== 'comment');
  const at = code.findIndex((token) => token.from <= offset && offset <= token.to && nameOf(token) !== undefined);
  const name = nameOf(code[at]);
  if (name === undefined) return [];
  const sources = sourcesOf(schema, code);
  if (code[at - 1]?.text === '.') {
    const owner = nameOf(code[at - 2]);
    return sources
      .filter((source) => source.name === owner)
      .slice(0, 1)
      .flatMap(({ table }) => columnNamed(table, name));
  }
  const source = sources.find((s) => s.name === name);
  if (source !== undefined && (expectsTable(code, at) || code[at + 1]?.text === '.')) return [{ table: source.table }];
  const columns = [...new Set(sources.map((s) => s.table))].flatMap((table) => columnNamed(table, name));
  return columns.length > 0 || source === undefined ? columns : [{ table: source.table }];
}

function columnNamed(table: SqlTableSchema, name: string): Meaning[] {
  const column = table.columns.find((c) => c.name === name);
  return column === undefined ? [] : [{ table, column }];
}
