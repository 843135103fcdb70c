/** `lsm verify`: checks everything that can be checked, and says where what is wrong. */
import { systemClock } from '../base/entropy.ts';
import { describeProblem } from '../base/errors.ts';
import { counted, formatBytes, formatCount } from '../model/display.ts';
import type { Finding, VerifyProgress, VerifyReport } from '../model/verify.ts';
import { type CommandSpec, JSON_OPTION } from './args.ts';
import { escapeText } from './format.ts';
import { Output } from './output.ts';
import { EXIT, newService } from './store.ts';
import { spawnVerify, threadCount } from './threads.ts';

export const verifyCommand: CommandSpec = {
  name: 'verify',
  takes: ['STORE'],
  summary: 'checks every checksum, the order of keys, filters, properties, levels; 1 if anything is damaged',
  options: [
    { name: 'checksums', help: 'of tables nothing but the checksums of their blocks, as sst_dump does' },
    { name: 'threads', value: 'N', help: 'files to check at once (default: processors, up to 4)' },
    JSON_OPTION,
  ],
  run: async (args) => {
    const path = args.positionals[0] ?? '';
    const meter = new Meter();
    const count = Math.max(1, args.count('threads') ?? threadCount());
    const threads = { count, spawn: spawnVerify };
    const service = newService((n) => n.kind === 'verifyProgress' && meter.show(n.progress), threads);
    let report: VerifyReport;
    try {
      report = await service.call('verify', { path, checksumsOnly: args.has('checksums') });
    } finally {
      meter.clear();
    }
    const out = new Output();
    if (args.has('json')) out.text(`${JSON.stringify(report)}\n`);
    else print(report, out);
    out.flush();
    return report.findings.some((f) => f.severity === 'damage') ? EXIT.no : EXIT.done;
  },
};

function print(report: VerifyReport, out: Output): void {
  for (const f of report.findings) out.text(`${line(f)}\n`);
  if (report.more > 0) out.text(`and ${formatCount(report.more)} more\n`);
  for (const what of report.unchecked) out.text(`not covered  ${escapeText(what)}\n`);
  const damaged = report.findings.filter((f) => f.severity === 'damage').length + report.more;
  const seconds = report.millis / 1000;
  const speed = seconds > 0.05 ? `, ${formatBytes(report.bytes / seconds)}/s` : '';
  out.text(
    `${damaged === 0 ? 'OK' : counted(damaged, 'place is damaged', 'places are damaged')}: ` +
      `${counted(report.files, 'file')}, ${formatBytes(report.bytes)}, ${counted(report.tables, 'table')}, ` +
      `${counted(report.units, 'block and record', 'blocks and records')}, ${counted(report.entries, 'entry', 'entries')} ` +
      `in ${seconds.toFixed(2)} s${speed}\n`,
  );
}

function line(f: Finding): string {
  return `${f.severity}  ${escapeText(describeProblem(f)).replace(/\\\\/g, '\\')}`;
}

/** Progress on a terminal, in one line that is written over. */
class Meter {
  readonly #shown = process.stderr.isTTY === true;
  #last = 0;

  show(p: VerifyProgress): void {
    const now = systemClock.elapsed();
    if (!this.#shown || now - this.#last < 100) return;
    this.#last = now;
    const percent = p.totalBytes === 0 ? 100 : Math.floor((100 * p.bytes) / p.totalBytes);
    process.stderr.write(
      `\r\x1b[K${percent} %  ${formatBytes(p.bytes)} of ${formatBytes(p.totalBytes)}  ${p.findings} findings`,
    );
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K');
  }
}
