/** `lsm repair`: what can be saved of a store, into a new directory. */
import { describeProblem } from '../base/errors.ts';
import { counted, displayKey, formatBytes, formatCount } from '../model/display.ts';
import type { LostRange, RepairReport } from '../model/repair.ts';
import { type CommandSpec, JSON_OPTION, UsageError } from './args.ts';
import { bytesJson, escapeText, numberJson } from './format.ts';
import { Output } from './output.ts';
import { EXIT, newService } from './store.ts';

export const repairCommand: CommandSpec = {
  name: 'repair',
  takes: ['STORE'],
  summary: 'salvages a damaged store into a new directory; the store itself is only read',
  options: [{ name: 'out', value: 'DIR', help: 'the directory to create (required)' }, JSON_OPTION],
  run: async (args) => {
    const out = args.text('out');
    if (out === undefined) throw new UsageError('repair needs --out DIR: a store is never repaired in place');
    const report = await newService().call('repair', { path: args.positionals[0] ?? '', out });
    const output = new Output();
    if (args.has('json')) output.text(`${JSON.stringify(json(report))}\n`);
    else print(report, output);
    output.flush();
    return EXIT.done;
  },
};

function bound(key: Uint8Array | undefined): object | null {
  return key === undefined ? null : bytesJson(key);
}

function json(r: RepairReport): object {
  const lost = r.lost.map((l) => ({ ...l, from: bound(l.from), to: bound(l.to) }));
  return { ...r, lost, lastSequence: numberJson(r.lastSequence) };
}

const BASIS = {
  manifest: 'the MANIFEST is sound: its live tables and logs were read',
  'damaged manifest': 'the MANIFEST is damaged: every table and log in the directory was read',
  tables: 'there is no MANIFEST that could be used: every table and log in the directory was read',
} as const;

function range({ from, to }: LostRange): string {
  if (from === undefined && to === undefined) return 'of unknown keys';
  return `${from === undefined ? 'up' : `after ${displayKey(from, 60)}`} to ${to === undefined ? 'the end' : displayKey(to, 60)}`;
}

function print(r: RepairReport, out: Output): void {
  out.text(`${BASIS[r.basis]}\n`);
  for (const f of r.families) {
    const same = f.duplicates === 0 ? '' : `, ${formatCount(f.duplicates)} found twice`;
    out.text(
      `column family ${escapeText(f.name)}: ${counted(f.entries, 'entry', 'entries')} in ` +
        `${counted(f.tables, 'table')}, ${formatBytes(f.bytes)}${same}\n`,
    );
  }
  for (const file of r.filesSearched) out.text(`${file}: read block by block, without its index\n`);
  for (const l of r.lost) {
    out.text(`lost  ${escapeText(`${l.file}, column family ${l.family}, keys ${range(l)}: ${l.problem.message}`)}\n`);
  }
  for (const p of r.problems) out.text(`problem  ${escapeText(describeProblem(p)).replace(/\\\\/g, '\\')}\n`);
  out.text(`the repaired store is in ${escapeText(r.directory)}\n`);
}
