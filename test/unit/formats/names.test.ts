import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import * as names from '../../../engine/formats/leveldb/names.ts';

describe('file names', () => {
  it('tells files by their names', () => {
    const seen = [
      '000012.sst',
      '7.ldb',
      '000003.log',
      '1234567.blob',
      'MANIFEST-000005',
      'OPTIONS-000007',
      'OPTIONS-000007.dbtmp',
      '000009.dbtmp',
    ];
    assert.deepEqual(
      seen.map((n) => {
        const { kind, number } = names.parseFileName(n);
        return `${kind} ${number}`;
      }),
      ['table 12', 'table 7', 'wal 3', 'blob 1234567', 'manifest 5', 'options 7', 'temp 7', 'temp 9'],
    );
    for (const [name, kind] of [
      ['CURRENT', 'current'],
      ['LOCK', 'lock'],
      ['IDENTITY', 'identity'],
      ['LOG', 'infoLog'],
      ['LOG.old', 'infoLog'],
      ['LOG.old.1795332535684246', 'infoLog'],
      ['data_db_LOG', 'infoLog'],
    ] as const) {
      assert.equal(names.parseFileName(name).kind, kind, name);
    }
    for (const name of [
      '',
      'a.sst',
      '-1.sst',
      '1.sst.bak',
      '../000001.sst',
      '99999999999999999999.sst',
      'MANIFEST-',
      'SESSION_ID',
    ]) {
      assert.equal(names.parseFileName(name).kind, 'unknown', name);
    }
  });

  it('makes the names that it reads', () => {
    assert.equal(names.tableFileName(12, 'ldb'), '000012.ldb');
    assert.equal(names.walFileName(1234567), '1234567.log');
    assert.equal(names.blobFileName(1), '000001.blob');
    assert.equal(names.manifestFileName(5), 'MANIFEST-000005');
    assert.equal(names.optionsFileName(5), 'OPTIONS-000005');
    assert.equal(names.parseFileName(names.tempFileName(8)).kind, 'temp');
  });

  it('accepts a plain MANIFEST name in CURRENT and nothing else', () => {
    assert.equal(names.manifestFromCurrent(utf8('MANIFEST-000005\n')), 'MANIFEST-000005');
    for (const bad of [
      '',
      'MANIFEST-000005',
      '../MANIFEST-000005\n',
      '/etc/MANIFEST-000005\n',
      'MANIFEST-000005\n\n',
      'MANIFEST-000005\r\n',
      'MANIFEST-\n',
      '000005.log\n',
      `MANIFEST-${'1'.repeat(1000)}\n`,
      'MANIFEST-000005.dbtmp\n',
      '\n',
    ]) {
      assert.throws(
        () => names.manifestFromCurrent(utf8(bad)),
        (e) => e instanceof StoreError && e.code === 'CORRUPT' && e.path === 'CURRENT',
        JSON.stringify(bad),
      );
    }
    assert.throws(() => names.manifestFromCurrent(Uint8Array.of(0xff, 0xfe, 10)), StoreError);
  });
});
