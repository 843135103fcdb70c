/**
 * Bad input of every kind: one problem of one line, with code, file, offset and mend, and the rest of the
 * store as readable as before. The stores are made by the real engines; damage is done to copies in memory,
 * or on disk where the system has a say (pipes, permissions).
 */
import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fromHex, utf8 } from '../../engine/base/bytes.ts';
import { describeProblem, type Problem, StoreError } from '../../engine/base/errors.ts';
import { parseFileName } from '../../engine/formats/leveldb/names.ts';
import type { FileSystem } from '../../engine/fs/fileSystem.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import { DamageLog } from '../../engine/iter/damage.ts';
import { openStore, openTableFile } from '../../engine/store/open.ts';
import { PointGet } from '../../engine/store/pointGet.ts';
import { logRecords, sealBlock, tableParts } from '../support/mutate.ts';
import { directoryState, visibleLines } from '../support/reading.ts';
import { AT, mount, type TinyStore, tinyLevelDb, tinyRocksDb } from '../support/tinyStores.ts';

interface Named {
  readonly code: string | readonly string[];
  readonly path: string;
  /** undefined: no place in the file is expected; a function checks it. */
  readonly offset?: number | ((offset: number) => boolean);
  readonly mend?: RegExp;
}

function isNamed(p: Problem | StoreError, want: Named): boolean {
  const offset = want.offset;
  return (
    [want.code].flat().includes(p.code) &&
    p.path === want.path &&
    (offset === undefined ||
      (p.offset !== undefined && (typeof offset === 'number' ? p.offset === offset : offset(p.offset))))
  );
}

function assertNamed(problems: readonly (Problem | StoreError)[], want: Named): void {
  const found = problems.find((p) => isNamed(p, want));
  assert.ok(
    found !== undefined,
    `${want.code} in ${want.path} at ${want.offset} is not named: ${problems.map(describeProblem).join(' | ')}`,
  );
  assert.match(describeProblem(found), /^[A-Z_]+: [^\n]+$/);
  assert.ok(found.mend !== undefined && found.mend !== '', `no mend: ${describeProblem(found)}`);
  if (want.mend !== undefined) assert.match(found.mend, want.mend);
}

function refused(run: () => unknown, want: Named): void {
  assert.throws(run, (e) => {
    assert.ok(e instanceof StoreError, String(e));
    assertNamed([e], want);
    return true;
  });
}

interface Seen {
  readonly problems: readonly Problem[];
  readonly missing: readonly string[];
}

/**
 * Reads everything of the store at `dir`, by scans and by gets. Wrong entries must be marked; with `inTables`
 * missing ones must lie where the damage is reported.
 */
function readAll(fs: FileSystem, dir: string, truth: TinyStore, inTables: boolean): Seen {
  const store = openStore(readOnlyFs(fs), dir);
  const log = new DamageLog();
  const missing: string[] = [];
  for (const options of [{}, { reverse: true }]) {
    const seen = new Map(visibleLines(store, options, log).map((l) => [`${l.cf}/${l.key}`, l]));
    for (const [cf, entries] of truth.visible) {
      const family = store.view.familyByName(cf);
      for (const [key, value] of entries) {
        const line = seen.get(`${cf}/${key}`);
        if (line?.value === value) continue;
        missing.push(`${cf}/${key}`);
        if (!inTables) continue;
        const bytes = fromHex(key) as Uint8Array;
        const marked = line?.problem !== undefined || log.covers(bytes, 0, bytes.length, family.order.compareUser);
        assert.ok(marked, `${cf}/${key} is lost without a word`);
      }
      for (const [id, line] of seen) {
        if (!inTables || line.cf !== cf || entries.has(line.key)) continue;
        assert.ok(line.unproven, `${id} should be deleted and is not marked`);
      }
    }
  }
  for (const [cf, entries] of truth.visible) {
    const id = store.view.familyByName(cf).state.id;
    let n = 0;
    for (const [key, value] of entries) {
      if (n++ % 17 !== 0 && !missing.includes(`${cf}/${key}`)) continue;
      const met = new DamageLog();
      const found = new PointGet(store.view, id, met).get(fromHex(key) as Uint8Array);
      const right = found?.value !== undefined && Buffer.from(found.value).toString('hex') === value;
      if (inTables) assert.ok(right || met.lost || found?.problem !== undefined, `get of ${cf}/${key}`);
      for (const p of met.problems) log.note(p);
      if (found?.problem !== undefined) log.note(found.problem);
    }
  }
  // A look into each table, as the tree and `lsm tables` take it.
  for (const info of store.view.version.tables.values()) {
    try {
      const table = store.view.acquire(info);
      table.filter();
      for (const p of table.problems) log.note(p);
      store.view.releaseTable(info, table);
    } catch (thrown) {
      assert.ok(thrown instanceof StoreError);
    }
  }
  const problems = [...store.view.problems, ...log.problems];
  for (const p of problems) assert.match(describeProblem(p), /^[A-Z_]+: [^\n]+$/);
  store.close();
  return { problems, missing };
}

function flipped(file: Uint8Array, at: number): Uint8Array {
  const copy = file.slice();
  copy[at] = copy[at]! ^ 0x55;
  return copy;
}

const tablesOf = (s: TinyStore): string[] => [...s.files.keys()].filter((n) => parseFileName(n).kind === 'table');
const one = (s: TinyStore, kind: string): string => {
  const names = [...s.files.keys()].filter((n) => parseFileName(n).kind === kind);
  return names[names.length - 1]!;
};

/** The table with the most blocks. */
const largestTable = (s: TinyStore): string =>
  tablesOf(s).sort((a, b) => s.files.get(b)!.length - s.files.get(a)!.length)[0]!;

const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, ...new Uint8Array(500).fill(0x77)]);

for (const make of [tinyLevelDb, tinyRocksDb]) {
  const truth = await make();
  const dialect = truth.name === 'LevelDB' ? 'leveldb' : 'rocksdb';
  const table = largestTable(truth);
  const bytes = truth.files.get(table)!;
  const parts = tableParts(bytes, dialect);
  const total = [...truth.visible.values()].reduce((n, m) => n + m.size, 0);

  describe(`bad input: ${truth.name}`, () => {
    it('sound: everything is there and nothing is named', () => {
      const { problems, missing } = readAll(mount(truth), AT, truth, true);
      assert.deepEqual({ problems, missing }, { problems: [], missing: [] });
      assert.ok(total > 500);
    });

    it('no such path, a path that is a file, an empty directory, a directory of something else', () => {
      const fs = mount(truth);
      refused(() => openStore(fs, '/nowhere'), { code: 'NOT_FOUND', path: '/nowhere' });
      refused(() => openStore(fs, `${AT}/${table}`), { code: 'INPUT', path: `${AT}/${table}`, mend: /CURRENT/ });
      fs.mkdir('/empty');
      refused(() => openStore(fs, '/empty'), { code: 'NOT_FOUND', path: '/empty', mend: /CURRENT/ });
      fs.put('/other/readme.txt', utf8('hello'));
      refused(() => openStore(fs, '/other'), { code: 'NOT_FOUND', path: '/other', mend: /CURRENT/ });
      fs.put(`/tables/${table}`, bytes);
      refused(() => openStore(fs, '/tables'), { code: 'NOT_FOUND', path: '/tables', mend: /table/ });
    });

    it('CURRENT is missing, empty, garbage, or names what is not there: the newest MANIFEST is read', () => {
      const texts = [
        undefined,
        '',
        'garbage',
        'MANIFEST-000001',
        '../../etc/passwd\n',
        'MANIFEST-999999\n',
        `${table}\n`,
      ];
      for (const text of texts) {
        const fs = mount(truth, { CURRENT: text === undefined ? undefined : utf8(text) });
        const { problems, missing } = readAll(fs, AT, truth, true);
        assertNamed(problems, { code: ['CORRUPT', 'NOT_FOUND'], path: 'CURRENT' });
        assert.equal(problems.length, 1);
        assert.deepEqual(missing, []);
      }
      for (let at = 0; at < truth.files.get('CURRENT')!.length; at++) {
        const fs = mount(truth, { CURRENT: flipped(truth.files.get('CURRENT')!, at) });
        const { problems, missing } = readAll(fs, AT, truth, true);
        assertNamed(problems, { code: ['CORRUPT', 'NOT_FOUND'], path: 'CURRENT' });
        assert.deepEqual(missing, []);
      }
    });

    it('MANIFEST is missing', () => {
      const fs = mount(truth, { [one(truth, 'manifest')]: undefined });
      refused(() => openStore(fs, AT), { code: 'NOT_FOUND', path: 'CURRENT', mend: /MANIFEST/ });
      const alone = openTableFile(fs, `${AT}/${table}`);
      assert.ok(alone.view.version.tables.size === 1);
      alone.close();
    });

    it('MANIFEST: a flipped byte in each record; the tables on disk are shown all the same', () => {
      const name = one(truth, 'manifest');
      const file = truth.files.get(name)!;
      for (const { at, header, length } of logRecords(file)) {
        if (length === 0) continue;
        const fs = mount(truth, { [name]: flipped(file, at + header + Math.floor(length / 2)) });
        const { problems } = readAll(fs, AT, truthOfDefault(truth), false);
        const later = logRecords(file).at(-1)!.at === at;
        // A bad last record is what a crash leaves too; whoever reads it as torn says nothing.
        if (!later) assertNamed(problems, { code: 'CORRUPT', path: name, offset: at });
      }
    });

    it('a WAL with a flipped byte: replay stops or goes on as the engine does, tables are untouched', () => {
      const name = one(truth, 'wal');
      const file = truth.files.get(name)!;
      const records = logRecords(file);
      const { at, header, length } = records[Math.floor(records.length / 2)]!;
      const fs = mount(truth, { [name]: flipped(file, at + header + (length >> 1)) });
      const { problems, missing } = readAll(fs, AT, truth, false);
      assertNamed(problems, { code: 'CORRUPT', path: name, offset: at });
      assert.ok(missing.length < total * 2);
    });

    it('a truncated table, at every length of note', () => {
      for (const length of [0, 1, 7, 8, 47, 53, bytes.length >> 1, bytes.length - 1]) {
        const { problems, missing } = readAll(mount(truth, { [table]: bytes.slice(0, length) }), AT, truth, true);
        assertNamed(problems, { code: 'CORRUPT', path: table, offset: (o) => o <= length, mend: /backup/ });
        assert.ok(missing.length > 0);
      }
    });

    it('a table that is longer than it should be', () => {
      const longer = new Uint8Array(bytes.length + 100);
      longer.set(bytes);
      const { problems } = readAll(mount(truth, { [table]: longer }), AT, truth, true);
      assertNamed(problems, { code: 'CORRUPT', path: table, offset: () => true, mend: /backup/ });
    });

    it('a table that the MANIFEST names is absent', () => {
      for (const name of tablesOf(truth)) {
        const { problems } = readAll(mount(truth, { [name]: undefined }), AT, truth, true);
        assertNamed(problems, { code: 'NOT_FOUND', path: name, mend: /backup/ });
      }
    });

    it('a PNG under the name of a table, as long as the table was', () => {
      const picture = new Uint8Array(bytes.length);
      picture.set(PNG.subarray(0, Math.min(PNG.length, bytes.length)));
      const { problems } = readAll(mount(truth, { [table]: picture }), AT, truth, true);
      assertNamed(problems, { code: 'CORRUPT', path: table, offset: (o) => o > 0, mend: /backup/ });
    });

    for (const what of new Set(parts.map((p) => p.what))) {
      it(`a flipped byte in a block: ${what}`, () => {
        const of = parts.filter((p) => p.what === what);
        for (const { handle } of [of[0]!, of[of.length >> 1]!, of.at(-1)!]) {
          for (const at of [handle.offset, handle.offset + (handle.size >> 1), handle.offset + handle.size]) {
            const { problems, missing } = readAll(mount(truth, { [table]: flipped(bytes, at) }), AT, truth, true);
            assertNamed(problems, { code: 'CORRUPT', path: table, offset: handle.offset, mend: /backup/ });
            assert.equal(problems.length, 1, problems.map(describeProblem).join(' | '));
            if (/filter|properties/.test(what)) assert.deepEqual(missing, []);
            if (what === 'data') assert.ok(missing.length > 0 && missing.length < total / 2);
          }
        }
      });
    }

    it('a data block that is wrong inside, though its checksum is right', () => {
      const { handle } = parts.filter((p) => p.what === 'data')[1]!;
      for (const [from, to] of [
        [0, 3],
        [handle.size - 4, handle.size],
        [handle.size >> 1, (handle.size >> 1) + 20],
      ] as const) {
        const copy = bytes.slice();
        copy.fill(0xff, handle.offset + from, handle.offset + to);
        sealBlock(copy, handle);
        const { problems } = readAll(mount(truth, { [table]: copy }), AT, truth, true);
        if (problems.length === 0) continue;
        assertNamed(problems, { code: ['CORRUPT', 'UNSUPPORTED'], path: table, offset: handle.offset, mend: /backup/ });
      }
    });

    it('a flipped byte in the footer', () => {
      for (const back of [1, 8]) {
        const { problems } = readAll(mount(truth, { [table]: flipped(bytes, bytes.length - back) }), AT, truth, true);
        assertNamed(problems, { code: 'CORRUPT', path: table, offset: bytes.length - 8, mend: /backup/ });
      }
    });
  });
}

/** The default family alone: with a damaged MANIFEST the other ones may not be known any more. */
function truthOfDefault(truth: TinyStore): TinyStore {
  return { ...truth, visible: new Map([['default', truth.visible.get('default')!]]) };
}

describe('bad input: range deletions', () => {
  it('a flipped byte in their block: the entries are read all the same, and marked', async () => {
    const truth = await tinyRocksDb();
    let tried = 0;
    for (const name of tablesOf(truth)) {
      const bytes = truth.files.get(name)!;
      const block = tableParts(bytes, 'rocksdb').find((p) => p.what === 'rocksdb.range_del')?.handle;
      if (block === undefined) continue;
      tried++;
      const { problems, missing } = readAll(
        mount(truth, { [name]: flipped(bytes, block.offset + 3) }),
        AT,
        truth,
        true,
      );
      assertNamed(problems, { code: 'CORRUPT', path: name, offset: block.offset, mend: /backup/ });
      assert.deepEqual(missing, []);
      const store = openStore(mount(truth, { [name]: flipped(bytes, block.offset + 3) }), AT);
      for (const [key, value] of [...truth.visible.get('default')!].filter((_, n) => n % 7 === 0)) {
        const found = new PointGet(store.view, 0, new DamageLog()).get(fromHex(key)!);
        assert.equal(Buffer.from(found!.value!).toString('hex'), value);
      }
      store.close();
    }
    assert.ok(tried > 0);
  });
});

describe('bad input on disk', () => {
  const root = mkdtempSync(join(tmpdir(), 'lsm-bad-'));
  after(() => rmSync(root, { recursive: true, force: true }));
  let stores = 0;

  function onDisk(truth: TinyStore): string {
    const dir = join(root, `store-${stores++}`);
    mkdirSync(dir);
    for (const [name, bytes] of truth.files) writeFileSync(join(dir, name), bytes);
    return dir;
  }

  it('a directory, a FIFO and a device under the name of a table are not waited for', async (t) => {
    const truth = await tinyRocksDb();
    const table = largestTable(truth);
    for (const [what, make] of [
      ['directory', (path: string) => mkdirSync(path)],
      ['FIFO', (path: string) => execFileSync('mkfifo', [path])],
      ['device', (path: string) => execFileSync('mknod', [path, 'c', '1', '5'], { stdio: 'ignore' })],
    ] as const) {
      const dir = onDisk(truth);
      unlinkSync(join(dir, table));
      try {
        make(join(dir, table));
      } catch {
        t.diagnostic(`skipped: no ${what} can be made here`);
        continue;
      }
      const before = what === 'directory' ? [] : directoryState(dir);
      const { problems } = readAll(nodeFs, dir, truth, true);
      assertNamed(problems, { code: ['INPUT', 'CORRUPT'], path: table, mend: /backup/ });
      if (before.length > 0) assert.deepEqual(directoryState(dir), before);
    }
  });

  it('a directory or a FIFO in place of CURRENT, MANIFEST, OPTIONS or a WAL', async (t) => {
    const truth = await tinyRocksDb();
    for (const name of ['CURRENT', one(truth, 'options'), one(truth, 'wal')]) {
      for (const fifo of [false, true]) {
        const dir = onDisk(truth);
        unlinkSync(join(dir, name));
        if (!fifo) mkdirSync(join(dir, name));
        else if (spawnSync('mkfifo', [join(dir, name)]).status !== 0) {
          t.diagnostic('skipped: no FIFO can be made here');
          continue;
        }
        const { problems, missing } = readAll(nodeFs, dir, truth, false);
        assertNamed(problems, { code: 'INPUT', path: name });
        if (parseFileName(name).kind !== 'wal') assert.deepEqual(missing, []);
      }
    }
    const dir = onDisk(truth);
    const manifest = one(truth, 'manifest');
    unlinkSync(join(dir, manifest));
    mkdirSync(join(dir, manifest));
    refused(() => openStore(nodeFs, dir), { code: 'INPUT', path: manifest });
  });

  const isRoot = process.getuid?.() === 0;
  it('no permission', { skip: isRoot ? 'root may read everything' : false }, async () => {
    const truth = await tinyRocksDb();
    const table = largestTable(truth);
    const dir = onDisk(truth);
    chmodSync(join(dir, table), 0);
    const { problems } = readAll(nodeFs, dir, truth, true);
    assertNamed(problems, { code: 'IO', path: table, mend: /permission/ });
    chmodSync(dir, 0);
    refused(() => openStore(nodeFs, dir), { code: 'IO', path: dir, mend: /permission/ });
    chmodSync(dir, 0o700);
  });

  it('a file system that refuses a table: named, with its mend, and the rest is read', async () => {
    const truth = await tinyRocksDb();
    const table = largestTable(truth);
    const fs = mount(truth);
    const guarded: FileSystem = {
      list: (d) => fs.list(d),
      stat: (p) => fs.stat(p),
      open: (p, mode) => {
        if (p.endsWith(table)) {
          throw new StoreError('IO', 'permission denied', { path: p, mend: 'give your user read permission' });
        }
        return fs.open(p, mode);
      },
      rename: (a, b) => fs.rename(a, b),
      remove: (p) => fs.remove(p),
      link: (a, b) => fs.link(a, b),
      mkdir: (p) => fs.mkdir(p),
      syncDir: (d) => fs.syncDir(d),
      rewriteTail: (p, from) => fs.rewriteTail(p, from),
    };
    const { problems, missing } = readAll(guarded, AT, truth, true);
    assertNamed(problems, { code: 'IO', path: table, mend: /permission/ });
    assert.ok(missing.length > 0);
  });
});
