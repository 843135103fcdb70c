/** `lsm scan`: entries of a range, streamed. */
import { describeProblem, StoreError } from '../base/errors.ts';
import { DamageLog } from '../iter/damage.ts';
import type { VisibleEntries } from '../iter/visible.ts';
import type { EntryRow, QueryParams } from '../protocol/engineApi.ts';
import type { Where } from '../query/where/filter.ts';
import type { Service } from '../service.ts';
import { visibleRow } from '../store/rows.ts';
import { VanishedError } from '../store/vanished.ts';
import type { StoreView } from '../store/view.ts';
import { openWalk } from '../store/walk.ts';
import {
  type Args,
  AT_OPTION,
  AT_TIMESTAMP_OPTION,
  CF_OPTION,
  type CommandSpec,
  KEY_OPTIONS,
  readKey,
  readTimestamp,
  UsageError,
} from './args.ts';
import { bytesText, csvBytes, csvField, entryJson, escapeText } from './format.ts';
import { Output } from './output.ts';
import { ProgressLine } from './progressLine.ts';
import { EXIT, newService, reportProblems } from './store.ts';

const FORMATS = ['text', 'hex', 'jsonl', 'csv'] as const;
type Format = (typeof FORMATS)[number];

const WHOLE = Number.MAX_SAFE_INTEGER;

export const scanCommand: CommandSpec = {
  name: 'scan',
  takes: ['STORE'],
  summary: 'entries in key order',
  options: [
    { name: 'from', value: 'K', help: 'first key' },
    { name: 'to', value: 'K', help: 'end of the range, exclusive' },
    { name: 'prefix', value: 'K', help: 'only keys that start with K' },
    { name: 'reverse', help: 'from the last key to the first' },
    { name: 'limit', value: 'N', help: 'at most N entries' },
    { name: 'keys-only', help: 'without values' },
    { name: 'count', help: 'print only how many there are' },
    {
      name: 'where',
      value: 'EXPR',
      help: 'only entries for which this holds: \'value.user.age >= 30 and key ~ "eu"\' (docs/queries.md)',
    },
    { name: 'all-versions', help: 'every version and tombstone, as stored' },
    {
      name: 'lens',
      value: 'ID',
      help: 'keys and values as an application, a schema or a format means them, as value:msgpack; auto picks what fits (text and csv formats, and --where)',
    },
    { name: 'format', value: 'text|hex|jsonl|csv', help: 'default text' },
    CF_OPTION,
    AT_OPTION,
    AT_TIMESTAMP_OPTION,
    ...KEY_OPTIONS,
    { name: 'json', help: 'same as --format jsonl' },
  ],
  run: async (args) => {
    const params = readParams(args);
    const format = readFormat(args);
    const service = newService();
    await service.call('open', { path: args.positionals[0] ?? '' });
    const { store } = service;
    const family = store.view.familyByName(args.text('cf') ?? 'default').state.id;
    reportProblems(store.view.problems);
    const lens = await readLens(service, family, args, format);
    const where = args.text('where');
    if (where !== undefined || lens !== undefined) {
      reportProblems((await service.call('keySchemas', { family })).problems);
    }
    const scan = new Scan(service, { ...params, family }, format, args, lens, readWhere(service, family, where, args));
    try {
      scan.run();
    } finally {
      reportProblems(scan.damage.problems);
    }
    return scan.damage.lost ? EXIT.unreadable : EXIT.done;
  },
};

function readParams(args: Args): Omit<QueryParams, 'family'> {
  const key = (name: string): Uint8Array | undefined => {
    const typed = args.text(name);
    return typed === undefined ? undefined : readKey(typed, args);
  };
  if (args.has('reverse') && args.has('all-versions')) throw new UsageError('--all-versions runs forward only');
  return {
    from: key('from'),
    to: key('to'),
    prefix: key('prefix'),
    reverse: args.has('reverse'),
    limit: args.count('limit'),
    allVersions: args.has('all-versions'),
    at: args.count('at'),
    atTimestamp: readTimestamp(args),
  };
}

function readFormat(args: Args): Format {
  const typed = args.text('format') ?? (args.has('json') ? 'jsonl' : 'text');
  const format = FORMATS.find((f) => f === typed);
  if (format === undefined) throw new UsageError(`--format is one of ${FORMATS.join(', ')}, not "${typed}"`);
  return format;
}

/** A condition that is wrong is wrong usage, and says where. */
function readWhere(service: Service, family: number, where: string | undefined, args: Args): Where | undefined {
  if (where === undefined) return undefined;
  const lens = args.text('lens');
  try {
    return service.where(family, where, lens?.startsWith('value:') === true ? lens : undefined);
  } catch (thrown) {
    if (thrown instanceof StoreError && thrown.code === 'INPUT') throw new UsageError(thrown.message);
    throw thrown;
  }
}

/** Rows through the lens that was asked for; undefined: as they are. */
async function readLens(service: Service, family: number, args: Args, format: Format): Promise<Lens | undefined> {
  const wanted = args.text('lens');
  if (wanted === undefined || wanted === 'none') return undefined;
  if (format !== 'text' && format !== 'csv') {
    // The condition may still need to know what the values are.
    if (args.text('where') !== undefined && wanted.startsWith('value:')) return undefined;
    throw new UsageError('--lens is for --format text and csv');
  }
  const fitting = await service.call('lenses', { family });
  const chosen = wanted === 'auto' ? fitting[0] : fitting.find((l) => l.id === wanted);
  if (chosen !== undefined) return service.lens(family, chosen.id);
  // A format that does not look like it can still be asked for by its name.
  if (wanted.startsWith('value:')) return namedLens(service, family, wanted);
  if (wanted === 'auto') return undefined;
  const names = fitting.map((l) => l.id).join(', ');
  throw new UsageError(`the lens "${wanted}" does not fit; ${names === '' ? 'none does' : `these do: ${names}`}`);
}

function namedLens(service: Service, family: number, id: string): Lens {
  try {
    return service.lens(family, id);
  } catch (thrown) {
    const why =
      thrown instanceof StoreError && thrown.message.startsWith('the value format') ? thrown.message : undefined;
    throw new UsageError(why ?? `there is no value format "${id.slice('value:'.length)}"`);
  }
}

type Lens = (row: EntryRow) => EntryRow;

class Scan {
  readonly damage = new DamageLog();
  readonly #service: Service;
  readonly #format: Format;
  readonly #keysOnly: boolean;
  readonly #countOnly: boolean;
  readonly #limit: number;
  readonly #out = new Output();
  readonly #lens: Lens | undefined;
  readonly #where: Where | undefined;
  /** For the progress line: entries and bytes that were walked over. */
  #scanned = 0;
  #bytes = 0;
  readonly #progress = new ProgressLine();
  #params: QueryParams;
  #printed = 0;
  /** The last key that was printed: where a walk goes on when the store has moved on under it. */
  #last: Uint8Array | undefined;

  constructor(
    service: Service,
    params: QueryParams,
    format: Format,
    args: Args,
    lens: Lens | undefined,
    where: Where | undefined,
  ) {
    this.#service = service;
    this.#where = where;
    this.#lens = lens;
    this.#params = params;
    this.#format = format;
    this.#keysOnly = args.has('keys-only');
    this.#countOnly = args.has('count');
    this.#limit = params.limit ?? WHOLE;
  }

  run(): void {
    if (this.#format === 'csv' && !this.#countOnly) {
      this.#out.text(this.#keysOnly ? 'key\n' : 'key,value,seq,type,level,table\n');
    }
    for (;;) {
      const { store, locked } = this.#service;
      const view = store.stableView(this.#params.family, locked);
      try {
        const ordered = view.family(this.#params.family).order.known;
        if (this.#params.allVersions === true || !ordered) this.#versions(view);
        else this.#visible(view);
        break;
      } catch (thrown) {
        if (!(thrown instanceof VanishedError) || this.#params.allVersions === true) throw thrown;
        store.refresh();
        this.#resume();
      } finally {
        view.release();
      }
    }
    if (this.#countOnly) this.#out.text(`${this.#printed}\n`);
    this.#out.flush();
  }

  #resume(): void {
    if (this.#last === undefined) return;
    this.#params =
      this.#params.reverse === true ? { ...this.#params, to: this.#last } : { ...this.#params, from: this.#last };
  }

  #visible(view: StoreView): void {
    const where = this.#where;
    const filter = where?.filter;
    const values = (!this.#keysOnly && !this.#countOnly) || where?.usesValue === true;
    const { order } = view.family(this.#params.family);
    const entries = view.scan(this.#params.family, { ...this.#params, values }, this.damage);
    const resumed = this.#last;
    try {
      for (entries.first(); entries.valid && this.#printed < this.#limit; entries.next()) {
        if (resumed !== undefined && this.#params.reverse !== true) {
          const { keyBuffer, keyStart, keyLength } = entries;
          if (order.compareUser(keyBuffer, keyStart, keyLength, resumed, 0, resumed.length) <= 0) continue;
        }
        if (filter !== undefined) {
          this.#pass(entries.keyLength + entries.valueLength);
          if (!filter(entries)) continue;
        }
        this.#printed++;
        if (!this.#countOnly) this.#entry(entries, view);
      }
    } catch (thrown) {
      if (thrown instanceof VanishedError) {
        this.#last = entries.keyBuffer.slice(entries.keyStart, entries.keyStart + entries.keyLength);
      }
      throw thrown;
    } finally {
      this.#progress.clear();
      entries.close();
    }
  }

  /** Counts what was looked at. */
  #pass(bytes: number): void {
    this.#bytes += bytes;
    if (++this.#scanned % 4096 === 0) {
      this.#progress.show(
        () => `${this.#scanned} entries, ${(this.#bytes / 1e6).toFixed(1)} MB scanned, ${this.#printed} found`,
      );
    }
  }

  #entry(e: VisibleEntries, view: StoreView): void {
    const out = this.#out;
    if (e.problem !== undefined) {
      const key = e.keyBuffer.slice(e.keyStart, e.keyStart + e.keyLength);
      this.damage.report(e.problem, key, key);
    }
    if (this.#format === 'hex') {
      if (this.#keysOnly) {
        out.hex(e.keyBuffer, e.keyStart, e.keyLength);
        out.newline();
      } else if (e.hasValue || e.columns !== undefined) {
        out.hexLine(e.keyBuffer, e.keyStart, e.keyLength, e.valueBuffer, e.valueStart, e.valueLength);
      } else if (e.operands !== undefined) {
        const joined = e.operands.map((o) => bytesHex(o)).join(' + ');
        out.hex(e.keyBuffer, e.keyStart, e.keyLength);
        out.text(` : merge ${joined}${e.base === undefined ? '' : ` on ${bytesHex(e.base)}`}\n`);
      }
      return;
    }
    const { order } = view.family(this.#params.family);
    const unproven = this.damage.lost && this.damage.covers(e.keyBuffer, e.keyStart, e.keyLength, order.compareUser);
    this.#row(visibleRow(e, WHOLE), unproven);
  }

  #versions(view: StoreView): void {
    const walk = openWalk(view, this.#params, this.damage);
    try {
      for (walk.start(); walk.valid && this.#printed < this.#limit; walk.next()) {
        if (this.#where !== undefined) {
          this.#pass(walk.bytes);
          if (!this.#where.filter(walk.entry)) continue;
        }
        this.#printed++;
        if (!this.#countOnly) this.#version(walk.row(WHOLE));
      }
    } finally {
      this.#progress.clear();
      walk.close();
    }
  }

  #version(row: EntryRow): void {
    if (this.#format !== 'hex') {
      this.#row(row, false);
      return;
    }
    const value = row.until ?? row.value;
    this.#out.text(`${bytesHex(row.key)} @ ${row.seq} ${row.type}`);
    this.#out.text(value === null || this.#keysOnly ? '\n' : ` : ${bytesHex(value)}\n`);
  }

  #row(row: EntryRow, unproven: boolean): void {
    const out = this.#out;
    if (this.#format === 'jsonl') {
      const shown = this.#keysOnly ? withoutValue(row) : row;
      out.text(`${JSON.stringify(entryJson(shown, unproven))}\n`);
      return;
    }
    const shown = this.#lens?.(row).shown;
    const csv = this.#format === 'csv';
    const printed = csv ? csvBytes : bytesText;
    const key = shown?.key === undefined ? printed(row.key) : escapeText(shown.key);
    const value = shown?.value === undefined ? valueText(row, printed) : escapeText(oneLine(shown.value.text));
    if (csv) {
      out.text(
        this.#keysOnly
          ? `${csvField(key)}\n`
          : `${csvField(key)},${csvField(value)},${row.seq},${row.type},${row.level},${row.table ?? ''}\n`,
      );
      return;
    }
    const version = this.#params.allVersions === true ? ` @ ${row.seq} ${row.type}` : '';
    out.text(this.#keysOnly ? `${key}${version}\n` : `${key}${version} : ${value}\n`);
  }
}

/** Indented JSON on one line. */
function oneLine(text: string): string {
  return text.replace(/\n\s*/g, ' ');
}

function withoutValue(row: EntryRow): EntryRow {
  const { key, seq, type, level, table, timestamp, until, valueSize } = row;
  return {
    key,
    seq,
    type,
    level,
    table,
    valueSize,
    value: null,
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(until === undefined ? {} : { until }),
  };
}

function bytesHex(b: Uint8Array): string {
  let s = '0x';
  for (const byte of b) s += byte.toString(16).toUpperCase().padStart(2, '0');
  return s;
}

function valueText(row: EntryRow, printed: (b: Uint8Array) => string): string {
  if (row.problem !== undefined) return `(unreadable: ${describeProblem(row.problem)})`;
  if (row.until !== undefined) return `until ${bytesText(row.until)}`;
  if (row.operands !== undefined) {
    const operands = row.operands.map(bytesText).join(' + ');
    return `(merge ${operands}${row.base === undefined ? '' : ` on ${bytesText(row.base)}`})`;
  }
  if (row.columns !== undefined) {
    return `{${row.columns.map((c) => `${bytesText(c.name)}=${bytesText(c.value)}`).join(', ')}}`;
  }
  return row.value === null ? '' : printed(row.value);
}
