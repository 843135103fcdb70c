/** What a statement is, and which names it holds, told without compiling it. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { StoreError } from '../../../engine/base/errors.ts';
import { QUERY_BYTES_MAX, sqlWords } from '../../../engine/query/sqlWords.ts';

const refused = (query: string, message: RegExp): void => {
  assert.throws(
    () => sqlWords(query),
    (e) => e instanceof StoreError && e.code === 'INPUT' && message.test(e.message),
    query,
  );
};

describe('words of SQL', () => {
  it('finds names in every kind of quotes, and none in comments', () => {
    const words = sqlWords("-- levels\n SELECT \"Key\", `seq`, [type], 'it''s' /* blocks */ FROM Entries;  -- end");
    for (const name of ['key', 'seq', 'type', "it's", 'entries']) assert.ok(words.names.has(name), name);
    for (const name of ['levels', 'blocks', 'end']) assert.ok(!words.names.has(name), name);
    assert.equal(words.verb, 'SELECT');
    assert.equal(words.allColumns, false);
  });

  it('knows where columns are meant that are not named', () => {
    for (const query of ['SELECT * FROM entries', 'SELECT e.* FROM entries e', 'SELECT 1 FROM a NATURAL JOIN b']) {
      assert.equal(sqlWords(query).allColumns, true, query);
    }
    assert.equal(sqlWords('SELECT COUNT( * ) FROM entries').allColumns, false);
  });

  it('refuses what is not one statement that reads', () => {
    for (const verb of [
      'ATTACH',
      'PRAGMA',
      'VACUUM',
      'INSERT',
      'UPDATE',
      'DELETE',
      'DROP',
      'CREATE',
      'BEGIN',
      'REINDEX',
    ]) {
      refused(`${verb.toLowerCase()} something`, /only reads/);
      refused(`/* SELECT */ ${verb} x`, /only reads/);
    }
    refused('SELECT 1; SELECT 2', /one statement/);
    refused("SELECT ';' ; ; DROP TABLE x", /one statement/);
    refused(' ; -- nothing\n', /empty/);
    refused('', /empty/);
    refused(`SELECT ${'1'.repeat(QUERY_BYTES_MAX)}`, /longer/);
    assert.equal(sqlWords("SELECT '; DROP TABLE x' ;; /* ; x */").verb, 'SELECT');
  });

  it('goes through unfinished quotes and comments once', () => {
    for (const end of ["'", '"', '`', '[', '/*', '--', "'".repeat(9999)]) {
      assert.equal(sqlWords(`SELECT ${'a '.repeat(1000)}${end} entries`).verb, 'SELECT');
    }
  });
});
