/** What tests compare: the entries of an open store in the words of the corpus' `expected.jsonl`. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { hex } from '../../engine/base/bytes.ts';
import type { Problem } from '../../engine/base/errors.ts';
import { DamageLog } from '../../engine/iter/damage.ts';
import type { Resolved } from '../../engine/iter/resolve.ts';
import type { VisibleEntries } from '../../engine/iter/visible.ts';
import type { StoreReader } from '../../engine/store/reader.ts';
import type { ScanOptions } from '../../engine/store/view.ts';

export const CORPUS = fileURLToPath(new URL('../../../shared/corpus/', import.meta.url));

/** For the `skip` option of a test. */
export const noCorpus: string | false = existsSync(CORPUS) ? false : '../shared/corpus is not there';

/** Folders of a part of the corpus that hold a `db`. */
export function corpusNames(part: string): string[] {
  if (!existsSync(CORPUS + part)) return [];
  return readdirSync(CORPUS + part)
    .filter((name) => existsSync(`${CORPUS}${part}/${name}/db`))
    .sort();
}

export interface Line {
  readonly cf: string;
  /** Hex. */
  readonly key: string;
  readonly value?: string;
  readonly valueLen?: number;
  readonly valueSha256?: string;
  readonly columns?: readonly unknown[];
  readonly ts?: string;
}

/** Objects of a JSON-lines file; [] where it is absent. Timestamps, beyond 2^53, become strings. */
export function jsonLines<T = Line>(file: string): T[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line.replace(/"ts": ?(\d+)/g, '"ts":"$1"')) as T);
}

const LONG = 16_384;

function long(value: Uint8Array): { valueLen: number; valueSha256: string } {
  return { valueLen: value.length, valueSha256: createHash('sha256').update(value).digest('hex') };
}

interface Seen {
  readonly value: Uint8Array | undefined;
  readonly columns: readonly { readonly name: Uint8Array; readonly value: Uint8Array }[] | undefined;
  readonly timestamp: Uint8Array | undefined;
  readonly problem: Problem | undefined;
}

export function lineOf(cf: string, key: Uint8Array, seen: Seen): Line & { problem?: Problem } {
  const { value, columns, timestamp, problem } = seen;
  let body: Partial<Line> = {};
  if (columns !== undefined) {
    body = { columns: columns.map((c) => [hex(c.name), c.value.length > LONG ? long(c.value) : hex(c.value)]) };
  } else if (value !== undefined) body = value.length > LONG ? long(value) : { value: hex(value) };
  const ts =
    timestamp === undefined
      ? {}
      : { ts: String(new DataView(timestamp.buffer, timestamp.byteOffset, 8).getBigUint64(0, true)) };
  return { cf, key: hex(key), ...body, ...ts, ...(problem === undefined ? {} : { problem }) };
}

const seenIn = (e: VisibleEntries): Seen => ({
  value: e.hasValue ? e.valueBuffer.slice(e.valueStart, e.valueStart + e.valueLength) : undefined,
  columns: e.columns,
  timestamp: e.timestamp,
  problem: e.problem,
});

export const seenBy = (r: Resolved): Seen => ({
  value: r.value,
  columns: r.columns,
  timestamp: r.timestamp,
  problem: r.problem,
});

/** Everything visible, family by family. `unproven` is set where damage may have hidden something newer. */
export function visibleLines(
  store: StoreReader,
  options: ScanOptions = {},
  damage = new DamageLog(),
): (Line & { problem?: Problem; unproven?: true })[] {
  const out = [];
  for (const f of store.view.version.families.values()) {
    const e = store.view.scan(f.state.id, options, damage);
    for (e.first(); e.valid; e.next()) {
      const line = lineOf(f.state.name, e.keyBuffer.slice(e.keyStart, e.keyStart + e.keyLength), seenIn(e));
      const unproven = damage.covers(e.keyBuffer, e.keyStart, e.keyLength, f.order.compareUser);
      out.push(unproven ? { ...line, unproven: true as const } : line);
    }
    e.close();
  }
  return out;
}

/** Name, size, mtime in nanoseconds and content of everything in a directory, to see that nothing changed. */
export function directoryState(dir: string): string[] {
  return readdirSync(dir)
    .sort()
    .map((name) => {
      const path = `${dir}/${name}`;
      const s = statSync(path, { bigint: true });
      const content = s.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
      return `${name} ${s.size} ${s.mtimeNs} ${s.ino} ${content}`;
    });
}
