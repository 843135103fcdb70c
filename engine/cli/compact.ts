/** `lsm compact`: plans a compaction, or carries it out in place or on a copy. */
import { rmdirSync } from 'node:fs';
import { systemClock } from '../base/entropy.ts';
import { StoreError, toStoreError } from '../base/errors.ts';
import { removeAll } from '../fs/clone.ts';
import { joinPath } from '../fs/fileSystem.ts';
import { freeBytes, nodeFs } from '../fs/nodeFs.ts';
import { formatBytes, formatCount } from '../model/display.ts';
import type { ManualTarget } from '../policy/manual.ts';
import { copyStore } from '../store/compaction/copyStore.ts';
import { type CompactionResult, compactionJob } from '../store/compaction/job.ts';
import { type CompactionPlan, planJob } from '../store/compaction/plan.ts';
import { forcedChoice } from '../store/compaction/select.ts';
import { lockOwner } from '../store/lock.ts';
import type { StoreReader } from '../store/reader.ts';
import { systemWriteEnvironment } from '../store/writeEnvironment.ts';
import { checkWritable, WriteRefused } from '../store/writeGate.ts';
import { StoreWriter } from '../store/writer.ts';
import { type Args, CF_OPTION, type CommandSpec, JSON_OPTION, KEY_OPTIONS, readKey, UsageError } from './args.ts';
import { numberJson } from './format.ts';
import { Output } from './output.ts';
import { EXIT, newService, reportProblems } from './store.ts';

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
    ...KEY_OPTIONS,
    JSON_OPTION,
  ],
  run: async (args) => {
    const path = args.positionals[0] ?? '';
    const ways = ['dry-run', 'out', 'in-place'].filter((way) => args.has(way) || args.text(way) !== undefined);
    if (ways.length !== 1) throw new UsageError('compact takes one of --dry-run, --out DIR and --in-place');
    const target = readTarget(args);
    const family = args.text('cf') ?? 'default';
    if (ways[0] === 'dry-run') return await dryRun(path, family, target, args);
    const interrupt = new Interrupt();
    try {
      const out = args.text('out');
      if (out !== undefined) await copy(path, out, interrupt);
      return await compact(out ?? path, family, target, args, interrupt);
    } catch (thrown) {
      if (interrupt.asked && toStoreError(thrown).code === 'CANCELLED') {
        process.stderr.write(`lsm: interrupted, the store is as it was\n`);
        return EXIT.interrupted;
      }
      throw thrown;
    } finally {
      interrupt.end();
    }
  },
};

function readTarget(args: Args): ManualTarget {
  const typed = (name: string): Uint8Array | undefined => {
    const text = args.text(name);
    return text === undefined ? undefined : readKey(text, args);
  };
  const from = typed('from');
  const to = typed('to');
  const level = args.count('level');
  const tables = args.text('tables');
  const kinds = [from !== undefined || to !== undefined, level !== undefined, tables !== undefined];
  if (kinds.filter(Boolean).length > 1) throw new UsageError('name a key range, a level or tables, not several of them');
  if (level !== undefined) return { kind: 'level', level };
  if (tables !== undefined) {
    const numbers = tables.split(',').map((part) => {
      const n = Number(part);
      if (!/^\d+$/.test(part) || !Number.isSafeInteger(n)) {
        throw new UsageError(`--tables takes numbers with commas between them, not "${tables}"`);
      }
      return n;
    });
    return { kind: 'tables', numbers };
  }
  if (from === undefined && to === undefined) return { kind: 'store' };
  return { kind: 'range', ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

const epochSeconds = (): number => Math.floor(systemClock.now() / 1000);

// ── The plan ───────────────────────────────────────────────────────────────────────────────────

async function dryRun(path: string, familyName: string, target: ManualTarget, args: Args): Promise<number> {
  const service = newService();
  await service.call('open', { path });
  const { store } = service;
  reportProblems(store.view.problems);
  const family = store.view.familyByName(familyName);
  const choice = forcedChoice(store.view, family, target, epochSeconds());
  const job = planJob(store.view, family, choice, systemClock, refusal(store));
  const progress = new ProgressLine();
  const total = choice.kind === 'compact' ? choice.inputs.flatMap((i) => i.tables).reduce((n, t) => n + t.bytes, 0) : 0;
  for (;;) {
    const step = job.next();
    if (step.done === true) {
      progress.clear();
      printPlan(step.value, args);
      return EXIT.done;
    }
    progress.show((100 * step.value.readBytes) / Math.max(1, total), 'counted', step.value.readBytes, undefined, undefined);
  }
}

/** Why the store could not be compacted in place now; null if it could. */
function refusal(store: StoreReader): string | null {
  const { fs, directory, dialect } = store.shared;
  const owner = lockOwner(joinPath(directory, 'LOCK'));
  if (owner !== undefined) return `LOCKED: process ${owner.pid} has the store open`;
  const { snapshot, version } = store.view;
  try {
    checkWritable({ fs, directory, dialect, snapshot, version });
    return null;
  } catch (thrown) {
    const e = toStoreError(thrown);
    return `${e.code}: ${e.message}`;
  }
}

function printPlan(plan: CompactionPlan, args: Args): void {
  const out = new Output();
  if (args.has('json')) {
    out.text(`${JSON.stringify({ ...plan, inputs: plan.inputs.map((i) => ({ ...i, number: numberJson(i.number) })) })}\n`);
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

// ── The compaction ─────────────────────────────────────────────────────────────────────────────

/** Ctrl-C and a polite kill: the job ends at its next slice and cleans up. */
class Interrupt {
  asked = false;
  readonly #listener = (): void => {
    this.asked = true;
  };

  constructor() {
    process.on('SIGINT', this.#listener);
    process.on('SIGTERM', this.#listener);
  }

  end(): void {
    process.off('SIGINT', this.#listener);
    process.off('SIGTERM', this.#listener);
  }
}

async function copy(from: string, to: string, interrupt: Interrupt): Promise<void> {
  const service = newService();
  await service.call('open', { path: from });
  const job = copyStore(nodeFs, from, to);
  try {
    for (;;) {
      const step = job.next();
      if (step.done === true) return;
      await systemClock.turn();
      if (interrupt.asked) throw new StoreError('CANCELLED', 'the copy was cancelled');
    }
  } finally {
    job.return(undefined as never);
    if (interrupt.asked) removeCopy(to);
  }
}

/** What a cancelled run leaves of its own copy. */
function removeCopy(directory: string): void {
  try {
    removeAll(
      nodeFs,
      nodeFs.list(directory).map((name) => joinPath(directory, name)),
    );
    rmdirSync(directory);
  } catch {
    // It was not made, or somebody else put something into it.
  }
}

async function compact(
  path: string,
  familyName: string,
  target: ManualTarget,
  args: Args,
  interrupt: Interrupt,
): Promise<number> {
  let writer: StoreWriter;
  try {
    writer = StoreWriter.open(systemWriteEnvironment, path);
  } catch (thrown) {
    // What the gate refuses, a copy would be refused for as well: only a lock is the original's own.
    throw thrown instanceof WriteRefused || !(thrown instanceof StoreError) ? thrown : thrown.at({ path });
  }
  let failed = true;
  try {
    const { view } = writer.reader;
    const family = view.familyByName(familyName);
    const choice = forcedChoice(view, family, target, epochSeconds());
    const job = compactionJob(writer, family.state.id, choice, {
      fs: nodeFs,
      clock: systemClock,
      freeBytes,
      isCancelled: () => interrupt.asked,
    });
    const result = await drive(job);
    failed = false;
    print(result, args);
    return EXIT.done;
  } finally {
    writer.close();
    if (failed && interrupt.asked && args.text('out') !== undefined) removeCopy(path);
  }
}

async function drive(job: ReturnType<typeof compactionJob>): Promise<CompactionResult> {
  const progress = new ProgressLine();
  try {
    for (;;) {
      const step = job.next();
      if (step.done === true) return step.value;
      const p = step.value;
      const doing = p.phase === 'proof' ? 'verified' : 'merged';
      progress.show(p.percent, doing, p.readBytes, p.bytesPerSecond, p.etaSeconds);
      await systemClock.turn();
    }
  } finally {
    progress.clear();
    job.return(undefined as never);
  }
}

function print(result: CompactionResult, args: Args): void {
  const { summary: s } = result;
  const out = new Output();
  if (args.has('json')) {
    const { kind, why, outputLevel, readBytes, writtenBytes } = result;
    const brief = (list: CompactionResult['inputs']): object[] =>
      list.map(({ number, level, bytes }) => ({ number: numberJson(number), level, bytes }));
    const document = {
      kind,
      why,
      inputs: brief(result.inputs),
      outputs: brief(result.outputs),
      outputLevel: kind === 'none' ? null : outputLevel,
      readBytes,
      writtenBytes,
      ...s,
    };
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
        `dropped      ${formatCount(s.droppedTombstones)} tombstones, ${formatCount(s.hiddenEntries)} hidden entries of ${formatCount(s.entriesRead)}`,
        `took         ${s.seconds.toFixed(1)} s, ${formatBytes(result.readBytes / Math.max(s.seconds, 0.001))}/s read`,
      );
    }
    out.text(`${lines.join('\n')}\n`);
  }
  out.flush();
}

/** One line on the terminal that is written over; nothing where stderr is none. */
class ProgressLine {
  readonly #isTerminal = process.stderr.isTTY === true;
  #last = Number.NEGATIVE_INFINITY;
  #shown = false;

  show(percent: number, doing: string, bytes: number, rate: number | undefined, eta: number | undefined): void {
    const now = systemClock.elapsed();
    if (!this.#isTerminal || now - this.#last < 100) return;
    this.#last = now;
    this.#shown = true;
    const speed = rate === undefined || rate === 0 ? '' : `, ${formatBytes(rate)}/s`;
    const left = eta === undefined ? '' : `, ${Math.ceil(eta)} s left`;
    process.stderr.write(`\r\u001b[K${percent.toFixed(0).padStart(3)} % ${doing} ${formatBytes(bytes)}${speed}${left}`);
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\u001b[K');
    this.#shown = false;
  }
}
