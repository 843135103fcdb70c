/** The outline of our documents: edits of a MANIFEST, batches of a log, parts of a table, jobs of an info log, sections. Pure. */
import { sectionIn } from './optionsText.ts';

export interface OutlineItem {
  readonly name: string;
  readonly detail: string;
  readonly kind: 'section' | 'record' | 'block' | 'job' | 'event' | 'damage';
  /** Lines, from 0, both inside. */
  readonly from: number;
  readonly to: number;
  readonly children: readonly OutlineItem[];
}

/** Items that an outline holds; more are of no use to anybody. */
const ITEMS_MAX = 20_000;
const CHILDREN_MAX = 200;

type Kind = 'manifest' | 'wal' | 'table' | 'blob' | 'options' | 'infoLog' | 'other';

/** `   229  edit 7: 8 bytes` as its offset, its indentation and its text. */
const DUMP_LINE = /^\s*(\d+) {2}( *)(.*)$/;
const DAMAGE = /^(CORRUPT|UNSUPPORTED|IO|NOT_FOUND): /;

export function outlineOf(lines: readonly string[]): OutlineItem[] {
  const kind = kindOf(lines);
  switch (kind) {
    case 'manifest':
    case 'wal':
    case 'blob':
    case 'table':
      return records(lines, kind);
    case 'options':
      return sections(lines);
    case 'infoLog':
      return jobs(lines);
    case 'other':
      return [];
  }
}

function kindOf(lines: readonly string[]): Kind {
  const first = DUMP_LINE.exec(lines[0] ?? '')?.[3] ?? '';
  if (first.startsWith('MANIFEST, ')) return 'manifest';
  if (first.startsWith('write-ahead log, ')) return 'wal';
  if (first.startsWith('table of ')) return 'table';
  if (first.startsWith('header: column family ')) return 'blob';
  if (/^\d{4}\/\d\d\/\d\d-\d\d:\d\d:\d\d/.test(first)) return 'infoLog';
  return lines.slice(0, 40).some((line) => sectionIn(line) !== undefined) ? 'options' : 'other';
}

/** Lines that stand at the left begin an item; those under them belong to it. Damage is one by itself. */
function records(lines: readonly string[], kind: Kind): OutlineItem[] {
  const heads: { line: number; text: string }[] = [];
  for (let i = kind === 'blob' ? 0 : 1; i < lines.length && heads.length < ITEMS_MAX; i++) {
    const match = DUMP_LINE.exec(lines[i] ?? '');
    const text = match?.[3] ?? '';
    if (match === null || text === '') continue;
    if (match[2] === '' || DAMAGE.test(text)) heads.push({ line: i, text });
  }
  return heads.map(({ line, text }, i) => {
    const to = (heads[i + 1]?.line ?? lines.length) - 1;
    const { name, detail } = split(text);
    if (DAMAGE.test(text)) return item(name, detail, 'damage', line, line);
    // What a MANIFEST's edit does says more than how long it is.
    const said = kind === 'manifest' && /^edit \d+$/.test(name) ? editDetail(lines, line, to) : '';
    const family = / ?(family \d+ ".*")$/.exec(detail)?.[1];
    return item(
      name,
      said === '' ? detail : family === undefined ? said : `${said}, ${family}`,
      kind === 'table' ? 'block' : 'record',
      line,
      to,
    );
  });
}

/** `+2 −1` tables of an edit, and families that come or go. */
function editDetail(lines: readonly string[], from: number, to: number): string {
  let added = 0;
  let removed = 0;
  const other: string[] = [];
  for (let i = from + 1; i <= to; i++) {
    const text = DUMP_LINE.exec(lines[i] ?? '')?.[3] ?? '';
    if (text.startsWith('new table ')) added++;
    else if (text.startsWith('deleted table ')) removed++;
    else if (/^column family (added|dropped)/.test(text)) other.push(text.replace(/:.*$/, ''));
  }
  const parts = [...(added > 0 ? [`+${added}`] : []), ...(removed > 0 ? [`−${removed}`] : [])];
  return [...(parts.length > 0 ? [parts.join(' ')] : []), ...other].join(', ');
}

/** `batch 0: sequence 7831, count 1` as name and detail. */
function split(text: string): { name: string; detail: string } {
  const at = text.indexOf(': ');
  return at < 0
    ? { name: clip(text), detail: '' }
    : { name: clip(text.slice(0, at)), detail: clip(text.slice(at + 2)) };
}

function sections(lines: readonly string[]): OutlineItem[] {
  const heads = lines.flatMap((line, i) => {
    const section = sectionIn(line);
    return section === undefined ? [] : [{ line: i, title: section.title }];
  });
  return heads.map(({ line, title }, i) => {
    let to = (heads[i + 1]?.line ?? lines.length) - 1;
    while (to > line && (lines[to] ?? '').trim() === '') to--;
    const match = /^(\S+) "(.*)"$/.exec(title);
    return item(clip(match?.[2] ?? title), match?.[1] ?? '', 'section', line, to);
  });
}

/** `[default] [JOB 12]`, `job 12,` of an event. */
const JOB = /\[JOB (\d+)\]|\bjob (\d+),/;
const EVENT = /\bevent: (?:\[([^\]]*)\] )?(?:job \d+, )?(.*)$/;

/** One item a job, from its first line to its last; its events are its children. The rest of the log has none. */
function jobs(lines: readonly string[]): OutlineItem[] {
  const found = new Map<string, { from: number; to: number; what: string; family: string; events: OutlineItem[] }>();
  for (const [i, line] of lines.entries()) {
    const match = JOB.exec(line);
    const id = match?.[1] ?? match?.[2];
    if (id === undefined) continue;
    let job = found.get(id);
    if (job === undefined) {
      if (found.size >= ITEMS_MAX) break;
      job = { from: i, to: i, what: '', family: '', events: [] };
      found.set(id, job);
    }
    job.to = i;
    const event = EVENT.exec(line);
    if (event === null) continue;
    const said = event[2] ?? '';
    if (job.what === '') job.what = /^(flush|compaction|recovery|ingest)\w*( started \([^)]*\))?/.exec(said)?.[0] ?? '';
    if (event[1] !== undefined) job.family = event[1];
    const { name, detail } = split(said);
    if (job.events.length < CHILDREN_MAX) job.events.push(item(name, detail, 'event', i, i));
  }
  return [...found].map(([id, job]) => ({
    ...item(
      `job ${id}`,
      [job.what.replace(' started', ''), job.family].filter((s) => s !== '').join(', '),
      'job',
      job.from,
      job.to,
    ),
    children: job.events,
  }));
}

function item(name: string, detail: string, kind: OutlineItem['kind'], from: number, to: number): OutlineItem {
  // VS Code refuses a symbol without a name.
  return { name: name === '' ? '…' : name, detail, kind, from, to: Math.max(from, to), children: [] };
}

function clip(text: string): string {
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
