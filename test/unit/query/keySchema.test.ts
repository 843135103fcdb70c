/** Key schemas: what they read, write, refuse, and the file that declares them. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { concat, hex, utf8 } from '../../../engine/base/bytes.ts';
import { compareFields, type KeySchema, parseKeySchema } from '../../../engine/query/keySchema.ts';
import { checkConfig, mergeConfigs, parseConfig } from '../../../engine/query/storeConfig.ts';
import { random, randomBytes } from '../../support/random.ts';

function schemaOf(source: string): KeySchema {
  const parsed = parseKeySchema(source);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.message);
  return parsed.schema;
}

const SENSOR = '"sensor:" id:u32be "/" time:u64be(desc, unix-ms)';

describe('key schemas', () => {
  it('reads and writes the fields of the example', () => {
    const schema = schemaOf(SENSOR);
    const made = schema.encode({ id: 7, time: '2026-01-01T00:00:00.000Z' });
    assert.ok(made.ok && made.complete);
    assert.equal(hex(made.bytes), '73656e736f723a000000072ffffffe64892557ff');
    assert.deepEqual(
      schema.decode(made.bytes)?.map((f) => [f.name, f.value]),
      [
        ['id', 7],
        ['time', 1767225600000],
      ],
    );
    assert.equal(schema.format(made.bytes), 'id=7 time=2026-01-01T00:00:00.000Z');
    assert.deepEqual(schema.parse('id=7, time=2026-01-01'), made);
    const first = schema.parse('id=7');
    assert.ok(first.ok && !first.complete);
    assert.equal(hex(first.bytes), '73656e736f723a000000072f');
    assert.equal(schema.decode(made.bytes.subarray(1)), undefined);
    assert.equal(schema.decode(concat([made.bytes, utf8('x')])), undefined, 'a longer key is another build');
    const read = schema.reader('id');
    const padded = concat([utf8('xx'), made.bytes, utf8('yy')]);
    assert.equal(read?.(padded, 2, made.bytes.length), 7);
    assert.equal(schema.reader('none'), undefined);
  });

  it('reads text and bytes up to the next quoted part', () => {
    const schema = schemaOf('tenant:text ":" kind:text(3) 0x00 rest:bytes');
    const key = utf8('acme:idx\0\u0001\u0002');
    assert.equal(schema.format(key), 'tenant=acme kind=idx rest=0x0102');
    assert.deepEqual(schema.parse('tenant=acme kind=idx rest=0x0102'), { ok: true, bytes: key, complete: true });
    const ending = schemaOf('path:text "/end"');
    assert.equal(ending.format(utf8('a/end/b/end')), 'path=a/end/b');
    assert.equal(ending.format(utf8('a/b c/end')), 'path="a/b c"');
    assert.deepEqual(ending.parse('path="a/b c"'), { ok: true, bytes: utf8('a/b c/end'), complete: true });
  });

  it('writes what it has read, for any key that fits', () => {
    const dice = random(21);
    for (const source of [
      SENSOR,
      'a:i64(flip) b:f64(flip, desc) c:uuid d:i16le',
      'x:u8 "-" y:bytes(4) z:u64be(unix-ns)',
      'u:uuid(desc) t:i32be(unix-s)',
    ]) {
      const schema = schemaOf(source);
      for (let n = 0; n < 300; n++) {
        const values: Record<string, Uint8Array> = {};
        for (const f of schema.fields) values[f.name] = randomBytes(f.length as number, Math.floor(dice() * 2 ** 31));
        const made = schema.encode(values);
        assert.ok(made.ok);
        const shown = schema.format(made.bytes) as string;
        assert.ok(shown !== undefined, source);
        // NaNs have many forms of which one is written.
        if (shown.includes('NaN')) continue;
        const again = schema.parse(shown);
        assert.ok(again.ok, `${shown}: ${again.ok ? '' : again.message}`);
        assert.equal(hex(again.bytes), hex(made.bytes), shown);
      }
    }
  });

  it('names what is wrong with a schema and where', () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ['', /needs a field/],
      ['"only"', /needs a field/],
      ['id:u33', /no type “u33”.*\(position 4\)/],
      ['id:u32be(unix-h)', /no option “unix-h”/],
      ['id:u32be id:u8', /there twice/],
      ['a:text b:u8', /only quoted text can follow/],
      ['a:text(0)', /no option “0”/],
      ['a:f64(unix-ms)', /no option/],
      ['"open id:u8', /closing quote/],
      ['id u8', /is expected here/],
      ['0xabc a:u8', /two digits/],
      [`"${'x'.repeat(5000)}" a:u8`, /too long/],
    ];
    for (const [source, message] of cases) {
      const parsed = parseKeySchema(source);
      assert.ok(!parsed.ok, source);
      assert.match(parsed.message, message);
    }
    const schema = schemaOf(SENSOR);
    for (const [typed, message] of [
      ['time=2026-01-01', /but not “id” before it/],
      ['id=4294967296', /does not fit/],
      ['id=x', /no whole number/],
      ['id=1 time=soon', /no time/],
      ['nope=1', /no field “nope”; it has id, time/],
      ['id', /is expected/],
    ] as const) {
      const parsed = schema.parse(typed);
      assert.ok(!parsed.ok, typed);
      assert.match(parsed.message, message);
    }
  });

  it('compares fields as what they are', () => {
    assert.ok(compareFields(2, 10) < 0);
    assert.ok(compareFields(2n ** 60n, 10) > 0);
    assert.ok(compareFields('b', 'aa') > 0);
    assert.equal(compareFields(Uint8Array.of(1), Uint8Array.of(1)), 0);
  });
});

describe('.lsm.json', () => {
  const parse = (text: string) => parseConfig(utf8(text), '/db/.lsm.json');

  it('reads schemas and values', () => {
    const { config, problems } = parse(
      JSON.stringify({
        schemas: [{ family: 'meta', prefix: 'u8(1)', key: '0x01 id:u32be' }, { key: SENSOR }],
        values: { default: 'json', meta: { decoder: 'protobuf', proto: 'syntax = "proto3";', message: 'M' } },
      }),
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(
      config.schemas.map((s) => [s.family, hex(s.prefix), s.schema.source]),
      [
        ['meta', '01', '0x01 id:u32be'],
        ['default', '', SENSOR],
      ],
    );
    assert.equal(config.values.get('default')?.decoder, 'json');
    assert.equal(config.values.get('meta')?.message, 'M');
    const settings = checkConfig({ values: { default: 'cbor' } }, 'settings').config;
    assert.equal(mergeConfigs(settings, config).values.get('default')?.decoder, 'cbor');
  });

  it('names each thing that is wrong, and keeps the rest', () => {
    const { config, problems } = parse(
      '{"schemas":[{"key":"id:u99"},{"key":5},7,{"key":"id:u8","family":1},{"key":"id:u8","prefix":"\\"x"},{"key":"ok:u8"}],"values":{"a":5,"b":"json"},"extra":1}',
    );
    assert.equal(config.schemas.length, 1);
    assert.deepEqual([...config.values.keys()], ['b']);
    const messages = problems.map((p) => `${p.code} ${p.path} ${p.message}`).join('\n');
    for (const part of [
      'schemas[0]: "key": there is no type',
      'schemas[1]: "key" is missing',
      'schemas[2]: not an object',
      'schemas[3]: "family" is not text',
      'schemas[4]: "prefix"',
      'values.a: neither',
      '"extra" is not known here',
      'INPUT /db/.lsm.json',
    ]) {
      assert.ok(messages.includes(part), `${part} in\n${messages}`);
    }
  });

  it('takes any bytes without harm', () => {
    assert.match(parse('x'.repeat(70_000)).problems[0]?.message ?? '', /longer than/);
    assert.match(parse('{').problems[0]?.message ?? '', /not JSON/);
    assert.match(parse('[]').problems[0]?.message ?? '', /not an object/);
    assert.match(parseConfig(Uint8Array.of(0xff), 'p').problems[0]?.message ?? '', /not UTF-8/);
    assert.deepEqual(parse('{"schemas":{}}').config.schemas, []);
    assert.deepEqual([...parse('{"values":{"__proto__":"json"}}').config.values], [['__proto__', { decoder: 'json' }]]);
  });
});
