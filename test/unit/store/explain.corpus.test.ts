/** Explained gets of every key of the corpus, and of keys that are not there, against plain gets and all versions. */
import { strict as assert } from 'node:assert';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fromHex } from '../../../engine/base/bytes.ts';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../../engine/fs/readOnlyFs.ts';
import type { ReadPath } from '../../../engine/protocol/engineApi.ts';
import { openStore } from '../../../engine/store/open.ts';
import { explained, type Truth } from '../../support/explained.ts';
import { random } from '../../support/random.ts';
import { CORPUS, corpusNames, jsonLines, type Line, noCorpus } from '../../support/reading.ts';

interface VersionLine {
  readonly cf: string;
  readonly file?: number;
  readonly key: string;
  readonly seq: number;
  readonly type: number;
}

const RANGE_DELETION = 15;
/** Keys of each kind and family: every store is walked in under a second. */
const KEYS_MAX = 800;

function truthOf(lines: readonly VersionLine[], cf: string): Truth {
  const truth = new Map<string, Map<number, number[]>>();
  for (const { cf: own, key, file = 0, seq, type } of lines) {
    if (own !== cf || type === RANGE_DELETION) continue;
    const tables = truth.get(key) ?? new Map<number, number[]>();
    truth.set(key, tables.set(file, [...(tables.get(file) ?? []), seq]));
  }
  return truth;
}

function some<T>(list: readonly T[], dice: () => number): readonly T[] {
  const share = KEYS_MAX / list.length;
  return share >= 1 ? list : list.filter(() => dice() < share);
}

describe('explained gets of the corpus', { skip: noCorpus }, () => {
  const outcomes = new Set<string>();
  const note = (path: ReadPath): void => {
    for (const s of path.steps) outcomes.add(s.outcome);
  };

  for (const name of corpusNames('rocksdb')) {
    it(name, () => {
      const folder = `${CORPUS}rocksdb/${name}`;
      const store = openStore(readOnlyFs(nodeFs), `${folder}/db`);
      const versions = jsonLines<VersionLine>(`${folder}/all-versions.jsonl`);
      const dice = random(44);
      const reads: [string, number | undefined][] = [['expected.jsonl', undefined]];
      for (const file of readdirSync(folder)) {
        const at = /^expected-at-(\d+)\.jsonl$/.exec(file)?.[1];
        if (at !== undefined) reads.push([file, Number(at)]);
      }
      for (const [file, at] of reads) {
        const lines = jsonLines<Line>(`${folder}/${file}`);
        for (const f of store.view.version.families.values()) {
          const cf = f.state.name;
          const truth = truthOf(versions, cf);
          const there = new Set(lines.filter((l) => l.cf === cf).map((l) => l.key));
          for (const key of some([...there], dice)) {
            const path = explained(store, f.state.id, fromHex(key) as Uint8Array, at, truth);
            assert.notEqual(path.entry, undefined);
            note(path);
          }
          const absent = [...truth.keys()].filter((key) => !there.has(key));
          const near = [...there].flatMap((key) => [`${key}00`, key.slice(0, -2)]).filter((key) => !there.has(key));
          for (const key of [...some(absent, dice), ...some(near, dice), '', 'ffffffffffffffffffff']) {
            const path = explained(store, f.state.id, fromHex(key) as Uint8Array, at, truth);
            assert.equal(path.entry, undefined);
            note(path);
          }
        }
      }
      store.close();
    });
  }

  it('met every way a step can end, but for damage', () => {
    for (const o of ['filtered', 'absent', 'found', 'deleted', 'operand', 'passed']) assert.ok(outcomes.has(o), o);
  });
});

describe('explained gets of damaged stores', { skip: noCorpus }, () => {
  let damagedSteps = 0;

  for (const name of corpusNames('damaged')) {
    it(name, () => {
      const folder = `${CORPUS}damaged/${name}`;
      const store = openStore(readOnlyFs(nodeFs), `${folder}/db`);
      const lines = [...jsonLines<Line>(`${folder}/readable.jsonl`), ...jsonLines<Line>(`${folder}/lost.jsonl`)];
      for (const f of store.view.version.families.values()) {
        const own = lines.filter((l) => l.cf === f.state.name);
        for (const { key } of some(own, random(45))) {
          const path = explained(store, f.state.id, fromHex(key) as Uint8Array);
          damagedSteps += path.steps.filter((s) => s.outcome === 'damaged').length;
          // What was not read is named by a step, too.
          for (const p of path.problems) assert.ok(path.steps.some((s) => s.problem === p) || p.path.endsWith('.blob'));
        }
      }
      store.close();
    });
  }

  it('met places that cannot be read', () => assert.ok(damagedSteps > 0));
});
