/** What a verification came to, in words: a line for a message, and a document. Pure. */
import { formatBytes, formatCount } from '../../engine/model/display.ts';
import type { Finding, VerifyProgress, VerifyReport } from '../../engine/protocol/engineApi.ts';
import { visibleLine } from '../plainText.ts';
import type { Say } from '../trees/children.ts';

export function isDamage(f: Finding): boolean {
  return f.severity === 'damage';
}

/** Places that are damaged; what was left out of the report counts as such. */
export function damagedPlaces(r: VerifyReport): number {
  const damaged = r.findings.filter(isDamage).length;
  return damaged === 0 ? 0 : damaged + r.more;
}

/** "Verified 71 files, 320 KB: no damage." or "3 places of NAME are damaged." */
export function verdict(name: string, r: VerifyReport, say: Say): string {
  const damaged = damagedPlaces(r);
  if (damaged === 1) return say('1 place of {0} is damaged.', name);
  if (damaged > 1) return say('{0} places of {1} are damaged.', formatCount(damaged), name);
  const files = fileCount(r.files, say);
  const notices = r.findings.length;
  if (notices === 0) return say('Verified {0} of {1}, {2}: no damage.', files, name, formatBytes(r.bytes));
  const worth =
    notices === 1 ? say('1 thing is worth knowing') : say('{0} things are worth knowing', formatCount(notices));
  return say('Verified {0} of {1}, {2}: no damage; {3}.', files, name, formatBytes(r.bytes), worth);
}

/** "12.0 MB of 64.0 MB · 3 of 12 files · 1 finding" */
export function progressWords(p: VerifyProgress, say: Say): string {
  const parts = [
    say('{0} of {1}', formatBytes(p.bytes), formatBytes(p.totalBytes)),
    say('{0} of {1} files', formatCount(p.files), formatCount(p.totalFiles)),
  ];
  if (p.findings === 1) parts.push(say('1 finding'));
  else if (p.findings > 1) parts.push(say('{0} findings', formatCount(p.findings)));
  return parts.join(' · ');
}

export function percentOf(done: number, total: number): number {
  return total <= 0 ? 0 : Math.min(100, (100 * done) / total);
}

/** The document "Verification of NAME". `path` is the directory or the file that was checked. */
export function verifyText(name: string, path: string, r: VerifyReport, say: Say): string {
  const seconds = r.millis / 1000;
  const speed = seconds > 0.05 ? say('{0} s, {1}/s', seconds.toFixed(2), formatBytes(r.bytes / seconds)) : '';
  const lines = [say('Verification of {0}', name), visibleLine(path), '', verdict(name, r, say)];
  const damage = r.findings.filter(isDamage);
  const notices = r.findings.filter((f) => !isDamage(f));
  if (damage.length > 0) lines.push('', say('Damage'), ...damage.flatMap((f) => findingLines(f, say)));
  if (r.more > 0) lines.push(`  ${say('and {0} more', formatCount(r.more))}`);
  if (notices.length > 0) lines.push('', say('Worth knowing'), ...notices.flatMap((f) => findingLines(f, say)));
  lines.push(
    '',
    say('Checked'),
    row(say('files'), formatCount(r.files)),
    row(say('bytes'), `${formatCount(r.bytes)} (${formatBytes(r.bytes)})`),
    row(say('tables'), formatCount(r.tables)),
    row(say('blocks and records'), formatCount(r.units)),
    row(say('entries'), formatCount(r.entries)),
  );
  if (speed !== '') lines.push(row(say('time'), speed));
  lines.push(
    '',
    say('What was looked at'),
    `  ${say('tables: the checksum of every block; that entries decode, stand in order and within the bounds of the MANIFEST; that no filter denies a key of its own table; counts, footer, gaps and overlaps')}`,
    `  ${say('MANIFEST and logs: the checksum of every record, that it decodes, and the bytes between records')}`,
    `  ${say('blob files: header, records, footer, and their counts')}`,
    `  ${say('the tree: order and overlap of every level, files that are missing, files that nothing refers to')}`,
    '',
    say('Not covered, since the bytes carry no redundancy'),
  );
  if (r.unchecked.length === 0) lines.push(`  ${say('nothing')}`);
  for (const what of r.unchecked) lines.push(`  ${visibleLine(what)}`);
  return `${lines.join('\n')}\n`;
}

function findingLines(f: Finding, say: Say): string[] {
  const place =
    f.path === ''
      ? ''
      : f.offset === undefined
        ? visibleLine(f.path)
        : say('{0} at {1}', visibleLine(f.path), formatCount(f.offset));
  const mend = f.mend === undefined ? [] : [`      ${visibleLine(f.mend)}`];
  return [`  ${place === '' ? f.code : `${f.code} ${place}`}`, `      ${visibleLine(f.message)}`, ...mend];
}

export function fileCount(n: number, say: Say): string {
  return n === 1 ? say('1 file') : say('{0} files', formatCount(n));
}

function row(name: string, value: string): string {
  return `  ${name.padEnd(24)}${value}`;
}
