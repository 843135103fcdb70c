/** OPTIONS files as text: what stands where, what it means, and whether it is the default. Pure. */
import { formatBytes, formatCount } from '../engine/model/display.ts';
import { OPTION_HELP, type OptionHelp } from './optionHelp/options.ts';

/** An offset and two blanks, as the lines of a dump begin. */
const OFFSET = /^\s*\d+ {2}/;
const DAMAGE = /^(CORRUPT|UNSUPPORTED|IO|NOT_FOUND): /;

/** The text of an OPTIONS file out of the lines of its dump; findings become comments. */
export function optionsText(lines: readonly string[]): string {
  const out: string[] = [];
  for (const line of lines) {
    const text = line.replace(OFFSET, '');
    const damage = DAMAGE.test(text.trimStart());
    if (text.startsWith('[') && out.length > 0) out.push('');
    out.push(damage ? `# ${text.trimStart()}` : text);
  }
  return `${out.join('\n')}\n`;
}

/** One setting in a line, or one within its braces. Columns count UTF-16 units. */
export interface OptionAt {
  readonly name: string;
  /** `outer.inner` for one within braces; otherwise its name. */
  readonly path: string;
  readonly value: string;
  readonly nameFrom: number;
  readonly nameTo: number;
  readonly valueTo: number;
}

export interface SectionAt {
  /** As it stands between the brackets. */
  readonly title: string;
  readonly kind: string;
  readonly from: number;
}

export function sectionIn(line: string): SectionAt | undefined {
  const match = /^(\s*(?:\d+ {2}\s*)?)\[([^\]]*)\]\s*$/.exec(line);
  if (match === null) return undefined;
  const title = match[2] ?? '';
  return { title, kind: /^\w*/.exec(title)?.[0] ?? '', from: (match[1] ?? '').length };
}

/** The setting of a line and those within its braces. */
export function optionsIn(line: string): OptionAt[] {
  const match = /^(\s*(?:\d+ {2}\s*)?)([A-Za-z_][\w.]*)(\s*=\s*)(.*?)\s*$/.exec(line);
  if (match === null) return [];
  const [, indent = '', name = '', equals = '', value = ''] = match;
  const nameFrom = indent.length;
  const nameTo = nameFrom + name.length;
  const valueFrom = nameTo + equals.length;
  const found: OptionAt[] = [{ name, path: name, value, nameFrom, nameTo, valueTo: valueFrom + value.length }];
  // Names within braces: the innermost that is open gives the outer name.
  const open: string[] = [];
  let last = name;
  for (const token of value.matchAll(/([A-Za-z_]\w*)=([^{};]*)|[{}]/g)) {
    if (token[0] === '{') open.push(last);
    else if (token[0] === '}') last = open.pop() ?? name;
    else if (open.length > 0) {
      const [whole, inner = '', innerValue = ''] = token;
      last = inner;
      const from = valueFrom + token.index;
      found.push({
        name: inner,
        path: `${open.at(-1)}.${inner}`,
        value: innerValue,
        nameFrom: from,
        nameTo: from + inner.length,
        valueTo: from + whole.length,
      });
    }
  }
  return found;
}

/** What is known of an option; `section` is the kind of the section that it stands in. */
export function helpFor(option: OptionAt, section: string): OptionHelp | undefined {
  if (option.path !== option.name) {
    const path = option.path.replace(/^(bottommost_compression_opts|blob_compression_opts)\./, 'compression_opts.');
    return own(OPTION_HELP.nested, path);
  }
  if (section === 'DBOptions' || section === 'CFOptions' || section === 'TableOptions') {
    return own(OPTION_HELP[section], option.name);
  }
  return undefined;
}

function own(table: Readonly<Record<string, OptionHelp>>, name: string): OptionHelp | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

export type Version = readonly [number, number];

/** The version of RocksDB that wrote the file; undefined where no line says so. */
export function versionIn(lines: Iterable<string>): Version | undefined {
  for (const line of lines) {
    const match = /\brocksdb_version=(\d+)\.(\d+)/.exec(line);
    if (match !== null) return [Number(match[1]), Number(match[2])];
  }
  return undefined;
}

/** The default in that version; that of the newest known one where the version is not known. */
export function defaultOf(help: OptionHelp, version: Version | undefined): string | undefined {
  const was = version === undefined ? undefined : help.was?.find((w) => isBefore(version, w.before));
  return was?.default ?? help.default;
}

function isBefore(a: Version, b: Version): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
}

/** Whether two spellings are of one value: `10` and `10.000000` are. */
export function isSameValue(a: string, b: string): boolean {
  if (a === b) return true;
  const [x, y] = [Number(a), Number(b)];
  return a !== '' && b !== '' && Number.isFinite(x) && Number.isFinite(y) && x === y;
}

/** A value with its unit: `67108864` is `64.0 MB`. Undefined where that says no more than the value. */
export function readable(value: string, unit: OptionHelp['unit']): string | undefined {
  const n = Number(value);
  if (unit === undefined || value === '' || !Number.isFinite(n) || n <= 0) return undefined;
  switch (unit) {
    case 'bytes':
      return n < 1024 ? `${n} B` : formatBytes(n);
    case 'megabytes':
      return formatBytes(n * 1024 * 1024);
    case 'seconds':
      return timeSpan(n);
    case 'milliseconds':
      return timeSpan(n / 1_000);
    case 'microseconds':
      return timeSpan(n / 1_000_000);
  }
}

const SPANS: readonly (readonly [number, string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
];

function timeSpan(seconds: number): string {
  // Ages that mean "never" are close to 2^63.
  if (seconds > 1e12) return '∞';
  for (const [length, unit] of SPANS) {
    if (seconds >= length) return `${Number((seconds / length).toFixed(1))} ${unit}`;
  }
  return seconds < 1 ? `${formatCount(seconds * 1000)} ms` : `${Number(seconds.toFixed(1))} s`;
}
