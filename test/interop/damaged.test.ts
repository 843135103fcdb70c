/**
 * The damaged stores of the corpus: what does not depend on the damaged bytes is there, what may depend on
 * them is marked, and the damage is named with file and offset.
 */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fromHex, hex } from '../../engine/base/bytes.ts';
import type { Problem } from '../../engine/base/errors.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import { DamageLog } from '../../engine/iter/damage.ts';
import { openStore } from '../../engine/store/open.ts';
import { PointGet } from '../../engine/store/pointGet.ts';
import {
  CORPUS,
  corpusNames,
  directoryState,
  jsonLines,
  type Line,
  noCorpus,
  visibleLines,
} from '../support/reading.ts';

interface Damage {
  readonly damage: readonly { kind: string; file: string; offset?: number; newSize?: number }[];
  readonly block?: { file: string; offset: number };
  readonly damagedRecord?: { file: string; offset: number };
  readonly blobRecord?: { file: string; recordOffset: number };
}

interface Lost {
  readonly cf: string;
  readonly key: string;
}

interface Place {
  readonly code: string;
  readonly path: string;
  /** Where the damage is named: the block or record that holds it. */
  readonly offset?: number;
}

/** What each case must name; offsets are those of the block, record or edit that the damaged byte stands in. */
const NAMED: Readonly<Record<string, readonly Place[]>> = {
  '01-sst-data-block-flip': [{ code: 'CORRUPT', path: '000013.sst', offset: 2891 }],
  '02-sst-truncated': [{ code: 'CORRUPT', path: '000008.sst', offset: 5823 }],
  '03-sst-missing': [{ code: 'NOT_FOUND', path: '000077.sst' }],
  // A torn tail is what a crash leaves: not damage.
  '04-manifest-torn-tail': [],
  '05-manifest-flip-middle': [{ code: 'CORRUPT', path: 'MANIFEST-000005' }],
  '06-current-empty': [{ code: 'CORRUPT', path: 'CURRENT', offset: 0 }],
  '07-wal-flip-second': [{ code: 'CORRUPT', path: '000008.log', offset: 57_139 }],
  '08-wal-flip-first': [{ code: 'CORRUPT', path: '000004.log', offset: 109_105 }],
  '09-blob-value-flip': [{ code: 'CORRUPT', path: '000042.blob', offset: 1477 }],
  '10-leveldb-index-block-flip': [{ code: 'CORRUPT', path: '000020.ldb' }],
  '11-leveldb-filter-block-flip': ['000006.ldb', '000008.ldb', '000013.ldb', '000015.ldb'].map((path) => ({
    code: 'CORRUPT',
    path,
  })),
  '12-properties-flip-options-cut': [
    { code: 'CORRUPT', path: '000095.sst', offset: 21_842 },
    { code: 'CORRUPT', path: 'OPTIONS-000007' },
  ],
  '13-leveldb-snappy-bomb': [{ code: 'CORRUPT', path: '000024.ldb', offset: 663 }],
};

const id = (line: { cf: string; key: string }): string => `${line.cf}/${line.key}`;

function namesIt(problems: readonly Problem[], place: Place): boolean {
  return problems.some(
    (p) => p.code === place.code && p.path === place.path && (place.offset === undefined || p.offset === place.offset),
  );
}

describe('damaged stores', { skip: noCorpus }, () => {
  for (const name of corpusNames('damaged')) {
    it(name, () => {
      const folder = `${CORPUS}damaged/${name}`;
      const damage = JSON.parse(readFileSync(`${folder}/damage.json`, 'utf8')) as Damage;
      const readable = jsonLines(`${folder}/readable.jsonl`);
      const lost = new Set(jsonLines<Lost>(`${folder}/lost.jsonl`).map(id));
      const before = directoryState(`${folder}/db`);
      const store = openStore(readOnlyFs(nodeFs), `${folder}/db`);
      const log = new DamageLog();

      for (const options of [{}, { reverse: true }]) {
        const seen = new Map(visibleLines(store, options, log).map((l) => [id(l), l]));
        for (const line of readable) {
          const found = seen.get(id(line)) as Line | undefined;
          assert.ok(found !== undefined, `${id(line)} is readable but was not found`);
          assert.equal(found.value, line.value, `value of ${id(line)}`);
          assert.deepEqual(found.columns, line.columns);
        }
        const wanted = new Set(readable.map(id));
        for (const [key, line] of seen) {
          if (wanted.has(key)) continue;
          assert.ok(line.problem !== undefined || line.unproven, `${key} may be wrong and is not marked`);
        }
        // Nothing but what may depend on the damage is put in doubt wholesale.
        if (lost.size === 0) {
          assert.deepEqual([...seen.values()].filter((l) => l.problem !== undefined || l.unproven).length, 0);
        }
      }

      for (const f of store.view.version.families.values()) {
        const cf = f.state.name;
        for (const line of readable.filter((l) => l.cf === cf)) {
          const met = new DamageLog();
          const found = new PointGet(store.view, f.state.id, met).get(fromHex(line.key) as Uint8Array);
          assert.ok(found !== undefined, `get of ${id(line)}`);
          if (line.value !== undefined) assert.equal(hex(found.value ?? new Uint8Array(0)), line.value, id(line));
        }
        for (const key of [...lost].filter((k) => k.startsWith(`${cf}/`))) {
          const met = new DamageLog();
          const bytes = fromHex(key.slice(cf.length + 1)) as Uint8Array;
          const found = new PointGet(store.view, f.state.id, met).get(bytes);
          assert.ok(met.lost || found?.problem !== undefined, `get of ${key} does not tell of the damage`);
          for (const p of met.problems) log.note(p);
          if (found?.problem !== undefined) log.note(found.problem);
        }
        // Filters are looked at by gets only.
        for (const line of readable.filter((l) => l.cf === cf).slice(0, 50)) {
          new PointGet(store.view, f.state.id, log).get(fromHex(line.key) as Uint8Array);
        }
        for (const t of f.tables) {
          try {
            const table = store.view.acquire(t);
            table.filter();
            for (const p of table.problems) log.note(p);
            store.view.releaseTable(t, table);
          } catch {
            // A table that cannot be opened was reported by the scan.
          }
        }
      }

      const problems = [...store.view.problems, ...log.problems];
      const expected = NAMED[name];
      assert.ok(expected !== undefined, `what ${name} must name is not written down here`);
      for (const place of expected) {
        assert.ok(namesIt(problems, place), `${JSON.stringify(place)} is not among ${JSON.stringify(problems)}`);
      }
      if (expected.length === 0) assert.deepEqual(problems, []);
      const files = new Set(damage.damage.map((d) => d.file));
      for (const p of problems) {
        assert.ok(p.message.length > 0 && !p.message.includes('\n'), p.message);
        if (!name.startsWith('05-') && !name.startsWith('08-')) assert.ok(files.has(p.path), `${p.path}: ${p.message}`);
      }
      store.close();
      assert.deepEqual(directoryState(`${folder}/db`), before);
    });
  }
});
