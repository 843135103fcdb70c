/** Conditions: what holds for which entries, agreement of the fast path with the full one, and errors with places. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { systemClock } from '../../../engine/base/entropy.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { jsonPathReader } from '../../../engine/decode/values/jsonPath.ts';
import { VALUE_DECODERS } from '../../../engine/decode/values/registry.ts';
import type { EntryView } from '../../../engine/model/entryView.ts';
import type { EntryRow, QueryParams } from '../../../engine/protocol/engineApi.ts';
import { type KeySchema, parseKeySchema } from '../../../engine/query/keySchema.ts';
import { compileWhere, type WhereContext } from '../../../engine/query/where/filter.ts';
import type { ValueReader } from '../../../engine/query/where/row.ts';
import { openStore } from '../../../engine/store/open.ts';
import { ResultSet } from '../../../engine/store/resultSet.ts';
import { random } from '../../support/random.ts';
import { AT, mount, tinyLevelDb, tinyRocksDb } from '../../support/tinyStores.ts';

const parsed = parseKeySchema('"sensor:" id:u32be "/" time:u64be(desc, unix-ms)');
assert.ok(parsed.ok);
const schema: KeySchema = parsed.schema;
const made = schema.encode({ id: 7, time: '2026-01-01T00:00:00Z' });
assert.ok(made.ok);

const json = VALUE_DECODERS.find((d) => d.id === 'json')!;
const full: ValueReader = { read: (b, exact) => (exact ? json.read(b) : json.readFast?.(b)) };
const fast: ValueReader = { ...full, part: jsonPathReader };

function context(reader: ValueReader | undefined = fast): WhereContext {
  return {
    schemas: [schema],
    decoder: () => reader,
    types: ['put', 'delete', 'merge'],
    typeName: (type) => (type === 1 ? 'put' : type === 2 ? 'merge' : 'delete'),
  };
}

function entry(key: Uint8Array, value: string | undefined, more: Partial<EntryView> = {}): EntryView {
  // Not at the beginning of their buffers, as in a block.
  const keyBuffer = Uint8Array.from([1, 2, ...key, 3]);
  const v = utf8(value ?? '');
  return {
    keyBuffer,
    keyStart: 2,
    keyLength: key.length,
    hasValue: value !== undefined,
    valueBuffer: Uint8Array.from([9, ...v, 9]),
    valueStart: 1,
    valueLength: v.length,
    sequence: 41,
    type: value === undefined ? 0 : 1,
    level: 2,
    table: 14,
    ...more,
  };
}

const VALUE =
  '{"user":{"name":"Ann","age":31,"on":true},"tags":["eu","vip"],"n":null,"f":-2.5,"big":9007199254740993,"a b":1,"off":false,' +
  '"same":{"on":true,"name":"Ann","age":31},"few":["eu"]}';
const typical = entry(made.bytes, VALUE);

describe('conditions', () => {
  const holds: readonly (readonly [string, boolean])[] = [
    ['value.user.age = 31', true],
    ['value.user.age != 31', false],
    ['value.user.age == 31.0', true],
    ['value.user.age >= 31 and value.user.age < 32', true],
    ['31 <= value.user.age', true],
    ['32 < value.user.age', false],
    ['value.user.name = "Ann"', true],
    ["value.user.name > 'Ana' AND not value.user.name = 'Bob'", true],
    ['value.user.name ~ "nn"', true],
    ['value.user.name ~ /^a/', false],
    ['value.user.name ~ /^a/i', true],
    ['value.user.name !~ "x"', true],
    ['value.user.none !~ "x"', false],
    ['value.tags[0] = "eu"', true],
    ['value.tags.1 = "vip"', true],
    ['value.tags[2] = "eu"', false],
    ['value.tags ~ "vip"', true],
    ['value.tags ~ "vi"', false],
    ['value.n = null', true],
    ['value.user = null', false],
    ['value.none = null', false],
    ['value.none != 3', false],
    ['not value.none = 3', true],
    ['value.user.on', true],
    ['value.user.on = true', true],
    ['value.off', false],
    ['value.off = false', true],
    ['value.n', false],
    ['value.user', true],
    ['value.f < -2', true],
    ['value.f = -25e-1', true],
    ['value.big = 9007199254740993', true],
    ['value.big = 9007199254740992', false],
    ['value.big > 9007199254740992', true],
    ['value["a b"] = 1', true],
    ['value.user.age = "31"', false],
    ['value.user.age > value.f', true],
    ['value.user.age = value.user.age', true],
    ['value.user = value.same', true],
    ['value.user != value.same', false],
    ['value.tags = value.few', false],
    ['value.tags != value.few', true],
    ['value.tags < value.few', false],
    ['value.tags != value.user', false],
    ['value.tags != value.none', false],
    ['value.none != value.tags', false],
    ['value ~ "Ann"', true],
    ['value ~ /"age":3\\d/', true],
    ['value', true],
    ['key ~ "sensor:"', true],
    ['key >= "sensor:" and key < "sensor;"', true],
    ['key = 0x73656e736f723a000000072ffffffe64892557ff', true],
    ['key ~ u32be(7)', true],
    ['key ~ /^sensor/', true],
    ['key.id = 7', true],
    ['key.id = 0x07', true],
    ['key.id > 7 or key.id < 8', true],
    ["key.time = '2026-01-01T00:00:00Z'", true],
    ["key.time < '2026-01-02'", true],
    ['key.time = 1767225600000', true],
    ['key.time ~ "17672"', true],
    [`size = ${VALUE.length}`, true],
    ['keysize > 10', true],
    ['seq >= 41 and level = 2 and table = 14', true],
    ['seq = 0x29', true],
    ['size > keysize', true],
    ['type = "put"', true],
    ['type != "delete"', true],
    ['(value.user.age = 1 or value.user.age = 31) and (level = 2)', true],
    ['value.user.age = 1 or value.user.age = 31 and level = 3', false],
    ['not (level = 2)', false],
    ['not not level = 2', true],
  ];
  for (const [source, expected] of holds) {
    it(`${source}: ${expected}`, () => {
      assert.equal(compileWhere(source, context(fast)).filter(typical), expected);
      assert.equal(compileWhere(source, context(full)).filter(typical), expected, 'by the full parser');
    });
  }

  it('says nothing of a value that is not there', () => {
    const gone = entry(utf8('k'), undefined, { level: -1, table: 0 });
    for (const source of ['value', 'value = ""', 'value.x', 'value.x != 1', 'value ~ ""', 'key.id = 7']) {
      assert.equal(compileWhere(source, context()).filter(gone), false, source);
    }
    assert.equal(compileWhere('type = "delete" and level = -1 and table = 0', context()).filter(gone), true);
    assert.equal(compileWhere('value.x = 1', context()).filter(entry(utf8('k'), 'no json')), false);
  });

  it('reads wide columns by their names', () => {
    const columns = [
      { name: utf8('age'), value: utf8('31') },
      { name: utf8('city'), value: utf8('Bern') },
    ];
    const wide = entry(utf8('k'), undefined, { columns });
    assert.equal(compileWhere('value.city = "Bern" and value.age = 31', context()).filter(wide), true);
    assert.equal(compileWhere('value.city = "Basel"', context()).filter(wide), false);
  });

  it('fetches values only where they are asked for', () => {
    assert.equal(compileWhere('key ~ "a" and seq > 4', context()).usesValue, false);
    assert.equal(compileWhere('key ~ "a" or value.x = 4', context()).usesValue, true);
    assert.equal(compileWhere('value ~ "a"', context()).usesValue, true);
  });

  it('names what is wrong, and where', () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ['', /something to compare is missing \(position 1\)/],
      ['value.x =', /missing \(position 10\)/],
      ['value.x = 1 value.y = 2', /“v” is not expected here.*\(position 13\)/],
      ['(value.x = 1', /not closed \(position 1\)/],
      ['age = 3', /there is no “age”; there are key, value/],
      ['key.none = 3', /no key\.none: the key has id, time \(position 1\)/],
      ['key.id = "x"', /is a number/],
      ['key.time = "soon"', /no time/],
      ['key.id = u32be(7)', /read already: write 42 in place.*\(position 10\)/],
      ['key.time > ts(2026-01-01)', /write '2026-01-31T12:00Z' in place/],
      ['key = 5', /compared with text, 0xHEX/],
      ['size = "x"', /size is compared with a number/],
      ['size ~ "x"', /~ is for text/],
      ['type = "puts"', /no type “puts”; there are put, delete, merge/],
      ['type > "put"', /by = or !=/],
      ['1 = 1', /names a part of the entry/],
      ['value.x ~ 5', /~ takes a text or a/],
      ['value.x = /a/', /compared with ~/],
      ['value.x ~ /(/', /pattern is wrong/],
      ['value.x ~ /a/g', /letters i, m and s/],
      ['value.x ~ /a', /closing “\/”/],
      ['value.', /a name, or a number in brackets/],
      ['value[x] = 1', /a name, or a number/],
      ['key.a.b = 1', /one name/],
      ['seq', /a comparison is missing/],
      ['key = u8(300)', /does not fit into u8 \(position 10\)/],
      ['value.x = "a', /closing quote/],
      [`${'('.repeat(300)}seq = 1${')'.repeat(300)}`, /nested too deeply/],
      [`${'not '.repeat(300)} seq = 1`, /nested too deeply/],
      ['x'.repeat(20_000), /too long/],
    ];
    for (const [source, message] of cases) {
      assert.throws(
        () => compileWhere(source, context()),
        (e) => e instanceof StoreError && e.code === 'INPUT' && message.test(e.message),
        source.slice(0, 60),
      );
    }
  });

  it('random input is parsed or refused by INPUT', () => {
    const words =
      'value.x value key key.id size seq type level and or not ( ) = != < ~ "a" 5 0x41 /a/ null true [0] u8(1) .'.split(
        ' ',
      );
    const dice = random(4);
    let good = 0;
    for (let n = 0; n < 20_000; n++) {
      const source = Array.from(
        { length: 1 + Math.floor(dice() * 9) },
        () => words[Math.floor(dice() * words.length)],
      ).join(' ');
      try {
        const result = compileWhere(source, context()).filter(typical);
        assert.equal(typeof result, 'boolean');
        good++;
      } catch (thrown) {
        assert.ok(thrown instanceof StoreError && thrown.code === 'INPUT', `${source}: ${thrown}`);
      }
    }
    assert.ok(good > 300, `${good} were conditions`);
  });
});

describe('rows for which a condition holds', () => {
  const line = (r: EntryRow): string =>
    `${Buffer.from(r.key).toString('latin1')}@${r.seq} ${r.type} ${r.level} ${r.table}`;

  for (const make of [tinyLevelDb, tinyRocksDb]) {
    it(`${make.name}: any page is a page of the whole list`, async () => {
      const store = openStore(mount(await make()), AT);
      const dice = random(31);
      for (const family of store.view.version.families.keys()) {
        for (const where of ['key ~ "7"', 'seq < 300', 'key = "none"', 'seq >= 0', 'size > 20 and key ~ /[13579]$/']) {
          for (const kind of [{}, { reverse: true }, { allVersions: true }]) {
            const params: QueryParams = { family, where, ...kind };
            const { filter } = compileWhere(where, context(undefined));
            // Without paging: every entry is asked in its turn.
            const whole = new ResultSet(1, store, { family, ...kind }, false, systemClock);
            while (whole.step());
            const text = (r: EntryRow): EntryView => ({
              ...entry(r.key, undefined),
              hasValue: r.value !== null,
              valueLength: r.valueSize,
              sequence: r.seq,
              level: r.level,
            });
            const expected = whole
              .rows(0, 1e9, 1 << 20)
              .items.filter((r) => filter(text(r)))
              .map(line);
            const set = new ResultSet(2, store, params, false, systemClock, filter);
            while (set.step());
            const state = set.state();
            assert.deepEqual([state.total, state.complete], [expected.length, true], where);
            assert.equal(state.scanned, whole.state().total);
            assert.equal(state.bytes, whole.state().bytes);
            assert.deepEqual(set.rows(0, 1e9, 1 << 20).items.map(line), expected);
            for (let n = 0; n < 12; n++) {
              const from = Math.floor(dice() * (expected.length + 3));
              const count = Math.floor(dice() * 30);
              assert.deepEqual(
                set.rows(from, count, 1 << 20).items.map(line),
                expected.slice(from, from + count),
                JSON.stringify([params, from, count]),
              );
            }
            const limited = new ResultSet(3, store, { ...params, limit: 3 }, false, systemClock, filter);
            while (limited.step());
            assert.equal(limited.state().total, Math.min(3, expected.length));
            for (const s of [whole, set, limited]) s.close();
          }
        }
      }
      store.close();
    });
  }

  it('reading a page goes in slices, and ends when the query is closed', async () => {
    const store = openStore(mount(await tinyLevelDb()), AT);
    let now = 0;
    const clock = { ...systemClock, elapsed: () => (now += 5) };
    const { filter } = compileWhere('key ~ "99"', context(undefined));
    const family = 0;
    const set = new ResultSet(1, store, { family, where: 'key ~ "99"' }, false, clock, filter);
    let slices = 0;
    while (set.step()) slices++;
    assert.ok(slices > 3, `${slices} slices`);
    const job = set.read(0, 1e9, 100);
    let turns = 0;
    for (let step = job.next(); step.done !== true; step = job.next()) turns++;
    assert.ok(turns > 3, `${turns} turns`);
    const broken = set.read(0, 1e9, 100);
    broken.next();
    set.close();
    assert.throws(() => broken.next(), /closed/);
    store.close();
  });
});
