/** Whole stores written out for other tools: Parquet, partitioned or not, and the text formats. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Tools } from './main.ts';
import { type Contender, nodeContender } from './measure.ts';
import type { Group, Target } from './report.ts';
import { benchStore, canMakeRocksDb, VALUE_BYTES } from './stores.ts';

const ENTRY_BYTES = 16 + VALUE_BYTES;
/** Bytes of keys and values a second that are asked for, of Parquet. */
const BYTES_A_SECOND = 50e6;
/** However large the store is. */
const PEAK_BYTES = 256 * 2 ** 20;

const PARQUET = 'lsm export --format parquet';
const PARTITIONED = 'lsm export --format parquet --partition';

function contender(tools: Tools, label: string, dir: string, args: readonly string[]): Contender {
  const to = join(tools.scratch, 'export');
  return nodeContender(label, true, tools.lsm, ['export', dir, '--to', to, '--json', ...args], {
    prepare: () => {
      for (const path of [to, `${to}.partial`]) rmSync(path, { recursive: true, force: true });
    },
    read: (out) => ({ count: (JSON.parse(out.trim().split('\n')[0] ?? '{}') as { rows: number }).rows }),
  });
}

export async function exportGroups(tools: Tools): Promise<Group[]> {
  const names = canMakeRocksDb() ? (['leveldb', 'rocksdb', 'rocksdb-levels'] as const) : (['leveldb'] as const);
  const groups: Group[] = [];
  for (const name of names) {
    const { dir, tables } = await benchStore(name);
    const of = (label: string, ...args: string[]): Contender => contender(tools, label, dir, args);
    const seconds = (1_200_000 * ENTRY_BYTES) / BYTES_A_SECOND;
    const targets: Target[] = [PARQUET, PARTITIONED].flatMap((ours): Target[] => [
      { kind: 'time', ours, seconds },
      { kind: 'peak', ours, bytes: PEAK_BYTES },
    ]);
    groups.push({
      title: `export of the store ${name}, ${tables} tables; whole process, files synced`,
      contenders: [
        of(PARQUET),
        of(PARTITIONED, '--partition'),
        of('lsm export --format jsonl', '--format', 'jsonl'),
        of('lsm export --format csv', '--format', 'csv'),
      ],
      entryBytes: ENTRY_BYTES,
      unit: 'entries/s',
      absent: [],
      targets,
    });
  }
  return groups;
}
