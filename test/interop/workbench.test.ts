/**
 * `lsm sql`, `lsm export` and `lsm diff` on stores of the real engines: sums that equal `lsm tables`, files that
 * DuckDB reads, differences that the engine itself made.
 */
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import RocksDB from 'rocksdb-native';
import { corpusStore } from '../support/corpus.ts';
import { openDuckDb } from '../support/duckdb.ts';
import { LSM, lsm, type Ran } from '../support/lsmCommand.ts';
import { directoryState } from '../support/reading.ts';

const root = mkdtempSync(join(tmpdir(), 'lsm-workbench-'));
const stores = { leveldb: join(root, 'leveldb'), rocksdb: join(root, 'rocksdb') };
const KEYS = 6000;

const PREFIXES = ['user:', 'order:', 'log/'];
const keyOf = (n: number): Buffer => Buffer.from(`${PREFIXES[n % 3]}${String(n).padStart(6, '0')}`);
const valueAt = (n: number, round: number): Buffer =>
  n % 10 === 0
    ? Buffer.from([0xff, n & 255, round, 0])
    : Buffer.from(`{"n":${n},"round":${round},"pad":"${'x'.repeat(n % 90)}"}`);

/** Three rounds over the keys, each in tables of its own; the last one stays in the log in part. */
async function fill(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    const level = new ClassicLevel<Buffer, Buffer>(stores.leveldb, {
      ...{ keyEncoding: 'buffer', valueEncoding: 'buffer', writeBufferSize: 128 << 10 },
    });
    await level.open();
    for (let n = round; n < KEYS; n += 1 + round) {
      if (n % 17 === round) await level.del(keyOf(n));
      else await level.put(keyOf(n), valueAt(n, round));
    }
    await level.close();
  }
  const db = new RocksDB(stores.rocksdb, { columnFamilies: [new RocksDB.ColumnFamily('a/b=c')] });
  await db.ready();
  for (const [name, family] of [
    ['default', db],
    ['a/b=c', db.columnFamily('a/b=c')],
  ] as const) {
    for (let round = 0; round < 3; round++) {
      const batch = family.write({ capacity: 10_000 });
      for (let n = round; n < (name === 'default' ? KEYS : 500); n += 1 + round) {
        if (n % 17 === round) batch.tryDelete(keyOf(n));
        else batch.tryPut(keyOf(n), valueAt(n, round));
      }
      await batch.flush();
      batch.destroy();
      if (round < 2) await family.flush();
    }
  }
  await db.close({ force: true });
}

before(fill);
after(() => rmSync(root, { recursive: true, force: true }));

function done(ran: Ran, code = 0): Ran {
  assert.equal(ran.code, code, ran.err);
  return ran;
}

const jsonLines = (ran: Ran) =>
  done(ran)
    .out.split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

interface Entry {
  readonly key: { readonly hex: string; readonly text?: string };
  readonly value: { readonly hex: string };
  readonly seq: number;
  readonly level: number;
}

const entriesOf = (store: string, family = 'default'): Entry[] =>
  jsonLines(lsm('scan', store, '--format', 'jsonl', '--cf', family));

for (const engine of ['leveldb', 'rocksdb'] as const) {
  const store = stores[engine];

  describe(`lsm sql (${engine})`, () => {
    it('bytes by key prefix and level add up to lsm tables', () => {
      const list = done(lsm('sql', store, '', '--examples')).out;
      const sql = /-- 1\. Bytes by key prefix and level\n([^;]+);/.exec(list)?.[1] ?? '';
      const sums = new Map<string, { entries: number; raw: number; bytes: number }>();
      const add = (id: string, entries: number, raw: number, bytes: number): void => {
        const sum = sums.get(id) ?? { entries: 0, raw: 0, bytes: 0 };
        sums.set(id, { entries: sum.entries + entries, raw: sum.raw + raw, bytes: sum.bytes + bytes });
      };
      const rows = jsonLines(lsm('sql', store, sql, '--json'));
      assert.ok(rows.some((r) => r.prefix === 'log/') && rows.some((r) => r.prefix === 'user:'));
      for (const r of rows) add(`${r.family} L${r.level}`, r.entries, r.raw_bytes, r.file_bytes);
      for (const t of jsonLines(lsm('tables', store, '--json'))) {
        add(`${t.family} L${t.level}`, -t.entries, -t.rawKeyBytes - t.rawValueBytes, -t.bytes);
      }
      assert.ok(sums.size >= 1);
      for (const [id, sum] of sums) {
        assert.deepEqual([sum.entries, sum.raw], [0, 0], id);
        // Shares are rounded to whole bytes.
        assert.ok(Math.abs(sum.bytes) <= PREFIXES.length, id);
      }
    });

    it('entries are those of a scan, in every format', () => {
      const expected = entriesOf(store).map((e) => ({
        key: e.key.hex,
        value: e.value.hex,
        seq: e.seq,
        level: e.level,
      }));
      const query = 'SELECT key, value, seq, level FROM entries';
      const rows = jsonLines(lsm('sql', store, query, '--json', '--cf', 'default'));
      assert.deepEqual(
        rows.map((r) => ({ key: r.key.hex, value: r.value.hex, seq: r.seq, level: r.level })),
        expected,
      );
      const csv = done(lsm('sql', store, query, '--format', 'csv', '--cf', 'default')).out.split('\n');
      assert.equal(csv[0], 'key,value,seq,level');
      assert.equal(csv.length, expected.length + 2);
      const count = 'SELECT count(*) AS n FROM entries';
      assert.equal(
        done(lsm('sql', store, count, '--cf', 'default', '--prefix', 'user:')).out,
        `n\n${'-'.repeat(4)}\n${done(lsm('scan', store, '--count', '--prefix', 'user:')).out}(1 row)\n`,
      );
    });

    it('hostile SQL is refused with one line, and the store stays as it was', () => {
      const state = directoryState(store);
      const here = readdirSync(root);
      for (const query of [
        `ATTACH '${join(root, 'x.db')}' AS x`,
        `VACUUM INTO '${join(root, 'x.db')}'`,
        'PRAGMA temp_store_directory="/"',
        'DROP VIEW tables',
        'SELECT 1; DELETE FROM rows_of_tables',
        'WITH a AS (SELECT 1) DELETE FROM rows_of_tables',
        "SELECT load_extension('/x')",
        "SELECT writefile('x', 'y')",
        'SELECT * FROM nonesuch',
        '',
      ]) {
        const ran = lsm('sql', store, query);
        assert.equal(ran.code, 2, query);
        assert.equal(ran.out, '');
        assert.match(ran.err, /^lsm: INPUT: [^\n]+\n$/, query);
      }
      assert.deepEqual(directoryState(store), state);
      assert.deepEqual(readdirSync(root), here);
    });

    it('names its tables, and tells of a limit that was hit', () => {
      assert.match(done(lsm('sql', store, 'versions', '--tables')).out, /^versions: .*\n {2}family /);
      assert.equal(lsm('sql', store, 'nonesuch', '--tables').code, 2);
      assert.equal(lsm('sql', store, '99', '--examples').code, 2);
      for (const example of ['1', '2', '3', '4', '5']) done(lsm('sql', store, example, '--examples'));
      const ran = done(lsm('sql', store, 'SELECT count(*) AS n FROM entries', '--json', '--limit', '7'));
      assert.equal(ran.out, '{"n":7}\n');
      assert.match(ran.err, /^lsm: entries holds the first 7 rows only[^\n]*\n$/);
      const slow = 'SELECT count(*) FROM versions a, versions b, versions c WHERE a.seq < b.seq + c.seq';
      assert.match(lsm('sql', store, slow, '--timeout', '1').err, /^lsm: CANCELLED: [^\n]*1 seconds/);
    });
  });

  describe(`lsm export (${engine})`, () => {
    it('DuckDB reads the Parquet files, with equal counts and sums', async (t) => {
      const duck = await openDuckDb();
      if (typeof duck === 'string') return t.skip(duck);
      for (const partition of [[], ['--partition']]) {
        const to = join(root, `${engine}-duck${partition.length}`);
        const ran = done(lsm('export', store, '--to', to, ...partition, '--json'));
        const report = JSON.parse(ran.out);
        const files = `read_parquet('${to}/**/*.parquet', hive_partitioning = ${partition.length > 0})`;
        const families = engine === 'rocksdb' ? ['a/b=c', 'default'] : ['default'];
        for (const family of families) {
          const entries = entriesOf(store, family);
          const bytes = (pick: (e: Entry) => string): number => entries.reduce((n, e) => n + pick(e).length / 2, 0);
          const texts = entries.filter((e) => !e.value.hex.startsWith('ff')).length;
          const [found] = await duck(
            `SELECT count(*), count(key_text), count(value_text), sum(octet_length(key)), sum(octet_length(value)),
                    sum(seq), count(*) FILTER ("table" IS NULL), count(*) FILTER (level = -1), min(key_text)
             FROM ${files} WHERE family = '${family}'`,
          );
          const inLog = entries.filter((e) => e.level === -1).length;
          assert.deepEqual(
            found?.map((v) => (typeof v === 'bigint' ? Number(v) : v)),
            [
              ...[entries.length, entries.length, texts, bytes((e) => e.key.hex), bytes((e) => e.value.hex)],
              ...[entries.reduce((n, e) => n + e.seq, 0), inLog, inLog, entries[0]?.key.text],
            ],
            `${family} ${partition}`,
          );
          const levels = await duck(`SELECT level, count(*) FROM ${files} WHERE family = '${family}' GROUP BY 1`);
          for (const [level, count] of levels) {
            assert.equal(Number(count), entries.filter((e) => e.level === Number(level)).length);
          }
          // Row groups are passed over by their statistics: what is found must still be all.
          const [narrow] = await duck(
            `SELECT count(*) FROM ${files} WHERE family = '${family}' AND key_text >= 'user:' AND value IS NOT NULL`,
          );
          assert.equal(Number(narrow?.[0]), entries.filter((e) => (e.key.text ?? '') >= 'user:').length);
        }
        assert.equal(
          report.rows,
          families.reduce((n, f) => n + entriesOf(store, f).length, 0),
        );
      }
    });

    it('DuckDB reads tables, events, JSON lines and CSV too', async (t) => {
      const duck = await openDuckDb();
      if (typeof duck === 'string') return t.skip(duck);
      const tables = jsonLines(lsm('tables', store, '--json'));
      const to = join(root, `${engine}-tables`);
      done(lsm('export', store, '--to', to, '--what', 'tables'));
      const [sums] = await duck(`SELECT count(*), sum(bytes), sum(entries), max(compression) FROM '${to}/*.parquet'`);
      const total = (name: 'bytes' | 'entries'): number => tables.reduce((n, row) => n + row[name], 0);
      assert.deepEqual(sums?.slice(0, 3).map(Number), [tables.length, total('bytes'), total('entries')]);
      const events = join(root, `${engine}-events`);
      done(lsm('export', store, '--to', events, '--what', 'events'));
      const [count] = await duck(`SELECT count(*) FROM '${events}/*.parquet'`);
      assert.equal(Number(count?.[0]), jsonLines(lsm('history', store)).length);
      const entries = entriesOf(store).length;
      for (const [format, reader] of [
        ['jsonl', 'read_json'],
        ['csv', 'read_csv'],
      ] as const) {
        const texts = join(root, `${engine}-${format}`);
        done(lsm('export', store, '--to', texts, '--format', format, '--cf', 'default'));
        const [rows] = await duck(`SELECT count(*), max(seq) FROM ${reader}('${texts}/*.${format}')`);
        assert.equal(Number(rows?.[0]), entries);
      }
    });

    it('refuses places that are taken', () => {
      const taken = join(root, `${engine}-taken`);
      mkdirSync(taken);
      writeFileSync(join(taken, 'x'), '');
      for (const to of [taken, join(store, 'inside'), store]) {
        const ran = lsm('export', store, '--to', to);
        assert.equal(ran.code, 3);
        assert.match(ran.err, /^lsm: INPUT: [^\n]+\n$/);
      }
      assert.equal(lsm('export', store).code, 2);
      assert.equal(lsm('export', store, '--to', join(root, 'n'), '--format', 'xml').code, 2);
      assert.equal(lsm('export', store, '--to', join(root, 'n'), '--what', 'tables', '--partition').code, 2);
      assert.deepEqual(readdirSync(taken), ['x']);
      assert.ok(!existsSync(join(root, 'n')) && !existsSync(`${taken}.partial`));
    });
  });

  describe(`lsm diff (${engine})`, () => {
    it('a compacted copy has the same entries', () => {
      const copy = join(root, `${engine}-compacted`);
      done(lsm('compact', store, '--out', copy));
      const ran = done(lsm('diff', store, copy));
      assert.doesNotMatch(ran.out, /^[+~-] (?!table)/m);
      assert.match(ran.out, /\n0 added, 0 removed, 0 changed, \d+ the same\n$/);
      done(lsm('diff', store, store, '--no-tables'));
    });

    it('shows exactly what the engine has changed since', async () => {
      const copy = join(root, `${engine}-edited`);
      done(lsm('compact', store, '--out', copy));
      const present = keyOf(31);
      const gone = keyOf(32);
      if (engine === 'leveldb') {
        const db = new ClassicLevel<Buffer, Buffer>(copy, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
        await db.open();
        await db.put(Buffer.from('a new one'), Buffer.from('v'));
        await db.put(present, Buffer.from('changed'));
        await db.del(gone);
        await db.close();
      } else {
        const db = new RocksDB(copy, { columnFamilies: [new RocksDB.ColumnFamily('a/b=c')] });
        await db.ready();
        const batch = db.write({ capacity: 10 });
        batch.tryPut(Buffer.from('a new one'), Buffer.from('v'));
        batch.tryPut(present, Buffer.from('changed'));
        batch.tryDelete(gone);
        await batch.flush();
        batch.destroy();
        await db.close({ force: true });
      }
      const ran = done(lsm('diff', store, copy, '--no-tables', '--json', '--cf', 'default'), 1);
      const rows = ran.out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
      const summary = rows.pop();
      assert.deepEqual(
        rows.map((r) => [r.kind, r.key.text, r.before?.valueSize, r.after?.valueSize]),
        [
          ['added', 'a new one', undefined, 1],
          ...[31, 32]
            .sort((a, b) => keyOf(a).compare(keyOf(b)))
            .map((n) => [
              n === 31 ? 'changed' : 'removed',
              keyOf(n).toString(),
              (entriesOf(store).find((e) => e.key.text === keyOf(n).toString())?.value.hex.length as number) / 2,
              n === 31 ? 7 : undefined,
            ]),
        ],
      );
      assert.deepEqual(
        [summary.summary.added, summary.summary.removed, summary.summary.changed, summary.summary.complete],
        [1, 1, 1, true],
      );
      assert.match(done(lsm('diff', store, copy, '--no-tables', '--limit', '1'), 1).out, /there are more\n$/);
      assert.match(
        done(lsm('diff', store, copy, '--no-tables', '--keys-only'), 1).out,
        /1 added, 1 removed, 0 changed/,
      );
      assert.equal(lsm('diff', store, copy, '--cf', 'nonesuch').code, 2);
      assert.equal(lsm('diff', store, join(root, 'absent')).code, 3);
    });
  });
}

describe('entries without a single value', () => {
  for (const name of ['rocksdb/03-merge-operands', 'rocksdb/05-wide-columns']) {
    const store = corpusStore(name);
    it(`${name}: their parts are exported, and seen by SQL`, {
      skip: store === undefined && 'the corpus is not here',
    }, async (t) => {
      if (store === undefined) return;
      const expected = new Map<string, unknown>();
      const families = jsonLines(lsm('sql', store, 'SELECT name FROM families', '--json'));
      for (const { name: family } of families) {
        for (const { key, columns, operands, base } of jsonLines(
          lsm('scan', store, '--format', 'jsonl', '--cf', family),
        )) {
          if ((columns ?? operands) === undefined) continue;
          expected.set(`${family} ${key.hex}`, JSON.parse(JSON.stringify({ columns, operands, base })));
        }
      }
      const query = 'SELECT family, key, parts FROM entries WHERE parts IS NOT NULL';
      const seen = jsonLines(lsm('sql', store, query, '--json'));
      const place = (family: string, hex: string, parts: string) => [`${family} ${hex}`, JSON.parse(parts)] as const;
      assert.deepEqual(new Map(seen.map((r) => place(r.family, r.key.hex, r.parts))), expected);
      const duck = await openDuckDb();
      if (typeof duck === 'string') return t.skip(duck);
      const to = join(root, name.replace('/', '-'));
      done(lsm('export', store, '--to', to));
      const rows = await duck(`SELECT family, lower(hex(key)), parts FROM '${to}/*.parquet' WHERE parts IS NOT NULL`);
      assert.deepEqual(new Map(rows.map((r) => place(String(r[0]), String(r[1]), String(r[2])))), expected);
      if (name.includes('wide')) assert.ok(expected.size > 0);
    });
  }
});

describe('lsm export, interrupted', () => {
  it('leaves nothing behind', async () => {
    const to = join(root, 'interrupted');
    const child = spawn(process.execPath, [LSM, 'export', stores.rocksdb, '--to', to, '--format', 'csv']);
    const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const poll = setInterval(() => {
      if (existsSync(`${to}.partial`)) child.kill('SIGINT');
    }, 1);
    const ended = await code;
    clearInterval(poll);
    assert.ok(!existsSync(`${to}.partial`));
    // It may have been quicker than the signal.
    assert.equal(existsSync(to), ended === 0);
    assert.ok(ended === 0 || ended === 130);
    if (ended === 0) assert.ok(readFileSync(join(to, 'part-0000.csv')).length > 0);
  });
});
