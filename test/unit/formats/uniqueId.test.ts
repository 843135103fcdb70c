import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { createXXHash128 } from 'hash-wasm';
import { hex } from '../../../engine/base/bytes.ts';
import { TableReader } from '../../../engine/formats/block/tableReader.ts';
import { readManifest } from '../../../engine/formats/leveldb/manifest.ts';
import { sessionIdOf, uniqueIdOf, xxh3Wide } from '../../../engine/formats/rocksdb/uniqueId.ts';
import { decodeRocksDbEdit } from '../../../engine/formats/rocksdb/versionEdit.ts';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { keyOrder } from '../../../engine/iter/order.ts';
import { randomBytes } from '../../support/random.ts';
import { CORPUS, noCorpus } from '../../support/reading.ts';

it('XXH3-128 with a seed, for every length it is meant for', async () => {
  for (const [low, high] of [
    [0, 0],
    [0x12345678, 0x9abcdef0],
    [5, 0],
  ] as const) {
    const oracle = await createXXHash128(low, high);
    for (let n = 0; n <= 240; n++) {
      const input = randomBytes(n, n);
      oracle.init();
      oracle.update(input);
      const got = xxh3Wide(input, (BigInt(high) << 32n) | BigInt(low));
      const text = `${got?.high.toString(16).padStart(16, '0')}${got?.low.toString(16).padStart(16, '0')}`;
      assert.equal(text, oracle.digest('hex'), `${n} bytes`);
    }
  }
  assert.equal(xxh3Wide(new Uint8Array(241), 0n), undefined);
});

it('session ids have the form of the engine', () => {
  for (let i = 0; i < 200; i++) assert.match(sessionIdOf(randomBytes(16, i)), /^[0-9A-Z]{20}$/);
  assert.equal(uniqueIdOf('db', 'short', 1), undefined);
  assert.equal(uniqueIdOf('db', 'a'.repeat(20), 1), undefined);
  assert.equal(uniqueIdOf('', 'A'.repeat(20), 1), undefined);
});

for (const name of ['16-rocksdb-783-fv5', '17-rocksdb-native-1051', '01-leveled-zstd']) {
  it(`the ids of ${name} are those that the engine wrote`, { skip: noCorpus }, () => {
    const dir = `${CORPUS}rocksdb/${name}/db/`;
    const manifest = readManifest(nodeFs, dir, readFileSync(`${dir}CURRENT`, 'utf8').trim(), decodeRocksDbEdit);
    let compared = 0;
    for (const family of manifest.families.values()) {
      for (const file of family.tables.values()) {
        const handle = nodeFs.open(`${dir}${String(file.number).padStart(6, '0')}.sst`, 'read');
        const { properties: p } = new TableReader(handle, { dialect: 'rocksdb', order: keyOrder(family.comparator) });
        const id = uniqueIdOf(
          p.text('rocksdb.creating.db.identity') ?? '',
          p.text('rocksdb.creating.session.identity') ?? '',
          p.number('rocksdb.original.file.number') ?? 0,
        );
        assert.equal(id && hex(id), file.uniqueId && hex(file.uniqueId));
        compared++;
        handle.close();
      }
    }
    assert.ok(compared > 5);
  });
}
