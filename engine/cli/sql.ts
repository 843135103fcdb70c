/** `lsm sql`: one query in SQL over what a store holds. */
import { StoreError } from '../base/errors.ts';
import { formatCount } from '../model/display.ts';
import type { SqlColumn, SqlValue } from '../protocol/engineApi.ts';
import { SQL_PAGE_BYTES } from '../query/sql.ts';
import { SQL_EXAMPLES } from '../query/sqlExamples.ts';
import { SQL_SCHEMA } from '../query/sqlSchema.ts';
import { type Args, CF_OPTION, type CommandSpec, JSON_OPTION, KEY_OPTIONS, readKey, UsageError } from './args.ts';
import { bytesJson, bytesText, csvField, escapeText } from './format.ts';
import { Interrupt } from './interrupt.ts';
import { Output } from './output.ts';
import { ProgressLine } from './progressLine.ts';
import { EXIT, newService, reportProblems } from './store.ts';

const FORMATS = ['table', 'jsonl', 'csv'] as const;
type Format = (typeof FORMATS)[number];

/** Rows that are asked for at a time. */
const PAGE_ROWS = 1000;
/** Characters of a cell in a table. */
const CELL_CHARS = 80;

export const sqlCommand: CommandSpec = {
  name: 'sql',
  takes: ['STORE', 'QUERY'],
  summary: 'SQL over tables, levels, blocks, properties, versions, events, options, entries; read-only',
  options: [
    { name: 'format', value: 'table|jsonl|csv', help: 'default table' },
    { ...CF_OPTION, help: 'entries and versions of this column family only' },
    { name: 'from', value: 'K', help: 'first key of entries and versions' },
    { name: 'to', value: 'K', help: 'end of their range, exclusive' },
    { name: 'prefix', value: 'K', help: 'only keys that start with K' },
    { name: 'limit', value: 'N', help: 'at most N rows of entries, and of versions, are read (default 1000000)' },
    { name: 'timeout', value: 'SECONDS', help: 'ends a query that takes longer' },
    ...KEY_OPTIONS,
    { ...JSON_OPTION, help: 'same as --format jsonl' },
    { name: 'tables', help: 'QUERY is the name of a table, or "": prints the tables, or the columns of that one' },
    { name: 'examples', help: 'QUERY is a number, or "": lists the ready-made queries, or runs that one' },
  ],
  run: async (args) => {
    const format = readFormat(args);
    if (args.has('tables')) return printSchema(args.positionals[1] ?? '');
    const query = readQuery(args);
    if (query === undefined) return printExamples();
    const key = (name: string): Uint8Array | undefined => {
      const typed = args.text(name);
      return typed === undefined ? undefined : readKey(typed, args);
    };
    const line = new ProgressLine();
    const service = newService((notice) => {
      if (notice.kind !== 'sqlProgress') return;
      const { table, rows } = notice.progress;
      line.show(() => `reading ${table}: ${formatCount(rows)} rows`);
    });
    const summary = await service.call('open', { path: args.positionals[0] ?? '' });
    reportProblems(summary.problems);
    const cf = args.text('cf');
    const seconds = args.count('timeout');
    const params = {
      query,
      family: cf === undefined ? undefined : service.store.view.familyByName(cf).state.id,
      ...{ from: key('from'), to: key('to'), prefix: key('prefix') },
      entriesMax: args.count('limit'),
      millisMax: seconds === undefined ? undefined : seconds * 1000,
    };
    const interrupt = new Interrupt();
    let result: Awaited<ReturnType<typeof service.workbench.sql>>;
    try {
      result = await service.workbench.sql(params, interrupt);
    } catch (thrown) {
      if (interrupt.asked && thrown instanceof StoreError && thrown.code === 'CANCELLED') return EXIT.interrupted;
      if (thrown instanceof StoreError && thrown.code === 'INPUT') throw new UsageError(withMend(thrown));
      throw thrown;
    } finally {
      // From here on the default of Ctrl-C is right: there is nothing to tidy up.
      interrupt.end();
      line.clear();
    }
    const { database, notes, problems, lost } = result;
    try {
      const printer = printerOf(format, database.columns(), new Output());
      for (let offset = 0; ; ) {
        const rows = database.rows(offset, PAGE_ROWS, SQL_PAGE_BYTES);
        printer.rows(rows);
        offset += rows.length;
        if (database.ended) break;
      }
      printer.end();
    } catch (thrown) {
      if (thrown instanceof StoreError && thrown.code === 'INPUT') throw new UsageError(withMend(thrown));
      throw thrown;
    } finally {
      database.close();
    }
    for (const note of notes) process.stderr.write(`lsm: ${escapeText(note)}\n`);
    reportProblems(problems);
    return lost ? EXIT.unreadable : EXIT.done;
  },
};

function withMend(e: StoreError): string {
  return e.mend === undefined ? e.message : `${e.message}; ${e.mend}`;
}

function readFormat(args: Args): Format {
  const typed = args.text('format') ?? (args.has('json') ? 'jsonl' : 'table');
  const format = FORMATS.find((f) => f === typed);
  if (format === undefined) throw new UsageError(`--format is one of ${FORMATS.join(', ')}, not "${typed}"`);
  return format;
}

/** undefined: the examples are to be listed. */
function readQuery(args: Args): string | undefined {
  const typed = args.positionals[1] ?? '';
  if (!args.has('examples')) return typed;
  if (typed === '') return undefined;
  const example = SQL_EXAMPLES[Number(typed) - 1];
  if (example === undefined)
    throw new UsageError(`there are ${SQL_EXAMPLES.length} ready-made queries, and no "${typed}"`);
  return example.sql;
}

function printExamples(): number {
  const out = new Output();
  SQL_EXAMPLES.forEach(({ title, sql }, i) => {
    out.text(`-- ${i + 1}. ${title}\n${sql};\n\n`);
  });
  out.flush();
  return EXIT.done;
}

function printSchema(name: string): number {
  const tables = SQL_SCHEMA.filter((t) => name === '' || t.name === name.toLowerCase());
  if (tables.length === 0) throw new UsageError(`there is no table "${name}"`);
  const out = new Output();
  for (const { name: table, doc, columns } of tables) {
    out.text(`${table}: ${doc}\n`);
    const width = Math.max(...columns.map((c) => c.name.length));
    for (const c of columns) out.text(`  ${c.name.padEnd(width)}  ${c.type.padEnd(7)}  ${c.doc}\n`);
  }
  out.flush();
  return EXIT.done;
}

interface Printer {
  rows(rows: readonly SqlValue[][]): void;
  end(): void;
}

function printerOf(format: Format, columns: readonly SqlColumn[], out: Output): Printer {
  const names = columns.map((c) => c.name);
  if (format === 'table') return new TablePrinter(names, out);
  if (format === 'csv') {
    out.text(`${names.map((n) => csvField(n)).join(',')}\n`);
    return {
      rows: (rows) => {
        for (const row of rows) out.text(`${row.map((v) => csvField(plain(v))).join(',')}\n`);
      },
      end: () => out.flush(),
    };
  }
  return {
    rows: (rows) => {
      for (const row of rows) {
        // Two columns of one name would hide each other.
        const fields = row.map((v, i) => [
          names.indexOf(names[i] as string) < i ? `${names[i]}_${i + 1}` : names[i],
          json(v),
        ]);
        out.text(`${JSON.stringify(Object.fromEntries(fields))}\n`);
      }
    },
    end: () => out.flush(),
  };
}

function plain(v: SqlValue): string {
  if (v === null) return '';
  return v instanceof Uint8Array ? bytesText(v) : String(v);
}

function json(v: SqlValue): unknown {
  if (v instanceof Uint8Array) return bytesJson(v);
  return typeof v === 'bigint' ? String(v) : v;
}

/** Columns as wide as the first rows ask for, numbers to the right. */
class TablePrinter implements Printer {
  readonly #names: readonly string[];
  readonly #out: Output;
  #widths: number[] | undefined;
  #count = 0;

  constructor(names: readonly string[], out: Output) {
    this.#names = names;
    this.#out = out;
  }

  rows(rows: readonly SqlValue[][]): void {
    const cells = rows.map((row) => row.map(cell));
    if (this.#widths === undefined) {
      this.#widths = this.#names.map((n, i) => Math.max(n.length, ...cells.map((c) => c[i]?.length ?? 0)));
      this.#line(this.#names, []);
      this.#line(
        this.#widths.map((w) => '-'.repeat(w)),
        [],
      );
    }
    for (const [i, row] of cells.entries()) this.#line(row, rows[i] ?? []);
    this.#count += rows.length;
  }

  end(): void {
    this.#out.text(`(${formatCount(this.#count)} ${this.#count === 1 ? 'row' : 'rows'})\n`);
    this.#out.flush();
  }

  #line(cells: readonly string[], values: readonly SqlValue[]): void {
    const padded = cells.map((text, i) => {
      const width = this.#widths?.[i] ?? 0;
      const value = values[i];
      return typeof value === 'number' || typeof value === 'bigint' ? text.padStart(width) : text.padEnd(width);
    });
    this.#out.text(`${padded.join('  ').trimEnd()}\n`);
  }
}

function cell(v: SqlValue): string {
  if (v === null) return 'NULL';
  const text = v instanceof Uint8Array ? bytesText(v) : escapeText(String(v));
  return text.length > CELL_CHARS ? `${text.slice(0, CELL_CHARS - 1)}…` : text;
}
