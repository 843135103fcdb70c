/** Lenses: what they tell of keys and values made by hand, of the corpus' real files, and of nonsense. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { concat, fromHex, utf8 } from '../../../engine/base/bytes.ts';
import type { LensContext } from '../../../engine/decode/lens.ts';
import { nbtText } from '../../../engine/decode/nbt.ts';
import { detectLenses, LENSES } from '../../../engine/decode/registry.ts';
import { rlpText } from '../../../engine/decode/rlp.ts';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../../engine/fs/readOnlyFs.ts';
import { compareIdbKeys } from '../../../engine/iter/idbOrder.ts';
import { Lenses } from '../../../engine/service/lenses.ts';
import { openStore } from '../../../engine/store/open.ts';
import { random } from '../../support/random.ts';
import { CORPUS, noCorpus } from '../../support/reading.ts';

const bytes = (hex: string): Uint8Array => fromHex(hex.replaceAll(' ', '')) as Uint8Array;

function context(sample: LensContext['sample'], more: Partial<LensContext> = {}): LensContext {
  const comparator = 'leveldb.BytewiseComparator';
  return { engine: 'leveldb', comparator, family: 'default', folder: 'db', parent: '', files: [], sample, ...more };
}

describe('TTL databases of RocksDB', () => {
  const sample = [{ key: utf8('k'), value: bytes('76 5A DF 02 6B') }];
  const of = (options: Record<string, string>, more: Partial<LensContext> = {}) =>
    detectLenses(context(sample, { engine: 'rocksdb', options, ...more })).find((m) => m.lens.id === 'rocksdb-ttl');

  it('are told by their OPTIONS, and values come without the time behind them', () => {
    const match = of({
      compaction_filter_factory: '{id=TtlCompactionFilterFactory;user_filter_factory=nullptr;ttl=0;}',
    });
    assert.match(match?.why ?? '', /compaction_filter_factory/);
    const value = (b: Uint8Array) => match?.lens.value(b, b);
    assert.deepEqual(value(bytes('76 5A DF 02 6B')), { text: 'v (written 2026-11-22T12:26:02Z)', language: 'text' });
    assert.equal(value(bytes('ff 5A DF 02 6B'))?.text, '0xff (written 2026-11-22T12:26:02Z)');
    assert.equal(value(bytes('5A DF 02 6B'))?.text, ' (written 2026-11-22T12:26:02Z)');
    for (const other of ['', '5A DF 02', '76 00 00 00 00', '76 ff ff ff ff'])
      assert.equal(value(bytes(other)), undefined);
  });

  it('are not seen in other stores', () => {
    assert.equal(of({ merge_operator: '{id=StringAppendOperator;}' }), undefined);
    assert.equal(of({ ttl: '2592000' }), undefined);
    const mark = { merge_operator: '{id=TtlMergeOperator;user_operator=nullptr;}' };
    assert.ok(of(mark) !== undefined);
    assert.equal(of(mark, { engine: 'leveldb' }), undefined);
    assert.equal(of(mark, { sample: [{ key: utf8('k'), value: utf8('old') }] }), undefined);
  });
});

const utf16 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf16le'));

describe('Chromium', () => {
  const lens = detectLenses(context([], { comparator: 'idb_cmp1' }))[0]?.lens;

  it('reads IndexedDB keys of each kind', () => {
    assert.equal(lens?.id, 'chromium-indexeddb');
    assert.equal(lens.key(bytes('00 00 00 00 00')), 'global: schema version');
    assert.equal(lens.key(bytes('00 01 00 00 04')), 'db 1: version');
    assert.equal(lens.key(bytes('00 01 00 00 32 02 01')), 'db 1: store 2: key path');
    assert.equal(lens.key(bytes('00 01 01 01 03 0000000000004540')), 'db 1 store 1: 42');
    assert.equal(lens.key(bytes('00 01 01 01 01 02 0061 00e9')), 'db 1 store 1: "aé"');
    assert.equal(lens.key(bytes('00 01 01 01 04 02 06 02 beef 00')), 'db 1 store 1: [0xbeef, null]');
    assert.equal(
      lens.key(bytes('00 01 01 1e 02 0000000000000000 07 03 000000000000f03f')),
      'db 1 store 1 index 30: 1970-01-01T00:00:00.000000Z → 1',
    );
    assert.equal(lens.key(bytes('00 01 01 01 03 00')), undefined, 'a number cut short');
    assert.equal(lens.key(new Uint8Array(0)), undefined);
  });

  it('orders IndexedDB keys as Chromium does', () => {
    // Each is before the next: ids as numbers, types from numbers up to arrays, numbers by value, strings by units.
    const ordered = [
      '00 00 00 00 00',
      '00 00 00 00 c9 01 0061 01 0062',
      '00 01 00 00 00',
      '00 01 00 00 32 01 00',
      '00 01 00 00 32 02 00',
      '00 01 01 01 03 00000000000000c0',
      '00 01 01 01 03 000000000000f03f',
      '00 01 01 01 03 0000000000002440',
      '00 01 01 01 02 0000000000000000',
      '00 01 01 01 01 01 0061',
      '00 01 01 01 01 02 0061 0000',
      '00 01 01 01 01 01 0062',
      '00 01 01 01 06 01 00',
      '00 01 01 01 04 00',
      '00 01 01 01 04 01 03 000000000000f03f',
      '00 01 01 02 03 000000000000f03f',
      '00 01 02 01 03 000000000000f03f',
      '00 02 00 00 00',
      '04 02 0001 00 00',
    ].map(bytes);
    for (const [i, a] of ordered.entries()) {
      for (const [j, b] of ordered.entries()) {
        assert.equal(Math.sign(compareIdbKeys(a, 0, a.length, b, 0, b.length)), Math.sign(i - j), `${i} and ${j}`);
      }
    }
  });

  it('has an order for whatever bytes there are', () => {
    const dice = random(11);
    for (let n = 0; n < 20_000; n++) {
      const [a, b] = [0, 1].map(() =>
        Uint8Array.from({ length: Math.floor(dice() * 12) }, () => Math.floor(dice() * 9)),
      );
      const forth = compareIdbKeys(a!, 0, a!.length, b!, 0, b!.length);
      assert.ok(Number.isFinite(forth));
      assert.equal(Math.sign(forth), -Math.sign(compareIdbKeys(b!, 0, b!.length, a!, 0, a!.length)) + 0);
    }
  });

  it('reads Local Storage and Session Storage', () => {
    const item = {
      key: concat([utf8('_https://example.org\0'), Uint8Array.of(1), utf8('theme')]),
      value: concat([Uint8Array.of(0), utf16('{"dark":true}')]),
    };
    const local = detectLenses(
      context([
        { key: utf8('META:https://example.org'), value: new Uint8Array() },
        { key: utf8('VERSION'), value: utf8('1') },
        item,
      ]),
    )[0]?.lens;
    assert.equal(local?.id, 'chromium-local-storage');
    assert.equal(local.key(item.key), 'https://example.org "theme"');
    assert.deepEqual(local.value(item.key, item.value), { text: '{"dark":true}', language: 'json' });
    const map = { key: utf8('map-3-name'), value: utf16('größe') };
    const session = detectLenses(context([map, { key: utf8('namespace-x-https://a/'), value: utf8('3') }]))[0]?.lens;
    assert.equal(session?.id, 'chromium-session-storage');
    assert.deepEqual(session.value(map.key, map.value), { text: 'größe', language: 'text' });
  });
});

describe('blockchains', () => {
  it('Bitcoin Core: values behind the obfuscation key', () => {
    const secret = bytes('0102030405060708');
    const txid = new Uint8Array(32).fill(0xab);
    // Height 100, coinbase; 50 BTC is 0x32 compressed; a script of one byte.
    const coin = bytes('8049 32 00');
    const stored = {
      key: concat([utf8('C'), txid, Uint8Array.of(0)]),
      value: coin.map((b, i) => b ^ (secret[i % 8] as number)),
    };
    const sample = [{ key: utf8('\u000e\u0000obfuscate_key'), value: concat([Uint8Array.of(8), secret]) }, stored];
    const lens = detectLenses(context(sample))[0]?.lens;
    assert.equal(lens?.id, 'bitcoin-core');
    assert.equal(lens.key(stored.key), `coin ${'ab'.repeat(32)}:0`);
    assert.equal(lens.value(stored.key, stored.value)?.text, '50 BTC, height 100, coinbase, script 0x00');
  });

  it('go-ethereum: schema prefixes and RLP', () => {
    const hash = new Uint8Array(32).fill(1);
    const header = concat([utf8('h'), bytes('0000000000000007'), hash]);
    const sample = [
      { key: utf8('LastBlock'), value: hash },
      { key: header, value: bytes('c3 01 81 ff') },
      { key: concat([utf8('H'), hash]), value: bytes('0000000000000007') },
    ];
    const lens = detectLenses(context(sample))[0]?.lens;
    assert.equal(lens?.id, 'go-ethereum');
    assert.equal(lens.key(header), `header of block 7 0x${'01'.repeat(32)}`);
    assert.deepEqual(JSON.parse(lens.value(header, bytes('c3 01 81 ff'))?.text ?? ''), ['0x01', '0xff']);
    assert.equal(rlpText(bytes('c4 01 81 ff')), undefined, 'a list cut short');
  });
});

describe('Minecraft Bedrock', () => {
  it('reads chunk keys and NBT', () => {
    const key = bytes('ffffffff 02000000 31');
    // A compound without a name: {"id": "Chest", "x": -5}
    const nbt = bytes('0a 0000 08 0200 6964 0500 4368657374 03 0100 78 fbffffff 00');
    const lens = detectLenses(
      context([
        { key, value: nbt },
        { key: utf8('~local_player'), value: nbt },
      ]),
    )[0]?.lens;
    assert.equal(lens?.id, 'minecraft-bedrock');
    assert.equal(lens.key(key), 'chunk -1, 2 overworld: block entities');
    assert.equal(lens.key(bytes('01000000 02000000 01000000 2f fc')), 'chunk 1, 2 nether: sub-chunk -4');
    assert.deepEqual(JSON.parse(lens.value(key, nbt)?.text ?? ''), { id: 'Chest', x: -5 });
  });

  it('takes no text of the same length for chunks', () => {
    const sample = Array.from({ length: 10 }, (_, i) => ({ key: utf8(`user:000${i}`), value: utf8('x') }));
    assert.deepEqual(detectLenses(context(sample)), []);
  });

  it('a hostile NBT costs nothing', () => {
    assert.equal(nbtText(bytes('0a 0000 07 0100 61 ffffff7f')), undefined, 'an array of 2 GiB');
    assert.equal(nbtText(bytes('09 0000 00 ffffff7f')), undefined, 'a list of so many ends');
    assert.equal(nbtText(new Uint8Array(10_000).fill(0x0a)), undefined, 'compounds without end');
  });
});

describe('every lens', () => {
  it('answers for random bytes, and nothing fits them', () => {
    const dice = random(5);
    const some = (n: number): Uint8Array =>
      Uint8Array.from({ length: Math.floor(dice() * n) }, () => Math.floor(dice() * 256));
    const samples = Array.from({ length: 40 }, () => ({ key: some(40), value: some(80) }));
    assert.deepEqual(detectLenses(context(samples)), []);
    const lenses = [
      detectLenses(context([], { comparator: 'idb_cmp1' })),
      detectLenses(context([{ key: utf8('\u000e\u0000obfuscate_key'), value: some(9) }])),
    ].flatMap((m) => m.map(({ lens }) => lens));
    assert.ok(lenses.length === 2 && LENSES.length >= 6);
    for (const lens of lenses) {
      for (let i = 0; i < 5000; i++) {
        const key = some(50);
        lens.key(key);
        lens.value(key, some(200));
      }
    }
  });
});

describe('lenses of real stores', { skip: noCorpus }, () => {
  const cases: readonly [string, string, RegExp][] = [
    [
      'chrome-indexeddb-linux_109_64/file__0.indexeddb.leveldb',
      'chromium-indexeddb',
      /store 1 index 31: 2023-02-12T23:20:30/,
    ],
    [
      'chrome-indexeddb-win11_109_64/file__0.indexeddb.leveldb',
      'chromium-indexeddb',
      /global: database "file__0@1", "IndexedDB test": id/,
    ],
    ['minecraft-bedrock-1_17_40-caves_and_cliffs', 'minecraft-bedrock', /^chunk 0, 4 overworld: sub-chunk -1$/],
    ['minecraft-bedrock-1_18-superflat', 'minecraft-bedrock', /^chunk -2, 2 overworld: entities$/],
  ];
  for (const [name, id, wanted] of cases) {
    it(`${name}: ${id}`, () => {
      const store = openStore(readOnlyFs(nodeFs), `${CORPUS}leveldb-variants/${name}`);
      const lenses = new Lenses(readOnlyFs(nodeFs));
      const [match] = lenses.of(store, 0);
      assert.equal(match?.lens.id, id);
      const walk = store.view.scan(0, {}, { report: () => {}, note: () => false } as never);
      const keys: (string | undefined)[] = [];
      for (walk.first(); walk.valid; walk.next()) {
        keys.push(match.lens.key(walk.keyBuffer.slice(walk.keyStart, walk.keyStart + walk.keyLength)));
      }
      walk.close();
      assert.equal(keys.filter((k) => k === undefined).length, 0, 'every key reads');
      assert.ok(keys.some((k) => wanted.test(k ?? '')));
      store.close();
    });
  }

  it('stores of no application have none', () => {
    const store = openStore(readOnlyFs(nodeFs), `${CORPUS}rocksdb/01-leveled-zstd/db`);
    assert.deepEqual(new Lenses(readOnlyFs(nodeFs)).of(store, 0), []);
    store.close();
  });
});
