/** `lsm get`: the value of one key. */
import { StoreError } from '../base/errors.ts';
import { AT_OPTION, CF_OPTION, type CommandSpec, JSON_OPTION, KEY_OPTIONS, readKey } from './args.ts';
import { bytesText, entryJson } from './format.ts';
import { Output } from './output.ts';
import { EXIT, newService, reportProblems } from './store.ts';

export const getCommand: CommandSpec = {
  name: 'get',
  takes: ['STORE', 'KEY'],
  summary: 'the value of a key, as raw bytes',
  options: [CF_OPTION, AT_OPTION, ...KEY_OPTIONS, JSON_OPTION],
  run: async (args) => {
    const [path = '', typed = ''] = args.positionals;
    const key = readKey(typed, args);
    const service = newService();
    await service.call('open', { path });
    const { view } = service.store;
    const family = view.familyByName(args.text('cf') ?? 'default').state.id;
    reportProblems(view.problems);
    const { entry, problems } = await service.call('get', { family, key, at: args.count('at') });
    reportProblems(problems);
    if (entry === undefined) {
      if (problems.length > 0) {
        throw new StoreError('CORRUPT', `whether ${bytesText(key)} is there cannot be told: ${problems[0]?.message}`, {
          path: problems[0]?.path,
          offset: problems[0]?.offset,
        });
      }
      process.stderr.write(`lsm: NOT_FOUND: there is no key ${bytesText(key)}\n`);
      return EXIT.no;
    }
    const out = new Output();
    if (args.has('json')) out.text(`${JSON.stringify(entryJson(entry, problems.length > 0))}\n`);
    else if (entry.value !== null) out.bytes(entry.value, 0, entry.value.length);
    else if (entry.columns !== undefined || entry.operands !== undefined) {
      // There is no one value to print raw: the structured form is the answer.
      out.text(`${JSON.stringify(entryJson(entry, problems.length > 0))}\n`);
    }
    out.flush();
    return entry.problem === undefined ? EXIT.done : EXIT.unreadable;
  },
};
