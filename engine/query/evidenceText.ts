/** Records of evidence as lines of text, and the sources before them: what `lsm evidence` prints and an export writes. */
import type { EvidenceFile, EvidenceFormat, EvidenceRow } from '../model/evidence.ts';
import { bytesJson, bytesText, csvField, numberJson } from '../model/rowText.ts';

export function sourceLine({ file, bytes, live }: EvidenceFile, sha256: string, format: EvidenceFormat): string {
  if (format === 'jsonl') return `${JSON.stringify({ source: file, bytes, live, sha256 })}\n`;
  return `# ${csvField(file)},${bytes},${live ? 'live' : 'orphan'},${sha256}\n`;
}

/** What stands between the sources and the records. */
export function rowsHead(format: EvidenceFormat): string {
  return format === 'csv' ? 'family,file,offset,key,seq,type,status,valueBytes,value\n' : '';
}

export function rowLine(row: EvidenceRow, format: EvidenceFormat): string {
  return format === 'jsonl' ? `${JSON.stringify(json(row))}\n` : csv(row);
}

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
