/** `lsm compact`: plans a compaction, or carries it out in place or on a copy. */
import { toStoreError } from '../base/errors.ts';
import { formatBytes, formatCount } from '../model/display.ts';
import type { CompactionPlan, CompactionProgress, CompactionRequest, FamilyCompaction } from '../protocol/engineApi.ts';
import type { Service } from '../service.ts';
import { type Args, CF_OPTION, type CommandSpec, JSON_OPTION, KEY_OPTIONS, readKey, UsageError } from './args.ts';
import { numberJson } from './format.ts';
import { Interrupt } from './interrupt.ts';
import { Output } from './output.ts';
import { ProgressLine } from './progressLine.ts';
import { EXIT, newService, reportProblems } from './store.ts';
import { prepareThread } from './threads.ts';

export const compactCommand: CommandSpec = {
  name: 'compact',
  takes: ['STORE'],
  summary: 'merges tables: a plan, in place, or on a copy',
  options: [
    CF_OPTION,
    { name: 'from', value: 'K', help: 'only tables with keys from here on' },
    { name: 'to', value: 'K', help: 'only tables with keys up to here' },
    { name: 'level', value: 'N', help: 'the tables of one level' },
    { name: 'tables', value: 'N,N', help: 'the tables with these numbers' },
    { name: 'dry-run', help: 'print what would be done' },
    { name: 'out', value: 'DIR', help: 'compact a copy, made in this new or empty directory' },
    { name: 'in-place', help: 'take the LOCK and compact the store itself' },
    { name: 'rate', value: 'MB', help: 'megabytes read and written a second at the most (default: no limit)' },
    ...KEY_OPTIONS,
    JSON_OPTION,
  ],
  run: async (args) => {
    const path = args.positionals[0] ?? '';
    const ways = ['dry-run', 'out', 'in-place'].filter((way) => args.has(way) || args.text(way) !== undefined);
    if (ways.length !== 1) throw new UsageError('compact takes one of --dry-run, --out DIR and --in-place');
    const target = readTarget(args);
    const interrupt = new Interrupt();
    const progress = new ProgressLine();
    const service = newService((notice) => {
      if (notice.kind === 'compactionProgress') progress.show(() => progressWords(notice.progress));
    });
    try {
      if (!args.has('dry-run')) prepareThread(path);
      await service.call('open', { path });
      const family = service.store.view.familyByName(args.text('cf') ?? 'default').state.id;
      const request: CompactionRequest = { family, ...target, bytesPerSecond: (args.count('rate') ?? 0) * 1e6 };
      checkTables(service, request);
      const done = await carryOut(service, request, args, interrupt, progress);
      done();
      return EXIT.done;
    } catch (thrown) {
      if (interrupt.asked && toStoreError(thrown).code === 'CANCELLED') {
        process.stderr.write(`lsm: interrupted, the store is as it was\n`);
        return EXIT.interrupted;
      }
      throw thrown;
    } finally {
      progress.clear();
      interrupt.end();
      await service.call('close', {});
    }
  },
};

/** Resolves to what prints the result. */
async function carryOut(
  service: Service,
  request: CompactionRequest,
  args: Args,
  interrupt: Interrupt,
  progress: ProgressLine,
): Promise<() => void> {
  try {
    if (args.has('dry-run')) {
      reportProblems(service.store.view.problems);
      const { plans } = await service.call('compactPlan', request, interrupt);
      return () => {
        for (const plan of plans) printPlan(plan, args);
      };
    }
    const out = args.text('out');
    const way = out === undefined ? ({ mode: 'inPlace' } as const) : ({ mode: 'copy', out } as const);
    const { families } = await service.call('compact', { ...request, ...way }, interrupt);
    return () => {
      for (const family of families) print(family, args);
    };
  } finally {
    progress.clear();
  }
}

/** A number that is none of the family's tables is a wrong one, whatever the policy would say to the others. */
function checkTables(service: Service, { family = 0, tables = [] }: CompactionRequest): void {
  const { view } = service.store;
  const { state } = view.family(family);
  const wrong = tables.filter((n) => !state.tables.has(n));
  if (wrong.length === 0) return;
  const [first = 0] = wrong;
  const elsewhere = [...view.version.families.values()].find((f) => f.state.tables.has(first));
  const where = elsewhere === undefined ? '' : `: it is one of the column family ${elsewhere.state.name}`;
  throw new UsageError(
    wrong.length === 1
      ? `${first} is no live table of the column family ${state.name}${where}`
      : `${wrong.join(', ')} are no live tables of the column family ${state.name}`,
  );
}

function readTarget(args: Args): Omit<CompactionRequest, 'family'> {
  const typed = (name: string): Uint8Array | undefined => {
    const text = args.text(name);
    return text === undefined ? undefined : readKey(text, args);
  };
  const from = typed('from');
  const to = typed('to');
  const level = args.count('level');
  const tables = args.text('tables');
  const kinds = [from !== undefined || to !== undefined, level !== undefined, tables !== undefined];
  if (kinds.filter(Boolean).length > 1)
    throw new UsageError('name a key range, a level or tables, not several of them');
  if (level !== undefined) return { level };
  if (tables !== undefined) {
    const numbers = tables.split(',').map((part) => {
      const n = Number(part);
      if (!/^\d+$/.test(part) || !Number.isSafeInteger(n)) {
        throw new UsageError(`--tables takes numbers with commas between them, not "${tables}"`);
      }
      return n;
    });
    return { tables: numbers };
  }
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

// ── Printing ───────────────────────────────────────────────────────────────────────────────────

function printPlan(plan: CompactionPlan, args: Args): void {
  const out = new Output();
  if (args.has('json')) {
    out.text(
      `${JSON.stringify({ ...plan, inputs: plan.inputs.map((i) => ({ ...i, number: numberJson(i.number) })) })}\n`,
    );
  } else {
    const levels = new Map<number, number>();
    for (const i of plan.inputs) levels.set(i.level, (levels.get(i.level) ?? 0) + 1);
    const by = [...levels].map(([level, n]) => `${formatCount(n)} of level ${level}`).join(', ');
    const lines = [
      `family       ${plan.family}`,
      `inputs       ${plan.inputs.length === 0 ? 'none' : by}`,
      `output       ${plan.outputLevel === null ? 'none' : `level ${plan.outputLevel}`}`,
      `reads        ${formatBytes(plan.readBytes)}, ${formatCount(plan.entries)} entries`,
      `writes       about ${formatBytes(plan.estimatedWriteBytes)}`,
      `disk         ${formatBytes(plan.peakDiskBytes)} at the most`,
      `drops        ${formatCount(plan.droppableTombstones)} tombstones, ${formatCount(plan.shadowedEntries)} hidden entries`,
    ];
    if (plan.refused !== null) lines.push(`refused      ${plan.refused}`);
    out.text(`${lines.join('\n')}\n`);
  }
  out.flush();
}

function print(result: FamilyCompaction, args: Args): void {
  const { summary: s, family: _family, ...rest } = result;
  const out = new Output();
  if (args.has('json')) {
    const brief = (list: FamilyCompaction['inputs']): object[] =>
      list.map((t) => ({ ...t, number: numberJson(t.number) }));
    const document = { ...rest, inputs: brief(result.inputs), outputs: brief(result.outputs), ...s };
    out.text(`${JSON.stringify(document)}\n`);
  } else if (result.kind === 'none') out.text(`nothing to compact: ${result.why}\n`);
  else {
    const change = (name: string, before: string, after: string): string => `${name.padEnd(13)}${before} → ${after}`;
    const lines = [
      result.why,
      change('tables', formatCount(s.before.tables), formatCount(s.after.tables)),
      change('bytes', formatBytes(s.before.bytes), formatBytes(s.after.bytes)),
      change('sorted runs', formatCount(s.before.sortedRuns), formatCount(s.after.sortedRuns)),
    ];
    if (result.kind === 'compact') {
      lines.push(
        change('tombstones', formatCount(s.keptTombstones + s.droppedTombstones), formatCount(s.keptTombstones)),
        `dropped      ${formatCount(s.hiddenEntries)} hidden entries of ${formatCount(s.entriesRead)}`,
        `took         ${s.seconds.toFixed(1)} s, ${formatBytes(result.readBytes / Math.max(s.seconds, 0.001))}/s read`,
      );
    }
    out.text(`${lines.join('\n')}\n`);
  }
  out.flush();
}

const DOING = { plan: 'counted', copy: 'copied', merge: 'merged', proof: 'verified', commit: 'committed' } as const;

/** "42 % merged 12 MB, 118 MB/s, 3 s left" */
function progressWords({ phase, percent, readBytes, bytesPerSecond, etaSeconds }: CompactionProgress): string {
  const speed = bytesPerSecond === 0 ? '' : `, ${formatBytes(bytesPerSecond)}/s`;
  const left = etaSeconds === null ? '' : `, ${Math.ceil(etaSeconds)} s left`;
  return `${percent.toFixed(0).padStart(3)} % ${DOING[phase]} ${formatBytes(readBytes)}${speed}${left}`;
}
