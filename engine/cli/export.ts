/** `lsm export`: a store's content as files for other tools. */
import { StoreError } from '../base/errors.ts';
import { counted, formatBytes, formatCount } from '../model/display.ts';
import type { ExportReport } from '../protocol/engineApi.ts';
import { type Args, CF_OPTION, type CommandSpec, JSON_OPTION, KEY_OPTIONS, readKey, UsageError } from './args.ts';
import { escapeText } from './format.ts';
import { Interrupt } from './interrupt.ts';
import { Output } from './output.ts';
import { ProgressLine } from './progressLine.ts';
import { EXIT, newService, reportProblems } from './store.ts';

const FORMATS = ['parquet', 'jsonl', 'csv'] as const;
const WHAT = ['entries', 'tables', 'events'] as const;

export const exportCommand: CommandSpec = {
  name: 'export',
  takes: ['STORE'],
  summary: 'writes entries, tables or events to a new directory, as Parquet, JSON lines or CSV',
  options: [
    { name: 'to', value: 'DIR', help: 'the directory to make; absent or empty (required)' },
    { name: 'format', value: 'parquet|jsonl|csv', help: 'default parquet' },
    { name: 'what', value: 'entries|tables|events', help: 'default entries' },
    { ...CF_OPTION, help: 'only this column family' },
    { name: 'partition', help: 'of entries: a directory a column family and level, family=NAME/level=N' },
    { name: 'from', value: 'K', help: 'first key' },
    { name: 'until', value: 'K', help: 'end of the range, exclusive' },
    { name: 'prefix', value: 'K', help: 'only keys that start with K' },
    { name: 'where', value: 'COND', help: 'only entries for which this condition holds' },
    ...KEY_OPTIONS,
    JSON_OPTION,
  ],
  run: async (args) => {
    const to = args.text('to');
    if (to === undefined) throw new UsageError('export needs --to DIR');
    const format = choice(args, 'format', FORMATS, 'parquet');
    const what = choice(args, 'what', WHAT, 'entries');
    if (args.has('partition') && what !== 'entries') throw new UsageError('--partition is for --what entries');
    if (args.text('where') !== undefined && what !== 'entries') throw new UsageError('--where is for --what entries');
    const key = (name: string): Uint8Array | undefined => {
      const typed = args.text(name);
      return typed === undefined ? undefined : readKey(typed, args);
    };
    const range = { from: key('from'), until: key('until'), prefix: key('prefix') };
    const line = new ProgressLine();
    const service = newService((notice) => {
      if (notice.kind !== 'exportProgress') return;
      const { rows, readBytes, writtenBytes } = notice.progress;
      line.show(
        () => `${formatCount(rows)} rows, ${formatBytes(readBytes)} read, ${formatBytes(writtenBytes)} written`,
      );
    });
    const summary = await service.call('open', { path: args.positionals[0] ?? '' });
    reportProblems(summary.problems);
    const cf = args.text('cf');
    const family = cf === undefined ? undefined : service.store.view.familyByName(cf).state.id;
    const interrupt = new Interrupt();
    let report: ExportReport;
    try {
      report = await service.call(
        'export',
        { to, format, what, family, partition: args.has('partition'), where: args.text('where'), ...range },
        interrupt,
      );
    } catch (thrown) {
      if (interrupt.asked && thrown instanceof StoreError && thrown.code === 'CANCELLED') return EXIT.interrupted;
      throw thrown;
    } finally {
      interrupt.end();
      line.clear();
    }
    print(report, args.has('json'));
    reportProblems(report.problems);
    return report.lost ? EXIT.unreadable : EXIT.done;
  },
};

function choice<T extends string>(args: Args, name: string, all: readonly T[], usual: T): T {
  const typed = args.text(name) ?? usual;
  const found = all.find((one) => one === typed);
  if (found === undefined) throw new UsageError(`--${name} is one of ${all.join(', ')}, not "${typed}"`);
  return found;
}

function print(report: ExportReport, json: boolean): void {
  const out = new Output();
  if (json) {
    const { problems: _told, ...rest } = report;
    out.text(`${JSON.stringify(rest)}\n`);
  } else {
    for (const f of report.files) {
      out.text(`${escapeText(f.name)}  ${counted(f.rows, 'row')}  ${formatBytes(f.bytes)}\n`);
    }
    const rows = counted(report.rows, 'row');
    out.text(`${rows} in ${counted(report.files.length, 'file')}, ${formatBytes(report.writtenBytes)}\n`);
  }
  out.flush();
}
