/** Dumps of every file of the real stores, held against what the engines themselves said is in them. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { dumpLines } from '../../../engine/store/dump/dump.ts';
import { CORPUS, jsonLines, NO_CORPUS } from './replayHelper.ts';

const ENTRY = /^ *\d+ {4}\[\d+\.\d+\] /;
const RANGE = /^ *\d+ {4}\[\d+\] .* range-delete up to /;
const lineShape = /^ *\d+ {2}/;

function dumpAll(db: string): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const name of readdirSync(db)) out.set(name, [...dumpLines(nodeFs, join(db, name))]);
  return out;
}

describe('dump of the corpus', { skip: NO_CORPUS }, () => {
  const root = join(CORPUS, 'rocksdb');
  for (const name of NO_CORPUS ? [] : readdirSync(root)) {
    const db = join(root, name, 'db');
    if (!existsSync(db)) continue;
    it(name, () => {
      const files = dumpAll(db);
      for (const [file, lines] of files) {
        assert.ok(lines.length > 0, file);
        for (const line of lines) {
          assert.match(line, lineShape, file);
          assert.doesNotMatch(line, /[\p{C}\p{Zl}\p{Zp}]/u, file);
          if (file !== 'SESSION_ID') assert.doesNotMatch(line, /^ *\d+ +(CORRUPT|UNSUPPORTED|IO): /, file);
        }
      }
      const truth = join(root, name, 'all-versions.jsonl');
      if (!existsSync(truth)) return;
      const points = new Map<number, number>();
      for (const e of jsonLines(truth)) {
        if (e['wal'] === true || e['type'] === 15) continue;
        const file = e['file'] as number;
        points.set(file, (points.get(file) ?? 0) + 1);
      }
      for (const [number, count] of points) {
        const padded = String(number).padStart(6, '0');
        const lines = files.get(`${padded}.sst`) ?? files.get(`${padded}.ldb`);
        assert.equal(lines?.filter((l) => ENTRY.test(l)).length, count, `entries of table ${padded}`);
      }
    });
  }

  it('shows range deletions', () => {
    const files = dumpAll(join(root, '04-range-deletes', 'db'));
    assert.ok([...files.values()].flat().filter((l) => RANGE.test(l)).length >= 3);
  });
});

describe('dump of the damaged corpus', { skip: NO_CORPUS }, () => {
  const root = join(CORPUS, 'damaged');
  for (const name of NO_CORPUS ? [] : readdirSync(root)) {
    const db = join(root, name, 'db');
    if (!existsSync(db)) continue;
    it(name, () => {
      const files = dumpAll(db);
      const damaged = [...files].flatMap(([, lines]) => lines.filter((l) => /CORRUPT: /.test(l)));
      // A missing file and a torn tail are no damage to any file that is there.
      if (!/missing|torn-tail/.test(name)) assert.ok(damaged.length > 0, 'the damage is named');
    });
  }

  /** Entries of a file of a damaged store, and of the same file before the damage. */
  function bothEntries(name: string): { left: string[]; whole: string[] } {
    const { base, damage } = JSON.parse(readFileSync(join(root, name, 'damage.json'), 'utf8')) as {
      base: string;
      damage: { file: string }[];
    };
    const file = damage[0]?.file ?? '';
    // Offsets are as wide as the file's size asks for, and a truncated file may ask for less.
    const entries = (db: string): string[] =>
      [...dumpLines(nodeFs, join(db, 'db', file))].filter((l) => ENTRY.test(l)).map((l) => l.trim());
    return { left: entries(join(root, name)), whole: entries(join(CORPUS, base.replace('shared/', 'rocksdb/'))) };
  }

  it('finds every entry of a table whose index is damaged', () => {
    const { left, whole } = bothEntries('10-leveldb-index-block-flip');
    assert.ok(whole.length > 0);
    assert.deepEqual(left, whole);
  });

  it('finds the entries before the cut of a table that was truncated', () => {
    const { left, whole } = bothEntries('02-sst-truncated');
    assert.ok(left.length > 0 && left.length < whole.length, `${left.length} of ${whole.length}`);
    assert.deepEqual(left, whole.slice(0, left.length));
  });

  it('loses one block only to a damaged data block', () => {
    const { left, whole } = bothEntries('01-sst-data-block-flip');
    const there = new Set(left);
    const lost = whole.filter((l) => !there.has(l));
    assert.equal(left.length + lost.length, whole.length);
    assert.equal(new Set(lost.map((l) => /\[(\d+)\./.exec(l)?.[1])).size, 1);
  });
});
