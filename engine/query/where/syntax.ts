/**
 * The language of `--where`, from text to a tree.
 *
 *     or      = and { "or" and }              and     = not { "and" not }
 *     not     = "not" not | test              test    = "(" or ")" | operand [ compare operand ]
 *     compare = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~"
 *     operand = "key" [ "." field ] | "value" { "." name | "[" number or text "]" } | "size" | "keysize" | "seq"
 *             | "type" | "level" | "table" | number | text | 0xHEX | "/" expression "/" [ "i" ] | true | false | null
 *             | a typed key such as u32be(42)
 *
 * Words of the language may be written in capitals. Errors name the position, counted from 1.
 */
import { fromHex, strictText } from '../../base/bytes.ts';
import { StoreError } from '../../base/errors.ts';
import { isKeyFunction, parseKeyPart, parseQuotedText } from '../../model/keySyntax.ts';

export const COLUMNS = ['size', 'keysize', 'seq', 'level', 'table'] as const;
export type Column = (typeof COLUMNS)[number];
export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=' | '~';

export type Operand = { readonly at: number } & (
  | { readonly kind: 'key' | 'value' | 'type' }
  | { readonly kind: 'column'; readonly column: Column }
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'path'; readonly path: readonly (string | number)[] }
  | { readonly kind: 'number'; readonly value: number | bigint }
  | { readonly kind: 'text'; readonly value: string; readonly bytes: Uint8Array }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly number: number | bigint | undefined }
  | { readonly kind: 'constant'; readonly value: true | false | null }
  | { readonly kind: 'pattern'; readonly pattern: RegExp }
);

export type Expression =
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not'; readonly of: Expression }
  | {
      readonly kind: 'compare';
      readonly compare: Comparison;
      readonly left: Operand;
      readonly right: Operand;
      readonly at: number;
    }
  | { readonly kind: 'there'; readonly operand: Operand };

const SOURCE_MAX = 16 << 10;
const DEPTH_MAX = 200;

/** INPUT, with the position. */
export function whereFault(message: string, at: number): StoreError {
  return new StoreError('INPUT', `where: ${message} (position ${at + 1})`);
}

/** Throws INPUT. */
export function parseWhere(source: string): Expression {
  if (source.length > SOURCE_MAX) throw whereFault('the condition is too long', SOURCE_MAX);
  const parser = new Parser(source);
  const tree = parser.or(0);
  parser.end();
  return tree;
}

class Parser {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  or(depth: number): Expression {
    let left = this.#and(depth);
    while (this.#word('or')) left = { kind: 'or', left, right: this.#and(depth) };
    return left;
  }

  end(): void {
    this.#blanks();
    const c = this.#source[this.#at];
    if (c !== undefined) throw whereFault(`“${c}” is not expected here; conditions are joined by and, or`, this.#at);
  }

  #and(depth: number): Expression {
    let left = this.#not(depth);
    while (this.#word('and')) left = { kind: 'and', left, right: this.#not(depth) };
    return left;
  }

  #not(depth: number): Expression {
    if (depth > DEPTH_MAX) throw whereFault('nested too deeply', this.#at);
    if (this.#word('not')) return { kind: 'not', of: this.#not(depth + 1) };
    this.#blanks();
    if (this.#source[this.#at] !== '(') return this.#test();
    const from = this.#at++;
    const inner = this.or(depth + 1);
    this.#blanks();
    if (this.#source[this.#at] !== ')') throw whereFault('this parenthesis is not closed', from);
    this.#at++;
    return inner;
  }

  #test(): Expression {
    const left = this.#operand();
    this.#blanks();
    const at = this.#at;
    const sign = /^(?:!=|<>|<=|>=|==|!~|=|<|>|~)/.exec(this.#source.slice(at))?.[0];
    if (sign === undefined) return { kind: 'there', operand: left };
    this.#at += sign.length;
    const right = this.#operand();
    if (sign === '!~') return unlike(left, right, at);
    const compare = sign === '==' ? '=' : sign === '<>' ? '!=' : (sign as Comparison);
    return { kind: 'compare', compare, left, right, at };
  }

  #operand(): Operand {
    this.#blanks();
    const source = this.#source;
    const at = this.#at;
    const rest = source.slice(at);
    const c = source[at];
    if (c === undefined) throw whereFault('something to compare is missing', at);
    if (c === '"' || c === "'") return this.#text(at);
    if (c === '/') return this.#pattern(at);
    const hexDigits = /^0x([0-9a-f]*)(?![\w.])/i.exec(rest);
    if (hexDigits !== null) return this.#hex(hexDigits[1] as string, hexDigits[0].length, at);
    const number = /^[+-]?(\d[\d_]*)(\.\d+)?(e[+-]?\d+)?(?![\w.])/i.exec(rest);
    if (number !== null) {
      this.#at += number[0].length;
      return { kind: 'number', value: numberOf(number[0].replaceAll('_', '')), at };
    }
    const name = /^[A-Za-z_]\w*/.exec(rest)?.[0];
    if (name === undefined) throw whereFault(`“${c}” is not expected here`, at);
    if (source[at + name.length] === '(' && isKeyFunction(name)) {
      const part = parseKeyPart(source, at);
      if (!part.ok) throw whereFault(part.message.replace(/ \(position \d+\)$/, ''), part.at);
      this.#at = part.end;
      return { kind: 'bytes', bytes: part.bytes, number: undefined, at };
    }
    this.#at += name.length;
    return this.#named(name.toLowerCase(), name, at);
  }

  #named(word: string, written: string, at: number): Operand {
    if (word === 'true' || word === 'false') return { kind: 'constant', value: word === 'true', at };
    if (word === 'null') return { kind: 'constant', value: null, at };
    if (word === 'type') return { kind: 'type', at };
    const column = COLUMNS.find((c) => c === word);
    if (column !== undefined) return { kind: 'column', column, at };
    if (word === 'key') {
      const path = this.#path();
      const [name] = path;
      if (path.length === 0) return { kind: 'key', at };
      if (path.length > 1 || typeof name !== 'string')
        throw whereFault('a field of the key is one name, as key.id', at);
      return { kind: 'field', name, at };
    }
    if (word === 'value') {
      const path = this.#path();
      return path.length === 0 ? { kind: 'value', at } : { kind: 'path', path, at };
    }
    throw whereFault(`there is no “${written}”; there are key, value, size, keysize, seq, type, level, table`, at);
  }

  #path(): (string | number)[] {
    const path: (string | number)[] = [];
    for (;;) {
      const rest = this.#source.slice(this.#at);
      const name = /^\.([\p{L}_$\d][\p{L}\d_$-]*)/u.exec(rest);
      const index = /^\[\s*(\d{1,15})\s*\]/.exec(rest);
      if (name !== null) {
        path.push(name[1] as string);
        this.#at += name[0].length;
      } else if (index !== null) {
        path.push(Number(index[1]));
        this.#at += index[0].length;
      } else if (/^\[\s*["']/.test(rest)) {
        this.#at++;
        this.#blanks();
        const text = this.#text(this.#at);
        this.#blanks();
        if (this.#source[this.#at] !== ']') throw whereFault('“]” is missing', this.#at);
        this.#at++;
        if (text.kind === 'text') path.push(text.value);
      } else if (/^[.[]/.test(rest)) throw whereFault('a name, or a number in brackets, is missing', this.#at + 1);
      else return path;
    }
  }

  #text(at: number): Operand {
    const quoted = parseQuotedText(this.#source, at);
    if (!quoted.ok) throw whereFault(quoted.message.replace(/ \(position \d+\)$/, ''), quoted.at);
    this.#at = quoted.end;
    const value = strictText(quoted.bytes);
    const { bytes } = quoted;
    return value === undefined ? { kind: 'bytes', bytes, number: undefined, at } : { kind: 'text', value, bytes, at };
  }

  #hex(digits: string, length: number, at: number): Operand {
    this.#at += length;
    const bytes = fromHex(digits);
    const number = digits === '' || digits.length > 16 ? undefined : numberOf(BigInt(`0x${digits}`).toString());
    if (bytes !== undefined) return { kind: 'bytes', bytes, number, at };
    // An odd number of digits is no row of bytes, but still a number.
    if (number === undefined) throw whereFault('hex needs two digits a byte', at);
    return { kind: 'number', value: number, at };
  }

  #pattern(at: number): Operand {
    const m = /^\/((?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\[])+)\/([a-z]*)/.exec(this.#source.slice(at));
    if (m === null) throw whereFault('the closing “/” of the pattern is missing', at);
    const flags = m[2] as string;
    if (!/^[ims]*$/.test(flags)) throw whereFault(`a pattern takes the letters i, m and s, not “${flags}”`, at);
    this.#at += m[0].length;
    try {
      return { kind: 'pattern', pattern: new RegExp(m[1] as string, `${flags}u`), at };
    } catch (thrown) {
      throw whereFault(`the pattern is wrong: ${(thrown as Error).message}`, at);
    }
  }

  #word(word: string): boolean {
    this.#blanks();
    const end = this.#at + word.length;
    const found = this.#source.slice(this.#at, end).toLowerCase() === word && !/\w/.test(this.#source[end] ?? '');
    if (found) this.#at = end;
    return found;
  }

  #blanks(): void {
    while (/\s/.test(this.#source[this.#at] ?? '')) this.#at++;
  }
}

/** `!~` does not hold for what is not there, as `!=` does not. */
function unlike(left: Operand, right: Operand, at: number): Expression {
  const not: Expression = { kind: 'not', of: { kind: 'compare', compare: '~', left, right, at } };
  const mayLack = left.kind === 'path' || left.kind === 'value' || left.kind === 'field';
  return mayLack ? { kind: 'and', left: { kind: 'there', operand: left }, right: not } : not;
}

/** Whole numbers beyond 2^53 as BigInts. */
function numberOf(digits: string): number | bigint {
  const n = Number(digits);
  return Number.isInteger(n) && !Number.isSafeInteger(n) && /^[+-]?\d+$/.test(digits)
    ? BigInt(digits.replace(/^\+/, ''))
    : n;
}
