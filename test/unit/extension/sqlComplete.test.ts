/** Completion and hovers of `.lsm.sql` documents, over the schema that the engine answers with. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SQL_SCHEMA } from '../../../engine/query/sqlSchema.ts';
import { meaningsAt, type Suggestion, suggestionsAt } from '../../../extension/sql/complete.ts';

/** `|` is the cursor. */
function at(marked: string): Suggestion[] {
  const offset = marked.indexOf('|');
  return suggestionsAt(SQL_SCHEMA, marked.replace('|', ''), offset).sort((a, b) => a.rank - b.rank);
}
const labels = (all: readonly Suggestion[]): string[] => all.map((s) => s.label);
const tables = SQL_SCHEMA.map((t) => t.name).sort();
const columnsOf = (name: string): string[] => SQL_SCHEMA.find((t) => t.name === name)?.columns.map((c) => c.name) ?? [];

describe('completion', () => {
  test('behind FROM and JOIN: tables, and nothing else', () => {
    for (const query of [
      'SELECT * FROM |',
      'SELECT * FROM ent|',
      'SELECT 1 FROM tables t JOIN |',
      'SELECT 1 FROM tables, |',
      'SELECT 1 FROM tables t, levels l, |',
      'WITH x AS (SELECT 1 FROM |',
    ]) {
      assert.deepEqual(labels(at(query)).sort(), tables, query);
    }
  });

  test('columns of the tables that are named come first', () => {
    const found = at('SELECT | FROM levels WHERE tables > 1');
    const own = columnsOf('levels');
    assert.deepEqual(labels(found).slice(0, own.length).sort(), [...own].sort());
    assert.ok(labels(found).includes('value_size'), 'those of others are there as well');
    assert.ok(labels(found).includes('WHERE'));
    assert.ok(found.some((s) => s.kind === 'function' && s.label === 'count(*)'));
    const all = found.filter((s) => s.label === 'bytes');
    assert.equal(all.length, 1, 'one column of many tables stands there once');
    assert.match(all[0]?.detail ?? '', /levels/);
  });

  test('columns carry their type and what they mean', () => {
    const score = at('SELECT sc| FROM levels').find((s) => s.label === 'score');
    assert.equal(score?.detail, 'REAL · levels');
    assert.match(score?.doc ?? '', /compaction score/);
  });

  test('behind a name and a dot: the columns of that table or alias', () => {
    assert.deepEqual(labels(at('SELECT e.| FROM entries e')), columnsOf('entries'));
    assert.deepEqual(labels(at('SELECT E.va| FROM entries AS e')), columnsOf('entries'));
    assert.deepEqual(labels(at('SELECT a.number FROM tables a JOIN blocks b ON b.|')), columnsOf('blocks'));
    assert.deepEqual(labels(at('SELECT "my t".| FROM levels AS "my t"')), columnsOf('levels'));
    assert.deepEqual(labels(at('SELECT tables.| FROM tables')), columnsOf('tables'));
    assert.deepEqual(labels(at('SELECT x.| FROM tables t')), []);
  });

  test('aliases are suggested, and words of SQL are none', () => {
    const found = at('SELECT | FROM tables t WHERE 1');
    assert.ok(found.some((s) => s.kind === 'alias' && s.label === 't'));
    assert.ok(!at('SELECT | FROM tables WHERE 1').some((s) => s.kind === 'alias'));
  });

  test('nothing in strings and comments', () => {
    for (const query of ["SELECT 'a|b'", "SELECT 'ab|", 'SELECT 1 -- a|', 'SELECT /* a| */ 1']) {
      assert.deepEqual(at(query), [], query);
    }
    assert.notDeepEqual(at("SELECT 'ab', |"), []);
  });

  test('after a comma of a list of columns: columns', () => {
    const found = at('SELECT level, | FROM tables');
    assert.equal(found[0]?.kind, 'column');
    assert.equal(at('SELECT count(level, |) FROM tables')[0]?.kind, 'column');
  });
});

describe('hovers', () => {
  const means = (marked: string): string[] =>
    meaningsAt(SQL_SCHEMA, marked.replace('|', ''), marked.indexOf('|')).map(
      (m) => m.table.name + (m.column === undefined ? '' : `.${m.column.name}`),
    );
  test('say what a name means where it stands', () => {
    assert.deepEqual(means('SELECT ta|bles FROM levels'), ['levels.tables'], 'a column that is called as a table');
    assert.deepEqual(means('SELECT tables FROM lev|els'), ['levels']);
    assert.deepEqual(means('SELECT e.ke|y FROM entries e'), ['entries.key']);
    assert.deepEqual(means('SELECT e|.key FROM entries e'), ['entries']);
    assert.deepEqual(means('SELECT l|evel FROM entries, blocks'), ['entries.level', 'blocks.level']);
    assert.deepEqual(means("SELECT 'k|ey' FROM entries"), []);
    assert.deepEqual(means('SELECT nosuc|h FROM entries'), []);
  });
});
