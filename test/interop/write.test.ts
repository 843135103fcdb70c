/**
 * Writing beside the real engines: each of them and we take turns as the owner of one store, and read what the other
 * left, in the log alone and after a flush; and while one writes, the other is kept out.
 */
import { strict as assert } from 'node:assert';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import RocksDB from 'rocksdb-native';
import { systemWriteEnvironment } from '../../engine/store/writeEnvironment.ts';
import { type StoreWriter, StoreWriter as Writer } from '../../engine/store/writer.ts';
import { kill, LSM, lsm, lsmWith, running } from '../support/lsmCommand.ts';
import { random } from '../support/random.ts';

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

describe('an empty key with an empty value, as the first that is written', () => {
  for (const [format, owner] of [
    ['leveldb', levelDb],
    ['rocksdb', rocksDb],
  ] as const) {
    for (const flush of [false, true]) {
      it(`${owner.name}, ${flush ? 'flushed' : 'in the log'}`, async () => {
        const [byUs, byThem] = [join(root, `empty-${format}-${flush}`), join(root, `empty-theirs-${format}-${flush}`)];
        const we = ours(false);
        assert.equal(lsm('create', byUs, '--format', format).code, 0);
        assert.deepEqual([...(await we.turn(byUs, [{ key: '', value: '' }], flush))], [['', '']]);
        assert.deepEqual([...(await owner.turn(byUs, [{ key: 'a', value: 'b' }], false))].sort(), [
          ['', ''],
          ['a', 'b'],
        ]);
        await owner.turn(byThem, [{ key: '', value: '' }], flush);
        assert.deepEqual([...(await we.turn(byThem, [], false))], [['', '']]);
        assert.equal(lsm('get', byUs, '').code, 0);
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
