/** `lsm evidence`: every record of every file, with its place, what became of it, and the sources' SHA-256. */
import { createHash } from 'node:crypto';
import { isAbsolute, join } from 'node:path';
import { describeProblem } from '../base/errors.ts';
import { nodeFs } from '../fs/nodeFs.ts';
import type { EvidenceRow } from '../model/evidence.ts';
import { Evidence } from '../store/evidence/evidence.ts';
import { type CommandSpec, UsageError } from './args.ts';
import { bytesJson, bytesText, csvField, numberJson } from './format.ts';
import { Output } from './output.ts';
import { EXIT, newService, reportProblems } from './store.ts';

const VALUE_BYTES = 4096;
const CHUNK_BYTES = 1 << 20;

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
    const service = newService();
    await service.call('open', { path });
    const { view } = service.store;
    reportProblems(view.problems);
    const evidence = new Evidence(view, args.count('value-bytes') ?? VALUE_BYTES);
    const out = new Output();
    const logs = view.snapshot.walDirectory ?? path;
    for (const { file, bytes, live } of evidence.files) {
      const sha256 = digest(isAbsolute(file) ? file : join(file.endsWith('.log') ? logs : path, file));
      if (format === 'jsonl') out.text(`${JSON.stringify({ source: file, bytes, live, sha256 })}\n`);
      else out.text(`# ${csvField(file)},${bytes},${live ? 'live' : 'orphan'},${sha256}\n`);
    }
    if (format === 'csv') out.text('family,file,offset,key,seq,type,status,valueBytes,value\n');
    const rows = evidence.rows();
    for (let step = rows.next(); ; step = rows.next()) {
      if (step.done === true) {
        out.flush();
        for (const p of step.value.problems) process.stderr.write(`lsm: ${describeProblem(p)}\n`);
        return step.value.problems.some((p) => p.code === 'CORRUPT') ? EXIT.unreadable : EXIT.done;
      }
      for (const row of step.value) out.text(format === 'jsonl' ? `${JSON.stringify(json(row))}\n` : csv(row));
    }
  },
};

function json(row: EvidenceRow): object {
  const { family, file, offset, key, until, seq, type, value, valueBytes, status } = row;
  return {
    family,
    file,
    offset,
    key: bytesJson(key),
    ...(until === undefined ? { value: bytesJson(value), valueBytes } : { until: bytesJson(until) }),
    seq: numberJson(seq),
    type,
    status,
  };
}

function csv(r: EvidenceRow): string {
  const fields = [
    r.family,
    r.file,
    String(r.offset),
    bytesText(r.key),
    String(r.seq),
    r.type,
    r.status,
    String(r.valueBytes),
    bytesText(r.value),
  ];
  return `${fields.map(csvField).join(',')}\n`;
}

function digest(path: string): string {
  const hash = createHash('sha256');
  const file = nodeFs.open(path, 'read');
  try {
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let at = 0; ; ) {
      const n = file.readAt(chunk, at);
      if (n === 0) break;
      hash.update(chunk.subarray(0, n));
      at += n;
    }
  } finally {
    file.close();
  }
  return hash.digest('hex');
}
