/** The contract of the `lsm` command: exit codes, streams, formats and JSON shapes, on a store made by LevelDB. */
import { strict as assert } from 'node:assert';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ClassicLevel } from 'classic-level';

const LSM = fileURLToPath(new URL('../../dist/lsm.js', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'lsm-cli-'));
const store = join(root, 'store');

interface Ran {
  readonly code: number | null;
  readonly out: Buffer;
  readonly err: string;
}

function lsm(...args: string[]): Ran {
  const ran = spawnSync(process.execPath, [LSM, ...args], { maxBuffer: 1 << 28 });
  return { code: ran.status, out: ran.stdout, err: ran.stderr.toString() };
}

function lines(ran: Ran): string[] {
  return ran.out.toString().split('\n').filter(Boolean);
}

before(async () => {
  const db = new ClassicLevel<Buffer, Buffer>(store, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await db.open();
  for (let i = 0; i < 500; i++) await db.put(Buffer.from(`user:${String(i).padStart(4, '0')}`), Buffer.from(`v${i}`));
  await db.del(Buffer.from('user:0007'));
  await db.put(Buffer.from([0xff, 0x00, 0x1b]), Buffer.from('\u001b[31mred\u202e'));
  await db.put(Buffer.from('comma,"quote'), Buffer.from('a\nb'));
  await db.close();
});
after(() => rmSync(root, { recursive: true, force: true }));

describe('lsm', () => {
  it('--help and --version answer on stdout with 0; help lists only commands that run', () => {
    const help = lsm('--help');
    assert.equal(help.code, 0);
    const names = [...help.out.toString().matchAll(/^ {2}([\w-]+) (?:STORE|FILE|DIR)/gm)].map((m) => m[1] as string);
    assert.deepEqual(names, [
      ...['info', 'tables', 'get', 'scan', 'dump', 'verify', 'evidence', 'history', 'compact'],
      ...['put', 'delete', 'delete-range', 'batch', 'flush', 'create', 'repair', 'sql', 'export', 'import', 'diff'],
    ]);
    for (const name of names) assert.equal(lsm(name, '--help').code, 0, name);
    assert.match(lsm('--version').out.toString(), /^\d+\.\d+\.\d+\n$/);
  });

  it('wrong usage is 2 and one line', () => {
    for (const args of [
      [],
      ['nonsense', store],
      ['get', store],
      ['scan', store, '--limit', 'many'],
      ['scan', store, '--format', 'xml'],
      ['scan', store, '--unknown'],
      ['get', store, '0xabc'],
      ['scan', store, '--where', 'x'],
    ]) {
      const ran = lsm(...args);
      assert.equal(ran.code, 2, args.join(' '));
      assert.equal(ran.out.length, 0);
      if (args.length > 0) assert.match(ran.err, /^lsm: INPUT: [^\n]+\n$/);
    }
  });

  it('what cannot be opened is 3, one line with the place and the mend, no stack', () => {
    const empty = join(root, 'empty');
    mkdirSync(empty);
    const file = join(root, 'file');
    writeFileSync(file, 'x');
    const noStore = join(root, 'other');
    mkdirSync(noStore);
    writeFileSync(join(noStore, 'readme.txt'), 'x');
    for (const path of [empty, file, noStore, join(root, 'absent')]) {
      for (const command of ['info', 'tables', 'scan', 'history']) {
        const ran = lsm(command, path);
        assert.equal(ran.code, 3, `${command} ${path}`);
        assert.match(ran.err, /^lsm: (NOT_FOUND|INPUT): [^\n]+\n$/);
        assert.ok(ran.err.includes(path));
        assert.doesNotMatch(ran.err, /\n\s+at /);
      }
    }
    assert.match(lsm('info', empty, '--debug').err, /\n\s+at /);
  });

  it('an unknown column family names those that there are', () => {
    const ran = lsm('scan', store, '--cf', 'nope');
    assert.equal(ran.code, 3);
    assert.match(ran.err, /no column family "nope".*it has: default/);
  });
});

describe('lsm get', () => {
  it('prints the raw value and nothing else', () => {
    assert.equal(lsm('get', store, 'user:0042').out.toString(), 'v42');
    assert.equal(lsm('get', store, '0x757365723a30303432').out.toString(), 'v42');
    assert.equal(lsm('get', store, '757365723a30303432', '--key-format', 'hex').out.toString(), 'v42');
    assert.equal(lsm('get', store, '\\xff\\0\\x1b', '--escape').out.toString(), '\u001b[31mred\u202e');
  });

  it('says 1 for a key that is not there or is deleted', () => {
    for (const key of ['nope', 'user:0007', '0xuser']) {
      const ran = key === '0xuser' ? lsm('get', store, key, '--key-format', 'text') : lsm('get', store, key);
      assert.equal(ran.code, 1);
      assert.equal(ran.out.length, 0);
      assert.match(ran.err, /^lsm: NOT_FOUND: [^\n]+\n$/);
    }
  });

  it('--json is one object; --at reads the past', () => {
    const now = JSON.parse(lsm('get', store, 'user:0042', '--json').out.toString());
    assert.deepEqual(now.key, { hex: '757365723a30303432', text: 'user:0042' });
    assert.deepEqual(now.value, { hex: '763432', text: 'v42' });
    assert.equal(now.type, 'put');
    assert.equal(lsm('get', store, 'user:0042', '--at', String(now.seq - 1)).code, 1);
    assert.equal(lsm('get', store, 'user:0007', '--at', '400').out.toString(), 'v7');
  });
});

describe('lsm scan', () => {
  it('ranges, prefix, limit, reverse, count, keys only', () => {
    assert.equal(lsm('scan', store, '--count').out.toString(), '501\n');
    assert.equal(lsm('scan', store, '--prefix', 'user:', '--count').out.toString(), '499\n');
    assert.equal(lsm('scan', store, '--from', 'user:0010', '--to', 'user:0020', '--count').out.toString(), '10\n');
    assert.deepEqual(lines(lsm('scan', store, '--prefix', 'user:000', '--keys-only', '--limit', '3', '--reverse')), [
      'user:0009',
      'user:0008',
      'user:0006',
    ]);
  });

  it('text never carries control characters, escape sequences or bidi marks to a terminal', () => {
    const out = lsm('scan', store).out.toString();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must be absent
    assert.doesNotMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    assert.match(out, /^0xFF001B : \\x1b\[31mred\\u202e$/m);
  });

  it('jsonl has an object an entry with the fields of the contract', () => {
    const rows = lines(lsm('scan', store, '--format', 'jsonl')).map((l) => JSON.parse(l));
    assert.equal(rows.length, 501);
    for (const row of rows) {
      assert.deepEqual(Object.keys(row), ['key', 'value', 'seq', 'type', 'level', 'table']);
      assert.equal(row.level === -1, row.table === null);
    }
    assert.deepEqual(lsm('scan', store, '--json').out, lsm('scan', store, '--format', 'jsonl').out);
  });

  it('all versions show the tombstone beside what it hides', () => {
    const rows = lines(lsm('scan', store, '--prefix', 'user:0007', '--all-versions', '--json')).map((l) =>
      JSON.parse(l),
    );
    assert.deepEqual(
      rows.map((r) => r.type),
      ['delete', 'put'],
    );
    assert.equal(rows[0].value, undefined);
    assert.ok(rows[0].seq > rows[1].seq);
  });

  it('csv quotes as RFC 4180 says', () => {
    const rows = lsm('scan', store, '--format', 'csv', '--limit', '1').out.toString();
    assert.match(rows, /^key,value,seq,type,level,table\n"comma,""quote",a\\nb,\d+,put,-?\d+,\d*\n$/);
  });

  it('a closed pipe ends it quietly', async () => {
    const child = spawn(process.execPath, [LSM, 'scan', store, '--format', 'jsonl', '--all-versions']);
    let err = '';
    child.stderr.on('data', (d: Buffer) => {
      err += d.toString();
    });
    child.stdout.destroy();
    const code = await new Promise((resolve) => child.on('exit', resolve));
    assert.equal(err, '');
    assert.equal(code, 0);
  });
});

describe('lsm info and tables', () => {
  it('info --json has the shape of the contract and adds up', () => {
    const info = JSON.parse(lsm('info', store, '--json').out.toString());
    assert.equal(info.engine, 'leveldb');
    assert.equal(info.comparator, 'leveldb.BytewiseComparator');
    assert.equal(info.locked, false);
    assert.equal(info.lastSequence, 503);
    assert.deepEqual(info.problems, []);
    const [family] = info.families;
    assert.equal(family.name, 'default');
    assert.equal(family.entries, 503);
    assert.equal(
      family.levels.reduce((n: number, l: { tables: number }) => n + l.tables, 0),
      family.tables,
    );
    assert.ok(Object.hasOwn(info.metrics, 'spaceAmplification'));
  });

  it('tables --json counts what LevelDB does not store', () => {
    const info = JSON.parse(lsm('info', store, '--json').out.toString());
    const tables = lines(lsm('tables', store, '--json')).map((l) => JSON.parse(l));
    assert.equal(tables.length, info.families[0].tables);
    const entries = tables.reduce((n, t) => n + t.entries, 0);
    assert.equal(entries + info.families[0].memtable.entries, 503);
  });
});
