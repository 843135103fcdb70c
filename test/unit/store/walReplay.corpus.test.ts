/** Replays the logs of real stores; the truth was written by the engines themselves. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hex } from '../../../engine/base/bytes.ts';
import { entryValue, keyOf, ValueType } from '../../../engine/iter/cursor.ts';
import { CORPUS, jsonLines, NO_CORPUS, type ReplayedStore, replayStore } from './replayHelper.ts';

/** One line per entry: family, user key without timestamp, timestamp, sequence, type, value or its length. */
function replayedLines(store: ReplayedStore, timestampSize: (family: string) => number): string[] {
  const lines: string[] = [];
  for (const [id, memtable] of store.memtables) {
    const family = store.names.get(id) ?? '';
    const ts = timestampSize(family);
    const c = memtable.cursor();
    for (c.first(); c.valid; c.next()) {
      const key = keyOf(c);
      const stamp = key.subarray(key.length - ts);
      const value = entryValue(c);
      assert.equal(value.length, c.valueLength);
      const shown =
        c.type === ValueType.deletion || c.type === ValueType.singleDeletion
          ? ''
          : value.length <= 24
            ? hex(value)
            : `${value.length}`;
      lines.push(
        [
          family,
          hex(key.subarray(0, key.length - ts)),
          ts === 0 ? '' : Buffer.from(stamp).readBigUInt64LE(),
          c.sequence,
          c.type === 20 ? 0 : c.type,
          shown,
        ].join(' '),
      );
    }
  }
  return lines.sort();
}

function expectedLines(directory: string): { points: string[]; ranges: Record<string, unknown>[] } {
  const wal = jsonLines(join(directory, 'all-versions.jsonl')).filter((e) => e['wal'] === true);
  const points = wal
    .filter((e) => e['type'] !== ValueType.rangeDeletion)
    .map((e) =>
      [
        e['cf'],
        e['key'],
        e['ts'] ?? '',
        e['seq'],
        e['type'] === 20 ? 0 : e['type'],
        e['value'] ?? e['vlen'] ?? '',
      ].join(' '),
    );
  return { points: points.sort(), ranges: wal.filter((e) => e['type'] === ValueType.rangeDeletion) };
}

describe('logs of the corpus', { skip: NO_CORPUS }, () => {
  const root = join(CORPUS, 'rocksdb');
  for (const name of NO_CORPUS ? [] : readdirSync(root)) {
    const directory = join(root, name);
    if (!existsSync(join(directory, 'all-versions.jsonl'))) continue;
    it(name, () => {
      const about = JSON.parse(readFileSync(join(directory, 'about.json'), 'utf8')) as { engine: string };
      const files = JSON.parse(readFileSync(join(directory, 'files.json'), 'utf8')) as {
        latestSequence: number;
        cfs: { name: string; comparator: string }[];
      };
      const store = replayStore(join(directory, 'db'), about.engine.startsWith('LevelDB') ? 'leveldb' : 'rocksdb');
      try {
        const { points, ranges } = expectedLines(directory);
        const timestamped = new Set(files.cfs.filter((f) => f.comparator.endsWith('u64ts')).map((f) => f.name));
        assert.deepEqual(
          replayedLines(store, (family) => (timestamped.has(family) ? 8 : 0)),
          points,
        );
        assert.deepEqual(store.problems, []);
        assert.equal(store.lastSequence, files.latestSequence);
        for (const range of ranges) {
          const id = [...store.names].find(([, n]) => n === range['cf'])?.[0] as number;
          const covering = store.memtables
            .get(id)
            ?.rangeTombstones.some(
              (t) => t.seq === range['seq'] && hex(t.begin) <= `${range['key']}` && hex(t.end) >= `${range['end']}`,
            );
          assert.ok(covering, `range deletion ${JSON.stringify(range)}`);
        }
      } finally {
        store.close();
      }
    });
  }
});
