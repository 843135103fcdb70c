/**
 * A store that RocksDB's own `db_bench` makes on the spot, and what `ldb manifest_dump` and its LOG say of how it
 * came about: the tables live after each edit, and every compaction. Keys are in upper-case hex, so that their
 * order as texts is that of the keys.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { tool } from '../fixtures/stores.ts';

/** Why no such store can be made, or false: for the `skip` option of a test. */
export const noBenchStore: string | false = ['db_bench', 'ldb', 'sst_dump'].every((name) => tool(name) !== undefined)
  ? false
  : 'rocksdb-tools (db_bench, ldb, sst_dump) are not installed';

export interface BenchTable {
  readonly number: number;
  readonly level: number;
  readonly bytes: number;
  readonly smallest: string;
  readonly largest: string;
}

/** One version edit that brings or takes tables. */
export interface BenchEdit {
  /** As they were before it. */
  readonly removed: readonly BenchTable[];
  readonly added: readonly BenchTable[];
  /** Live after it, in the order of level and number. */
  readonly live: readonly BenchTable[];
}

/** A compaction that the LOG tells the whole of. */
export interface BenchCompaction {
  /** Of the edit that it led to, from 1. */
  readonly edit: number;
  readonly reason: string;
  /** File numbers by level. */
  readonly inputs: ReadonlyMap<number, readonly number[]>;
  readonly outputs: readonly number[];
  readonly outputLevel: number;
  readonly outputBytes: number;
  readonly micros: number;
  readonly recordsIn: number;
  readonly recordsOut: number;
}

/** A few hundred edits in one MANIFEST: flushes, compactions down to L3 or L4, trivial moves, tombstones. */
export function makeBenchStore(directory: string, more: Readonly<Record<string, string | number>> = {}): void {
  const work = ['fillrandom', 'overwrite', 'deleterandom', 'waitforcompaction', 'flush'];
  const options = {
    db: directory,
    benchmarks: work.join(),
    num: 40_000,
    deletes: 8_000,
    value_size: 200,
    seed: 7,
    bloom_bits: 10,
    compression_type: 'none',
    write_buffer_size: 131_072,
    target_file_size_base: 131_072,
    max_bytes_for_level_base: 400_000,
    max_bytes_for_level_multiplier: 4,
    max_background_jobs: 2,
    ...more,
  };
  dbBench(options);
}

/** About 120 MB in tables of L0 that all overlap: a compaction of it takes a while. */
export function makeHeapedStore(directory: string): void {
  dbBench({
    db: directory,
    benchmarks: 'fillrandom,flush',
    num: 800_000,
    value_size: 150,
    seed: 11,
    bloom_bits: 10,
    compression_type: 'none',
    write_buffer_size: 8 << 20,
    target_file_size_base: 4 << 20,
    disable_auto_compactions: 1,
    level0_slowdown_writes_trigger: 1000,
    level0_stop_writes_trigger: 1000,
  });
}

function dbBench(options: Readonly<Record<string, string | number>>): void {
  execFileSync(
    'db_bench',
    Object.entries(options).map(([name, value]) => `--${name}=${value}`),
    { stdio: 'ignore' },
  );
}

/** Every edit of the store's MANIFEST that changes tables. */
export function dumpedEdits(directory: string): BenchEdit[] {
  const manifest = join(directory, readFileSync(join(directory, 'CURRENT'), 'utf8').trim());
  const args = ['manifest_dump', '--hex', '--verbose', `--path=${manifest}`];
  const dump = execFileSync('ldb', args, { encoding: 'latin1', maxBuffer: 1 << 28 });
  const live = new Map<number, BenchTable>();
  const edits: BenchEdit[] = [];
  for (const text of dump.split(/^VersionEdit \{$/m).slice(1)) {
    const body = text.slice(0, text.search(/^\}$/m));
    const removed = [...body.matchAll(/^ {2}DeleteFile: \d+ (\d+)$/gm)].map(([, n]) => live.get(Number(n)));
    const added = [
      ...body.matchAll(/^ {2}AddFile: (\d+) (\d+) (\d+) '([0-9A-F]+)' seq:\d+, type:\d+ \.\. '([0-9A-F]+)' /gm),
    ].map(
      ([, level, number, bytes, smallest = '', largest = '']): BenchTable => ({
        number: Number(number),
        level: Number(level),
        bytes: Number(bytes),
        smallest,
        largest,
      }),
    );
    if (removed.length + added.length === 0) continue;
    const gone = removed.filter((t) => t !== undefined);
    for (const t of gone) live.delete(t.number);
    for (const t of added) live.set(t.number, t);
    edits.push({ removed: gone, added, live: [...live.values()].sort(inTreeOrder) });
  }
  return edits;
}

const inTreeOrder = (a: BenchTable, b: BenchTable): number => a.level - b.level || a.number - b.number;

/** Every compaction in the LOG that made tables. */
export function loggedCompactions(directory: string, edits: readonly BenchEdit[]): BenchCompaction[] {
  const editOf = new Map<number, number>();
  edits.forEach((edit, i) => {
    for (const t of edit.added) if (!editOf.has(t.number)) editOf.set(t.number, i + 1);
  });
  const running = new Map<unknown, { reason: string; inputs: Map<number, number[]>; outputs: number[] }>();
  const done: BenchCompaction[] = [];
  for (const [, json = ''] of readFileSync(join(directory, 'LOG'), 'utf8').matchAll(/EVENT_LOG_v1 (\{.*\})$/gm)) {
    const line = JSON.parse(json) as Record<string, unknown>;
    const job = running.get(line['job']);
    if (line['event'] === 'compaction_started') {
      const inputs = Object.entries(line).flatMap(([name, files]): [number, number[]][] =>
        name.startsWith('files_L') ? [[Number(name.slice(7)), files as number[]]] : [],
      );
      running.set(line['job'], { reason: String(line['compaction_reason']), inputs: new Map(inputs), outputs: [] });
    } else if (line['event'] === 'table_file_creation') job?.outputs.push(Number(line['file_number']));
    else if (line['event'] === 'compaction_finished' && job !== undefined) {
      const edit = editOf.get(job.outputs[0] ?? -1);
      if (edit === undefined) continue;
      done.push({
        ...job,
        edit,
        outputLevel: Number(line['output_level']),
        outputBytes: Number(line['total_output_size']),
        micros: Number(line['compaction_time_micros']),
        recordsIn: Number(line['num_input_records']),
        recordsOut: Number(line['num_output_records']),
      });
    }
  }
  return done;
}

/** The tables of `all` whose key ranges meet that of `table`, itself not among them. */
export function overlapping(
  table: Pick<BenchTable, 'number' | 'smallest' | 'largest'>,
  all: readonly BenchTable[],
): BenchTable[] {
  return all.filter((t) => t.number !== table.number && t.smallest <= table.largest && t.largest >= table.smallest);
}

export const tableFile = (directory: string, number: number): string =>
  join(directory, `${String(number).padStart(6, '0')}.sst`);

/** What sst_dump says of a table: its properties by the name that it gives them, without '# '. */
export function dumpedProperties(directory: string, number: number): ReadonlyMap<string, string> {
  const text = sstDump(tableFile(directory, number), '--command=none', '--show_properties');
  const table = text.slice(0, text.indexOf('Raw user collected properties'));
  return new Map([...table.matchAll(/^ {2}(?:# )?(.+?): (.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
}

/** Keys of a table, ascending. */
export function dumpedKeys(directory: string, number: number): string[] {
  const text = sstDump(tableFile(directory, number), '--command=scan', '--output_hex');
  const keys = [...text.matchAll(/^'([0-9A-F]*)' seq:/gm)].map(([, key = '']) => key);
  if (keys.length === 0) throw new Error(`sst_dump lists no key of ${basename(directory)}, table ${number}`);
  return keys;
}

function sstDump(file: string, ...args: string[]): string {
  return execFileSync('sst_dump', [`--file=${file}`, ...args], {
    encoding: 'latin1',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}
