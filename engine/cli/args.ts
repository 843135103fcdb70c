/** What stands on the command line, checked against what a command takes. */
import { parseArgs } from 'node:util';
import { fromHex, utf8 } from '../base/bytes.ts';
import { parseKeyExpression } from '../model/keySyntax.ts';

/** Wrong usage: exit code 2. */
export class UsageError extends Error {}

export interface OptionSpec {
  readonly name: string;
  /** Name of the value in the help text; absent for a switch. */
  readonly value?: string;
  readonly help: string;
}

export interface CommandSpec {
  readonly name: string;
  /** Names of the positional arguments. */
  readonly takes: readonly string[];
  readonly summary: string;
  readonly options: readonly OptionSpec[];
  run(args: Args): Promise<number> | number;
}

export interface Args {
  readonly positionals: readonly string[];
  has(name: string): boolean;
  text(name: string): string | undefined;
  /** A non-negative integer. Throws UsageError. */
  count(name: string): number | undefined;
}

export function readArgs(spec: CommandSpec, argv: readonly string[]): Args {
  const options: Record<string, { type: 'string' | 'boolean' }> = {
    help: { type: 'boolean' },
    debug: { type: 'boolean' },
  };
  for (const o of spec.options) options[o.name] = { type: o.value === undefined ? 'boolean' : 'string' };
  let parsed: { values: Record<string, string | boolean | undefined>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true }) as typeof parsed;
  } catch (thrown) {
    throw new UsageError(thrown instanceof Error ? (thrown.message.split('. ')[0] ?? '') : String(thrown));
  }
  const { values, positionals } = parsed;
  if (values['help'] !== true && positionals.length !== spec.takes.length) {
    throw new UsageError(`${spec.name} takes ${spec.takes.join(' and ')}, not ${positionals.length} arguments`);
  }
  const text = (name: string): string | undefined => {
    const v = values[name];
    return typeof v === 'string' ? v : undefined;
  };
  return {
    positionals,
    has: (name) => values[name] === true,
    text,
    count: (name) => {
      const v = text(name);
      if (v === undefined) return undefined;
      const n = Number(v);
      if (!/^\d+$/.test(v) || !Number.isSafeInteger(n))
        throw new UsageError(`--${name} takes a whole number, not "${v}"`);
      return n;
    },
  };
}

/**
 * A key as it is typed: `0x...` is hex, anything else text; `--escape` undoes `\xNN \n \r \t \0 \\`;
 * `--key-format text|hex` overrides the guess. `--key-format expr` takes a typed key, as `"sensor:" + u32be(42)`
 * (engine/model/keySyntax.ts).
 */
export function readKey(typed: string, args: Args): Uint8Array {
  const format = args.text('key-format');
  if (format !== undefined && format !== 'text' && format !== 'hex' && format !== 'expr') {
    throw new UsageError(`--key-format is text, hex or expr, not "${format}"`);
  }
  if (format === 'expr') {
    const parsed = parseKeyExpression(typed);
    if (!parsed.ok) throw new UsageError(`the key ${JSON.stringify(typed)}: ${parsed.message}`);
    return parsed.bytes;
  }
  if (format === 'hex' || (format === undefined && !args.has('escape') && /^0x/i.test(typed))) {
    const bytes = fromHex(typed.replace(/^0x/i, ''));
    if (bytes === undefined) throw new UsageError(`"${typed}" is not a row of two-digit hex bytes`);
    return bytes;
  }
  return args.has('escape') ? unescapeKey(typed) : utf8(typed);
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, '0': 0, '\\': 92, "'": 39, '"': 34 };

function unescapeKey(typed: string): Uint8Array {
  const out: number[] = [];
  for (let i = 0; i < typed.length; ) {
    const c = typed.codePointAt(i) as number;
    if (c !== 0x5c) {
      for (const byte of utf8(String.fromCodePoint(c))) out.push(byte);
      i += c > 0xffff ? 2 : 1;
      continue;
    }
    const code = typed[i + 1] ?? '';
    if (code === 'x' && /^[0-9a-f]{2}$/i.test(typed.slice(i + 2, i + 4))) {
      out.push(Number.parseInt(typed.slice(i + 2, i + 4), 16));
      i += 4;
    } else if (ESCAPES[code] !== undefined) {
      out.push(ESCAPES[code] as number);
      i += 2;
    } else {
      throw new UsageError(`unknown escape "\\${code}" in a key: use \\xNN, \\n, \\r, \\t, \\0 or \\\\`);
    }
  }
  return Uint8Array.from(out);
}

export const KEY_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'key-format',
    value: 'text|hex|expr',
    help: 'how keys on the command line are written (default: 0x... is hex); expr takes "id:" + u32be(42)',
  },
  { name: 'escape', help: 'keys on the command line may hold \\xNN, \\n, \\r, \\t, \\0, \\\\' },
];
export const CF_OPTION: OptionSpec = { name: 'cf', value: 'NAME', help: 'column family (default: default)' };
export const AT_OPTION: OptionSpec = { name: 'at', value: 'SEQ', help: 'read as of this sequence number' };
export const AT_TIMESTAMP_OPTION: OptionSpec = {
  name: 'at-timestamp',
  value: 'N',
  help: 'read as of this user timestamp: a number, or 0x and its bytes as stored (for comparators that have them)',
};

/** Eight bytes little-endian for a number; bytes as they are typed for 0x. */
export function readTimestamp(args: Args): Uint8Array | undefined {
  const typed = args.text(AT_TIMESTAMP_OPTION.name);
  if (typed === undefined) return undefined;
  if (/^0x([0-9a-f]{2})+$/i.test(typed))
    return Uint8Array.from(typed.slice(2).match(/../g) ?? [], (b) => Number.parseInt(b, 16));
  const number = /^\d{1,20}$/.test(typed) ? BigInt(typed) : -1n;
  if (number < 0n || number >= 1n << 64n) {
    throw new UsageError(
      `--${AT_TIMESTAMP_OPTION.name} takes a number below 2^64, or 0x and bytes in hex, not "${typed}"`,
    );
  }
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, number, true);
  return bytes;
}

export const JSON_OPTION: OptionSpec = { name: 'json', help: 'print JSON' };
