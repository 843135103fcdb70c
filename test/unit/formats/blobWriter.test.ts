/** Blob files and OPTIONS files written, and read by our own readers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { BlobFile, type BlobIndex, decodeBlobIndex } from '../../../engine/formats/rocksdb/blob.ts';
import { BLOB_INDEX_BYTES_MAX, BlobWriter, blobRecordBytes } from '../../../engine/formats/rocksdb/blobWriter.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { mixedBytes, random, randomBytes } from '../../support/random.ts';

describe('blob files', () => {
  for (const compression of ['none', 'snappy', 'lz4', 'zstd', 'zlib'] as const) {
    it(compression, () => {
      const file = new MemFs().open('/000012.blob', 'create');
      const writer = new BlobWriter(file, { number: 12, family: 3, compression });
      const next = random(7);
      const added: { key: Uint8Array; value: Uint8Array; index: BlobIndex & { kind: 'blob' } }[] = [];
      for (let i = 0; i < 200; i++) {
        const n = next() < 0.02 ? 1 << 20 : Math.floor(next() ** 3 * 5000);
        const value = i % 3 === 0 ? randomBytes(n, i) : mixedBytes(n, i);
        const key = randomBytes(Math.floor(next() * 30), i);
        const padded = Uint8Array.from([9, 9, ...key, 9]);
        const index = writer.add(padded, 2, key.length, value, 0, value.length);
        assert.ok(index.length <= BLOB_INDEX_BYTES_MAX);
        const decoded = decodeBlobIndex(index.slice());
        assert.equal(decoded.kind, 'blob');
        added.push({ key, value, index: decoded as BlobIndex & { kind: 'blob' } });
      }
      const summary = writer.finish();
      assert.equal(summary.count, 200);
      assert.equal(summary.fileBytes, file.size());
      assert.equal(summary.bytes, file.size() - 62);
      assert.equal(
        summary.bytes,
        added.reduce((sum, a) => sum + blobRecordBytes(a.key.length, a.index.size), 0),
      );
      const blob = new BlobFile(file);
      assert.equal(blob.family, 3);
      assert.deepEqual(blob.footer, { count: 200, expirationLow: 0, expirationHigh: 0 });
      for (const { key, value, index } of added) {
        assert.equal(index.file, 12);
        assert.ok(Buffer.compare(blob.get(index, key), value) === 0);
      }
      const records = [...blob.records()];
      assert.equal(records.length, 200);
      assert.ok(records.every((r) => r.intact));
    });
  }

  it('stored values move without being unpacked', () => {
    const fs = new MemFs();
    const value = mixedBytes(9000, 1);
    const from = new BlobWriter(fs.open('/1.blob', 'create'), { number: 1, family: 0, compression: 'lz4' });
    const index = decodeBlobIndex(from.add(utf8('k'), 0, 1, value, 0, value.length).slice()) as BlobIndex & {
      kind: 'blob';
    };
    from.finish();
    const stored = new Uint8Array(index.size);
    fs.open('/1.blob', 'read').readAt(stored, index.offset);
    const to = new BlobWriter(fs.open('/2.blob', 'create'), { number: 2, family: 0, compression: 'lz4' });
    const moved = decodeBlobIndex(to.addStored(utf8('k'), 0, 1, stored, 0, stored.length).slice()) as BlobIndex & {
      kind: 'blob';
    };
    to.finish();
    assert.equal(moved.file, 2);
    assert.ok(Buffer.compare(new BlobFile(fs.open('/2.blob', 'read')).get(moved, utf8('k')), value) === 0);
  });

  it('codecs that are only read are refused', () => {
    const file = new MemFs().open('/1.blob', 'create');
    assert.throws(() => new BlobWriter(file, { number: 1, family: 0, compression: 'bzip2' }), StoreError);
  });
});
