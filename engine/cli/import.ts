/** `lsm import`: the rows of a file into a store, and before that what they would do. */
import { StoreError } from '../base/errors.ts';
import { counted, displayKey, displayValue, formatBytes, formatCount } from '../model/display.ts';
import {
  type BadRow,
  IMPORT_BATCH,
  type ImportCounts,
  type ImportPreview,
  type ImportReport,
  type ImportRequest,
} from '../model/import.ts';
import type { Service } from '../service.ts';
import { WriteRefused } from '../store/writeGate.ts';
import { type Args, CF_OPTION, type CommandSpec, JSON_OPTION, UsageError } from './args.ts';
import { bytesJson, escapeText } from './format.ts';
import { Interrupt } from './interrupt.ts';
import { Output } from './output.ts';
import { ProgressLine } from './progressLine.ts';
import { EXIT, errorLine, newService, reportProblems } from './store.ts';

/** Rows that `--dry-run` prints, and bad rows that are named. */
const ROWS_SHOWN = 20;

export const importCommand: CommandSpec = {
  name: 'import',
  takes: ['STORE', 'FILE'],
  summary: 'writes the rows of a file of JSON lines or CSV (docs/import.md)',
  options: [
    { name: 'format', value: 'jsonl|csv', help: 'default: told from the file' },
    {
      name: 'key',
      value: 'COLUMN[:AS]',
      help: 'AS is text, hex, base64, typed, escaped or json; or a typed key with {COLUMN}s: \'"user:" + u32be({id})\'',
    },
    { name: 'value', value: 'COLUMN[:AS]', help: "as --key; '*' is the whole row as JSON (default with --key)" },
    { name: 'type', value: 'COLUMN', help: 'the column that says put or delete' },
    { name: 'null-deletes', help: 'a null or missing value in JSON deletes the key' },
    { name: 'delimiter', value: 'C', help: 'between the fields of CSV (default: told from the file)' },
    { name: 'no-header', help: 'the first line of the CSV is a row; columns are called 1, 2, 3' },
    { ...CF_OPTION, help: 'column family of all rows (default: what the row says, else default)' },
    { name: 'dry-run', help: 'write nothing: print the first rows and what they would do' },
    { name: 'skip-bad', help: 'leave bad rows out; else one of them has nothing written' },
    {
      name: 'batch',
      value: 'N',
      help: `rows that are written together, whole or not at all (default: ${IMPORT_BATCH})`,
    },
    { name: 'sync', help: 'each batch would outlive a power failure before the next one is written' },
    { name: 'no-compaction', help: 'compact nothing, whatever the policy of the store wants' },
    JSON_OPTION,
  ],
  run: async (args) => {
    const [path = '', file = ''] = args.positionals;
    const line = new ProgressLine();
    const service = newService((notice) => {
      if (notice.kind !== 'importProgress') return;
      const { phase, rows, rowsPerSecond, readBytes, totalBytes } = notice.progress;
      const share = totalBytes > 0 ? `${Math.floor((100 * readBytes) / totalBytes)} % ` : '';
      const done = phase === 'check' ? 'checked' : 'written';
      line.show(() => `${share}${done}, ${formatCount(rows)} rows, ${formatCount(rowsPerSecond)} rows/s`);
    });
    const summary = await service.call('open', { path });
    reportProblems(summary.problems);
    const cf = args.text('cf');
    const family = cf === undefined ? undefined : service.store.view.familyByName(cf).state.id;
    const request = await readRequest(args, file, family, service);
    const nameOf = (id: number): string => service.store.view.family(id).state.name;
    const interrupt = new Interrupt();
    try {
      if (args.has('dry-run')) {
        const preview = await service.call('importPreview', request, interrupt);
        line.clear();
        return printPreview(preview, file, nameOf, args.has('json'));
      }
      const report = await service.call('import', request, interrupt);
      line.clear();
      return printReport(report, file, args.has('json'));
    } catch (thrown) {
      line.clear();
      if (interrupt.asked && thrown instanceof StoreError && thrown.code === 'CANCELLED') return EXIT.interrupted;
      if (thrown instanceof StoreError && thrown.code === 'UNSUPPORTED' && !(thrown instanceof WriteRefused)) {
        throw new WriteRefused(thrown.code, thrown.message, thrown);
      }
      throw thrown;
    } finally {
      interrupt.end();
    }
  },
};

async function readRequest(
  args: Args,
  file: string,
  family: number | undefined,
  service: Service,
): Promise<ImportRequest> {
  const format = args.text('format');
  if (format !== undefined && format !== 'jsonl' && format !== 'csv') {
    throw new UsageError(`--format is jsonl or csv, not "${format}"`);
  }
  const typed = args.text('delimiter');
  const delimiter = typed === '\\t' || typed === 'tab' ? '\t' : typed;
  if (delimiter !== undefined && !/^[\t\x20-\x21\x23-\x7e]$/.test(delimiter)) {
    throw new UsageError('--delimiter takes one ASCII character other than a quote');
  }
  const batch = args.count('batch');
  if (batch === 0) throw new UsageError('--batch takes a number from 1 on');
  // Only how the file is built: which column means what is not guessed.
  const { source } = await service.call('importSniff', { file, format, delimiter });
  const csv = source.format === 'csv' ? { delimiter: source.delimiter, header: !args.has('no-header') } : {};
  return {
    file,
    format: source.format,
    ...csv,
    key: args.text('key'),
    value: args.text('value'),
    type: args.text('type'),
    nullDeletes: args.has('null-deletes'),
    family,
    batch,
    skipBad: args.has('skip-bad'),
    sync: args.has('sync'),
    noCompaction: args.has('no-compaction'),
  };
}

function reportBad(bad: readonly BadRow[], count: number, file: string): void {
  const shown = bad.slice(0, ROWS_SHOWN);
  for (const { line, column, message, mend } of shown) {
    const place = `${file}, line ${line}${column === undefined ? '' : `, column ${JSON.stringify(column)}`}`;
    process.stderr.write(errorLine(new StoreError('INPUT', `${place}: ${message}`, { mend })));
  }
  if (count > shown.length) process.stderr.write(`lsm: and ${formatCount(count - shown.length)} more bad rows\n`);
}

function countsText(c: ImportCounts): string {
  const parts = [`${formatCount(c.added)} new`, `${formatCount(c.overwritten)} overwriting`];
  parts.push(`${formatCount(c.deleted)} deleting`);
  if (c.deletedAbsent > 0) parts.push(`${formatCount(c.deletedAbsent)} deleting what is not there`);
  parts.push(`${formatCount(c.bad)} bad`);
  return `${counted(c.rows, 'row')}: ${parts.join(', ')}; ${formatBytes(c.bytes)}`;
}

function printPreview(preview: ImportPreview, file: string, nameOf: (id: number) => string, json: boolean): number {
  const out = new Output();
  const { first, badRows, refused } = preview;
  if (json) {
    const rows = first.map(({ key, value, family, ...rest }) => {
      const shown = rest.kind === 'put' ? { value: bytesJson(value) } : {};
      return { ...rest, family: nameOf(family), key: bytesJson(key), ...shown };
    });
    out.text(`${JSON.stringify({ ...preview, first: rows })}\n`);
  } else {
    for (const row of first.slice(0, ROWS_SHOWN)) {
      const name = nameOf(row.family);
      const family = name === 'default' ? '' : ` [${escapeText(name)}]`;
      const what = row.kind === 'delete' ? 'delete' : row.exists ? 'overwrite' : 'put';
      const value = row.kind === 'delete' ? '' : ` : ${displayValue(row.value, 100)}`;
      out.text(`${what.padEnd(9)} ${displayKey(row.key, 100)}${family}${value}\n`);
    }
    out.text(`${countsText(preview)}\n`);
  }
  out.flush();
  reportBad(badRows, preview.bad, file);
  if (refused !== null) {
    process.stderr.write(errorLine(new StoreError(refused.code, refused.message, refused)));
    return EXIT.refused;
  }
  return preview.bad > 0 ? EXIT.usage : EXIT.done;
}

function printReport(report: ImportReport, file: string, json: boolean): number {
  const { outcome, applied, sequences, nextLine, failure, badRows, problems } = report;
  const out = new Output();
  if (json) {
    const { undo: _kept, ...rest } = report;
    out.text(`${JSON.stringify(rest)}\n`);
  } else if (outcome !== 'bad') {
    const at = sequences === null ? '' : `, sequence numbers ${sequences.first} to ${sequences.last}`;
    const batches = counted(report.batches, 'batch', 'batches');
    out.text(`${countsText(report)}\n${counted(applied, 'row')} written in ${batches}${at}\n`);
  }
  out.flush();
  reportBad(badRows, report.bad, file);
  reportProblems(problems);
  switch (outcome) {
    case 'done':
      return EXIT.done;
    case 'bad':
      process.stderr.write('lsm: nothing was written; mend these rows, or leave them out with --skip-bad\n');
      return EXIT.usage;
    case 'cancelled':
      process.stderr.write(`lsm: interrupted: what was written holds; line ${nextLine} of the file is the next\n`);
      return EXIT.interrupted;
    case 'failed':
      if (failure !== undefined) reportProblems([failure]);
      process.stderr.write(`lsm: what was written holds; line ${nextLine} of the file is the next\n`);
      return EXIT.unreadable;
  }
}
