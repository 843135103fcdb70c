import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hex, utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { boundOf, compareInternal, internalKey, sequenceAt } from '../../../engine/formats/leveldb/internalKey.ts';
import { LogReader } from '../../../engine/formats/leveldb/logReader.ts';
import { decodeLevelDbEdit, type NewFile } from '../../../engine/formats/leveldb/versionEdit.ts';
import { decodeRocksDbEdit } from '../../../engine/formats/rocksdb/versionEdit.ts';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { MAX_SEQUENCE } from '../../../engine/iter/cursor.ts';
import { BYTEWISE } from '../../../engine/iter/order.ts';
import { bytesOf, str, u64, varint } from './logBuilder.ts';

const CORPUS = join(import.meta.dirname, '../../../../shared/corpus');
const NO_CORPUS: string | false = existsSync(CORPUS) ? false : 'the corpus ../shared/corpus is absent';

const ikey = (key: string, seq: number, type = 1): Uint8Array => internalKey(utf8(key), seq, type);

describe('internal keys', () => {
  it('keep sequence and type', () => {
    for (const seq of [0, 1, 255, 2 ** 24 + 5, 2 ** 40 + 77, 2 ** 53 - 1]) {
      const k = ikey('k', seq, 0x16);
      assert.equal(sequenceAt(k, k.length), seq);
      assert.deepEqual(boundOf(k), { key: utf8('k'), seq, type: 'entity' });
    }
    assert.equal(hex(ikey('', MAX_SEQUENCE, 0x0f)), '0fffffffffffffff');
    assert.equal(boundOf(ikey('', MAX_SEQUENCE, 0x0f)).seq, MAX_SEQUENCE);
    assert.throws(() => boundOf(utf8('short')), StoreError);
  });

  it('are ordered by key, then newest first', () => {
    const order = [ikey('a', 9), ikey('a', 8, 1), ikey('a', 8, 0), ikey('ab', 100), ikey('b', 1)];
    for (let i = 0; i < order.length; i++) {
      for (let j = 0; j < order.length; j++) {
        const [a, b] = [order[i] as Uint8Array, order[j] as Uint8Array];
        const d = compareInternal(BYTEWISE.compare, a, 0, a.length, b, 0, b.length);
        assert.equal(Math.sign(d), Math.sign(i - j), `${i} ${j}`);
      }
    }
  });
});

describe('version edits', () => {
  it('LevelDB: every tag', () => {
    const edit = decodeLevelDbEdit(
      bytesOf(
        1,
        str('leveldb.BytewiseComparator'),
        2,
        varint(300),
        9,
        varint(0),
        3,
        varint(301),
        4,
        varint(2 ** 40),
        5,
        2,
        str(ikey('c', 5)),
        6,
        1,
        varint(17),
        7,
        3,
        varint(18),
        varint(12345),
        str(ikey('a', 7)),
        str(ikey('z', 3, 0)),
      ),
    );
    assert.equal(edit.comparator, 'leveldb.BytewiseComparator');
    assert.deepEqual(
      [edit.logNumber, edit.prevLogNumber, edit.nextFileNumber, edit.lastSequence],
      [300, 0, 301, 2 ** 40],
    );
    assert.deepEqual(edit.compactCursors, [{ level: 2, key: { key: utf8('c'), seq: 5, type: 'put' } }]);
    assert.deepEqual(edit.deletedFiles, [{ level: 1, number: 17 }]);
    assert.deepEqual(edit.newFiles, [
      {
        level: 3,
        number: 18,
        pathId: 0,
        bytes: 12345,
        smallest: { key: utf8('a'), seq: 7, type: 'put' },
        largest: { key: utf8('z'), seq: 3, type: 'delete' },
      },
    ]);
    assert.throws(() => decodeLevelDbEdit(bytesOf(200, 1, 0)), /tag 200/);
  });

  it('RocksDB: a new file with every custom field', () => {
    const file = (tag: number, body: Uint8Array): Uint8Array => bytesOf(varint(tag), str(body));
    const record = bytesOf(
      varint(103),
      2,
      varint(77),
      varint(4096),
      str(ikey('a', 1)),
      str(ikey('b', MAX_SEQUENCE, 0x0f)),
      varint(1),
      varint(9),
      file(2, bytesOf(1)),
      file(3, u64(6)),
      file(4, varint(55)),
      file(5, varint(1700000000)),
      file(6, varint(1700000001)),
      file(7, utf8('sum')),
      file(8, utf8('FileChecksumCrc32c')),
      file(9, bytesOf(12)),
      file(10, u64(1)),
      file(11, u64(2)),
      file(12, new Uint8Array(16).fill(3)),
      file(13, varint(8)),
      file(14, varint(99)),
      file(15, varint(500)),
      file(16, bytesOf(0)),
      file(17, utf8('meta')),
      file(33, utf8('later')),
      file(65, bytesOf(2)),
      varint(1),
      varint(200),
      varint(4),
    ); // prettier-ignore
    const edit = decodeRocksDbEdit(record);
    assert.equal(edit.family, 4);
    const f = edit.newFiles[0] as NewFile;
    assert.deepEqual(
      [
        f.level,
        f.number,
        f.bytes,
        f.pathId,
        f.smallestSeq,
        f.largestSeq,
        f.markedForCompaction,
        f.minLogNumber,
        f.oldestBlobFile,
      ],
      [2, 77, 4096, 2, 1, 9, true, 6, 55],
    );
    assert.deepEqual(
      [
        f.oldestAncestorTime,
        f.createdAt,
        f.checksumFunction,
        f.temperature,
        f.epoch,
        f.compensatedRangeDeletionBytes,
        f.tailBytes,
        f.timestampsPersisted,
      ],
      [1700000000, 1700000001, 'FileChecksumCrc32c', 12, 8, 99, 500, false],
    );
    assert.deepEqual(f.largest, { key: utf8('b'), seq: MAX_SEQUENCE, type: 'range-delete' });
    assert.deepEqual(
      [f.minTimestamp?.length, f.maxTimestamp?.length, f.uniqueId?.length, f.unknownTags],
      [8, 8, 16, [33]],
    );
    record.fill(0);
    assert.deepEqual(f.smallest.key, utf8('a'), 'nothing refers to the record');
    assert.throws(
      () => decodeRocksDbEdit(bytesOf(103, 0, 2, 1, 1, str(ikey('a', 1)), str(ikey('a', 1)), 1, 1, 66, 0, 1)),
      StoreError,
    );
  });

  it('RocksDB: families, groups, blobs, WALs and what may be ignored', () => {
    const edit = decodeRocksDbEdit(
      bytesOf(
        varint(201),
        str('meta/é'),
        varint(200),
        3,
        varint(203),
        9,
        varint(300),
        2,
        10,
        varint(88),
        varint(400),
        varint(5),
        varint(6),
        varint(7000),
        str('crc'),
        str('sum'),
        7,
        str('?'),
        0,
        varint(401),
        varint(5),
        varint(1),
        varint(100),
        0,
        varint(8193),
        str('id'),
        varint(8196),
        varint(12),
        2,
        varint(999),
        1,
        varint(8199),
        str(bytesOf(varint(13), 1)),
        varint(8197),
        varint(11),
        varint(8200),
        str(varint(12)),
        varint(8198),
        str(u64(5)),
        varint(8201),
        str(bytesOf(0)),
        varint(8203),
        str(varint(4000)),
        varint(8192 + 900),
        str('future'),
      ), // prettier-ignore
    );
    assert.deepEqual(
      [edit.familyAdded, edit.family, edit.maxFamily, edit.remainingInGroup, edit.minLogNumberToKeep],
      ['meta/é', 3, 9, 2, 88],
    );
    assert.deepEqual(edit.blobAdditions, [
      { number: 5, count: 6, bytes: 7000, checksumMethod: 'crc', checksum: utf8('sum') },
    ]);
    assert.deepEqual(edit.blobGarbage, [{ number: 5, count: 1, bytes: 100 }]);
    assert.deepEqual(edit.walAdditions, [{ number: 12, syncedBytes: 999 }, { number: 13 }]);
    assert.deepEqual(
      [edit.walsDeletedBelow, edit.databaseId, edit.timestampsPersisted, edit.lastManifestBytes],
      [12, 'id', false, 4000],
    );
    assert.deepEqual(edit.ignoredTags, [8192 + 900]);
    assert.equal(decodeRocksDbEdit(bytesOf(varint(202))).familyDropped, true);
    assert.equal(decodeRocksDbEdit(new Uint8Array(0)).family, 0, 'an empty record is legal');
    assert.throws(
      () => decodeRocksDbEdit(bytesOf(varint(999))),
      (e) => e instanceof StoreError && e.code === 'CORRUPT' && /tag 999/.test(e.message),
    );
  });

  it('cut or changed records end in a StoreError or a value', () => {
    const record = bytesOf(
      7,
      3,
      varint(18),
      varint(12345),
      str(ikey('a', 7)),
      str(ikey('z', 3, 0)),
      varint(8193),
      str('id'),
    );
    for (let n = 0; n < record.length; n++) {
      for (let x = 0; x < 256; x += 5) {
        const damaged = record.slice(0, n + 1);
        damaged[n] = x;
        try {
          decodeRocksDbEdit(damaged);
        } catch (thrown) {
          assert.ok(thrown instanceof StoreError, `${thrown}`);
        }
      }
    }
  });
});

describe('MANIFESTs of the corpus', { skip: NO_CORPUS }, () => {
  interface FileTruth {
    number: number;
    level: number;
    size: number;
    smallest?: string;
    largest?: string;
    smallestSeq?: number;
    largestSeq?: number;
  }
  const root = join(CORPUS, 'rocksdb');
  for (const name of NO_CORPUS ? [] : readdirSync(root)) {
    if (!existsSync(join(root, name, 'files.json'))) continue;
    it(`${name}: the live tables are the engine's`, () => {
      const about = JSON.parse(readFileSync(join(root, name, 'about.json'), 'utf8')) as {
        engine: string;
        manifest: { file: string };
      };
      const truth = JSON.parse(readFileSync(join(root, name, 'files.json'), 'utf8')) as {
        cfs: { id: number; files: FileTruth[] }[];
      };
      const decode = about.engine.startsWith('LevelDB') ? decodeLevelDbEdit : decodeRocksDbEdit;
      const live = new Map<string, NewFile>();
      const reader = new LogReader(nodeFs.open(join(root, name, 'db', about.manifest.file), 'read'));
      while (reader.next()) {
        const edit = decode(reader.record);
        assert.deepEqual(edit.ignoredTags, []);
        for (const f of edit.deletedFiles) live.delete(`${edit.family}/${f.number}`);
        for (const f of edit.newFiles) live.set(`${edit.family}/${f.number}`, f);
      }
      const footer = /.{16}$/;
      for (const family of truth.cfs) {
        for (const f of family.files) {
          const found = live.get(`${family.id}/${f.number}`);
          assert.deepEqual([found?.level, found?.bytes], [f.level, f.size]);
          if (f.smallest !== undefined)
            assert.equal(hex(found?.smallest.key as Uint8Array), f.smallest.replace(footer, ''));
          if (f.largest !== undefined)
            assert.equal(hex(found?.largest.key as Uint8Array), f.largest.replace(footer, ''));
          if (found?.smallestSeq !== undefined)
            assert.deepEqual([found.smallestSeq, found.largestSeq], [f.smallestSeq, f.largestSeq]);
          live.delete(`${family.id}/${f.number}`);
        }
      }
      assert.equal(live.size, 0);
    });
  }
});
