/** `lsm dump` and `lsm history`. */
import { nodeFs } from '../fs/nodeFs.ts';
import { readOnlyFs } from '../fs/readOnlyFs.ts';
import { dumpLines } from '../store/dump/dump.ts';
import { storeHistory } from '../store/history.ts';
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
  options: [{ name: 'json', help: 'JSON lines, as always' }],
  run: async (args) => {
    const service = newService();
    await service.call('open', { path: args.positionals[0] ?? '' });
    const out = new Output();
    for (const event of storeHistory(service.store)) out.text(`${JSON.stringify(event)}\n`);
    out.flush();
    reportProblems(service.store.view.problems);
    return EXIT.done;
  },
};
