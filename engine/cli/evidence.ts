/** `lsm evidence`: every record of every file, with its place, what became of it, and the sources' SHA-256. */
import { describeProblem } from '../base/errors.ts';

import { joinPath } from '../fs/fileSystem.ts';
import { nodeFs } from '../fs/nodeFs.ts';
import { rowLine, rowsHead, sourceLine } from '../query/evidenceText.ts';
import { sha256Of } from '../store/evidence/digest.ts';
import { Evidence } from '../store/evidence/evidence.ts';
import { openForEvidence } from '../store/evidence/open.ts';
import { type CommandSpec, UsageError } from './args.ts';
import { Output } from './output.ts';
import { EXIT, reportProblems } from './store.ts';

const VALUE_BYTES = 4096;

export const evidenceCommand: CommandSpec = {
  name: 'evidence',
  takes: ['STORE'],
  summary: 'every record of every file: live, shadowed, deleted or orphan, with file and offset',
  options: [
    { name: 'format', value: 'jsonl|csv', help: 'default jsonl; the first lines are the sources with their SHA-256' },
    { name: 'value-bytes', value: 'N', help: `bytes of each value to print (default ${VALUE_BYTES})` },
  ],
  run: async (args) => {
    const format = args.text('format') ?? 'jsonl';
    if (format !== 'jsonl' && format !== 'csv') throw new UsageError(`--format is jsonl or csv, not "${format}"`);
    const path = args.positionals[0] ?? '';
    const { store, failure } = openForEvidence(nodeFs, path);
    const { view } = store;
    reportProblems(failure === undefined ? view.problems : [failure.toProblem(), ...view.problems]);
    const valueBytes = args.count('value-bytes') ?? VALUE_BYTES;
    const evidence = Evidence.of(view, valueBytes);
    const out = new Output();
    for (const source of evidence.files) {
      out.text(sourceLine(source, sha256Of(nodeFs, joinPath(store.shared.directory, source.file)), format));
    }
    out.text(rowsHead(format));
    const rows = evidence.rows(valueBytes);
    for (let step = rows.next(); ; step = rows.next()) {
      if (step.done === true) {
        out.flush();
        for (const p of step.value.problems) process.stderr.write(`lsm: ${describeProblem(p)}\n`);
        return step.value.problems.some((p) => p.code === 'CORRUPT') ? EXIT.unreadable : EXIT.done;
      }
      for (const row of step.value) out.text(rowLine(row, format));
    }
  },
};
