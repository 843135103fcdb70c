/** The commands that write, as a person types them, and the engines reading what `lsm create` made. */
import { strict as assert } from 'node:assert';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import RocksDB from 'rocksdb-native';
import { systemWriteEnvironment } from '../../engine/store/writeEnvironment.ts';
import { StoreWriter } from '../../engine/store/writer.ts';
import { LSM, lsm, lsmWith } from '../support/lsmCommand.ts';
import { randomBytes } from '../support/random.ts';

const root = mkdtempSync(join(tmpdir(), 'lsm-commands-'));
after(() => rmSync(root, { recursive: true, force: true }));
const hasLdb = spawnSync('ldb', ['--version']).error === undefined;

describe('write commands', () => {
  it('put, get, delete, delete-range, batch and flush do what they say', () => {
    const path = join(root, 'commands');
    assert.equal(lsm('create', path).code, 0);
    assert.equal(lsm('put', path, '0x6b31', 'one', '--sync').code, 0);
    assert.equal(lsm('get', path, 'k1').out, 'one');
    assert.equal(lsm('delete', path, 'k1').code, 0);
    assert.equal(lsm('get', path, 'k1').code, 1);
    const input = [
      ...Array.from({ length: 25 }, (_, i) => JSON.stringify({ put: [`b${i + 10}`, { hex: `00${i + 10}` }] })),
      '{"delete":"b10"}',
      '',
      '{"deleteRange":["b20",{"hex":"623235"}]}',
    ].join('\n');
    const ran = lsmWith(input, 'batch', path, '--batch', '10', '--sync', '--json');
    assert.equal(ran.code, 0, ran.err);
    assert.deepEqual(
      ran.out
        .trim()
        .split('\n')
        .map((l) => JSON.parse(l)),
      [
        { operations: 10, seq: 12 },
        { operations: 20, seq: 22 },
        { operations: 27, seq: 29 },
      ],
    );
    assert.equal(lsm('delete-range', path, 'b30', 'b32').code, 0);
    assert.equal(lsm('flush', path).code, 0);
    assert.equal(readdirSync(path).filter((n) => n.endsWith('.sst')).length, 1);
    assert.equal(readdirSync(path).filter((n) => n.endsWith('.log')).length, 0);
    const keys = lsm('scan', path, '--keys-only', '--format', 'text').out.trim().split('\n');
    assert.deepEqual(keys, [
      'b11',
      'b12',
      'b13',
      'b14',
      'b15',
      'b16',
      'b17',
      'b18',
      'b19',
      'b25',
      'b26',
      'b27',
      'b28',
      'b29',
      'b32',
      'b33',
      'b34',
    ]);
  });

  it('wrong input is 2, what the format cannot do is 4, and nothing of it is written', () => {
    const path = join(root, 'wrong');
    assert.equal(lsm('create', path, '--format', 'leveldb').code, 0);
    for (const input of [
      '{"put":["a"]}',
      '{"move":["a","b"]}',
      'nonsense',
      '{"put":["a",7]}',
      '{"put":["a","b"],"delete":"a"}',
    ]) {
      const ran = lsmWith(`{"put":["x","y"]}\n${input}\n`, 'batch', path);
      assert.equal(ran.code, 2, input);
      assert.match(ran.err, /^lsm: INPUT: line 2 of the input: [^\n]+\n$/);
    }
    const range = lsm('delete-range', path, 'a', 'b');
    assert.equal(range.code, 4);
    assert.match(range.err, /LevelDB has no range deletions/);
    assert.equal(lsm('scan', path, '--count').out, '0\n');
    assert.equal(lsm('create', path).code, 4, 'a directory that is not empty');
    assert.equal(lsm('create', join(root, 'x'), '--format', 'leveldb', '--sample', 'blobs').code, 2);
    const cut = join(root, 'cut');
    assert.equal(lsm('create', cut, '--sample', 'blobs').code, 0);
    const [table] = readdirSync(cut).filter((n) => n.endsWith('.sst'));
    truncateSync(join(cut, table as string), 100);
    const refusal = lsm('put', cut, 'k', 'v');
    assert.equal(refusal.code, 4);
    assert.match(refusal.err, /^lsm: READ_ONLY: not written to: [^\n]*, offset 100\)[^\n]*\n$/);
    assert.equal(lsm('put', join(root, 'absent'), 'k', 'v').code, 3);
  });

  it('a batch that is interrupted keeps what was written, gives 130 and leaves the store whole', async () => {
    const path = join(root, 'interrupted');
    assert.equal(lsm('create', path).code, 0);
    const child = spawn(process.execPath, [LSM, 'batch', path, '--batch', '1', '--json'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.write('{"put":["a","1"]}\n');
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const code = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGINT');
    assert.equal(await code, 130);
    assert.equal(lsm('get', path, 'a').out, '1');
    assert.equal(lsm('put', path, 'b', '2').code, 0);
  });
});

/** Tables of L0 that overlap, each with `entries` entries; nothing of them is compacted. */
function filled(name: string, format: 'leveldb' | 'rocksdb', tables: number, entries: number): string {
  const path = join(root, name);
  assert.equal(lsm('create', path, '--format', format).code, 0);
  const writer = StoreWriter.open(systemWriteEnvironment, path);
  const batch = writer.batch();
  const bytes = randomBytes(1 << 20, tables);
  const valueAt = (n: number): Uint8Array => bytes.subarray((97 * n) & 0xfffff, ((97 * n) & 0xfffff) + 100);
  for (let t = 0; t < tables; t++) {
    for (let from = 0; from < entries; from += 1000) {
      batch.clear();
      for (let i = from; i < Math.min(entries, from + 1000); i++) {
        batch.put(0, Buffer.from(`key${(i * 7919) % (2 * entries)}`), valueAt(t * entries + i));
      }
      writer.writeSync(batch);
    }
    writer.flush();
  }
  writer.close();
  return path;
}

const levelsOf = (path: string): number[] =>
  lsm('tables', path, '--json')
    .out.trim()
    .split('\n')
    .map((line) => JSON.parse(line).level);

describe('what a flush gives rise to', () => {
  for (const format of ['leveldb', 'rocksdb'] as const) {
    it(`is compacted before the command ends, unless it is told not to (${format})`, async () => {
      const path = filled(`after-${format}`, format, 3, 500);
      assert.equal(lsm('put', path, 'key1', 'new').code, 0);
      assert.deepEqual(levelsOf(path), [0, 0, 0], 'a write without a flush compacts nothing');
      assert.equal(lsm('flush', path, '--no-compaction').code, 0);
      assert.deepEqual(levelsOf(path), [0, 0, 0, 0]);
      assert.equal(lsm('flush', path).code, 0);
      assert.deepEqual(levelsOf(path), [0, 0, 0, 0], 'nor does a flush of nothing');
      const wide = '{"put":["key0","x"]}\n{"delete":"key999"}\n';
      assert.equal(lsmWith(wide, 'batch', path, '--no-compaction').code, 0);
      const before = lsm('scan', path, '--format', 'hex').out;
      assert.deepEqual(levelsOf(path), [0, 0, 0, 0]);
      assert.equal(lsm('flush', path).code, 0);
      const levels = levelsOf(path);
      assert.ok(levels.length === 1 && (levels[0] as number) > 0, levels.join(' '));
      assert.equal(lsm('scan', path, '--format', 'hex').out, before);
      if (format === 'leveldb') {
        const db = new ClassicLevel<string, string>(path);
        await db.open();
        assert.equal(await db.get('key1'), 'new');
        await db.close();
      }
    });
  }

  it('can be interrupted: what was flushed holds, nothing of the compaction is left', async () => {
    const path = filled('given-up', 'leveldb', 5, 40_000);
    const numberOf = (name: string): number => Number(name.slice(0, 6));
    const tables = (): number[] =>
      readdirSync(path)
        .filter((n) => n.endsWith('.ldb'))
        .map(numberOf);
    assert.equal(lsm('put', path, 'key1', 'new').code, 0);
    const before = tables();
    const child = spawn(process.execPath, [LSM, 'flush', path], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (d: Buffer) => {
      said += d.toString();
    });
    const code = new Promise((resolve) => child.once('exit', resolve));
    // The first new table is the flushed one, the second an output.
    for (let waited = 0; waited < 20_000 && tables().length < before.length + 2; waited += 2) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    child.kill('SIGINT');
    assert.equal(await code, 130);
    assert.match(said, /interrupted: what was written holds, the compaction was given up/);
    const after = tables();
    assert.equal(after.length, before.length + 1);
    assert.ok(before.every((n) => after.includes(n)));
    assert.equal(lsm('get', path, 'key1').out, 'new');
    assert.equal(lsm('verify', path).code, 0);
  });
});

describe('created stores', () => {
  for (const sample of ['timeseries', 'sessions', 'empty']) {
    it(`LevelDB reads the sample ${sample} and writes on`, async () => {
      const path = join(root, `level-${sample}`);
      assert.equal(lsm('create', path, '--format', 'leveldb', '--sample', sample).code, 0);
      const before = lsm('scan', path, '--format', 'hex').out;
      const db = new ClassicLevel<Buffer, Buffer>(path, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
      await db.open();
      let theirs = '';
      for await (const [k, v] of db.iterator()) theirs += hexLine(k, v);
      assert.equal(theirs, before);
      await db.put(Buffer.from('zzz'), Buffer.from('1'));
      await db.compactRange(Buffer.from(''), Buffer.from('zzzz'));
      await db.close();
      assert.equal(
        lsm('scan', path, '--format', 'hex').out,
        `${before}${hexLine(Buffer.from('zzz'), Buffer.from('1'))}`,
      );
    });
  }

  for (const sample of ['timeseries', 'sessions', 'blobs', 'empty']) {
    it(`RocksDB 7.8 and 10.5 read the sample ${sample} and write on`, async () => {
      const path = join(root, `rocks-${sample}`);
      assert.equal(lsm('create', path, '--format', 'rocksdb', '--sample', sample).code, 0);
      const before = lsm('scan', path, '--format', 'hex').out;
      const more = `${before}${hexLine(Buffer.from('zzz'), Buffer.from('1'))}`;
      if (hasLdb) {
        const copy = `${path}-78`;
        cpSync(path, copy, { recursive: true });
        const run = (...args: string[]): string =>
          execFileSync('ldb', [`--db=${copy}`, '--try_load_options', ...args], {
            stdio: 'pipe',
            maxBuffer: 1 << 28,
          }).toString();
        assert.equal(run('scan', '--hex'), before);
        run('put', 'zzz', '1');
        run('compact');
        assert.match(run('checkconsistency'), /OK/);
        assert.equal(lsm('scan', copy, '--format', 'hex').out, more);
      }
      const db = new RocksDB(path, {});
      await db.ready();
      let theirs = '';
      for await (const { key, value } of db.iterator()) theirs += hexLine(key, value);
      assert.equal(theirs, before);
      const batch = db.write();
      batch.tryPut(Buffer.from('zzz'), Buffer.from('1'));
      await batch.flush();
      batch.destroy();
      await db.compactRange();
      await db.close({ force: true });
      assert.equal(lsm('scan', path, '--format', 'hex').out, more);
    });
  }
});

function hexLine(key: Buffer, value: Buffer): string {
  return `0x${key.toString('hex').toUpperCase()} : 0x${value.toString('hex').toUpperCase()}\n`;
}
