/** Value decoders on data written by each format's own library, what is detected in samples, and hostile bytes. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { encode as encodeRlp } from '@ethersproject/rlp';
import { encode as encodeMessagePack } from '@msgpack/msgpack';
import { Binary, Decimal128, Long, ObjectId, serialize, Timestamp, UUID } from 'bson';
import { encode as encodeCbor, Token, Type } from 'cborg';
import protobuf from 'protobufjs';
import snappyJs from 'snappyjs';
import { fromHex, utf8 } from '../../../engine/base/bytes.ts';
import { OutputBuffer } from '../../../engine/codec/outputBuffer.ts';
import { compressSnappy } from '../../../engine/codec/snappyCompress.ts';
import { unpackValue } from '../../../engine/codec/valueCodec.ts';
import { decodeText, guarded, type ValueDecoder } from '../../../engine/decode/values/decoder.ts';
import { jsonPathReader, UNDECIDED } from '../../../engine/decode/values/jsonPath.ts';
import { protobufOf } from '../../../engine/decode/values/protobuf.ts';
import { parseProto } from '../../../engine/decode/values/protoSchema.ts';
import { detectValues, VALUE_DECODERS, valueDecoder } from '../../../engine/decode/values/registry.ts';
import { random, randomBytes } from '../../support/random.ts';

/** Inputs that every decoder is given. */
const FUZZ_INPUTS = 15_000;
/** One call may take that long, on a machine that is busy. */
const CALL_MILLIS = 2000;

function decoder(id: string): ValueDecoder {
  const found = valueDecoder(id, unpackValue);
  assert.ok(found, id);
  return found;
}

/** Structures have no prototypes; plain data compares as JSON. */
const plain = (v: unknown): unknown => (v === undefined ? undefined : JSON.parse(JSON.stringify(v)));
const bytes = (text: string): Uint8Array => fromHex(text.replaceAll(' ', '')) as Uint8Array;
const detected = (sample: readonly Uint8Array[]): string | undefined =>
  detectValues(sample, unpackValue)[0]?.decoder.id;

const people = Array.from({ length: 20 }, (_, i) => ({
  name: `user ${i}`,
  age: 20 + i,
  tags: ['a', `t${i}`],
  score: i + 0.5,
  nested: { on: i % 2 === 0, none: null },
}));

describe('value decoders read what the libraries write', () => {
  it('JSON, with whole numbers of any size', () => {
    const d = decoder('json');
    for (const p of people) assert.deepEqual(plain(d.read(utf8(JSON.stringify(p)))), p);
    const large = utf8('{"id": 9007199254740993, "small": 1234567890123456, "text": "9007199254740993", "f": 1.25e3}');
    assert.deepEqual(plain(d.read(large)), {
      id: '9007199254740993',
      small: 1234567890123456,
      text: '9007199254740993',
      f: 1250,
    });
    assert.match(decodeText(d, large)?.text ?? '', /"id": 9007199254740993/);
    assert.equal(d.read(utf8('{"a":')), undefined);
    assert.equal(d.read(Uint8Array.of(0x22, 0xff, 0x22)), undefined);
    assert.deepEqual(Object.keys(d.read(utf8('{"__proto__": {"x": 1}}')) as object), ['__proto__']);
  });

  it('MessagePack', () => {
    const d = decoder('msgpack');
    for (const p of people) assert.deepEqual(plain(d.read(encodeMessagePack(p))), p);
    const rich = { when: new Date(1767225600123), big: 2n ** 60n, data: Uint8Array.of(1, 2), list: [-1, 1e9, true] };
    assert.deepEqual(plain(d.read(encodeMessagePack(rich, { useBigInt64: true }))), {
      when: '2026-01-01T00:00:00.123000000Z',
      big: '1152921504606846976',
      data: { hex: '0102' },
      list: [-1, 1000000000, true],
    });
    assert.deepEqual(plain(d.read(bytes('d4 05 ff'))), { ext: 5, data: { hex: 'ff' } });
    assert.deepEqual(plain(d.read(bytes('81 01 a1 78'))), { '1': 'x' }, 'a key that is no text');
    assert.equal(d.read(bytes('dd 7fffffff 01')), undefined, 'a list that claims more than there is');
    assert.equal(d.read(concat(encodeMessagePack(1), [0])), undefined, 'something behind the value');
    assert.equal(d.read(new Uint8Array(100_000).fill(0x91)), undefined, 'nested too deeply');
  });

  it('CBOR', () => {
    const d = decoder('cbor');
    for (const p of people) assert.deepEqual(plain(d.read(encodeCbor(p))), p);
    assert.deepEqual(plain(d.read(encodeCbor({ b: Uint8Array.of(1), big: 2n ** 60n }))), {
      b: { hex: '01' },
      big: '1152921504606846976',
    });
    // RFC 8949, appendix A.
    assert.equal(d.read(bytes('c1 1a 514b67b0')), '2013-03-21T20:04:00Z');
    assert.equal(d.read(bytes('c2 49 010000000000000000')), '18446744073709551616');
    assert.equal(d.read(bytes('c3 49 010000000000000000')), '-18446744073709551617');
    assert.deepEqual(plain(d.read(bytes('d8 20 76 687474703a2f2f7777772e6578616d706c652e636f6d'))), {
      tag: 32,
      value: 'http://www.example.com',
    });
    assert.deepEqual(plain(d.read(bytes('a2 01 02 03 04'))), { '1': 2, '3': 4 });
    assert.deepEqual(plain(d.read(bytes('9f 01 82 02 03 ff'))), [1, [2, 3]]);
    const tagged = encodeCbor(
      { a: 1 },
      { typeEncoders: { Object: () => [new Token(Type.tag, 55799), new Token(Type.uint, 7)] } },
    );
    assert.equal(d.read(tagged), 7);
  });

  it('BSON', () => {
    const d = decoder('bson');
    for (const p of people) assert.deepEqual(plain(d.read(serialize(p))), p);
    const id = new ObjectId('65a1b2c3d4e5f60718293a4b');
    const rich = {
      _id: id,
      at: new Date(1767225600123),
      big: Long.fromBigInt(2n ** 60n),
      data: new Binary(Uint8Array.of(1, 2)),
      uuid: new UUID('00112233-4455-4677-8899-aabbccddeeff'),
      price: Decimal128.fromString('1.10'),
      re: /ab+/i,
      ts: new Timestamp({ t: 5, i: 6 }),
    };
    assert.deepEqual(plain(d.read(serialize(rich))), {
      _id: '65a1b2c3d4e5f60718293a4b',
      at: '2026-01-01T00:00:00.123Z',
      big: '1152921504606846976',
      data: { hex: '0102' },
      uuid: '00112233-4455-4677-8899-aabbccddeeff',
      price: '1.10',
      re: '/ab+/i',
      ts: { t: 5, i: 6 },
    });
    assert.equal(d.read(concat(serialize({ a: 1 }), [0])), undefined, 'longer than it states');
  });

  const PROTO = `syntax = "proto3"; package shop;
    enum Kind { NONE = 0; BOOK = 1; }
    message Item { string name = 1; int32 count = 2; sint64 delta = 3; double price = 4; bool on = 5; bytes raw = 6;
      repeated int32 sizes = 7; Item inner = 8; map<string, int32> stock = 9; Kind kind = 10; fixed64 stamp = 11;
      repeated string words = 12; float weight = 13; int64 large = 14; }`;
  const { root } = protobuf.parse(PROTO);
  const Item = root.lookupType('shop.Item');
  const item = {
    name: 'Lamp',
    count: -3,
    delta: -70000,
    price: 12.5,
    on: true,
    raw: Uint8Array.of(0, 1),
    sizes: [1, 300, 5],
    inner: { name: 'Bulb', count: 2 },
    stock: { north: 4, south: 5 },
    kind: 1,
    stamp: 99,
    words: ['a', 'b'],
    weight: 0.1,
    large: -5,
  };
  const written = Item.encode(Item.create(item)).finish();

  it('Protobuf with a schema, as text', () => {
    const parsed = parseProto({ proto: PROTO, message: 'shop.Item' });
    assert.ok(parsed.ok, parsed.ok ? '' : parsed.why);
    assert.equal(parsed.name, 'shop.Item');
    const d = guarded(protobufOf('Item', parsed.message));
    assert.deepEqual(plain(d.read(written)), { ...item, raw: { hex: '0001' }, kind: 'BOOK' });
    assert.ok(parseProto({ proto: PROTO }).ok, 'the first message');
    for (const source of [
      { proto: 'message {' },
      { proto: PROTO, message: 'None' },
      {},
      { descriptor: '!!' },
      { proto: '' },
    ]) {
      assert.equal(parseProto(source).ok, false, JSON.stringify(source));
    }
  });

  it('Protobuf with a descriptor set', async () => {
    const { toDescriptor } = (await import('protobufjs/ext/descriptor.js')).default as unknown as {
      toDescriptor?: unknown;
    };
    assert.equal(toDescriptor, undefined, 'the extension adds methods to Root');
    const withMethods = root as unknown as { toDescriptor(edition: string): { constructor: unknown } };
    const set = withMethods.toDescriptor('proto3');
    const type = (set as { $type: protobuf.Type }).$type;
    const base64 = Buffer.from(type.encode(set as never).finish()).toString('base64');
    const parsed = parseProto({ descriptor: base64, message: 'shop.Item' });
    assert.ok(parsed.ok, parsed.ok ? '' : parsed.why);
    assert.equal((plain(protobufOf('Item', parsed.message).read(written)) as typeof item).name, 'Lamp');
  });

  it('Protobuf without a schema', () => {
    const shown = plain(decoder('protobuf').read(written)) as Record<string, unknown>;
    assert.equal(shown['1'], 'Lamp');
    assert.equal(shown['4'], 12.5);
    assert.deepEqual(shown['8'], { '1': 'Bulb', '2': 2 });
    assert.deepEqual(shown['12'], ['a', 'b']);
    assert.equal(shown['2'], '18446744073709551613', 'the sign of a varint is the schema’s');
    assert.equal(decoder('protobuf').read(written.subarray(0, written.length - 1)), undefined);
  });

  it('numbers, times, UUIDs and varints', () => {
    const cases: readonly (readonly [string, string, unknown])[] = [
      ['u32be', '0000002a', 42],
      ['u32le', '2a000000', 42],
      ['i16be', 'ffff', -1],
      ['u64be', 'ffffffffffffffff', '18446744073709551615'],
      ['f64le', '000000000000f83f', 1.5],
      ['f32be', '7f800000', 'Infinity'],
      ['unix-ms-be', '0000019b76daa800', '2026-01-01T00:00:00.000Z'],
      ['unix-s32-le', '00b95569', '2026-01-01T00:00:00Z'],
      ['uuid', '00112233445546778899aabbccddeeff', '00112233-4455-4677-8899-aabbccddeeff'],
      ['varint', 'ac02', 300],
      ['rlp', 'c3 01 81 ff', ['0x01', '0xff']],
      ['hex', 'ff00', 'ff00'],
      ['utf8', 'c3a9', 'é'],
    ];
    for (const [id, hex, expected] of cases) assert.deepEqual(plain(decoder(id).read(bytes(hex))), expected, id);
    for (const [id, hex] of [
      ['u32be', '00'],
      ['varint', 'ac82'],
      ['varint', '0100'],
      ['uuid', '00'],
      ['utf8', 'ff'],
    ] as const) {
      assert.equal(decoder(id).read(bytes(hex)), undefined, `${id} ${hex}`);
    }
  });

  it('RLP, as Ethereum’s library writes it', () => {
    const d = decoder('rlp');
    const long = `0x${'ab'.repeat(300)}`;
    for (const value of [
      ['0x636174', ['0x', '0x00']],
      [],
      [long, [long, []]],
      Array.from({ length: 60 }, () => '0x7f'),
    ]) {
      assert.deepEqual(plain(d.read(bytes(encodeRlp(value).slice(2)))), value);
    }
  });

  it('numbers, times, varints and UUIDs of other writers', () => {
    const next = random(31);
    for (let n = 0; n < 500; n++) {
      const whole = Math.floor((next() - 0.5) * 2 ** (1 + next() * 52));
      const b = Buffer.alloc(8);
      const as = (id: string, written: number): unknown => plain(decoder(id).read(b.subarray(0, written)));
      assert.equal(as('i64be', b.writeBigInt64BE(BigInt(whole))), whole);
      assert.equal(as('i64le', b.writeBigInt64LE(BigInt(whole))), whole);
      assert.equal(as('u64le', b.writeBigUInt64LE(BigInt(Math.abs(whole)))), Math.abs(whole));
      assert.equal(as('i32le', b.writeInt32LE(whole | 0)), whole | 0);
      assert.equal(as('u32be', b.writeUInt32BE(whole >>> 0)), whole >>> 0);
      assert.equal(as('i16be', b.writeInt16BE((whole << 16) >> 16)), (whole << 16) >> 16);
      assert.equal(as('u16le', b.writeUInt16LE(whole & 0xffff)), whole & 0xffff);
      assert.equal(as('i8', b.writeInt8((whole << 24) >> 24)), (whole << 24) >> 24);
      assert.equal(as('u8', b.writeUInt8(whole & 0xff)), whole & 0xff);
      assert.equal(as('f64be', b.writeDoubleBE(whole / 7)), whole / 7);
      assert.equal(as('f64le', b.writeDoubleLE(whole / 7)), whole / 7);
      assert.equal(as('f32be', b.writeFloatBE(whole / 7)), Math.fround(whole / 7));
      assert.equal(as('f32le', b.writeFloatLE(whole / 7)), Math.fround(whole / 7));
      const at = new Date(Math.floor(next() * 4e12));
      assert.equal(as('unix-ms-be', b.writeBigInt64BE(BigInt(at.getTime()))), at.toISOString());
      assert.equal(as('unix-ms-le', b.writeBigInt64LE(BigInt(at.getTime()))), at.toISOString());
      const micros = as('unix-us-le', b.writeBigInt64LE(BigInt(at.getTime()) * 1000n));
      assert.equal(micros, at.toISOString().replace('Z', '000Z'));
      const varint = protobuf.Writer.create().uint64(Math.abs(whole)).finish();
      assert.equal(plain(decoder('varint').read(varint)), Math.abs(whole));
      const uuid = new UUID();
      assert.equal(plain(decoder('uuid').read(uuid.buffer)), uuid.toHexString());
    }
  });

  it('compressed values', () => {
    const json = utf8(JSON.stringify(people[3]));
    for (const [how, packed] of [
      ['gzip', gzipSync(json)],
      ['zlib', deflateSync(json)],
      ['zstd', zstdCompressSync(json)],
      ['snappy', snappy(json)],
      ['snappy', snappyJs.compress(json)],
    ] as const) {
      assert.deepEqual(plain(decoder(`${how}+json`).read(packed)), people[3], how);
      assert.equal(decoder(`${how}+json`).read(packed.subarray(0, packed.length - 9)), undefined, how);
    }
    assert.equal(decoder('gzip+utf8').read(gzipSync(new Uint8Array(64 << 20))), undefined, 'a bomb is not unpacked');
    assert.equal(valueDecoder('gzip+gzip', unpackValue), undefined);
  });
});

function concat(a: Uint8Array, b: readonly number[]): Uint8Array {
  return Uint8Array.from([...a, ...b]);
}

function snappy(b: Uint8Array): Uint8Array {
  const output = new OutputBuffer();
  const n = compressSnappy(b, 0, b.length, output, 1 << 20);
  return output.bytes.slice(0, n);
}

describe('what is detected in a sample', () => {
  const dice = random(5);
  const numbers = Array.from({ length: 30 }, () => Math.floor(dice() * 5000));
  const of = (size: number, write: (v: DataView, n: number) => void): Uint8Array[] =>
    numbers.map((n) => {
      const b = new Uint8Array(size);
      write(new DataView(b.buffer), n);
      return b;
    });
  const samples: readonly (readonly [string, readonly Uint8Array[]])[] = [
    ['json', people.map((p) => utf8(JSON.stringify(p)))],
    ['json', people.map((_, i) => utf8(`[${i}, ${i + 1}]`))],
    ['utf8', people.map((p) => utf8(p.name))],
    ['utf8', people.map((p) => utf8(String(p.age)))],
    ['msgpack', people.map((p) => encodeMessagePack(p))],
    ['msgpack', people.map((p) => encodeMessagePack([p.name, p.age, true]))],
    ['cbor', people.map((p) => encodeCbor(p))],
    ['bson', people.map((p) => serialize(p))],
    ['gzip+json', people.map((p) => gzipSync(JSON.stringify(p)))],
    ['zstd+msgpack', people.map((p) => zstdCompressSync(encodeMessagePack(p)))],
    ['snappy+json', people.map((p) => snappy(utf8(JSON.stringify({ ...p, more: 'x'.repeat(80) }))))],
    ['u32be', of(4, (v, n) => v.setUint32(0, n))],
    ['u32le', of(4, (v, n) => v.setUint32(0, n, true))],
    ['u64be', of(8, (v, n) => v.setBigUint64(0, BigInt(n)))],
    ['u64le', of(8, (v, n) => v.setBigUint64(0, BigInt(n), true))],
    ['f64le', of(8, (v, n) => v.setFloat64(0, n / 7, true))],
    ['f64be', of(8, (v, n) => v.setFloat64(0, n / 7))],
    ['unix-ms-be', of(8, (v, n) => v.setBigUint64(0, BigInt(1767225600000 + n * 999)))],
    ['unix-us-le', of(8, (v, n) => v.setBigUint64(0, BigInt(1767225600000000 + n * 999), true))],
    ['uuid', Array.from({ length: 9 }, () => utf8('')).map(() => bytes(crypto.randomUUID().replaceAll('-', '')))],
    ['varint', numbers.map((n) => (n < 128 ? Uint8Array.of(n) : Uint8Array.of((n & 127) | 128, n >> 7)))],
    ['rlp', numbers.map((n) => Uint8Array.of(0xc4, 0x82, 0x80 | (n & 63), n >> 6, 0x81, 0xff).with(0, 0xc5))],
  ];
  for (const [id, sample] of samples) {
    it(`${id}: ${sample.length} values`, () => {
      const found = detectValues(sample, unpackValue);
      assert.equal(found[0]?.decoder.id, id, found.map((m) => `${m.decoder.id} ${m.confidence.toFixed(2)}`).join(', '));
      for (const m of found) {
        assert.ok(m.confidence >= 0 && m.confidence <= 1 && m.why.length > 0, m.decoder.id);
      }
      for (const b of sample) assert.notEqual(found[0]?.decoder.read(b), undefined);
    });
  }

  it('Protobuf, where nothing better fits', () => {
    const T = protobuf
      .parse('syntax="proto3"; message T { uint64 id = 1; string name = 2; double x = 3; }')
      .root.lookupType('T');
    const sample = people.map((p, i) => T.encode(T.create({ id: i + 1, name: p.name, x: p.score })).finish());
    assert.equal(detected(sample), 'protobuf');
  });

  it('random bytes are nothing but bytes, and empty values say nothing', () => {
    const sample = Array.from({ length: 40 }, (_, i) => randomBytes(20 + (i % 30), i + 1));
    assert.equal(detected(sample), 'hex');
    assert.deepEqual(detectValues([new Uint8Array(0)], unpackValue), []);
  });
});

describe('JSON by a path', () => {
  const paths = [['x'], ['a', 'b'], ['list', 1], ['list', 1, 'y'], ['5'], [], ['missing'], ['a', 0]];
  const follow = (v: unknown, path: readonly (string | number)[]): unknown => {
    let at = v;
    for (const step of path) {
      if (at === null || typeof at !== 'object' || !Object.hasOwn(at, step)) return undefined;
      if (Array.isArray(at) && !/^\d+$/.test(String(step))) return undefined;
      at = (at as Record<string, unknown>)[step];
    }
    return at;
  };

  it('agrees with the full parser on whatever it decides', () => {
    const seeds = [
      '{"x": 5, "a": {"b": "text"}, "list": [1, {"y": -2.5e3}], "5": true}',
      '{"x":1,"x":{"y":2},"a":[{"b":1}],"list":[[],[0]]}',
      ' [ 1 , null , false ] ',
      '"text"',
      '-0',
      '{"x":12345678901234567890,"a":{"b":0.1},"list":[]}',
      '{"x":"\\u0041","é":1}',
      '{}',
      '[]',
      'true',
    ];
    const dice = random(77);
    const readers = paths.map((p) => jsonPathReader(p));
    let decided = 0;
    for (let n = 0; n < 60_000; n++) {
      let text = seeds[n % seeds.length] as string;
      for (let m = Math.floor(dice() * 4); m > 0; m--) {
        const at = Math.floor(dice() * text.length);
        const put = '{}[]":,0123456789.eE+-truefalsn x\\'[Math.floor(dice() * 34)] ?? '';
        text = dice() < 0.5 ? text.slice(0, at) + put + text.slice(at + 1) : text.slice(0, at) + put + text.slice(at);
      }
      const b = utf8(`##${text}##`);
      let whole: unknown;
      let valid = true;
      try {
        whole = JSON.parse(text);
      } catch {
        valid = false;
      }
      for (const [i, read] of readers.entries()) {
        const found = read(b, 2, b.length - 4);
        if (found === UNDECIDED) continue;
        decided++;
        assert.ok(valid, `accepted ${text}`);
        assert.deepEqual(found, follow(whole, paths[i] as string[]), `${text} ${JSON.stringify(paths[i])}`);
      }
    }
    assert.ok(decided > 100_000, `only ${decided} decided`);
  });
});

describe('hostile values', () => {
  it(`no decoder throws or hangs on ${FUZZ_INPUTS} inputs of random and mutated bytes`, (t) => {
    const valid = [
      utf8(JSON.stringify(people)),
      encodeMessagePack(people),
      encodeCbor(people),
      serialize({ people }),
      gzipSync(JSON.stringify(people)),
      zstdCompressSync(encodeMessagePack(people[0])),
      snappy(utf8(JSON.stringify(people))),
      new Uint8Array(2000).fill(0x91),
      new Uint8Array(2000).fill(0xdd),
      new Uint8Array(2000).fill(0x9f),
      new Uint8Array(2000).fill(0x0b),
      utf8('['.repeat(5000)),
      bytes('dd000fffff'.repeat(400)),
      bytes('bb000000000fffff'.repeat(200)),
    ];
    const all = [
      ...VALUE_DECODERS,
      ...['gzip+json', 'zlib+msgpack', 'zstd+cbor', 'snappy+bson', 'snappy+protobuf', 'zstd+cql:list<text>'].map(
        decoder,
      ),
      ...['cql:map<text,blob>', 'cql:tuple<varint,decimal,duration,inet>', 'cql:composite<text,uuid>'].map(decoder),
    ];
    const dice = random(2026);
    const started = performance.now();
    let slowest = { id: '', millis: 0 };
    let runs = 0;
    for (; runs < FUZZ_INPUTS; runs++) {
      const base = valid[Math.floor(dice() * valid.length)] as Uint8Array;
      const b =
        dice() < 0.3
          ? randomBytes(Math.floor(dice() ** 2 * 400), runs)
          : base.slice(0, Math.ceil(dice() * base.length));
      for (let m = Math.floor(dice() * 6); m > 0 && b.length > 0; m--) b[Math.floor(dice() * b.length)] = dice() * 256;
      for (const d of all) {
        const from = performance.now();
        const value = d.read(b);
        d.readFast?.(b);
        const shown = decodeText(d, b);
        if (value !== undefined) assert.doesNotThrow(() => JSON.stringify(value));
        assert.ok((shown?.text.length ?? 0) <= (1 << 20) + 64, d.id);
        const millis = performance.now() - from;
        if (millis > slowest.millis) slowest = { id: d.id, millis };
      }
      if (runs % 20 === 0) detectValues([b, base], unpackValue);
    }
    const seconds = (performance.now() - started) / 1000;
    t.diagnostic(
      `${all.length} decoders, ${seconds.toFixed(1)} s, slowest ${slowest.id} with ${slowest.millis.toFixed(1)} ms`,
    );
    assert.ok(slowest.millis < CALL_MILLIS, `${slowest.id} took ${slowest.millis} ms`);
  });

  it('large ones are refused or bounded', () => {
    const started = performance.now();
    const large = [
      new Uint8Array(5 << 20),
      new Uint8Array(1 << 20).fill(0xdd),
      new Uint8Array(1 << 20).fill(0x81),
      new Uint8Array(1 << 20).fill(0x0a),
      utf8(`"${'x'.repeat(3 << 20)}"`),
      utf8(`[${'0,'.repeat(400_000)}0]`),
    ];
    for (const b of large) {
      for (const d of VALUE_DECODERS) {
        d.read(b);
        assert.ok((decodeText(d, b)?.text.length ?? 0) <= (1 << 20) + 64, d.id);
      }
    }
    assert.ok(performance.now() - started < 60_000);
  });
});
