/**
 * Writing beside the real engines: each of them and we take turns as the owner of one store, and read what the other
 * left, in the log alone and after a flush; and while one writes, the other is kept out.
 */
import { strict as assert } from 'node:assert';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ClassicLevel } from 'classic-level';
import RocksDB from 'rocksdb-native';
import { systemWriteEnvironment } from '../../engine/store/writeEnvironment.ts';
import { type StoreWriter, StoreWriter as Writer } from '../../engine/store/writer.ts';
import { random } from '../support/random.ts';

const LSM = fileURLToPath(new URL('../../dist/lsm.js', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'lsm-write-'));
after(() => rmSync(root, { recursive: true, force: true }));
const require = createRequire(import.meta.url);
const hasLdb = spawnSync('ldb', ['--version']).error === undefined;

type Content = Map<string, string>;

/** Writes in the order given; `value` undefined is a deletion, `until` makes it one of a range. */
interface Write {
  readonly key: string;
  readonly value?: string;
  readonly until?: string;
}

/** One of those that take turns. Each opens the store, does its writes, and closes it. */
interface Owner {
  readonly name: string;
  readonly ranges: boolean;
  turn(path: string, writes: readonly Write[], flush: boolean): Promise<Content>;
}

function ours(ranges: boolean): Owner {
  return {
    name: 'ours',
    ranges,
    turn: async (path, writes, flush) => {
      const writer = Writer.open(systemWriteEnvironment, path);
      try {
        assert.deepEqual(writer.problems, []);
        for (let i = 0; i < writes.length; i += 7) {
          const batch = writer.batch();
          for (const w of writes.slice(i, i + 7)) {
            const key = Buffer.from(w.key);
            if (w.until !== undefined) batch.deleteRange(0, key, Buffer.from(w.until));
            else if (w.value === undefined) batch.delete(0, key);
            else batch.put(0, key, Buffer.from(w.value));
          }
          await writer.write(batch, { sync: i % 5 === 0 });
        }
        if (flush) writer.flush();
        return scanned(writer);
      } finally {
        writer.close();
      }
    },
  };
}

function scanned(writer: StoreWriter): Content {
  const seen: Content = new Map();
  const damage = { report: () => assert.fail('damage') } as never;
  const c = writer.reader.view.scan(0, {}, damage);
  for (c.first(); c.valid; c.next()) {
    const key = Buffer.from(c.keyBuffer.slice(c.keyStart, c.keyStart + c.keyLength)).toString();
    seen.set(key, Buffer.from(c.valueBuffer.slice(c.valueStart, c.valueStart + c.valueLength)).toString());
  }
  return seen;
}

const levelDb: Owner = {
  name: 'LevelDB',
  ranges: false,
  turn: async (path, writes, flush) => {
    const db = new ClassicLevel<string, string>(path);
    await db.open();
    for (const w of writes) {
      if (w.value === undefined) await db.del(w.key);
      else await db.put(w.key, w.value);
    }
    if (flush) await db.compactRange('a', 'z');
    const seen: Content = new Map();
    for await (const [key, value] of db.iterator()) seen.set(key, value);
    await db.close();
    return seen;
  },
};

const rocksDb: Owner = {
  name: 'RocksDB 10.5',
  ranges: true,
  turn: async (path, writes, flush) => {
    const db = new RocksDB(path, {});
    await db.ready();
    for (const w of writes) {
      const batch = db.write();
      if (w.until !== undefined) batch.tryDeleteRange(Buffer.from(w.key), Buffer.from(w.until));
      else if (w.value === undefined) batch.tryDelete(Buffer.from(w.key));
      else batch.tryPut(Buffer.from(w.key), Buffer.from(w.value));
      await batch.flush();
      batch.destroy();
    }
    if (flush) await db.flush();
    const seen: Content = new Map();
    for await (const { key, value } of db.iterator()) seen.set(key.toString(), value.toString());
    await db.close({ force: true });
    return seen;
  },
};

const ldb: Owner = {
  name: 'RocksDB 7.8',
  ranges: true,
  turn: async (path, writes, flush) => {
    const run = (...args: string[]): string =>
      execFileSync('ldb', [`--db=${path}`, ...args], { stdio: 'pipe', maxBuffer: 1 << 26 }).toString();
    // A process a write: a few have to do.
    for (const w of writes.slice(0, 6)) {
      if (w.until !== undefined) run('deleterange', w.key, w.until);
      else if (w.value === undefined) run('delete', w.key);
      else run('put', w.key, w.value);
    }
    if (flush) run('compact');
    assert.match(run('checkconsistency'), /OK/);
    const seen: Content = new Map();
    for (const line of run('scan').split('\n')) {
      const at = line.indexOf(' : ');
      if (at >= 0) seen.set(line.slice(0, at), line.slice(at + 3));
    }
    return seen;
  },
};

/** As the writes that an owner really did say. */
function apply(model: Content, writes: readonly Write[]): void {
  for (const { key, value, until } of writes) {
    if (until !== undefined) {
      for (const k of [...model.keys()]) if (k >= key && k < until) model.delete(k);
    } else if (value === undefined) model.delete(key);
    else model.set(key, value);
  }
}

function someWrites(next: () => number, ranges: boolean, n: number): Write[] {
  const key = (): string => `key${String(Math.floor(next() * 120)).padStart(4, '0')}`;
  return Array.from({ length: n }, (): Write => {
    const kind = next();
    if (ranges && kind < 0.04) {
      const [a, b] = [key(), key()].sort() as [string, string];
      if (a < b) return { key: a, until: b };
    }
    if (kind < 0.25) return { key: key() };
    return { key: key(), value: `value-${Math.floor(next() * 1e9).toString(36)}`.repeat(1 + Math.floor(next() * 6)) };
  });
}

const sorted = (m: Content): [string, string][] => [...m].sort(([a], [b]) => (a < b ? -1 : 1));

describe('taking turns with the engines', () => {
  for (const { name, format, owners } of [
    { name: 'leveldb', format: 'leveldb', owners: [levelDb] },
    { name: 'rocksdb-10', format: 'rocksdb', owners: [rocksDb] },
    { name: 'rocksdb-7', format: 'rocksdb', owners: [ldb] },
    { name: 'rocksdb-both', format: 'rocksdb', owners: [ldb, rocksDb] },
  ] as const) {
    for (const firstByUs of [true, false]) {
      const missing = owners.includes(ldb as never) && !hasLdb ? 'ldb is not installed' : false;
      // A store that 10.5 made has tables that 7.8 cannot read.
      if (owners.length > 1 && !firstByUs) continue;
      it(`${owners.map((o) => o.name).join(' and ')}, begun by ${firstByUs ? 'us' : 'the engine'}`, {
        skip: missing,
      }, async () => {
        const path = join(root, `${name}-${firstByUs}`);
        const model: Content = new Map();
        const next = random(name.length * 100 + Number(firstByUs));
        if (firstByUs) assert.equal(lsm('create', path, '--format', format).code, 0);
        else if (owners[0] === ldb) execFileSync('ldb', [`--db=${path}`, '--create_if_missing', 'put', 'key0000', 'x']);
        else apply(model, await first(owners[0], path));
        if (!firstByUs && owners[0] === ldb) model.set('key0000', 'x');
        for (let round = 0; round < 6; round++) {
          // Both formats of tables stay readable for all only if the newest engine does not flush.
          const theirs = owners[round % owners.length] as Owner;
          const we = ours(format === 'rocksdb');
          const mine = someWrites(next, we.ranges, 40);
          apply(model, mine);
          assert.deepEqual(sorted(await we.turn(path, mine, round % 3 !== 0)), sorted(model), `round ${round}, ours`);
          const flush = owners.length > 1 ? false : round % 2 === 0;
          const writes =
            owners.length > 1 && theirs === rocksDb ? [] : someWrites(next, theirs.ranges, theirs === ldb ? 6 : 40);
          apply(model, writes);
          if (owners.length > 1 && theirs === rocksDb) {
            // It rewrites the log into a table of its newest format when it opens: look on a copy.
            const copy = `${path}-${round}`;
            cpSync(path, copy, { recursive: true });
            assert.deepEqual(
              sorted(await theirs.turn(copy, [], false)),
              sorted(model),
              `round ${round}, ${theirs.name}`,
            );
            continue;
          }
          assert.deepEqual(
            sorted(await theirs.turn(path, writes, flush)),
            sorted(model),
            `round ${round}, ${theirs.name}`,
          );
        }
      });
    }
  }
});

async function first(owner: Owner, path: string): Promise<Write[]> {
  const writes: Write[] = Array.from({ length: 60 }, (_, i) => ({
    key: `key${String(i).padStart(4, '0')}`,
    value: `${i}`,
  }));
  await owner.turn(path, writes, false);
  return writes;
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function lsm(...args: string[]): Ran {
  return lsmWith('', ...args);
}

function lsmWith(input: string, ...args: string[]): Ran {
  const ran = spawnSync(process.execPath, [LSM, ...args], { input, maxBuffer: 1 << 26 });
  return { code: ran.status, out: ran.stdout.toString(), err: ran.stderr.toString() };
}

/** A process that runs until it is killed, once it has said a line. */
async function running(command: string, args: string[]): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const said = await new Promise<string>((resolve) => {
    let text = '';
    const take = (d: Buffer): void => {
      text += d.toString();
      if (text.includes('\n')) resolve(text);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('exit', () => resolve(text));
  });
  return { child, said };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

const OWNERS = {
  leveldb: `const { ClassicLevel } = require(${JSON.stringify(require.resolve('classic-level'))});
    const db = new ClassicLevel(process.argv[1]);
    db.open().then(() => console.log('open'), (e) => console.log('refused ' + e.cause?.message)); setInterval(() => {}, 1000);`,
  rocksdb: `const RocksDB = require(${JSON.stringify(require.resolve('rocksdb-native'))});
    const db = new RocksDB(process.argv[1], {});
    db.ready().then(() => console.log('open'), (e) => console.log('refused ' + e.message)); setInterval(() => {}, 1000);`,
} as const;

function stateOf(path: string): string {
  return readdirSync(path)
    .map((n) => {
      const s = statSync(join(path, n));
      return `${n} ${s.size} ${s.mtimeMs}`;
    })
    .join('\n');
}

for (const format of ['leveldb', 'rocksdb'] as const) {
  describe(`one owner at a time, ${format}`, () => {
    it('every write command exits with 4 and the process id while the engine runs; nothing changes', async () => {
      const path = join(root, `owned-${format}`);
      assert.equal(lsm('create', path, '--format', format).code, 0);
      const { child, said } = await running(process.execPath, ['-e', OWNERS[format], path]);
      try {
        assert.equal(said, 'open\n');
        const before = stateOf(path);
        for (const [input, ...args] of [
          ['', 'put', path, 'k', 'v'],
          ['', 'put', path, 'k', 'v', '--sync'],
          ['', 'delete', path, 'k'],
          ['', 'delete-range', path, 'a', 'b'],
          ['{"put":["k","v"]}\n', 'batch', path],
          ['', 'flush', path],
        ] as const) {
          const ran = lsmWith(input, ...args);
          assert.equal(ran.code, 4, `${args.join(' ')}: ${ran.err}`);
          if (process.platform === 'linux')
            assert.match(ran.err, new RegExp(`^lsm: LOCKED: .*process ${child.pid} .*\\n$`));
        }
        assert.equal(stateOf(path), before);
        assert.equal(lsm('scan', path, '--count').code, 0, 'reading goes on');
      } finally {
        await kill(child);
      }
      assert.equal(lsm('put', path, 'k', 'v').code, 0);
      assert.equal(lsm('get', path, 'k').out, 'v');
    });

    it('the engine is refused while we write, and a second writer of ours too', async () => {
      const path = join(root, `ours-${format}`);
      assert.equal(lsm('create', path, '--format', format).code, 0);
      const us = spawn(process.execPath, [LSM, 'batch', path, '--batch', '1', '--json'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      try {
        us.stdin.write('{"put":["a","1"]}\n');
        await new Promise((resolve) => us.stdout.once('data', resolve));
        const { child, said } = await running(process.execPath, ['-e', OWNERS[format], path]);
        await kill(child);
        assert.match(said, /^refused .*LOCK/i);
        const second = lsm('put', path, 'b', '2');
        assert.equal(second.code, 4);
        if (process.platform === 'linux') assert.match(second.err, new RegExp(`process ${us.pid} `));
        us.stdin.end('{"put":["c","3"]}\n');
        assert.equal(await new Promise((resolve) => us.once('exit', resolve)), 0);
      } finally {
        await kill(us);
      }
      const { child, said } = await running(process.execPath, ['-e', OWNERS[format], path]);
      await kill(child);
      assert.equal(said, 'open\n');
      assert.equal(
        lsm('scan', path, '--format', 'csv', '--keys-only')
          .out.match(/^[abc]/gm)
          ?.join(''),
        'ac',
      );
    });
  });
}

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
