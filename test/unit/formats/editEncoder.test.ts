/** Version edits written and read again: random ones of both dialects, and all that real stores hold. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { encodeLevelDbEdit } from '../../../engine/formats/leveldb/editEncoder.ts';
import { LogReader } from '../../../engine/formats/leveldb/logReader.ts';
import {
  decodeLevelDbEdit,
  emptyEdit,
  type NewFile,
  type VersionEdit,
} from '../../../engine/formats/leveldb/versionEdit.ts';
import { encodeRocksDbEdit } from '../../../engine/formats/rocksdb/editEncoder.ts';
import { decodeRocksDbEdit } from '../../../engine/formats/rocksdb/versionEdit.ts';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { MAX_SEQUENCE } from '../../../engine/iter/cursor.ts';
import { random, randomBytes } from '../../support/random.ts';
import { CORPUS, corpusNames, noCorpus } from '../../support/reading.ts';

const types = ['put', 'delete', 'merge', 'range-delete', 'blob', 'single-delete', 'entity'] as const;

function someFile(next: () => number, rocks: boolean): NewFile {
  const n = (most: number): number => Math.floor(next() * most);
  const key = (): NewFile['smallest'] => ({
    key: randomBytes(n(20), n(1e6)),
    seq: next() < 0.1 ? MAX_SEQUENCE : n(2 ** 50),
    type: types[n(types.length)] as (typeof types)[number],
  });
  const file: NewFile = {
    level: n(7),
    number: n(2 ** 40),
    pathId: 0,
    bytes: n(2 ** 45),
    smallest: key(),
    largest: key(),
  };
  if (!rocks) return file;
  const maybe = <T>(value: T): T | undefined => (next() < 0.5 ? value : undefined);
  const all: Partial<NewFile> = {
    oldestBlobFile: maybe(n(1000)) as number,
    checksum: maybe(randomBytes(4, n(99))) as Uint8Array,
    checksumFunction: maybe('FileChecksumCrc32c') as string,
    markedForCompaction: maybe(next() < 0.5) as boolean,
    temperature: maybe(8) as number,
    uniqueId: maybe(randomBytes(16, n(99))) as Uint8Array,
    epoch: maybe(n(2 ** 40)) as number,
    tailBytes: maybe(n(2 ** 30)) as number,
    compensatedRangeDeletionBytes: maybe(n(2 ** 40)) as number,
    minLogNumber: maybe(n(2 ** 40)) as number,
    minTimestamp: maybe(randomBytes(8, 3)) as Uint8Array,
    maxTimestamp: maybe(randomBytes(8, 4)) as Uint8Array,
    timestampsPersisted: maybe(false) as boolean,
    openMetadata: maybe(randomBytes(9, 5)) as Uint8Array,
  };
  return {
    ...file,
    pathId: n(4),
    smallestSeq: n(2 ** 50),
    largestSeq: n(2 ** 50),
    oldestAncestorTime: next() < 0.1 ? 2 ** 64 : n(2 ** 31),
    createdAt: n(2 ** 31),
    ...Object.fromEntries(Object.entries(all).filter(([, v]) => v !== undefined)),
  };
}

function someEdit(seed: number, rocks: boolean): VersionEdit {
  const next = random(seed);
  const n = (most: number): number => Math.floor(next() * most);
  const list = <T>(make: () => T): T[] => Array.from({ length: n(4) }, make);
  const maybe = (field: Partial<VersionEdit>): Partial<VersionEdit> => (next() < 0.5 ? field : {});
  const edit: VersionEdit = {
    ...emptyEdit(),
    ...maybe({ comparator: 'leveldb.BytewiseComparator' }),
    ...maybe({ logNumber: n(2 ** 40) }),
    ...maybe({ prevLogNumber: 0 }),
    ...maybe({ nextFileNumber: n(2 ** 40) }),
    ...maybe({ lastSequence: n(2 ** 50) }),
    newFiles: list(() => someFile(next, rocks)),
    deletedFiles: list(() => ({ level: n(7), number: n(2 ** 40) })),
    compactCursors: list(() => ({ level: n(7), key: someFile(next, false).smallest })),
  };
  if (!rocks) return edit;
  return {
    ...edit,
    family: n(3),
    ...maybe({ databaseId: 'an id' }),
    ...maybe({ minLogNumberToKeep: n(1000) }),
    ...maybe({ maxFamily: n(10) }),
    ...maybe({ familyAdded: 'new' }),
    ...maybe({ familyDropped: true }),
    ...maybe({ remainingInGroup: n(3) }),
    ...maybe({ fullHistoryTimestampLow: randomBytes(8, 1) }),
    ...maybe({ timestampsPersisted: next() < 0.5 }),
    ...maybe({ lastManifestBytes: n(1e9) }),
    ...maybe({ walsDeletedBelow: n(1000) }),
    blobAdditions: list(() => ({
      number: n(1e6),
      count: n(1e6),
      bytes: n(2 ** 45),
      checksumMethod: 'm',
      checksum: randomBytes(n(5), 1),
    })),
    blobGarbage: list(() => ({ number: n(1e6), count: n(1e6), bytes: n(2 ** 45) })),
    walAdditions: list(() => (next() < 0.5 ? { number: n(1e6) } : { number: n(1e6), syncedBytes: n(2 ** 40) })),
  };
}

describe('version edits come back', () => {
  it('LevelDB', () => {
    for (let seed = 0; seed < 500; seed++) {
      const edit = someEdit(seed, false);
      assert.deepEqual(decodeLevelDbEdit(encodeLevelDbEdit(edit)), edit);
      // RocksDB took over the tags.
      assert.deepEqual(decodeRocksDbEdit(encodeLevelDbEdit(edit)), edit);
    }
  });

  it('RocksDB', () => {
    for (let seed = 0; seed < 1000; seed++) {
      const edit = someEdit(seed, true);
      assert.deepEqual(decodeRocksDbEdit(encodeRocksDbEdit(edit)), edit);
    }
  });

  it('boundary keys of types that share a name keep their number', () => {
    const record = Buffer.from(encodeRocksDbEdit({ ...emptyEdit(), newFiles: [{ ...someFile(random(1), true) }] }));
    const edit = decodeRocksDbEdit(record);
    const file = edit.newFiles[0] as NewFile;
    const smallest = { key: utf8('k'), seq: 5, type: 'put', code: 0x18 } as const;
    const again = decodeRocksDbEdit(encodeRocksDbEdit({ ...edit, newFiles: [{ ...file, smallest }] }));
    assert.deepEqual(again.newFiles[0]?.smallest, smallest);
  });
});

describe('LevelDB knows less', () => {
  it('and what it cannot read is refused', () => {
    const foreign: Partial<VersionEdit>[] = [
      { family: 1 },
      { databaseId: 'x' },
      { familyAdded: 'x' },
      { remainingInGroup: 0 },
      { walAdditions: [{ number: 1 }] },
      { newFiles: [{ ...someFile(random(1), false), level: 7 }] },
    ];
    for (const field of foreign) assert.throws(() => encodeLevelDbEdit({ ...emptyEdit(), ...field }), StoreError);
  });
});

describe('edits of real stores', { skip: noCorpus }, () => {
  for (const name of corpusNames('rocksdb')) {
    it(name, () => {
      const dir = `${CORPUS}rocksdb/${name}/db/`;
      const current = readFileSync(`${dir}CURRENT`, 'utf8').trim();
      const log = new LogReader(nodeFs.open(dir + current, 'read'));
      const leveldb = /leveldb/.test(name);
      let edits = 0;
      let same = 0;
      while (log.next()) {
        const edit = leveldb ? decodeLevelDbEdit(log.record) : decodeRocksDbEdit(log.record);
        const encoded = leveldb ? encodeLevelDbEdit(edit) : encodeRocksDbEdit(edit);
        const again = leveldb ? decodeLevelDbEdit(encoded) : decodeRocksDbEdit(encoded);
        assert.deepEqual(again, edit);
        edits++;
        if (Buffer.compare(encoded, log.record) === 0) same++;
      }
      assert.ok(edits > 0);
      // LevelDB's order of fields is its only one, so its records come out as they were.
      if (leveldb) assert.equal(same, edits);
    });
  }
});
