/** What a repair saved and what it lost, in words. Pure. */
import { displayKey, formatBytes, formatCount } from '../../engine/model/display.ts';
import type { LostRange, RepairedFamily, RepairProgress, RepairReport } from '../../engine/protocol/engineApi.ts';
import { visibleLine } from '../plainText.ts';
import type { Say } from '../trees/children.ts';

const KEY_CHARS = 200;

/** "12,000 entries in 2 tables, 3.20 MB; 1 range of keys was lost" */
export function repairWords(r: RepairReport, say: Say): string {
  const entries = sum(r.families, (f) => f.entries);
  const bytes = formatBytes(sum(r.families, (f) => f.bytes));
  const saved = say(
    '{0} in {1}, {2}',
    entryCount(entries, say),
    tableCount(
      sum(r.families, (f) => f.tables),
      say,
    ),
    bytes,
  );
  if (r.lost.length === 0) return say('{0}; no entry is known to be lost', saved);
  if (r.lost.length === 1) return say('{0}; 1 range of keys has lost entries', saved);
  return say('{0}; {1} ranges of keys have lost entries', saved, formatCount(r.lost.length));
}

/** "readings: 12,000 entries · 3.20 MB of 12.0 MB" */
export function progressWords(p: RepairProgress, say: Say): string {
  const written = say('{0} of {1}', formatBytes(p.writtenBytes), formatBytes(p.totalBytes));
  return `${visibleLine(p.family)}: ${entryCount(p.entries, say)} · ${written}`;
}

/** The document "Repair of NAME". */
export function repairText(name: string, path: string, r: RepairReport, say: Say): string {
  const lines = [
    say('Repair of {0}', name),
    say('from {0}', visibleLine(path)),
    say('into {0}', visibleLine(r.directory)),
    '',
    repairWords(r, say),
    basisWords(r.basis, say),
    '',
    say('Column families'),
  ];
  for (const f of r.families) lines.push(`  ${familyWords(f, say)}`);
  lines.push('', say('Lost'));
  if (r.lost.length === 0) lines.push(`  ${say('No entry is known to be lost.')}`);
  else {
    lines.push(
      `  ${say('Entries of these files are lost in these ranges. A lost entry may have hidden an older one, which then shows.')}`,
    );
    for (const l of r.lost) lines.push(...lostLines(l, say));
  }
  lines.push('', say('Files'), `  ${say('{0} read', formatCount(r.filesRead))}`);
  for (const file of r.filesSearched) {
    lines.push(`  ${say('{0}: its blocks were searched for by their checksums', visibleLine(file))}`);
  }
  lines.push(`  ${say('last sequence number {0}', formatCount(r.lastSequence))}`);
  if (r.problems.length > 0) {
    lines.push('', say('Problems met on the way'));
    for (const p of r.problems) {
      const at =
        p.offset === undefined ? visibleLine(p.path) : say('{0} at {1}', visibleLine(p.path), formatCount(p.offset));
      lines.push(`  ${p.code} ${at}`.trimEnd(), `      ${visibleLine(p.message)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function basisWords(basis: RepairReport['basis'], say: Say): string {
  switch (basis) {
    case 'manifest':
      return say('The MANIFEST is sound: its live tables and logs were read.');
    case 'damaged manifest':
      return say('The MANIFEST is damaged: every table and log in the directory was read.');
    case 'tables':
      return say('There is no MANIFEST that could be used: every table and log in the directory was read.');
  }
}

function familyWords(f: RepairedFamily, say: Say): string {
  const parts = [say('{0} in {1}, {2}', entryCount(f.entries, say), tableCount(f.tables, say), formatBytes(f.bytes))];
  if (f.rangeDeletions > 0) parts.push(say('{0} of them range deletions', formatCount(f.rangeDeletions)));
  if (f.duplicates > 0) parts.push(say('{0} found more than once', formatCount(f.duplicates)));
  return `${visibleLine(f.name)}: ${parts.join('; ')}`;
}

function lostLines(l: LostRange, say: Say): string[] {
  return [
    `  ${visibleLine(l.family)}, ${visibleLine(l.file)}: ${rangeWords(l, say)}`,
    `      ${visibleLine(l.problem.message)}`,
  ];
}

/** After `from`, up to and including `to`; open where undefined. */
export function rangeWords({ from, to }: Pick<LostRange, 'from' | 'to'>, say: Say): string {
  if (from === undefined && to === undefined) return say('keys unknown');
  if (from === undefined) return say('from the first key to {0}', displayKey(to ?? new Uint8Array(), KEY_CHARS));
  if (to === undefined) return say('after {0}, to the last key', displayKey(from, KEY_CHARS));
  return say('after {0}, up to {1}', displayKey(from, KEY_CHARS), displayKey(to, KEY_CHARS));
}

function entryCount(n: number, say: Say): string {
  return n === 1 ? say('1 entry') : say('{0} entries', formatCount(n));
}

function tableCount(n: number, say: Say): string {
  return n === 1 ? say('1 table') : say('{0} tables', formatCount(n));
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((n, item) => n + of(item), 0);
}
