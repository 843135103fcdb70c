/** Values of Cassandra: Apache's driver writes them, our decoders read them. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import cassandra, { type types as driverTypes } from 'cassandra-driver';
import { fromHex, hex } from '../../../engine/base/bytes.ts';
import { unpackValue } from '../../../engine/codec/valueCodec.ts';
import { cqlFault } from '../../../engine/decode/values/cql.ts';
import { parseCqlType, SIMPLE_TYPES } from '../../../engine/decode/values/cqlType.ts';
import type { ValueDecoder } from '../../../engine/decode/values/decoder.ts';
import { valueDecoder } from '../../../engine/decode/values/registry.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { random, randomBytes } from '../../support/random.ts';
import { writingService } from '../../support/writingService.ts';

const { types } = cassandra;
const { Duration, InetAddress, Integer, LocalTime, Long, TimeUuid, Tuple, Uuid, Vector } = types;
/** Constructors that its declarations know less of than its code. */
const { BigDecimal, LocalDate } = types as unknown as {
  BigDecimal: typeof types.BigDecimal & (new (unscaled: driverTypes.Integer, scale: number) => driverTypes.BigDecimal);
  LocalDate: typeof types.LocalDate & (new (days: number) => driverTypes.LocalDate);
};

/** What the driver needs to write a value: its own description of a type. */
interface Info {
  readonly code: number;
  readonly info?: unknown;
}
interface DriverEncoder {
  encode(value: unknown, type: Info): Buffer;
}
const driver = new (
  cassandra as unknown as { Encoder: new (version: number, options: object) => DriverEncoder }
).Encoder(4, {});

const code = types.dataTypes as unknown as Readonly<Record<string, number>>;
const simple = (name: string): Info => ({ code: code[name] as number, info: null });

function decoder(type: string): ValueDecoder {
  const found = valueDecoder(`cql:${type}`, unpackValue);
  assert.ok(found, type);
  return found;
}

const plain = (v: unknown): unknown => (v === undefined ? undefined : JSON.parse(JSON.stringify(v)));
const read = (type: string, b: Uint8Array): unknown => plain(decoder(type).read(b));
const bytes = (digits: string): Uint8Array => fromHex(digits.replaceAll(' ', '')) as Uint8Array;

/** Type, what the driver is handed, what is read. */
const SIMPLE: readonly (readonly [string, unknown, unknown])[] = [
  ['ascii', 'plain', 'plain'],
  ['ascii', '', ''],
  ['text', 'é😀\u0000', 'é😀\u0000'],
  ['text', '', ''],
  ['bigint', Long.fromString('-9223372036854775808'), '-9223372036854775808'],
  ['bigint', Long.fromNumber(-1), -1],
  ['counter', Long.fromString('9223372036854775807'), '9223372036854775807'],
  ['blob', Buffer.from('00ff', 'hex'), { hex: '00ff' }],
  ['blob', Buffer.alloc(0), { hex: '' }],
  ['boolean', true, true],
  ['boolean', false, false],
  ['date', LocalDate.fromString('2026-02-28'), '2026-02-28'],
  ['date', LocalDate.fromString('1600-02-29'), '1600-02-29'],
  ['date', LocalDate.fromString('0001-01-01'), '0001-01-01'],
  ['date', new LocalDate(-2147483648), '-5877641-06-23'],
  ['date', new LocalDate(2147483647), '+5881580-07-11'],
  ['decimal', BigDecimal.fromString('-0.05'), '-0.05'],
  ['decimal', BigDecimal.fromString('123456789012345678901234567890.123'), '123456789012345678901234567890.123'],
  ['decimal', new BigDecimal(Integer.fromString('0'), 0), '0'],
  ['decimal', new BigDecimal(Integer.fromString('-12'), -9), '-1.2E+10'],
  ['decimal', new BigDecimal(Integer.fromString('5'), 2147483647), '5E-2147483647'],
  ['decimal', new BigDecimal(Integer.fromString('15'), -2147483648), '1.5E+2147483649'],
  ['double', 1.5, 1.5],
  ['double', -0, 0],
  ['double', Number.NaN, 'NaN'],
  ['double', Number.NEGATIVE_INFINITY, '-Infinity'],
  ['float', 0.5, 0.5],
  ['duration', Duration.fromString('1y2mo3d4h5m6s7ms8us9ns'), '1y2mo3d4h5m6s7ms8us9ns'],
  ['duration', Duration.fromString('-89h4m48s'), '-89h4m48s'],
  ['duration', new Duration(0, 0, Long.ZERO), '0ns'],
  [
    'duration',
    new Duration(2147483647, 2147483647, Long.MAX_VALUE),
    '178956970y7mo2147483647d2562047h47m16s854ms775us807ns',
  ],
  ['inet', InetAddress.fromString('192.168.0.1'), '192.168.0.1'],
  ['inet', InetAddress.fromString('2001:db8:0:0:1:0:0:1'), '2001:db8::1:0:0:1'],
  ['inet', InetAddress.fromString('::'), '::'],
  ['inet', InetAddress.fromString('::1'), '::1'],
  ['inet', InetAddress.fromString('fe80::'), 'fe80::'],
  ['int', -2147483648, -2147483648],
  ['smallint', -32768, -32768],
  ['tinyint', -128, -128],
  ['time', LocalTime.fromString('23:59:59.999999999'), '23:59:59.999999999'],
  ['time', LocalTime.fromString('00:00:00'), '00:00:00.000000000'],
  ['timestamp', new Date(1767225600123), '2026-01-01T00:00:00.123Z'],
  ['timestamp', new Date(-1), '1969-12-31T23:59:59.999Z'],
  ['timestamp', Long.MAX_VALUE, '9223372036854775807'],
  ['uuid', Uuid.fromString('00112233-4455-4677-8899-aabbccddeeff'), '00112233-4455-4677-8899-aabbccddeeff'],
  ['timeuuid', TimeUuid.fromString('d1b36b60-6d6a-11ee-b962-0242ac120002'), 'd1b36b60-6d6a-11ee-b962-0242ac120002'],
  ['varint', Integer.fromString('-1'), -1],
  ['varint', Integer.fromString('0'), 0],
  ['varint', Integer.fromString('128'), 128],
  [
    'varint',
    Integer.fromString('-170141183460469231731687303715884105729'),
    '-170141183460469231731687303715884105729',
  ],
  ['varint', Integer.fromString(`1${'0'.repeat(500)}`), `1${'0'.repeat(500)}`],
];

describe('CQL values read what the driver writes', () => {
  for (const name of new Set(SIMPLE.map(([type]) => type))) {
    it(name, () => {
      for (const [type, value, expected] of SIMPLE) {
        if (type !== name) continue;
        const written = driver.encode(value, simple(type));
        assert.deepEqual(read(type, written), expected, `${type} ${hex(written)}`);
      }
    });
  }

  it('has a case for every simple type that has bytes', () => {
    const tried = new Set(SIMPLE.map(([type]) => type));
    assert.deepEqual(
      SIMPLE_TYPES.filter((t) => !tried.has(t)),
      ['empty'],
    );
  });

  it('nothing at all is null, except for text and blobs; other lengths are of another type', () => {
    for (const type of SIMPLE_TYPES) {
      if (type === 'text' || type === 'ascii' || type === 'blob') continue;
      assert.equal(read(type, new Uint8Array(0)), null, type);
      if (type !== 'varint')
        assert.equal(decoder(type).read(new Uint8Array(3)), type === 'duration' ? '0ns' : undefined, type);
    }
    for (const type of ['list<int>', 'map<int,int>', 'tuple<int>', 'udt<a:int>', 'vector<int,2>']) {
      assert.equal(read(type, new Uint8Array(0)), null, type);
    }
    assert.equal(decoder('ascii').read(Uint8Array.of(0x80)), undefined);
    assert.equal(decoder('text').read(Uint8Array.of(0xff)), undefined);
    assert.equal(
      decoder('timeuuid').read(Uuid.fromString('00112233-4455-4677-8899-aabbccddeeff').getBuffer()),
      undefined,
    );
    assert.equal(decoder('time').read(bytes('00004e94914f0000')), undefined, 'a day has no more nanoseconds');
  });

  it('numbers of all sizes, at random', () => {
    const next = random(9);
    for (let n = 0; n < 2000; n++) {
      const digits = Array.from({ length: 1 + next() * 40 }, () => Math.floor(next() * 10)).join('');
      const whole = BigInt(next() < 0.5 ? digits : `-${digits}`);
      const expected = whole >= -(2n ** 53n) && whole <= 2n ** 53n ? Number(whole) : whole.toString();
      assert.deepEqual(read('varint', driver.encode(Integer.fromString(whole.toString()), simple('varint'))), expected);
      const scale = Math.floor(next() * 6);
      const decimal = new BigDecimal(Integer.fromString(whole.toString()), scale);
      assert.equal(read('decimal', driver.encode(decimal, simple('decimal'))), decimal.toString());
      const sign = next() < 0.5 ? 1 : -1;
      const [months, days] = [Math.floor(next() * 2 ** 31), Math.floor(next() * 2 ** 31)];
      const nanos = Long.fromBits(next() * 2 ** 32, next() * 2 ** 31);
      const duration = new Duration(sign * months, sign * days, sign < 0 ? nanos.negate() : nanos);
      // Its own text rounds years.
      const text = read('duration', driver.encode(duration, simple('duration'))) as string;
      assert.ok(Duration.fromString(text).equals(duration), `${months} ${days} ${nanos} as ${text}`);
      const date = new LocalDate(Math.floor((next() - 0.5) * 1.4e6));
      assert.equal(read('date', driver.encode(date, simple('date'))), date.toString());
    }
  });

  const list = { code: code['list'] as number, info: simple('int') };
  const map = { code: code['map'] as number, info: [simple('text'), list] };
  const tuple = { code: code['tuple'] as number, info: [simple('text'), simple('int'), simple('uuid')] };
  const udt = {
    code: code['udt'] as number,
    info: {
      name: 'address',
      fields: [
        { name: 'street', type: simple('text') },
        { name: 'zips', type: { code: code['set'] as number, info: simple('int') } },
        { name: '__proto__', type: simple('int') },
      ],
    },
  };

  it('collections, tuples and user-defined types, with nulls', () => {
    assert.deepEqual(read('list<int>', driver.encode([1, -2, 3], list)), [1, -2, 3]);
    assert.deepEqual(
      read('set<frozen<list<int>>>', driver.encode([[1], [2, 3]], { code: code['set'] as number, info: list })),
      [[1], [2, 3]],
    );
    assert.deepEqual(read('map<text,list<int>>', driver.encode({ a: [1], ü: [2, 3] }, map)), { a: [1], ü: [2, 3] });
    const written = driver.encode(new Tuple('a', null, null), tuple);
    assert.deepEqual(read('tuple<text, int, uuid>', written), ['a', null, null]);
    assert.deepEqual(read('tuple<text, int, uuid, text>', written), ['a', null, null, null], 'a field that came later');
    const address = driver.encode(Object.assign(Object.create(null), { street: 'Main', zips: [1, 2] }), udt);
    assert.deepEqual(
      JSON.stringify(decoder('udt<street: text, zips: set<int>, __proto__: int>').read(address)),
      '{"street":"Main","zips":[1,2],"__proto__":null}',
    );
    const marshal =
      'org.apache.cassandra.db.marshal.UserType(ks,61646472657373,737472656574:org.apache.cassandra.db.marshal.UTF8Type,' +
      '7a697073:SetType(Int32Type),6e:Int32Type)';
    assert.deepEqual(read(marshal, address), { street: 'Main', zips: [1, 2], n: null });
    assert.deepEqual(read('map<int,boolean>', bytes('00000001 00000004 00000007 00000001 01')), { '7': true });
    assert.deepEqual(read('list<int>', bytes('00000001 ffffffff')), [null]);
    assert.equal(decoder('list<int>').read(bytes('00000002 00000004 00000001')), undefined, 'one is missing');
    assert.equal(decoder('list<int>').read(bytes('7fffffff')), undefined, 'more than there could be');
    assert.equal(decoder('list<int>').read(bytes('00000000 00')), undefined, 'something behind it');
  });

  it('vectors of items of one size and of several', () => {
    const vector = (of: Info, size: number): Info & { customTypeName: string } => ({
      code: code['custom'] as number,
      info: [of, size],
      customTypeName: 'vector',
    });
    const floats = driver.encode(new Vector([0.5, -1, 2], 'float'), vector(simple('float'), 3));
    assert.equal(floats.length, 12);
    assert.deepEqual(read('vector<float, 3>', floats), [0.5, -1, 2]);
    const long = 'x'.repeat(300);
    const texts = driver.encode(new Vector(['a', '', long], 'text'), vector(simple('text'), 3));
    assert.deepEqual(read('vector<text,3>', texts), ['a', '', long]);
    const small = driver.encode(new Vector([1, 2], 'smallint'), vector(simple('smallint'), 2));
    assert.deepEqual(read('VectorType(ShortType, 2)', small), [1, 2]);
    assert.equal(decoder('vector<float,2>').read(floats), undefined);
    assert.equal(decoder('vector<float,4>').read(floats), undefined);
  });

  it('keys of several parts, as tables and routing have them', () => {
    const routing = (parts: Buffer[]): Buffer =>
      Buffer.concat(
        parts.map((p) => Buffer.concat([Buffer.from([p.length >> 8, p.length & 255]), p, Buffer.from([0])])),
      );
    const key = routing([driver.encode('user', simple('text')), driver.encode(42, simple('int')), Buffer.alloc(0)]);
    assert.deepEqual(read('composite<text,int,bigint>', key), ['user', 42, null]);
    assert.deepEqual(read('CompositeType(UTF8Type,Int32Type,LongType)', key), ['user', 42, null]);
    assert.deepEqual(read('composite<text>', bytes('0001 61 01')), [{ value: 'a', endOfComponent: 1 }]);
    assert.deepEqual(read('composite<text,int>', bytes('0001 61 00')), ['a'], 'a prefix');
    assert.equal(decoder('composite<text>').read(bytes('0001 61 05')), undefined);
    assert.equal(decoder('composite<text>').read(bytes('0002 61 00')), undefined);
  });
});

describe('CQL values in a store', () => {
  const fs = new MemFs();
  fs.mkdir('/data');
  const { service } = writingService(fs);
  const info = { code: code['map'] as number, info: [simple('text'), simple('int')] };
  const found = async (where: string, valueLens?: string): Promise<string[]> => {
    const { query } = await service.call('openQuery', { family: 0, where, valueLens });
    const { items } = await service.call('rows', { query, from: 0, count: 100, previewBytes: 100 });
    return items.map((row) => Buffer.from(row.key).toString());
  };

  it('are told apart by conditions, by their name or as they were declared', async () => {
    await service.call('createSample', { path: '/data/store', format: 'rocksdb', sample: 'empty' });
    await service.call('open', { path: '/data/store' });
    const ops = Array.from({ length: 20 }, (_, n) => ({
      ...{ kind: 'put' as const, family: 0, key: Buffer.from(`k${String(n).padStart(2, '0')}`) },
      value: driver.encode({ age: n, visits: n * n }, info),
    }));
    await service.call('write', { ops, sync: true });
    const expected = ['k17', 'k18', 'k19'];
    assert.deepEqual(await found('value.age > 16', 'value:cql:map<text,int>'), expected);
    await assert.rejects(async () => found('value.age > 16', 'value:cql:map<text>'), {
      code: 'INPUT',
      message: /"cql:map<text>": a map has two types/,
    });
    const lens = service.lens(0, 'value:cql:map<text,int>');
    const { entry } = await service.call('get', { family: 0, key: Buffer.from('k03') });
    assert.ok(entry);
    assert.match(lens(entry).shown?.value?.text ?? '', /"visits": 9/);
    const problems = await service.call('configure', { config: { values: { default: 'cql:map<text, int>' } } });
    assert.deepEqual(problems, []);
    assert.deepEqual(await found('value.visits >= 289'), expected);
  });
});

describe('names of CQL types', () => {
  it('are read in both spellings', () => {
    assert.deepEqual(parseCqlType('VARCHAR'), parseCqlType('org.apache.cassandra.db.marshal.UTF8Type'));
    assert.deepEqual(
      parseCqlType(' map < text , frozen<list<int>> > '),
      parseCqlType('MapType(UTF8Type,FrozenType(ListType(Int32Type)))'),
    );
    assert.deepEqual(parseCqlType('ReversedType(TimeUUIDType)'), parseCqlType('timeuuid'));
  });

  it('that are none say where', () => {
    for (const [type, why] of [
      ['', /a type is wanted/],
      ['map<text>', /a map has two types \(position 9/],
      ['list', /not followed/],
      ['list<int', /">" is wanted/],
      ['list<int)', /">" is wanted/],
      ['int int', /not expected/],
      ['constructor', /no type "constructor"/],
      ['vector<int,0>', /1 to/],
      ['vector<int,99999999>', /1 to/],
      ['udt<a>', /a colon/],
      ['UserType(ks,61,zz:int)', /no name in hex/],
      ['list<'.repeat(40), /deep/],
      ['x'.repeat(5000), /too long/],
    ] as const) {
      const found = parseCqlType(type);
      assert.equal(typeof found, 'string', type);
      assert.match(found as string, why, type);
      assert.equal(valueDecoder(`cql:${type}`, unpackValue), undefined);
    }
    assert.match(cqlFault('cql:map<text>') ?? '', /two types/);
    assert.equal(cqlFault('json'), undefined);
  });
});

describe('hostile CQL values', () => {
  const TYPES = [
    ...SIMPLE_TYPES,
    'list<int>',
    'list<list<list<list<blob>>>>',
    'map<text,map<text,blob>>',
    'tuple<int,text,varint>',
    'udt<a:int,b:list<text>>',
    'vector<text,4>',
    'vector<vector<float,2>,8>',
    'vector<empty,8192>',
    'list<vector<text,8192>>',
    'composite<text,int,blob>',
    'map<decimal,duration>',
  ];

  it('are read or not, soon, and nothing throws', () => {
    const next = random(2027);
    const decoders = TYPES.map(decoder);
    let slowest = { type: '', millis: 0 };
    let understood = 0;
    for (let n = 0; n < 4000; n++) {
      const b = randomBytes(Math.floor(next() ** 3 * 200), n + 1);
      // Lengths that are nearly right lead deeper than chance does.
      for (let at = 0; at + 4 <= b.length; at += 1 + Math.floor(next() * 12)) {
        if (next() < 0.5) new DataView(b.buffer, b.byteOffset).setInt32(at, next() < 0.1 ? -1 : Math.floor(next() * 6));
      }
      for (const [i, d] of decoders.entries()) {
        const from = performance.now();
        const value = d.read(b);
        const millis = performance.now() - from;
        if (millis > slowest.millis) slowest = { type: TYPES[i] as string, millis };
        if (value === undefined) continue;
        understood++;
        JSON.stringify(value);
      }
    }
    assert.ok(understood > 4000, `${understood} were read`);
    assert.ok(slowest.millis < 500, `${slowest.type} took ${slowest.millis} ms`);
  });

  it('large ones are bounded', () => {
    const started = performance.now();
    for (const fill of [0x00, 0x01, 0x7f, 0xff]) {
      const b = new Uint8Array(4 << 20).fill(fill);
      for (const type of TYPES) decoder(type).read(b);
      new DataView(b.buffer).setInt32(0, 1 << 20);
      for (const type of TYPES) decoder(type).read(b);
    }
    assert.ok(performance.now() - started < 20_000);
  });
});
