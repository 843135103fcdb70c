/** `lsm diff`: what differs between two stores, as it is found. */
import { StoreError } from '../base/errors.ts';
import { formatBytes } from '../model/display.ts';
import type { DiffRow, DiffSide, DiffTable } from '../protocol/engineApi.ts';
import { type Args, CF_OPTION, type CommandSpec, UsageError } from './args.ts';
import { bytesJson, bytesText, escapeText, numberJson } from './format.ts';
import { Output } from './output.ts';
import { EXIT, newService, reportProblems } from './store.ts';

const FORMATS = ['text', 'jsonl'] as const;
const SIGNS = { added: '+', removed: '-', changed: '~', moved: '>' } as const;

export const diffCommand: CommandSpec = {
  name: 'diff',
  takes: ['STORE', 'STORE'],
  summary: 'what differs between two stores: keys added, removed, changed; tables moved. Exit code 1 if entries differ',
  options: [
    { ...CF_OPTION, help: 'only this column family' },
    { name: 'keys-only', help: 'compares keys only: values that differ are not looked for' },
    { name: 'limit', value: 'N', help: 'ends after N differences' },
    { name: 'no-tables', help: 'entries only' },
    { name: 'format', value: 'text|jsonl', help: 'default text' },
    { name: 'json', help: 'same as --format jsonl' },
  ],
  run: async (args) => {
    const json = readFormat(args) === 'jsonl';
    const limit = args.count('limit') ?? Number.POSITIVE_INFINITY;
    const [first = '', second = ''] = args.positionals;
    const service = newService();
    const summary = await service.call('open', { path: first });
    reportProblems(summary.problems);
    const params = { path: second, family: args.text('cf'), keysOnly: args.has('keys-only') };
    const walk = openWalk(() => service.workbench.diff(params));
    const out = new Output();
    const counts = { added: 0, removed: 0, changed: 0 };
    let found = 0;
    let cut = false;
    try {
      for (const family of walk.families.added) if (isWanted(args, family)) out.text(familyLine('added', family, json));
      for (const family of walk.families.removed)
        if (isWanted(args, family)) out.text(familyLine('removed', family, json));
      if (!args.has('no-tables')) for (const t of walk.tables) out.text(json ? tableJson(t) : tableText(t));
      for (const row of walk.rows()) {
        if (row === undefined) continue;
        if (found >= limit) {
          cut = true;
          break;
        }
        found++;
        counts[row.kind]++;
        out.text(json ? rowJson(row) : rowText(row));
      }
      const { same } = walk;
      if (json) out.text(`${JSON.stringify({ summary: { ...counts, same, complete: !cut } })}\n`);
      else {
        const more = cut ? '; there are more' : '';
        out.text(
          `${counts.added} added, ${counts.removed} removed, ${counts.changed} changed, ${same} the same${more}\n`,
        );
      }
      out.flush();
      reportProblems(walk.damage.problems);
    } finally {
      walk.close();
    }
    if (walk.damage.lost) return EXIT.unreadable;
    const families = walk.families.added.length + walk.families.removed.length;
    return found > 0 || (args.text('cf') === undefined && families > 0) ? EXIT.no : EXIT.done;
  },
};

/** Two stores that cannot be compared are a wrong request. */
function openWalk<T>(open: () => T): T {
  try {
    return open();
  } catch (thrown) {
    if (thrown instanceof StoreError && thrown.code === 'INPUT' && thrown.path === undefined) {
      throw new UsageError(thrown.mend === undefined ? thrown.message : `${thrown.message}; ${thrown.mend}`);
    }
    throw thrown;
  }
}

function readFormat(args: Args): (typeof FORMATS)[number] {
  const typed = args.text('format') ?? (args.has('json') ? 'jsonl' : 'text');
  const format = FORMATS.find((f) => f === typed);
  if (format === undefined) throw new UsageError(`--format is one of ${FORMATS.join(', ')}, not "${typed}"`);
  return format;
}

function isWanted(args: Args, family: string): boolean {
  const only = args.text('cf');
  return only === undefined || only === family;
}

function familyLine(kind: 'added' | 'removed', family: string, json: boolean): string {
  if (json) return `${JSON.stringify({ kind, columnFamily: family })}\n`;
  return `${SIGNS[kind]} column family ${escapeText(family)}\n`;
}

function rowText({ family, kind, key, before, after }: DiffRow): string {
  const size = (s: DiffSide | undefined): string => (s === undefined ? '' : formatBytes(s.valueSize));
  const sizes = [size(before), size(after)].filter((s) => s !== '').join(' → ');
  const place = family === 'default' ? '' : `  [${escapeText(family)}]`;
  return `${SIGNS[kind]} ${bytesText(key)}  ${sizes}${place}\n`;
}

function rowJson({ family, kind, key, before, after }: DiffRow): string {
  const side = (s: DiffSide): object => ({ ...s, seq: numberJson(s.seq) });
  const sides = {
    ...(before === undefined ? {} : { before: side(before) }),
    ...(after === undefined ? {} : { after: side(after) }),
  };
  return `${JSON.stringify({ family, kind, key: bytesJson(key), ...sides })}\n`;
}

function tableText({ family, kind, number, bytes, smallest, largest, before, after }: DiffTable): string {
  const levels = [before, after].filter((l) => l !== undefined).map((l) => `L${l}`);
  const range = `${bytesText(smallest)} .. ${bytesText(largest)}`;
  return `${SIGNS[kind]} table ${number}  ${escapeText(family)}  ${levels.join(' → ')}  ${formatBytes(bytes)}  ${range}\n`;
}

function tableJson({ family, kind, number, bytes, smallest, largest, before, after }: DiffTable): string {
  const levels = {
    ...(before === undefined ? {} : { before: { level: before } }),
    ...(after === undefined ? {} : { after: { level: after } }),
  };
  const keys = { smallest: bytesJson(smallest), largest: bytesJson(largest) };
  return `${JSON.stringify({ family, kind, table: number, bytes, ...keys, ...levels })}\n`;
}
