/** What is exported, imported, and read by RocksDB's and LevelDB's own code. */
import { strict as assert } from 'node:assert';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import RocksDB from 'rocksdb-native';
import { LSM, lsm } from '../support/lsmCommand.ts';
import { random } from '../support/random.ts';
import { directoryState } from '../support/reading.ts';

const root = mkdtempSync(join(tmpdir(), 'lsm-import-'));
after(() => rmSync(root, { recursive: true, force: true }));
const hasLdb = spawnSync('ldb', ['--version']).error === undefined;

const KEYS = 3000;
const from = join(root, 'from');
/** Hex of key → hex of value. */
const entries = new Map<string, string>();

/** Keys and values of all kinds: text, what looks like something else, bytes, nothing. */
function someBytes(next: () => number): Buffer {
  const texts = ['0xAB', '0x', '"q"', 'a,b', 'line\nend', '\\x41', 'é😀', '', ' x ', '{"hex":"61"}', '\u0085'];
  const kind = next();
  if (kind < 0.3) return Buffer.from(texts[Math.floor(next() * texts.length)] as string);
  if (kind < 0.7) return Buffer.from(`user:${Math.floor(next() * 1e6)}`);
  return Buffer.from(Uint8Array.from({ length: Math.floor(next() * 40) }, () => next() * 256));
}

/** Everything as LevelDB's own code reads it. */
async function levelEntries(directory: string): Promise<Map<string, string>> {
  const db = new ClassicLevel<Buffer, Buffer>(directory, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await db.open();
  const found = new Map<string, string>();
  for await (const [key, value] of db.iterator()) found.set(key.toString('hex'), value.toString('hex'));
  await db.close();
  return found;
}

async function rocksEntries(directory: string): Promise<Map<string, string>> {
  const db = new RocksDB(directory);
  await db.ready();
  const found = new Map<string, string>();
  for await (const { key, value } of db.iterator({ gte: Buffer.alloc(0), lt: Buffer.alloc(64, 0xff) })) {
    found.set((key as Buffer).toString('hex'), (value as Buffer).toString('hex'));
  }
  await db.close();
  return found;
}

function sorted(map: Map<string, string>): [string, string][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

describe('import', () => {
  before(async () => {
    const next = random(3);
    const db = new ClassicLevel<Buffer, Buffer>(from, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
    await db.open();
    for (let n = 0; n < KEYS; n++) {
      const key = Buffer.concat([someBytes(next), Buffer.from(String(n % 7))]);
      const value = someBytes(next);
      await db.put(key, value);
      entries.set(key.toString('hex'), value.toString('hex'));
    }
    await db.close();
  });

  for (const format of ['jsonl', 'csv'] as const) {
    it(`brings what was exported as ${format} into both engines`, async () => {
      const out = join(root, `out-${format}`);
      assert.equal(lsm('export', from, '--to', out, '--format', format).code, 0);
      const file = join(out, readdirSync(out)[0] as string);
      for (const engine of ['leveldb', 'rocksdb'] as const) {
        const to = join(root, `${engine}-${format}`);
        assert.equal(lsm('create', to, '--format', engine).code, 0);
        const untouched = directoryState(to);
        const dry = lsm('import', to, file, '--dry-run', '--json');
        assert.equal(dry.code, 0, dry.err);
        assert.equal((JSON.parse(dry.out) as { added: number }).added, entries.size);
        assert.deepEqual(directoryState(to), untouched, 'a dry run changes nothing');
        const ran = lsm('import', to, file, '--json', '--batch', '100');
        assert.equal(ran.code, 0, ran.err);
        const report = JSON.parse(ran.out) as { applied: number; sequences: { first: number; last: number } };
        assert.equal(report.applied, entries.size);
        assert.equal(report.sequences.last - report.sequences.first + 1, entries.size);
        assert.equal(lsm('verify', to).code, 0);
        const found = engine === 'leveldb' ? await levelEntries(to) : await rocksEntries(to);
        assert.deepEqual(sorted(found), sorted(entries), `${engine} from ${format}`);
      }
    });
  }

  it('brings what was scanned back, all versions but the newest left out', () => {
    const store = join(root, 'versions');
    assert.equal(lsm('create', store).code, 0);
    for (const value of ['1', '2']) assert.equal(lsm('put', store, 'k', value).code, 0);
    assert.equal(lsm('put', store, 'gone', '1').code, 0);
    assert.equal(lsm('delete', store, 'gone').code, 0);
    const file = join(root, 'versions.jsonl');
    writeFileSync(file, lsm('scan', store, '--all-versions', '--format', 'jsonl').out);
    const to = join(root, 'versions-to');
    assert.equal(lsm('create', to).code, 0);
    assert.equal(lsm('put', to, 'gone', 'still').code, 0);
    const refused = lsm('import', to, file);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /older version of the key.*--all-versions/);
    assert.equal(lsm('scan', to, '--count').out.trim(), '1');
    assert.equal(lsm('import', to, file, '--skip-bad').code, 0);
    assert.equal(lsm('scan', to).out, 'k : 2\n');
  });

  it('writes typed keys into a column family that RocksDB reads', { skip: !hasLdb && 'ldb is not installed' }, () => {
    const store = join(root, 'families');
    assert.equal(lsm('create', store, '--sample', 'fleet').code, 0);
    const file = join(root, 'rows.csv');
    writeFileSync(file, 'id;name;gone\n1;"Ada; ""A"""; \n2;Bob;delete\n'.replace('; \n', ';\n'));
    const ran = lsm(
      ...['import', store, file, '--cf', 'readings', '--key', '"user:" + u32be({id})', '--value', 'name:text'],
      ...['--type', 'gone'],
    );
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.out, /2 rows: 1 new, 0 overwriting, 0 deleting, 1 deleting what is not there, 0 bad/);
    const got = spawnSync('ldb', [
      `--db=${store}`,
      '--column_family=readings',
      '--key_hex',
      'get',
      '0x757365723A00000001',
    ]);
    assert.equal(got.stdout.toString().trim(), 'Ada; "A"');
  });

  it('is interrupted between two batches, and the store opens with what was told', async () => {
    const store = join(root, 'interrupted');
    assert.equal(lsm('create', store, '--format', 'leveldb').code, 0);
    const file = join(root, 'many.jsonl');
    const line = (n: number): string => `{"key":"n${String(n).padStart(6, '0')}","value":"${'x'.repeat(100)}"}`;
    writeFileSync(file, Array.from({ length: 200_000 }, (_, n) => line(n)).join('\n'));
    const child = spawn(process.execPath, [LSM, 'import', store, file, '--json', '--batch', '50', '--sync']);
    let out = '';
    child.stdout.on('data', (d: Buffer) => {
      out += d.toString();
    });
    const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
    // Not before the first batch is in the log.
    while (child.exitCode === null && lsm('scan', store, '--count').out.trim() === '0') {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    child.kill('SIGINT');
    assert.equal(await ended, 130);
    const report = JSON.parse(out) as { outcome: string; applied: number; nextLine: number };
    assert.equal(report.outcome, 'cancelled');
    assert.ok(report.applied > 0 && report.applied < 200_000 && report.applied % 50 === 0, String(report.applied));
    assert.equal(report.nextLine, report.applied + 1);
    const keys = [...(await levelEntries(store)).keys()];
    assert.equal(keys.length, report.applied);
    assert.equal(
      Buffer.from(keys.at(-1) as string, 'hex').toString(),
      `n${String(report.applied - 1).padStart(6, '0')}`,
    );
  });

  it('wrong usage is 2, a file that is none 3, and nothing is touched', () => {
    const store = join(root, 'usage');
    assert.equal(lsm('create', store).code, 0);
    const untouched = directoryState(store);
    const file = join(root, 'usage.csv');
    writeFileSync(file, 'a,b\n1,2\n');
    for (const args of [
      ['--format', 'parquet'],
      ['--delimiter', 'xx'],
      ['--batch', '0'],
    ]) {
      assert.equal(lsm('import', store, file, ...args).code, 2, args.join(' '));
    }
    assert.equal(lsm('import', store, file, '--key', 'c').code, 3);
    assert.equal(lsm('import', store, join(root, 'no such file')).code, 3);
    assert.equal(lsm('import', store, file, '--key', 'a', '--cf', 'no').code, 3);
    assert.deepEqual(directoryState(store), untouched);
  });
});
