/** Trees in a few words for the tests of policies, and an executor that carries choices out on paper. */
import { compareBytes } from '../../../engine/base/bytes.ts';
import type { Bound, TableInfo, TreeView } from '../../../engine/model/tree.ts';
import { type PolicyOptions, ROCKSDB_DEFAULTS } from '../../../engine/policy/options.ts';
import type { Choice, PolicyContext } from '../../../engine/policy/policy.ts';
import { spanOf } from '../../../engine/policy/ranges.ts';

export const NOW = 1_700_000_000;

export function key(n: number): Uint8Array {
  return Uint8Array.of((n >> 16) & 255, (n >> 8) & 255, n & 255);
}

export function keyNumber(k: Uint8Array): number {
  return ((k[0] as number) << 16) | ((k[1] as number) << 8) | (k[2] as number);
}

export function bound(n: number, seq: number): Bound {
  return { key: key(n), seq, type: 'put' };
}

export type TableSpec = Partial<Omit<TableInfo, 'smallest' | 'largest'>> & {
  /** First and last key. */
  readonly keys: readonly [number, number];
  /** Sequences of the first and the last key. */
  readonly seqs?: readonly [number, number];
};

export function table(level: number, number: number, spec: TableSpec): TableInfo {
  const { keys, seqs = [number * 10 + 9, number * 10], ...rest } = spec;
  return {
    family: 0,
    level,
    number,
    file: `${String(number).padStart(6, '0')}.sst`,
    bytes: 1000,
    smallest: bound(keys[0], seqs[0]),
    largest: bound(keys[1], seqs[1]),
    smallestSeq: Math.min(...seqs),
    largestSeq: Math.max(...seqs),
    createdAt: NOW,
    ...rest,
  };
}

/** L0 newest first by largest sequence, then number; the others by key. */
export function view(tables: readonly TableInfo[]): TreeView {
  const deepest = tables.reduce((n, t) => Math.max(n, t.level), 0);
  return {
    family: 0,
    levels: Array.from({ length: deepest + 1 }, (_, level) => ({
      level,
      tables: tables
        .filter((t) => t.level === level)
        .sort((a, b) =>
          level === 0
            ? (b.largestSeq as number) - (a.largestSeq as number) || b.number - a.number
            : compareBytes(a.smallest.key, b.smallest.key) || b.smallest.seq - a.smallest.seq,
        ),
    })),
    blobFiles: [],
  };
}

export function context(options: Partial<PolicyOptions> = {}, more: Partial<PolicyContext> = {}): PolicyContext {
  return { options: { ...ROCKSDB_DEFAULTS, ...options }, compare: compareBytes, now: NOW, ...more };
}

export function allTables(v: TreeView): TableInfo[] {
  return v.levels.flatMap((l) => l.tables);
}

/** `level: numbers` of a compaction's inputs. */
export function inputsOf(choice: Choice): Record<number, number[]> {
  if (choice.kind !== 'compact') return {};
  return Object.fromEntries(choice.inputs.map((i) => [i.level, i.tables.map((t) => t.number)]));
}

/**
 * A tree after a choice, as if no entry were obsolete: outputs have the inputs' bytes, cut at
 * `maxOutputBytes`, between user keys.
 */
export function execute(v: TreeView, choice: Choice, nextNumber: number, now: number): TreeView {
  if (choice.kind === 'none') return v;
  const taken = choice.kind === 'drop' ? choice.tables : choice.inputs.flatMap((i) => i.tables);
  const gone = new Set(taken.map((t) => t.number));
  const kept = allTables(v).filter((t) => !gone.has(t.number));
  if (choice.kind === 'drop') return view(kept);
  if (choice.isTrivialMove) return view([...kept, ...taken.map((t) => ({ ...t, level: choice.outputLevel }))]);
  const bytes = taken.reduce((n, t) => n + t.bytes, 0);
  const low = Math.min(...taken.map((t) => keyNumber(t.smallest.key)));
  const high = Math.max(...taken.map((t) => keyNumber(t.largest.key)));
  const span = spanOf(compareBytes, taken);
  const smallestSeq = Math.min(...taken.map((t) => t.smallestSeq as number));
  const largestSeq = Math.max(...taken.map((t) => t.largestSeq as number));
  const pieces = Math.max(1, Math.min(Math.ceil(bytes / choice.maxOutputBytes), high - low + 1));
  const outputs = Array.from({ length: pieces }, (_, i): TableInfo => {
    const from = low + Math.floor(((high - low + 1) * i) / pieces);
    const to = low + Math.floor(((high - low + 1) * (i + 1)) / pieces) - 1;
    const made = table(choice.outputLevel, nextNumber + i, { keys: [from, to], seqs: [largestSeq, smallestSeq] });
    return {
      ...made,
      // The outer ends are those of the inputs: a table that stays may meet them.
      ...(i === 0 ? { smallest: span.smallest } : {}),
      ...(i === pieces - 1 ? { largest: span.largest } : {}),
      bytes: Math.max(1, Math.floor(bytes / pieces)),
      createdAt: now,
    };
  });
  return view([...kept, ...outputs]);
}
