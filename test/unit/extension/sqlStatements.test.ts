/** Statements, directives, and the places of errors in a `.lsm.sql` document. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  directive,
  directiveOfError,
  placeOfError,
  rangeOf,
  statementAt,
  statementsIn,
  storeChange,
} from '../../../extension/sql/statements.ts';
import { templateOf } from '../../../extension/sql/template.ts';
import { nameOf, tokensOf } from '../../../extension/sql/tokens.ts';

const texts = (text: string): string[] => statementsIn(text).map((s) => s.text);

describe('statements of a document', () => {
  test('end with semicolons, not with those in strings, names and comments', () => {
    assert.deepEqual(texts("SELECT ';', 'it''s; one' ; SELECT 2;\n"), ["SELECT ';', 'it''s; one'", 'SELECT 2']);
    assert.deepEqual(texts('SELECT "a;""b;", [c;d], `e;``f;` FROM t; SELECT 2'), [
      'SELECT "a;""b;", [c;d], `e;``f;` FROM t',
      'SELECT 2',
    ]);
    assert.deepEqual(texts('SELECT 1 -- one; two\n, 2 /* ; */; SELECT 3'), ['SELECT 1 -- one; two\n, 2', 'SELECT 3']);
    assert.deepEqual(texts("SELECT '\n;\n' AS a;SELECT x'3b'"), ["SELECT '\n;\n' AS a", "SELECT x'3b'"]);
    assert.deepEqual(texts("SELECT '--', 1; SELECT '/*', 2; SELECT '*/'"), [
      "SELECT '--', 1",
      "SELECT '/*', 2",
      "SELECT '*/'",
    ]);
  });

  test('are none where there are comments, blanks and semicolons alone', () => {
    for (const text of ['', ' \n', ';;', '-- SELECT 1;\n', '/* SELECT 1; */ ;', '/* open']) {
      assert.deepEqual(texts(text), [], JSON.stringify(text));
    }
  });

  test('that are not closed go on to the end', () => {
    assert.deepEqual(texts("SELECT 'a; SELECT 2"), ["SELECT 'a; SELECT 2"]);
    assert.deepEqual(texts('SELECT "a; SELECT 2'), ['SELECT "a; SELECT 2']);
    assert.deepEqual(texts('SELECT 1 /* ; SELECT 2'), ['SELECT 1']);
  });

  test('have offsets that cut them out of the text', () => {
    const text = '-- head\n\nSELECT 1\n;\n/* next */ SELECT\n 2 ;\n';
    for (const s of statementsIn(text)) assert.equal(text.slice(s.from, s.to), s.text);
    const [first, second] = statementsIn(text);
    assert.equal(text.slice(0, first?.end), '-- head\n\nSELECT 1\n;');
    assert.equal(text.slice(second?.from, second?.end), 'SELECT\n 2 ;');
  });

  test('are found by a cursor in them, behind them, and before the first', () => {
    const text = '-- head\nSELECT 1;\n\nSELECT 2;';
    const all = statementsIn(text);
    const at = (offset: number): string | undefined => statementAt(all, offset)?.text;
    assert.equal(at(0), 'SELECT 1');
    assert.equal(at(text.indexOf('1')), 'SELECT 1');
    assert.equal(at(text.indexOf(';') + 2), 'SELECT 1');
    assert.equal(at(text.indexOf('SELECT 2')), 'SELECT 2');
    assert.equal(at(text.length), 'SELECT 2');
    const titled = statementsIn('SELECT 1; -- one\n-- two\nSELECT 2');
    assert.equal(statementAt(titled, 12)?.text, 'SELECT 1');
    assert.equal(statementAt(titled, 19)?.text, 'SELECT 2', 'in the comment above it');
    assert.deepEqual(
      titled.map((s) => s.title),
      [undefined, 'two'],
    );
    const above = '-- head\n\n-- Name\n-- store: x\n-- limit: 3\nSELECT 1; /* a */\nSELECT 2;\n-- far\n\nSELECT 3';
    assert.deepEqual(
      statementsIn(above).map((s) => s.title),
      ['Name', undefined, undefined],
    );
    assert.equal(statementAt([], 3), undefined);
  });
});

describe('directives', () => {
  const TEXT = `-- store: ../my store
-- What piles up.
-- prefix: user:
SELECT 1; -- limit: 5
-- Family: meta
-- prefix: 'a\\x00b'
-- limit: 100,000
SELECT 2 -- from: inside
;
SELECT 3`;

  test('at the top hold for all, others for the statement behind them', () => {
    const [one, two, three] = statementsIn(TEXT);
    assert.ok(one !== undefined && two !== undefined && three !== undefined);
    for (const s of [one, two, three]) assert.equal(directive(s.directives, 'store')?.value, '../my store');
    assert.deepEqual(rangeOf(one.directives), { range: { prefix: 'user:' } });
    assert.deepEqual(rangeOf(two.directives), {
      range: { family: 'meta', prefix: "'a\\x00b'", limit: 100_000 },
    });
    assert.deepEqual(rangeOf(three.directives), { range: { prefix: 'user:' } });
    assert.deepEqual(rangeOf(statementsIn('SELECT 1; -- limit: 5\nSELECT 2')[1]?.directives ?? []), { range: {} });
    const store = directive(one.directives, 'store');
    assert.equal(TEXT.slice(store?.from, store?.to), '../my store');
  });

  test('of a limit that is no number are told', () => {
    const [s] = statementsIn('-- limit: many\nSELECT 1');
    assert.equal(rangeOf(s?.directives ?? []).bad?.value, 'many');
    const [zero] = statementsIn('-- limit: 0\nSELECT 1');
    assert.equal(rangeOf(zero?.directives ?? []).bad?.value, '0');
  });

  test('a store is put at the top, or in place of the one there', () => {
    const put = (text: string): string => {
      const { from, to, text: by } = storeChange(text, '/new');
      return text.slice(0, from) + by + text.slice(to);
    };
    assert.equal(put('SELECT 1'), '-- store: /new\nSELECT 1');
    assert.equal(put('-- a\n-- store:  /old \nSELECT 1'), '-- a\n-- store:  /new \nSELECT 1');
    assert.equal(put('SELECT 1;\n-- store: /old\nSELECT 2'), '-- store: /new\nSELECT 1;\n-- store: /old\nSELECT 2');
  });
});

describe('places of errors', () => {
  const QUERY = "SELECT a.nosuch, 'nosuch' -- nosuch\nFROM tables a, nothere";
  const part = (message: string): string | undefined => {
    const place = placeOfError(QUERY, message);
    return place === undefined ? undefined : QUERY.slice(place.from, place.to);
  };
  test('are the names that SQLite says', () => {
    assert.equal(part('SQL: no such column: a.nosuch'), 'a.nosuch');
    assert.equal(part('SQL: no such table: nothere'), 'nothere');
    assert.equal(placeOfError(QUERY, 'SQL: no such table: nothere')?.from, QUERY.indexOf('nothere'));
    assert.equal(part('SQL: near "FROM": syntax error'), 'FROM');
    assert.equal(part('SQL: incomplete input'), undefined);
    assert.equal(part('SQL: no such column: elsewhere'), undefined);
  });
});

test('a message about the range of a query is at its directive', () => {
  const [s] = statementsIn('-- family: a\n-- prefix: 0xz\n-- prefix: 0xy\nSELECT 1');
  const at = (message: string): string | undefined => directiveOfError(s?.directives ?? [], message)?.value;
  assert.equal(at('There is no column family “a”.'), 'a');
  assert.equal(at('prefix: “y” is not a hex digit.'), '0xy');
  assert.equal(at('SQL: no such column: a'), undefined);
  assert.equal(at('to: no key'), undefined);
});

describe('new documents', () => {
  const plainText = (message: string, ...args: (string | number)[]): string =>
    message.replace(/\{(\d+)\}/g, (_, i) => String(args[Number(i)]));
  test('hold the query, its title, its store and its range, and nothing else that runs', () => {
    const query = "SELECT ';' -- what\nFROM entries";
    const range = { family: 'a b', prefix: "'x\\x00'", limit: 7 };
    const text = templateOf({ store: '/s; DROP', title: 'A\ntitle', query, range, tables: ['entries'] }, plainText);
    const all = statementsIn(text);
    assert.deepEqual([all.length, all[0]?.text, all[0]?.title], [1, query, 'A title']);
    assert.deepEqual(rangeOf(all[0]?.directives ?? []), { range });
    assert.equal(directive(all[0]?.directives ?? [], 'store')?.value, '/s; DROP');
    for (const line of text.split('\n')) assert.ok(line.length < 100, line);
  });
  test('cannot be broken out of by a path with line breaks', () => {
    const text = templateOf({ store: '/s\nSELECT 1;\n', query: 'SELECT 2', tables: [] }, plainText);
    assert.deepEqual(texts(text), ['SELECT 2']);
  });
});

test('names in quotes are read as SQLite reads them', () => {
  const names = tokensOf('Ab "C""d" `e` [F g] "open').map(nameOf);
  assert.deepEqual(names, ['ab', 'c"d', 'e', 'f g', 'open']);
  assert.equal(nameOf(tokensOf("'text'")[0]), undefined);
});
