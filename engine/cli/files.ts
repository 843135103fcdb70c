/** `lsm dump` and `lsm history`. */
import { isoMicros } from '../base/entropy.ts';
import { oneLine } from '../base/errors.ts';
import { nodeFs } from '../fs/nodeFs.ts';
import { readOnlyFs } from '../fs/readOnlyFs.ts';
import type { TreeEvent } from '../model/events.ts';
import { captionOfEvent } from '../model/timeline/caption.ts';
import { dumpLines } from '../store/dump/dump.ts';
import { HISTORY_STARTS, storeEvents, storeHistory } from '../store/history.ts';
import type { CommandSpec } from './args.ts';
import { Output } from './output.ts';
import { EXIT, newService, reportProblems } from './store.ts';

export const dumpCommand: CommandSpec = {
  name: 'dump',
  takes: ['FILE'],
  summary: 'any one file (table, MANIFEST, WAL, OPTIONS, CURRENT, blob), record by record, with byte offsets',
  options: [],
  run: (args) => {
    const out = new Output();
    for (const line of dumpLines(readOnlyFs(nodeFs), args.positionals[0] ?? '')) out.text(`${line}\n`);
    out.flush();
    return EXIT.done;
  },
};

export const historyCommand: CommandSpec = {
  name: 'history',
  takes: ['STORE'],
  summary: "the tree's events as JSON lines, oldest first",
  options: [
    { name: 'json', help: 'JSON lines, as always' },
    { name: 'words', help: 'in words instead: when, which column family, what happened and why' },
  ],
  run: async (args) => {
    const service = newService();
    await service.call('open', { path: args.positionals[0] ?? '' });
    const out = new Output();
    if (args.has('words')) for (const event of storeEvents(service.store)) out.text(`${inWords(event)}\n`);
    else for (const event of storeHistory(service.store)) out.text(`${JSON.stringify(event)}\n`);
    out.flush();
    reportProblems(service.store.view.problems);
    return EXIT.done;
  },
};

/** `3  2026-01-01T00:00:00.000000Z  default  flushed 1 into L0 (64 KB), reason: write buffer full` */
function inWords(e: TreeEvent): string {
  const { text } = captionOfEvent(e, e.why === HISTORY_STARTS);
  return oneLine(`${e.seq}  ${e.at === undefined ? '-' : isoMicros(e.at)}  ${e.familyName}  ${text}`);
}
