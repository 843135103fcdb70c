/** `lsm get`: the value of one key, or the way to it. */
import { type Problem, StoreError } from '../base/errors.ts';
import type { EntryRow } from '../protocol/engineApi.ts';
import type { Service } from '../service.ts';
import {
  type Args,
  AT_OPTION,
  AT_TIMESTAMP_OPTION,
  CF_OPTION,
  type CommandSpec,
  JSON_OPTION,
  KEY_OPTIONS,
  readKey,
  readTimestamp,
  UsageError,
} from './args.ts';
import { explainJson, explainText } from './explain.ts';
import { bytesText, entryJson } from './format.ts';
import { Output } from './output.ts';
import { EXIT, newService, reportProblems } from './store.ts';

export const getCommand: CommandSpec = {
  name: 'get',
  takes: ['STORE', 'KEY'],
  summary: 'the value of a key, as raw bytes',
  options: [
    CF_OPTION,
    AT_OPTION,
    AT_TIMESTAMP_OPTION,
    ...KEY_OPTIONS,
    { name: 'explain', help: 'print the read path step by step; the value, with escapes, is the last line' },
    { ...JSON_OPTION, help: 'print one JSON document: the entry, or with --explain the read path with the entry' },
  ],
  run: async (args) => {
    const [path = '', typed = ''] = args.positionals;
    const key = readKey(typed, args);
    const service = newService();
    await service.call('open', { path });
    const { view } = service.store;
    const { id, name } = view.familyByName(args.text('cf') ?? 'default').state;
    reportProblems(view.problems);
    const p = { family: id, key, at: args.count('at'), atTimestamp: readTimestamp(args) };
    if (args.has('explain') && p.atTimestamp !== undefined) {
      throw new UsageError('--explain shows every version with its timestamp; leave out --at-timestamp');
    }
    const { entry, problems } = args.has('explain')
      ? await explain(service, name, p, args)
      : await service.call('get', p);
    reportProblems(problems);
    if (entry === undefined) return notFound(key, problems);
    if (!args.has('explain')) print(entry, problems, args);
    return entry.problem === undefined ? EXIT.done : EXIT.unreadable;
  },
};

interface Answer {
  readonly entry: EntryRow | undefined;
  readonly problems: readonly Problem[];
}

async function explain(
  service: Service,
  familyName: string,
  p: { readonly family: number; readonly key: Uint8Array; readonly at: number | undefined },
  args: Args,
): Promise<Answer> {
  const path = await service.call('explain', p);
  const out = new Output();
  if (args.has('json')) out.text(`${JSON.stringify(explainJson(path, familyName, path.problems))}\n`);
  else out.text(explainText(path, familyName));
  out.flush();
  return path;
}

function notFound(key: Uint8Array, problems: readonly Problem[]): number {
  const [first] = problems;
  if (first !== undefined) {
    throw new StoreError('CORRUPT', `whether ${bytesText(key)} is there cannot be told: ${first.message}`, {
      path: first.path,
      offset: first.offset,
    });
  }
  process.stderr.write(`lsm: NOT_FOUND: there is no key ${bytesText(key)}\n`);
  return EXIT.no;
}

function print(entry: EntryRow, problems: readonly Problem[], args: Args): void {
  const out = new Output();
  if (args.has('json')) out.text(`${JSON.stringify(entryJson(entry, problems.length > 0))}\n`);
  else if (entry.value !== null) out.bytes(entry.value, 0, entry.value.length);
  else if (entry.columns !== undefined || entry.operands !== undefined) {
    // There is no one value to print raw: the structured form is the answer.
    out.text(`${JSON.stringify(entryJson(entry, problems.length > 0))}\n`);
  }
  out.flush();
}
