/** `lsm scan --where`, typed keys, schemas and value formats on stores written by LevelDB itself. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encode as encodeMessagePack } from '@msgpack/msgpack';
import { ClassicLevel } from 'classic-level';
import { systemClock } from '../../engine/base/entropy.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import { Service } from '../../engine/service.ts';
import { CORPUS, noCorpus } from '../support/reading.ts';

const LSM = fileURLToPath(new URL('../../dist/lsm.js', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'lsm-queries-'));
const people = join(root, 'people');
const events = join(root, 'events');
const COUNT = 3000;
const START = Date.UTC(2026, 0, 1);

function lsm(...args: string[]): { code: number | null; out: string; err: string } {
  const ran = spawnSync(process.execPath, [LSM, ...args], { maxBuffer: 1 << 28 });
  return { code: ran.status, out: ran.stdout.toString(), err: ran.stderr.toString() };
}

const lines = (text: string): string[] => text.split('\n').filter(Boolean);

interface Person {
  readonly id: number;
  readonly name: string;
  readonly city: string;
  readonly age: number;
}

const person = (i: number): Person => ({
  id: i,
  name: `person ${i}`,
  city: i % 3 === 0 ? 'Bern' : 'Basel',
  age: 20 + (i % 50),
});

/** `sensor:` id as four bytes, `/`, milliseconds as eight bytes, newest first. */
function eventKey(i: number): Buffer {
  const key = Buffer.alloc(20);
  key.write('sensor:');
  key.writeUInt32BE(i % 10, 7);
  key.write('/', 11);
  key.writeBigUInt64BE(0xffff_ffff_ffff_ffffn - BigInt(START + i * 60_000), 12);
  return key;
}

const event = (i: number): object => ({ kind: i % 7 === 0 ? 'alarm' : 'reading', value: i / 4, tags: [`t${i % 5}`] });

async function fill(dir: string, key: (i: number) => Buffer, value: (i: number) => Buffer): Promise<void> {
  const db = new ClassicLevel<Buffer, Buffer>(dir, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    writeBufferSize: 65_536,
  });
  await db.open();
  for (let i = 0; i < COUNT; i++) await db.put(key(i), value(i));
  for (let i = 0; i < 100; i++) await db.del(key(i));
  await db.close();
}

before(async () => {
  await fill(
    people,
    (i) => Buffer.from(`user:${String(i).padStart(5, '0')}`),
    (i) => Buffer.from(JSON.stringify(person(i))),
  );
  await fill(events, eventKey, (i) => Buffer.from(encodeMessagePack(event(i))));
  const key = '"sensor:" id:u32be "/" time:u64be(desc, unix-ms)';
  writeFileSync(join(events, '.lsm.json'), JSON.stringify({ schemas: [{ family: 'default', key }, { key: 'x:u99' }] }));
});
after(() => rmSync(root, { recursive: true, force: true }));

/** What is left after the deletions. */
const left = (test: (i: number) => boolean): number[] =>
  Array.from({ length: COUNT - 100 }, (_, i) => i + 100).filter(test);

describe('lsm scan --where', () => {
  it('counts and prints the entries for which a condition on JSON holds', () => {
    const where = 'value.age >= 60 and value.city = "Bern"';
    const expected = left((i) => 20 + (i % 50) >= 60 && i % 3 === 0);
    assert.equal(lsm('scan', people, '--where', where, '--count').out, `${expected.length}\n`);
    const keys = expected.map((i) => `user:${String(i).padStart(5, '0')}`);
    const scan = (...more: string[]): string[] => lines(lsm('scan', people, '--where', where, ...more).out);
    assert.deepEqual(scan('--keys-only'), keys);
    assert.deepEqual(scan('--keys-only', '--reverse', '--limit', '5'), keys.toReversed().slice(0, 5));
    assert.deepEqual(
      scan('--format', 'jsonl').map(
        (l) => JSON.parse((JSON.parse(l) as { value: { text: string } }).value.text) as Person,
      ),
      expected.map(person),
    );
    assert.deepEqual(scan('--format', 'hex', '--limit', '1'), [
      `0x${Buffer.from(keys[0]!).toString('hex').toUpperCase()} : 0x${Buffer.from(JSON.stringify(person(expected[0]!)))
        .toString('hex')
        .toUpperCase()}`,
    ]);
    assert.equal(scan('--format', 'csv').length, expected.length + 1);
    assert.deepEqual(
      scan('--keys-only', '--from', 'user:01000', '--to', 'user:01200'),
      keys.filter((k) => k >= 'user:01000' && k < 'user:01200'),
    );
  });

  it('picks versions and tombstones by type, sequence and place', () => {
    const all = lines(lsm('scan', people, '--all-versions', '--format', 'jsonl').out).map(
      (l) => JSON.parse(l) as { seq: number; type: string; level: number; table: number | null },
    );
    for (const [where, test] of [
      ['type = "delete"', (e: (typeof all)[number]) => e.type === 'delete'],
      ['seq > 1000 and seq <= 1200', (e: (typeof all)[number]) => e.seq > 1000 && e.seq <= 1200],
      ['level = -1', (e: (typeof all)[number]) => e.level === -1],
      ['level >= 0', (e: (typeof all)[number]) => e.level >= 0],
    ] as const) {
      const expected = all.filter(test);
      assert.ok(expected.length > 0, where);
      assert.equal(
        lsm('scan', people, '--all-versions', '--count', '--where', where).out,
        `${expected.length}\n`,
        where,
      );
    }
  });

  it('reads MessagePack and the fields of keys, which a .lsm.json declares', () => {
    const cases: readonly (readonly [string, (i: number) => boolean])[] = [
      ['value.kind = "alarm"', (i) => i % 7 === 0],
      ['value.value > 600 and key.id = 3', (i) => i / 4 > 600 && i % 10 === 3],
      ["key.time < '2026-01-01T05:00:00Z'", (i) => i < 300],
      ['value.tags ~ "t4" and key.id >= 8', (i) => i % 5 === 4 && i % 10 >= 8],
    ];
    for (const [where, test] of cases) {
      const ran = lsm('scan', events, '--count', '--where', where);
      assert.equal(ran.out, `${left(test).length}\n`, where);
      assert.match(ran.err, /schemas\[1\].*no type “u99”/, 'what is wrong with the file is said');
    }
    const shown = lines(lsm('scan', events, '--lens', 'schema:0', '--where', 'key.id = 3', '--limit', '1').out)[0];
    assert.equal(
      shown,
      'id=3 time=2026-01-03T01:53:00.000Z : { "kind": "reading", "value": 748.25, "tags": [ "t3" ] }',
    );
    const named = lsm(
      'scan',
      events,
      '--lens',
      'value:msgpack',
      '--format',
      'jsonl',
      '--where',
      'value.kind = "alarm"',
    );
    assert.equal(lines(named.out).length, left((i) => i % 7 === 0).length);
  });

  it('a wrong condition is wrong usage, and names the place', () => {
    for (const [where, message] of [
      ['value.x =', /^lsm: INPUT: where: something to compare is missing \(position 10\)\n$/],
      ['key.id = 1', /no schema is declared for these keys/],
    ] as const) {
      const ran = lsm('scan', people, '--where', where);
      assert.equal(ran.code, 2);
      assert.equal(ran.out, '');
      assert.match(ran.err, message);
    }
    assert.match(lsm('scan', people, '--lens', 'value:nope').err, /there is no value format "nope"/);
  });
});

describe('lsm scan --where on stores of RocksDB', { skip: noCorpus }, () => {
  interface Line {
    readonly key: { readonly text: string };
    readonly type: string;
    readonly value?: { readonly hex: string };
    readonly columns?: readonly {
      readonly name: { readonly text?: string };
      readonly value: { readonly text?: string };
    }[];
  }
  const scan = (dir: string, ...more: string[]): Line[] =>
    lines(lsm('scan', `${CORPUS}rocksdb/${dir}/db`, '--format', 'jsonl', ...more).out).map(
      (l) => JSON.parse(l) as Line,
    );

  it('columns of entities by their names', () => {
    const all = scan('05-wide-columns');
    const column = (l: Line, name: string): string | undefined =>
      l.columns?.find((c) => c.name.text === name)?.value.text;
    const sample = all.map((l) => column(l, 'attr_07')).find((v) => v !== undefined) as string;
    for (const [where, test] of [
      ['value.attr_07', (l: Line) => column(l, 'attr_07') !== undefined],
      [`value.attr_07 = ${JSON.stringify(sample)}`, (l: Line) => column(l, 'attr_07') === sample],
      ['type = "entity" and not value.attr_07', (l: Line) => l.type === 'entity' && column(l, 'attr_07') === undefined],
    ] as const) {
      const expected = all.filter(test).map((l) => l.key.text);
      assert.ok(expected.length > 0, where);
      assert.deepEqual(
        scan('05-wide-columns', '--where', where).map((l) => l.key.text),
        expected,
        where,
      );
    }
  });

  it('counters that a merge operator keeps, as little-endian numbers', () => {
    const dir = `${CORPUS}rocksdb/03-merge-operands/db`;
    const family = (JSON.parse(lsm('info', dir, '--json').out) as { families: { name: string }[] }).families[1]
      ?.name as string;
    const all = scan('03-merge-operands', '--cf', family);
    const count = (l: Line): bigint => Buffer.from(l.value?.hex ?? '', 'hex').readBigUInt64LE();
    const whole = all.filter((l) => l.value?.hex.length === 16);
    const middle = whole.map(count).sort((a, b) => (a < b ? -1 : 1))[whole.length >> 1] as bigint;
    const expected = whole.filter((l) => count(l) > middle);
    assert.ok(expected.length > 0);
    const found = scan('03-merge-operands', '--cf', family, '--where', `value > ${middle}`);
    assert.deepEqual(
      found.map((l) => l.key.text),
      expected.map((l) => l.key.text),
    );
  });
});

describe('typed keys on the command line', () => {
  it('--key-format expr reads them, and nothing else does', () => {
    const typed = `"sensor:" + u32be(7) + "/" + ts(2026-01-01T03:27:00Z, desc)`;
    const found = lsm('get', events, typed, '--key-format', 'expr', '--json');
    assert.equal(found.code, 0, found.err);
    assert.equal((JSON.parse(found.out) as { key: { hex: string } }).key.hex, eventKey(207).toString('hex'));
    assert.equal(lsm('get', events, 'u8(1)').code, 1, 'plain text stays plain');
    const prefix = lsm('scan', events, '--prefix', '"sensor:"+u32(7)', '--key-format', 'expr', '--count');
    assert.equal(prefix.out, `${left((i) => i % 10 === 7).length}\n`);
    const wrong = lsm('get', events, 'u8(300)', '--key-format', 'expr');
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /300 does not fit into u8 \(position 4\)/);
  });
});

describe('the service', () => {
  const open = async (dir: string): Promise<Service> => {
    const notify = (): void => {};
    const service = new Service({ fs: readOnlyFs(nodeFs), clock: systemClock, lockOwner: () => undefined, notify });
    await service.call('open', { path: dir });
    return service;
  };

  it('offers value formats and schemas as lenses, and reads rows and conditions through them', async () => {
    const service = await open(events);
    const lenses = await service.call('lenses', { family: 0 });
    assert.deepEqual(
      lenses.slice(0, 2).map((l) => [l.id, l.confidence]),
      [
        ['schema:0', 1],
        ['value:msgpack', 0.92],
      ],
    );
    const { schemas, problems } = await service.call('keySchemas', { family: 0 });
    assert.deepEqual(schemas[0]?.fields, [
      { name: 'id', type: 'u32be' },
      { name: 'time', type: 'u64be(desc, unix-ms)' },
    ]);
    assert.equal(problems.length, 1);
    const made = await service.call('keyOfFields', { family: 0, text: 'id=4' });
    assert.deepEqual([Buffer.from(made.key).toString('latin1'), made.complete], ['sensor:\0\0\0\u0004/', false]);
    const state = await service.call('openQuery', { family: 0, prefix: made.key, where: 'value.kind = "alarm"' });
    const expected = left((i) => i % 10 === 4 && i % 7 === 0);
    const page = await service.call('rows', {
      query: state.query,
      from: 0,
      count: 1e6,
      previewBytes: 1000,
      lens: 'schema:0',
    });
    assert.equal(page.total, expected.length);
    const newest = expected.at(-1) as number;
    assert.equal(page.items[0]?.shown?.key, `id=4 time=${new Date(START + newest * 60_000).toISOString()}`);
    assert.deepEqual(JSON.parse(page.items[0]?.shown?.value?.text ?? ''), event(newest));
    const done = await service.call('queryState', { query: state.query });
    assert.equal(done.scanned, left((i) => i % 10 === 4).length);
    assert.throws(() => service.call('openQuery', { family: 0, where: 'value.' }), /a name, or a number/);
    await service.call('close', {});
  });

  it('reads a .lsm.json that came or changed, at the next refresh', async () => {
    const service = await open(people);
    assert.deepEqual((await service.call('keySchemas', { family: 0 })).schemas, []);
    const file = join(people, '.lsm.json');
    for (const name of ['number', 'longer']) {
      writeFileSync(file, JSON.stringify({ schemas: [{ key: `"user:" ${name}:text` }] }));
      await service.call('refresh', {});
      const { schemas } = await service.call('keySchemas', { family: 0 });
      assert.deepEqual(
        schemas.map((s) => s.fields[0]?.name),
        [name],
      );
      assert.equal((await service.call('lenses', { family: 0 }))[0]?.title, `Key fields: ${name}`);
      rmSync(file);
      await service.call('refresh', {});
      assert.equal((await service.call('lenses', { family: 0 }))[0]?.id, 'value:json');
    }
    await service.call('close', {});
  });

  it('takes declarations from settings, which go before those beside the store', async () => {
    const service = await open(people);
    assert.equal((await service.call('lenses', { family: 0 }))[0]?.id, 'value:json');
    const config = { schemas: [{ key: '"user:" number:text' }], values: { default: 'utf8' } };
    assert.deepEqual(await service.call('configure', { config }), []);
    const lenses = await service.call('lenses', { family: 0 });
    assert.deepEqual(
      lenses.slice(0, 2).map((l) => l.id),
      ['schema:0', 'value:utf8'],
    );
    const state = await service.call('openQuery', { family: 0, where: 'key.number = "00123"' });
    const page = await service.call('rows', {
      query: state.query,
      from: 0,
      count: 9,
      previewBytes: 9,
      lens: 'schema:0',
    });
    assert.deepEqual(
      page.items.map((r) => r.shown?.key),
      ['number=00123'],
    );
    for (const [values, message] of [
      ['nope', /values\.default: there is no value format "nope"/],
      [{ decoder: 'json', proto: 'x' }, /a schema is for protobuf/],
      [{ decoder: 'protobuf', proto: 'message {' }, /the schema of the message: /],
    ] as const) {
      await service.call('configure', { config: { values: { default: values } } });
      assert.match((await service.call('keySchemas', { family: 0 })).problems[0]?.message ?? '', message);
      assert.equal((await service.call('lenses', { family: 0 }))[0]?.id, 'value:json', 'found out all the same');
    }
    const wrong = await service.call('configure', { config: { schemas: 5 } });
    assert.match(wrong[0]?.message ?? '', /not a list/);
    await service.call('configure', { config: undefined });
    assert.equal((await service.call('lenses', { family: 0 }))[0]?.id, 'value:json');
    await service.call('close', {});
  });
});
