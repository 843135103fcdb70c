/**
 * A very small WebAssembly assembler for the inner loops that JavaScript has no types for: 64-bit
 * products (hashes), table look-ups from raw memory (CRC) and wide unaligned copies (LZ codecs).
 *
 * Expressions are `Value`s built by chaining (`h.add(x).rotl(13)`); nothing is evaluated until the
 * value is placed into a statement, and a value used twice is computed twice, so name intermediate
 * results with `f.let`. Statements go to a `Func`. `assemble` compiles and instantiates at once,
 * which needs no promise but, for the few kilobytes meant here, some milliseconds: do it at first use.
 *
 * All comparisons, divisions and shifts to the right are unsigned. All addresses are byte addresses
 * in the module's own memory; an access outside of it traps (`WebAssembly.RuntimeError`).
 */

import { StoreError } from './errors.ts';

export type Type = 'i32' | 'i64' | 'v128';
/** Bytes, in a tree that shares its parts until `encode` lays it flat. */
type Code = readonly (number | Code)[];
/** A number stands for an i32 constant, a bigint for an i64 constant. */
export type Operand = Value | number | bigint;

/** What is used of the global; its full types come with the DOM's, which the engine does without. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly RuntimeError: new () => Error;
};

interface GrowableMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

const TYPE_CODE = { i32: 0x7f, i64: 0x7e, v128: 0x7b } as const;
const VOID = 0x40;

const INTEGER_OPS = {
  i32: {
    eqz: 0x45,
    eq: 0x46,
    ne: 0x47,
    lt: 0x49,
    gt: 0x4b,
    le: 0x4d,
    ge: 0x4f,
    add: 0x6a,
    sub: 0x6b,
    mul: 0x6c,
    div: 0x6e,
    and: 0x71,
    or: 0x72,
    xor: 0x73,
    shl: 0x74,
    shr: 0x76,
    rotl: 0x77,
  },
  i64: {
    eqz: 0x50,
    eq: 0x51,
    ne: 0x52,
    lt: 0x54,
    gt: 0x56,
    le: 0x58,
    ge: 0x5a,
    add: 0x7c,
    sub: 0x7d,
    mul: 0x7e,
    div: 0x80,
    and: 0x83,
    or: 0x84,
    xor: 0x85,
    shl: 0x86,
    shr: 0x88,
    rotl: 0x89,
  },
} as const; // prettier-ignore
type Op = keyof (typeof INTEGER_OPS)['i32'];

function unsignedLeb(value: number): number[] {
  const out: number[] = [];
  let v = value;
  do {
    const low = v % 128;
    v = Math.floor(v / 128);
    out.push(v > 0 ? low | 0x80 : low);
  } while (v > 0);
  return out;
}

function signedLeb(value: bigint): number[] {
  const out: number[] = [];
  let v = value;
  for (;;) {
    const low = Number(v & 0x7fn);
    v >>= 7n;
    const done = (v === 0n && (low & 0x40) === 0) || (v === -1n && (low & 0x40) !== 0);
    out.push(done ? low : low | 0x80);
    if (done) return out;
  }
}

/** A constant as a value. */
export function constant(x: number | bigint): Value {
  return toValue(x);
}

function toValue(x: Operand): Value {
  if (typeof x === 'number') return new Value('i32', [0x41, ...signedLeb(BigInt.asIntN(32, BigInt(x)))]);
  if (typeof x === 'bigint') return new Value('i64', [0x42, ...signedLeb(BigInt.asIntN(64, x))]);
  return x;
}

/** Alignment hint 0 (a hint only), then the constant offset. */
function memoryArgument(offset: number): number[] {
  return [0, ...unsignedLeb(offset)];
}

/** An expression: its type and the code that leaves it on the stack. */
export class Value {
  readonly type: Type;
  readonly code: Code;

  constructor(type: Type, code: Code) {
    this.type = type;
    this.code = code;
  }

  #binary(op: Op, other: Operand, result?: Type): Value {
    const right = toValue(other);
    const { type } = this;
    if (type === 'v128' || right.type !== type) throw new TypeError(`${op} of ${type} and ${right.type}`);
    return new Value(result ?? type, [this.code, right.code, INTEGER_OPS[type][op]]);
  }

  #expect(type: Type): void {
    if (this.type !== type) throw new TypeError(`${type} expected, not ${this.type}`);
  }

  add(x: Operand): Value {
    return this.#binary('add', x);
  }
  sub(x: Operand): Value {
    return this.#binary('sub', x);
  }
  mul(x: Operand): Value {
    return this.#binary('mul', x);
  }
  div(x: Operand): Value {
    return this.#binary('div', x);
  }
  and(x: Operand): Value {
    return this.#binary('and', x);
  }
  or(x: Operand): Value {
    return this.#binary('or', x);
  }
  xor(x: Operand): Value {
    return this.#binary('xor', x);
  }
  shl(x: Operand): Value {
    return this.#binary('shl', x);
  }
  shr(x: Operand): Value {
    return this.#binary('shr', x);
  }
  rotl(x: Operand): Value {
    return this.#binary('rotl', x);
  }
  eq(x: Operand): Value {
    return this.#binary('eq', x, 'i32');
  }
  ne(x: Operand): Value {
    return this.#binary('ne', x, 'i32');
  }
  lt(x: Operand): Value {
    return this.#binary('lt', x, 'i32');
  }
  gt(x: Operand): Value {
    return this.#binary('gt', x, 'i32');
  }
  le(x: Operand): Value {
    return this.#binary('le', x, 'i32');
  }
  ge(x: Operand): Value {
    return this.#binary('ge', x, 'i32');
  }

  /** Number of zero bits above the highest one, of an i32. */
  clz(): Value {
    this.#expect('i32');
    return new Value('i32', [this.code, 0x67]);
  }

  /** Number of zero bits below the lowest one, of an i64, as an i64. */
  ctz(): Value {
    this.#expect('i64');
    return new Value('i64', [this.code, 0x7a]);
  }

  /** Low half of an i64. */
  low32(): Value {
    this.#expect('i64');
    return new Value('i32', [this.code, 0xa7]);
  }

  /** An i32 as an unsigned i64. */
  toI64(): Value {
    this.#expect('i32');
    return new Value('i64', [this.code, 0xad]);
  }

  #load(type: Type, opcode: Code, offset: number): Value {
    this.#expect('i32');
    return new Value(type, [this.code, opcode, memoryArgument(offset)]);
  }

  /** What stands at this address plus `offset`. */
  load8(offset = 0): Value {
    return this.#load('i32', [0x2d], offset);
  }
  load16(offset = 0): Value {
    return this.#load('i32', [0x2f], offset);
  }
  load32(offset = 0): Value {
    return this.#load('i32', [0x28], offset);
  }
  load64(offset = 0): Value {
    return this.#load('i64', [0x29], offset);
  }
  load128(offset = 0): Value {
    return this.#load('v128', [0xfd, 0x00], offset);
  }
}

/** A variable of a function. */
export class Local extends Value {
  readonly index: number;

  constructor(type: Type, index: number) {
    super(type, [0x20, ...unsignedLeb(index)]);
    this.index = index;
  }
}

/** A function under construction; statements are appended in the order of the calls. */
export class Func {
  readonly parameters: readonly Local[];
  readonly result: Type | undefined;
  readonly #locals: Local[];
  readonly #code: (number | Code)[] = [];

  constructor(parameters: readonly Type[], result: Type | undefined) {
    this.parameters = parameters.map((type, i) => new Local(type, i));
    this.#locals = [...this.parameters];
    this.result = result;
  }

  /** A new variable; zero until set. */
  local(type: Type): Local {
    const l = new Local(type, this.#locals.length);
    this.#locals.push(l);
    return l;
  }

  /** A new variable that holds `value` from here on. */
  let(value: Operand): Local {
    const l = this.local(toValue(value).type);
    this.set(l, value);
    return l;
  }

  set(target: Local, value: Operand): void {
    const v = toValue(value);
    if (v.type !== target.type) throw new TypeError(`${v.type} set to a variable of ${target.type}`);
    this.#code.push(v.code, 0x21, unsignedLeb(target.index));
  }

  store8(address: Value, value: Operand, offset = 0): void {
    this.#code.push(address.code, toValue(value).code, 0x3a, memoryArgument(offset));
  }

  /** Stores the two low bytes of `value`, little-endian. */
  store16(address: Value, value: Operand, offset = 0): void {
    this.#code.push(address.code, toValue(value).code, 0x3b, memoryArgument(offset));
  }

  /** Stores all bytes of `value`, little-endian. */
  store(address: Value, value: Operand, offset = 0): void {
    const v = toValue(value);
    const opcode = v.type === 'i32' ? [0x36] : v.type === 'i64' ? [0x37] : [0xfd, 0x0b];
    this.#code.push(address.code, v.code, opcode, memoryArgument(offset));
  }

  /** memmove. */
  copy(to: Value, from: Value, length: Value): void {
    this.#code.push(to.code, from.code, length.code, 0xfc, 0x0a, 0, 0);
  }

  if(condition: Value, then: () => void, otherwise?: () => void): void {
    this.#code.push(condition.code, 0x04, VOID);
    then();
    if (otherwise !== undefined) {
      this.#code.push(0x05);
      otherwise();
    }
    this.#code.push(0x0b);
  }

  while(condition: Value, body: () => void): void {
    this.if(condition, () => this.doWhile(body, condition));
  }

  doWhile(body: () => void, condition: Value): void {
    this.#code.push(0x03, VOID);
    body();
    this.#code.push(condition.code, 0x0d, 0, 0x0b);
  }

  return(value: Operand): void {
    this.#code.push(toValue(value).code, 0x0f);
  }

  /** The body of the code section for this function. */
  encode(): number[] {
    const added = this.#locals.slice(this.parameters.length);
    const locals = added.flatMap((l) => [1, TYPE_CODE[l.type]]);
    // A function with a result leaves by `return` only; the end is unreachable.
    const end = this.result === undefined ? [0x0b] : [0x00, 0x0b];
    const body: number[] = [];
    flatten([unsignedLeb(added.length), locals, this.#code, end], body);
    const sized = unsignedLeb(body.length);
    for (const byte of body) sized.push(byte);
    return sized;
  }
}

function flatten(code: Code, into: number[]): void {
  for (const part of code) {
    if (typeof part === 'number') into.push(part);
    else flatten(part, into);
  }
}

function section(id: number, items: readonly Code[]): Code {
  const body: number[] = [];
  flatten([unsignedLeb(items.length), items], body);
  return [id, unsignedLeb(body.length), body];
}

function name(s: string): number[] {
  return [s.length, ...new TextEncoder().encode(s)];
}

export interface Assembled {
  readonly memory: GrowableMemory;
  readonly call: Readonly<Record<string, (...args: number[]) => number>>;
}

const PAGE = 65_536;

/** A compiled module; every instance has a memory of its own. */
export interface Program {
  instantiate(): Assembled;
}

/** Compiles the functions into one module whose instances have a memory of at least `memoryBytes`. */
export function compile(functions: Readonly<Record<string, Func>>, memoryBytes: number): Program {
  const entries = Object.entries(functions);
  const types = entries.map(([, f]) => [
    0x60,
    f.parameters.length,
    ...f.parameters.map((p) => TYPE_CODE[p.type]),
    ...(f.result === undefined ? [0] : [1, TYPE_CODE[f.result]]),
  ]);
  const bytes: number[] = [];
  const pages = unsignedLeb(Math.ceil(memoryBytes / PAGE));
  flatten(
    [
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, types),
      section(
        3,
        entries.map((_, i) => unsignedLeb(i)),
      ),
      section(5, [[0, pages]]),
      section(7, [[name('memory'), 2, 0], ...entries.map(([n], i) => [name(n), 0, unsignedLeb(i)])]),
      section(
        10,
        entries.map(([, f]) => f.encode()),
      ),
    ],
    bytes,
  );
  const module = new WebAssembly.Module(new Uint8Array(bytes));
  return {
    instantiate: () => {
      const { exports } = new WebAssembly.Instance(module);
      const call: Record<string, (...args: number[]) => number> = {};
      for (const [n] of entries) call[n] = exports[n] as (...args: number[]) => number;
      return { memory: exports['memory'] as GrowableMemory, call };
    },
  };
}

/** Compiles the functions and makes the one instance that is wanted of them. */
export function assemble(functions: Readonly<Record<string, Func>>, memoryBytes: number): Assembled {
  return compile(functions, memoryBytes).instantiate();
}

/** Whether `e` is an access outside of the memory or the like. */
export function isTrap(e: unknown): boolean {
  return e instanceof WebAssembly.RuntimeError;
}

/** A module's memory as bytes, grown on demand; holds the view that growing would detach. */
export class WasmMemory {
  readonly #memory: GrowableMemory;
  bytes: Uint8Array;

  constructor(memory: GrowableMemory) {
    this.#memory = memory;
    this.bytes = new Uint8Array(memory.buffer);
  }

  /** Makes the memory at least `n` bytes long. An IO error where the machine has not that much. */
  reserve(n: number): void {
    if (n <= this.bytes.length) return;
    const wanted = Math.max(n, Math.min(this.bytes.length * 2, this.bytes.length + (16 << 20)));
    try {
      this.#memory.grow(Math.ceil((wanted - this.bytes.length) / PAGE));
    } catch {
      throw new StoreError('IO', `not enough memory to process ${n} bytes at once`);
    }
    this.bytes = new Uint8Array(this.#memory.buffer);
  }
}
