/** `lsm tables`: the live tables, one a line. */
import { toStoreError } from '../base/errors.ts';
import { formatBytes, formatCount } from '../model/display.ts';
import type { TableStats } from '../protocol/engineApi.ts';
import { CF_OPTION, type CommandSpec, JSON_OPTION } from './args.ts';
import { bytesJson, bytesText, numberJson } from './format.ts';
import { Output } from './output.ts';
import { EXIT, newService, reportProblems } from './store.ts';

export const tablesCommand: CommandSpec = {
  name: 'tables',
  takes: ['STORE'],
  summary: 'the live tables, one a line',
  options: [{ ...CF_OPTION, help: 'only this column family' }, JSON_OPTION],
  run: async (args) => {
    const service = newService();
    const summary = await service.call('open', { path: args.positionals[0] ?? '' });
    reportProblems(summary.problems);
    const wanted = args.text('cf');
    const only = wanted === undefined ? undefined : service.store.view.familyByName(wanted).state.id;
    const out = new Output();
    let lost = false;
    for (const family of summary.families) {
      if (only !== undefined && family.id !== only) continue;
      const page = await service.call('tables', { family: family.id, level: -1, offset: 0, limit: family.tables });
      for (const row of page.items) {
        try {
          const { stats, problems } = await service.call('tableDetails', { table: row.number });
          reportProblems(problems);
          out.text(args.has('json') ? `${JSON.stringify(tableJson(stats))}\n` : tableText(stats));
        } catch (thrown) {
          lost = true;
          reportProblems([toStoreError(thrown).toProblem()]);
        }
      }
    }
    out.flush();
    return lost ? EXIT.unreadable : EXIT.done;
  },
};

function bound(b: TableStats['smallest']): object {
  return { ...bytesJson(b.key), seq: numberJson(b.seq), type: b.type };
}

function tableJson(t: TableStats): object {
  return {
    ...t,
    smallest: bound(t.smallest),
    largest: bound(t.largest),
    smallestSeq: t.smallestSeq === null ? null : numberJson(t.smallestSeq),
    largestSeq: t.largestSeq === null ? null : numberJson(t.largestSeq),
  };
}

function tableText(t: TableStats): string {
  const parts = [
    t.family,
    `L${t.level}`,
    t.file,
    formatBytes(t.bytes),
    `${formatCount(t.entries)} entries`,
    `${formatCount(t.deletions + t.rangeDeletions)} deletions`,
    t.compression,
    `${bytesText(t.smallest.key)} .. ${bytesText(t.largest.key)}`,
  ];
  return `${parts.join('  ')}\n`;
}
