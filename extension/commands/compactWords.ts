/** Plans and results of compactions, in words. */
import * as vscode from 'vscode';
import { formatBytes, formatCount } from '../../engine/model/display.ts';
import type {
  CompactionPhase,
  CompactionPlan,
  CompactionPlans,
  CompactionProgress,
  CompactionReport,
  Refusal,
} from '../../engine/protocol/engineApi.ts';
import * as words from '../words.ts';

const t = vscode.l10n.t;

/** Families whose plans the dialog tells one by one; the document tells all. */
const FAMILIES_MAX = 6;

export function isEmptyPlan(plans: CompactionPlans): boolean {
  return plans.plans.every((p) => p.inputs.length === 0);
}

/** Why nothing is to be done: the first reason there is. */
export function whyNothing(plans: CompactionPlans): string {
  return plans.plans.find((p) => p.inputs.length === 0)?.refused ?? t('there are no tables');
}

/** A few lines for a dialog. */
export function planLines({ plans, refusal, freeBytes }: CompactionPlans): string[] {
  const full = plans.filter((p) => p.inputs.length > 0);
  const several = full.length > 1;
  const lines: string[] = [];
  for (const plan of full.slice(0, FAMILIES_MAX)) {
    if (several) lines.push(t('{0}:', plan.family));
    lines.push(...familyLines(plan).map((line) => (several ? `    ${line}` : line)));
  }
  if (full.length > FAMILIES_MAX) {
    lines.push(t('… and {0} more column families', formatCount(full.length - FAMILIES_MAX)));
  }
  lines.push(diskLine(full, freeBytes));
  if (refusal !== null) lines.push('', t('Not in place: {0}', refusalWords(refusal)));
  return lines;
}

function familyLines(plan: CompactionPlan): string[] {
  const reads = t('Reads {0}, {1}: {2}', words.tables(plan.inputs.length), formatBytes(plan.readBytes), byLevel(plan));
  const writes =
    plan.outputLevel === null
      ? t('Drops these tables as they are')
      : t('Writes about {0} into L{1}', formatBytes(plan.estimatedWriteBytes), plan.outputLevel);
  const drops = t(
    'Drops {0} tombstones and {1} shadowed entries of {2}',
    formatCount(plan.droppableTombstones),
    formatCount(plan.shadowedEntries),
    formatCount(plan.entries),
  );
  return plan.outputLevel === null ? [reads, writes] : [reads, writes, drops];
}

function byLevel(plan: CompactionPlan): string {
  const levels = new Map<number, number>();
  for (const { level } of plan.inputs) levels.set(level, (levels.get(level) ?? 0) + 1);
  return [...levels]
    .sort(([a], [b]) => a - b)
    .map(([level, n]) => t('{0} of L{1}', formatCount(n), level))
    .join(', ');
}

function diskLine(plans: readonly CompactionPlan[], free: number | null): string {
  const peak = formatBytes(Math.max(0, ...plans.map((p) => p.peakDiskBytes)));
  return free === null
    ? t('Takes {0} of disk at the most while it runs', peak)
    : t('Takes {0} of disk at the most while it runs; {1} are free', peak, formatBytes(free));
}

export function refusalWords({ message, path, mend }: Refusal): string {
  const place = path === undefined || path === '' ? '' : ` (${path})`;
  return `${message}${place}${mend === undefined ? '' : `; ${mend}`}`;
}

/** The whole plan as a document, with every input. */
export function planText(what: string, plans: CompactionPlans): string {
  const lines = [t('Plan of a compaction: {0}', what), ''];
  for (const plan of plans.plans) {
    lines.push(t('Column family {0}', plan.family));
    if (plan.inputs.length === 0) {
      lines.push(`  ${t('nothing to compact: {0}', plan.refused ?? '')}`, '');
      continue;
    }
    lines.push(...familyLines(plan).map((line) => `  ${line}`));
    lines.push(`  ${diskLine([plan], null)}`, '');
    lines.push(tableHead(), ...plan.inputs.map(tableLine), '');
  }
  const { refusal } = plans;
  lines.push(
    refusal === null
      ? t('Nothing stands against compacting the store in place.')
      : t('Not in place: {0}', refusalWords(refusal)),
  );
  return lines.join('\n');
}

// ── While it runs ──────────────────────────────────────────────────────────────────────────────

function phaseWords(phase: CompactionPhase): string {
  switch (phase) {
    case 'plan':
      return t('counting');
    case 'copy':
      return t('copying');
    case 'merge':
      return t('merging');
    case 'proof':
      return t('verifying');
    case 'commit':
      return t('committing');
  }
}

/** "42% · merging readings · 118 MB/s · 3 s left" */
export function progressWords(p: CompactionProgress): string {
  // A flush is one step: there is no part of it to tell.
  if (p.job?.kind === 'flush') return t('flushing {0}', p.family);
  const parts = [`${p.percent.toFixed(0)}%`, `${phaseWords(p.phase)} ${p.family}`.trim()];
  if (p.bytesPerSecond > 0) parts.push(t('{0}/s', formatBytes(p.bytesPerSecond)));
  if (p.etaSeconds !== null) parts.push(t('{0} left', duration(p.etaSeconds)));
  return parts.join(' · ');
}

function duration(seconds: number): string {
  const s = Math.ceil(seconds);
  if (s < 60) return t('{0} s', s);
  if (s < 3600) return t('{0} min {1} s', Math.floor(s / 60), s % 60);
  return t('{0} h {1} min', Math.floor(s / 3600), Math.floor((s % 3600) / 60));
}

// ── Afterwards ─────────────────────────────────────────────────────────────────────────────────

/** The whole result as a document: before and after by column family, then every table. */
export function reportText(what: string, { directory, families }: CompactionReport): string {
  const lines = [t('Compaction of {0}', what), directory, ''];
  for (const f of families) {
    lines.push(t('Column family {0}', f.family));
    if (f.kind === 'none') {
      lines.push(`  ${t('nothing to compact: {0}', f.why)}`, '');
      continue;
    }
    const { before, after, ...s } = f.summary;
    const row = (name: string, was: string, is: string): string => `  ${name.padEnd(14)}${was.padStart(12)}  →  ${is}`;
    lines.push(
      row(t('tables'), formatCount(before.tables), formatCount(after.tables)),
      row(t('bytes'), formatBytes(before.bytes), formatBytes(after.bytes)),
      row(t('sorted runs'), formatCount(before.sortedRuns), formatCount(after.sortedRuns)),
    );
    if (f.kind === 'compact') {
      const tombstones = s.keptTombstones + s.droppedTombstones;
      const gone = s.hiddenEntries + s.droppedTombstones;
      lines.push(
        row(t('tombstones'), formatCount(tombstones), formatCount(s.keptTombstones)),
        row(t('entries'), formatCount(s.entriesRead), formatCount(s.entriesRead - gone)),
        '',
        `  ${t('{0} read, {1} written in {2} s', formatBytes(f.readBytes), formatBytes(f.writtenBytes), s.seconds.toFixed(1))}`,
      );
    }
    lines.push('', `  ${t('Tables that went')}`, tableHead(), ...f.inputs.map(tableLine));
    lines.push('', `  ${t('Tables that came')}`, tableHead(), ...f.outputs.map(tableLine), '');
  }
  return lines.join('\n');
}

function tableHead(): string {
  return `    ${t('level').padEnd(6)}${t('table').padStart(10)}${t('size').padStart(12)}`;
}

function tableLine(table: { readonly number: number; readonly level: number; readonly bytes: number }): string {
  const name = String(table.number).padStart(6, '0');
  return `    ${`L${table.level}`.padEnd(6)}${name.padStart(10)}${formatBytes(table.bytes).padStart(12)}`;
}

/** One line: "5 → 2 tables · 12.1 MB → 9.8 MB · 3 → 1 sorted runs · 22 → 0 tombstones · 0.4 s". */
export function reportWords({ families }: CompactionReport): string {
  const done = families.filter((f) => f.kind !== 'none');
  if (done.length === 0) return t('Nothing to compact: {0}', families[0]?.why ?? '');
  const sum = (pick: (f: (typeof done)[number]) => number): number => done.reduce((n, f) => n + pick(f), 0);
  const count = (pick: (f: (typeof done)[number]) => number): string => formatCount(sum(pick));
  const size = (pick: (f: (typeof done)[number]) => number): string => formatBytes(sum(pick));
  const parts = [
    t(
      'tables {0} → {1}',
      count((f) => f.summary.before.tables),
      count((f) => f.summary.after.tables),
    ),
    `${size((f) => f.summary.before.bytes)} → ${size((f) => f.summary.after.bytes)}`,
    t(
      'sorted runs {0} → {1}',
      count((f) => f.summary.before.sortedRuns),
      count((f) => f.summary.after.sortedRuns),
    ),
  ];
  if (done.some((f) => f.kind === 'compact')) {
    const kept = sum((f) => f.summary.keptTombstones);
    const all = kept + sum((f) => f.summary.droppedTombstones);
    parts.push(
      t('tombstones {0} → {1}', formatCount(all), formatCount(kept)),
      t(
        '{0} shadowed entries dropped',
        count((f) => f.summary.hiddenEntries),
      ),
      t('{0} s', sum((f) => f.summary.seconds).toFixed(1)),
    );
  }
  return parts.join(' · ');
}
