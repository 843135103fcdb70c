/**
 * Runs programs to their end and measures wall time, processor time and peak memory of each.
 *
 * Contenders of one group take turns, so that a change of the machine's load hits all of them, and the
 * best of the rounds counts. All run on one core where `taskset` is there.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onPath } from '../../scripts/lib.mjs';

export interface Contender {
  readonly label: string;
  /** Ours, or the peer whose number it is. */
  readonly ours: boolean;
  readonly file: string;
  readonly args: readonly string[];
  /** Label of the program of ours that does the same work; the fastest if absent. */
  readonly against?: string;
  /** Done before each run, untimed. */
  readonly prepare?: () => void;
  /** What the run did, from its standard output; undefined drops the run and says why. */
  readonly read?: (stdout: string) => Report;
  /** Cores to run on, as `taskset -c` takes them; the first one by default. */
  readonly cores?: string;
  /** Standard output goes to /dev/null instead. */
  readonly mute?: boolean;
}

/** What a program says of itself; absent parts are taken from outside. */
export interface Report {
  /** Entries or look-ups done. */
  readonly count?: number;
  /** Seconds of the measured part, without the program's start. */
  readonly seconds?: number;
  /** Further figures, such as hits. */
  readonly found?: number;
}

export interface Measurement {
  readonly label: string;
  readonly ours: boolean;
  readonly against?: string | undefined;
  /** Whole process, seconds. */
  readonly wall: number;
  readonly cpu: number;
  /** Bytes. */
  readonly peak: number;
  readonly report: Report;
  readonly failure?: string;
}

const hook = join(import.meta.dirname, 'children', 'hook.cjs');
const POLL_MS = 4;
const TICKS_PER_SECOND = 100;
export const pinned = onPath('taskset') !== undefined;

/** A Node program with the hook that reports its memory. */
export function nodeContender(
  label: string,
  ours: boolean,
  script: string,
  args: readonly string[],
  rest: Pick<Contender, 'read' | 'mute' | 'prepare' | 'against'> = {},
): Contender {
  return { label, ours, file: process.execPath, args: ['--require', hook, script, ...args], ...rest };
}

async function once(c: Contender): Promise<Measurement> {
  c.prepare?.();
  const sink = openSync('/dev/null', 'w');
  const [file, args] = pinned ? ['taskset', ['-c', c.cores ?? '0', c.file, ...c.args]] : [c.file, [...c.args]];
  const started = performance.now();
  const child = spawn(file, args, { stdio: ['ignore', c.mute === true ? sink : 'pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  let hooked = '';
  child.stdout?.setEncoding('utf8').on('data', (s: string) => {
    stdout += s;
  });
  child.stderr?.setEncoding('utf8').on('data', (s: string) => {
    stderr += s;
  });
  child.stdio[3]?.on('data', (b: Buffer) => {
    hooked += b.toString();
  });
  let peak = 0;
  let cpu = 0;
  const poll = (): void => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024);
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      cpu = Math.max(cpu, (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND);
    } catch {
      // Ended, or a system without /proc.
    }
  };
  const timer = setInterval(poll, POLL_MS);
  let ended = 0;
  child.on('exit', () => {
    ended = performance.now();
  });
  const code = await new Promise<number>((done) => {
    child.on('error', () => done(127));
    child.on('close', (c) => done(c ?? 128));
  });
  clearInterval(timer);
  closeSync(sink);
  const wall = ((ended || performance.now()) - started) / 1000;
  // Threads report as well; the process itself comes last.
  const last = hooked.trim().split('\n').at(-1) ?? '';
  const exact = last === '' ? undefined : (JSON.parse(last) as { peak: number; cpu: number });
  const base = {
    label: c.label,
    ours: c.ours,
    against: c.against,
    wall,
    cpu: exact?.cpu ?? cpu,
    peak: exact?.peak ?? peak,
  };
  try {
    // The exit code of a look-up that finds nothing is 1, and that is right.
    if (code > 1) throw new Error(`ended with ${code}`);
    return { ...base, report: c.read?.(`${stdout}\n${stderr}`) ?? {} };
  } catch (thrown) {
    const said = stderr.trim().split('\n').at(-1) ?? '';
    return { ...base, report: {}, failure: `${thrown instanceof Error ? thrown.message : thrown} ${said}`.trim() };
  }
}

const timeOf = (m: Measurement): number => m.report.seconds ?? m.wall;

/** The best of `rounds` for each contender, in their order. A failing one is not run again. */
export async function race(contenders: readonly Contender[], rounds: number): Promise<Measurement[]> {
  const best = new Map<string, Measurement>();
  for (let round = 0; round < rounds; round++) {
    for (const c of contenders) {
      const known = best.get(c.label);
      if (known?.failure !== undefined) continue;
      const m = await once(c);
      if (known === undefined) {
        best.set(c.label, m);
        continue;
      }
      const faster = timeOf(m) < timeOf(known) ? m : known;
      const failure = m.failure === undefined ? {} : { failure: m.failure };
      best.set(c.label, {
        ...faster,
        cpu: Math.min(m.cpu, known.cpu),
        peak: Math.max(m.peak, known.peak),
        ...failure,
      });
    }
  }
  return [...best.values()];
}

/** The report of a child that prints it as its last line of JSON. */
export function jsonReport(stdout: string): Report {
  const line = stdout
    .trim()
    .split('\n')
    .findLast((l) => l.startsWith('{'));
  if (line === undefined) throw new Error('printed no report');
  return JSON.parse(line) as Report;
}
