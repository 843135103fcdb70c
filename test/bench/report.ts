/** Measurements as a table, and the targets held against them. */
import type { Contender, Measurement } from './measure.ts';

/** Programs that do the same work, and what is asked of ours. */
export interface Group {
  readonly title: string;
  readonly contenders: readonly Contender[];
  /** Bytes of keys and values that one entry has; 0 where megabytes make no sense. */
  readonly entryBytes: number;
  /** Entries, where the programs do not report how many they went through. */
  readonly entries?: number;
  /** What one is: entries or gets a second, megabytes (counts are bytes), or a time to be done in. */
  readonly unit: 'entries/s' | 'gets/s' | 'MB/s' | 'ms';
  /** Peers that are left out, and why. */
  readonly absent: readonly string[];
  readonly targets: readonly Target[];
}

export type Target =
  | { readonly kind: 'speed'; readonly ours: string; readonly peer: string; readonly ratio: number }
  | { readonly kind: 'time'; readonly ours: string; readonly seconds: number }
  | { readonly kind: 'peak'; readonly ours: string; readonly bytes: number };

export interface Verdict {
  readonly text: string;
  /** Undefined: it could not be measured. */
  readonly met: boolean | undefined;
}

export interface Result {
  readonly group: Group;
  readonly measured: readonly Measurement[];
  readonly verdicts: readonly Verdict[];
}

/** Seconds that count: the program's own figure where it gives one, else the whole process. */
export function secondsOf(m: Measurement): number {
  return m.report.seconds ?? m.wall;
}

export function judge(group: Group, measured: readonly Measurement[]): Verdict[] {
  const find = (label: string): Measurement | undefined =>
    measured.find((m) => m.label === label && m.failure === undefined);
  return group.targets.map((t) => {
    const ours = find(t.ours);
    if (ours === undefined) return { text: `${t.ours}: not measured`, met: undefined };
    switch (t.kind) {
      case 'speed': {
        const peer = find(t.peer);
        if (peer === undefined) return { text: `${t.ours} against ${t.peer}: not measured`, met: undefined };
        const ratio = rate(group, ours) / rate(group, peer);
        return {
          text: `${t.ours} is ${ratio.toFixed(2)} times as fast as ${t.peer}; asked for ${t.ratio}`,
          met: ratio >= t.ratio,
        };
      }
      case 'time':
        return {
          text: `${t.ours} takes ${(secondsOf(ours) * 1000).toFixed(0)} ms; asked for under ${t.seconds * 1000} ms`,
          met: secondsOf(ours) < t.seconds,
        };
      default:
        return {
          text: `${t.ours} needs ${mebibytes(ours.peak)} MB at most; asked for under ${mebibytes(t.bytes)} MB`,
          met: ours.peak < t.bytes,
        };
    }
  });
}

/** Work done per second; for openings, openings per second. */
function rate(group: Group, m: Measurement): number {
  return group.unit === 'ms' ? 1 / secondsOf(m) : (m.report.count ?? group.entries ?? 0) / secondsOf(m);
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
const grouped = (n: number): string => Math.round(n).toLocaleString('en-US');

export function printGroup({ group, measured, verdicts }: Result): void {
  const best = Math.max(...measured.filter((m) => m.ours && m.failure === undefined).map((m) => rate(group, m)));
  const ratio = (m: Measurement): number => {
    const same = measured.find((o) => o.ours && o.label === m.against && o.failure === undefined);
    return (same === undefined ? best : rate(group, same)) / rate(group, m);
  };
  const speed = group.unit === 'ms' ? 'ms' : group.unit;
  const header = ['', speed, ...(group.entryBytes > 0 ? ['MB/s'] : []), 'wall s', 'cpu s', 'peak MB', 'ours : this'];
  const rows = measured.map((m) => {
    if (m.failure !== undefined) return [label(m), `failed: ${m.failure}`];
    const perSecond = rate(group, m);
    return [
      label(m),
      figure(group, m, perSecond),
      ...(group.entryBytes > 0 ? [((perSecond * group.entryBytes) / 1e6).toFixed(0)] : []),
      m.wall.toFixed(3),
      m.cpu.toFixed(2),
      mebibytes(m.peak),
      m.ours ? '' : ratio(m).toFixed(2),
    ];
  });
  console.log(`\n${group.title}`);
  const all = [header, ...rows];
  const widths = header.map((_, i) => Math.max(...all.filter((r) => r.length > 2).map((r) => (r[i] ?? '').length)));
  for (const row of all) {
    console.log(
      `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ')}`,
    );
  }
  for (const name of group.absent) console.log(`  skipped: ${name}`);
  for (const v of verdicts) {
    console.log(`  ${v.met === undefined ? 'unknown' : v.met ? 'met    ' : 'NOT MET'}  ${v.text}`);
  }
}

function figure(group: Group, m: Measurement, perSecond: number): string {
  if (group.unit === 'ms') return (secondsOf(m) * 1000).toFixed(1);
  return group.unit === 'MB/s' ? (perSecond / 1e6).toFixed(1) : grouped(perSecond);
}

const label = (m: Measurement): string => `${m.ours ? '' : '· '}${m.label}`;
