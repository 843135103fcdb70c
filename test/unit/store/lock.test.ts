/** LOCK against the engines that hold it: each holder is a process of its own, because POSIX locks belong to one. */
import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ClassicLevel } from 'classic-level';
import RocksDB from 'rocksdb-native';
import { StoreError } from '../../../engine/base/errors.ts';
import { acquireLock, lockOwner } from '../../../engine/store/lock.ts';

const root = mkdtempSync(join(tmpdir(), 'lsm-lock-'));
after(() => rmSync(root, { recursive: true, force: true }));

const require = createRequire(import.meta.url);
const modules = { classic: require.resolve('classic-level'), rocks: require.resolve('rocksdb-native') };
const lockModule = new URL('../../../engine/store/lock.ts', import.meta.url).href;

const PROGRAMS = {
  leveldb: `const { ClassicLevel } = require(${JSON.stringify(modules.classic)});
    const db = new ClassicLevel(process.argv[1]);
    db.open().then(() => console.log('open'), (e) => console.log('refused ' + e.cause?.message));`,
  rocksdb: `const RocksDB = require(${JSON.stringify(modules.rocks)});
    const db = new RocksDB(process.argv[1], {});
    db.ready().then(() => console.log('open'), (e) => console.log('refused ' + e.message));`,
  ours: `import(${JSON.stringify(lockModule)}).then(({ acquireLock }) => {
    try { globalThis.held = acquireLock(process.argv[1] + '/LOCK'); console.log('open'); }
    catch (e) { console.log('refused ' + e.code + ' ' + e.message); } });`,
} as const;

/** Starts a process that opens the store; its first line of output. It lives until it is killed. */
async function start(who: keyof typeof PROGRAMS, store: string): Promise<{ child: ChildProcess; said: string }> {
  const program = `${PROGRAMS[who]}\nsetInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', program, store], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (d: Buffer) => {
      text += d.toString();
      if (text.includes('\n')) resolve(text.split('\n')[0] ?? '');
    });
    child.on('error', reject);
    child.on('exit', () => resolve(text));
  });
  return { child, said };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

function refusal(path: string): StoreError {
  try {
    acquireLock(path).release();
  } catch (thrown) {
    assert.ok(thrown instanceof StoreError);
    return thrown;
  }
  return assert.fail('the lock was given');
}

before(async () => {
  const level = new ClassicLevel(join(root, 'leveldb'));
  await level.open();
  await level.close();
  const rocks = new RocksDB(join(root, 'rocksdb'), {});
  await rocks.ready();
  await rocks.close({ force: true });
});

for (const who of ['leveldb', 'rocksdb'] as const) {
  describe(`LOCK and ${who}`, () => {
    const store = join(root, who);
    const path = join(store, 'LOCK');

    it('is refused with the process id while the engine holds it', async () => {
      const { child, said } = await start(who, store);
      try {
        assert.equal(said, 'open');
        const e = refusal(path);
        assert.equal(e.code, 'LOCKED');
        if (process.platform === 'linux') assert.match(e.message, new RegExp(`process ${child.pid} `));
      } finally {
        await stop(child);
      }
      acquireLock(path).release();
    });

    it('keeps the engine out while we hold it, and writes nothing', async () => {
      const before = statSync(path);
      const lock = acquireLock(path);
      try {
        const { child, said } = await start(who, store);
        await stop(child);
        assert.match(said, /^refused .*(lock|LOCK)/);
        const other = await start('ours', store);
        await stop(other.child);
        assert.match(other.said, new RegExp(`^refused LOCKED .*process ${process.pid} `));
      } finally {
        lock.release();
      }
      const later = statSync(path);
      assert.deepEqual([later.size, later.mtimeMs, later.ino], [0, before.mtimeMs, before.ino]);
      const { child, said } = await start(who, store);
      await stop(child);
      assert.equal(said, 'open');
    });
  });
}

describe('LOCK', () => {
  it('is created where it is absent', () => {
    const path = join(root, 'LOCK');
    const lock = acquireLock(path);
    if (process.platform === 'linux') assert.equal(lockOwner(path)?.pid, process.pid);
    lock.release();
    lock.release();
    assert.equal(statSync(path).size, 0);
    assert.equal(lockOwner(path), undefined);
  });

  it('excludes a second writer of the same process, until the first one is done', () => {
    const path = join(root, 'second');
    const lock = acquireLock(path);
    const e = refusal(path);
    assert.equal(e.code, 'LOCKED');
    assert.match(e.message, new RegExp(`this process \\(pid ${process.pid}\\)`));
    lock.release();
    acquireLock(path).release();
  });

  it('excludes a writer in another thread of the same process', async () => {
    const path = join(root, 'threads');
    const lock = acquireLock(path);
    const program = `const { parentPort } = require('node:worker_threads');
      import(${JSON.stringify(lockModule)}).then(({ acquireLock }) => {
        try { acquireLock(${JSON.stringify(path)}).release(); parentPort.postMessage('given'); }
        catch (e) { parentPort.postMessage(e.code + ' ' + e.message); } });`;
    const ask = async (): Promise<unknown> => {
      const worker = new Worker(program, { eval: true });
      const [said] = await once(worker, 'message');
      await worker.terminate();
      return said;
    };
    assert.match(String(await ask()), /^LOCKED .*this process/);
    // What the other thread tried has not cost us the lock.
    if (process.platform === 'linux') assert.equal(lockOwner(path)?.pid, process.pid);
    lock.release();
    assert.equal(await ask(), 'given');
  });

  it('leaves a LOCK that is not empty alone', () => {
    const path = join(root, 'full');
    writeFileSync(path, 'not a database, but a file that somebody put there and that is long enough');
    assert.equal(refusal(path).code, 'UNSUPPORTED');
    assert.equal(statSync(path).size, 74);
  });

  it('names the file where the directory is absent', () => {
    const e = refusal(join(root, 'absent', 'LOCK'));
    assert.equal(e.code, 'IO');
    assert.match(e.path ?? '', /absent/);
  });
});
