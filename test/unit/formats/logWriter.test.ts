/** The log writer: what it writes is what the reader reads, byte for byte as the tests' own builder has it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StoreError } from '../../../engine/base/errors.ts';
import { LogReader } from '../../../engine/formats/leveldb/logReader.ts';
import { LogWriter } from '../../../engine/formats/leveldb/logWriter.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { random, randomBytes } from '../../support/random.ts';
import { LogBuilder, memoryFile } from './logBuilder.ts';

function written(records: readonly Uint8Array[]): Uint8Array {
  const file = new MemFs().open('/1.log', 'create');
  const log = new LogWriter(file);
  for (const r of records) log.append(r);
  log.flush();
  assert.equal(log.size, file.size());
  const bytes = new Uint8Array(file.size());
  file.readAt(bytes, 0);
  return bytes;
}

function check(records: readonly Uint8Array[]): void {
  const bytes = written(records);
  const expected = new LogBuilder();
  for (const r of records) expected.add(r);
  assert.ok(Buffer.compare(bytes, expected.bytes()) === 0, `${records.map((r) => r.length)}`);
  const reader = new LogReader(memoryFile(bytes));
  for (const r of records) {
    assert.ok(reader.next());
    assert.ok(Buffer.compare(reader.record, r) === 0);
    assert.ok(reader.regular);
  }
  assert.equal(reader.next(), false);
  assert.equal(reader.ended, 'eof');
}

describe('log writer', () => {
  it('every fragmentation around the end of a block', () => {
    for (let left = 0; left <= 20; left++) {
      // The first record leaves `left` bytes of the block.
      const first = randomBytes(32_768 - 7 - left, left);
      for (const n of [0, 1, left - 8, left - 7, left - 6, left, 100, 32_761, 32_768, 70_000, 98_304 - 21]) {
        if (n >= 0) check([first, randomBytes(n, n), randomBytes(3, 1)]);
      }
    }
  });

  it('no records, empty records, random ones', () => {
    check([]);
    check([new Uint8Array(0), new Uint8Array(0)]);
    const next = random(1);
    check(Array.from({ length: 300 }, (_, i) => randomBytes(Math.floor(next() ** 5 * 100_000), i)));
  });

  it('a part of a buffer', () => {
    const file = new MemFs().open('/1.log', 'create');
    const log = new LogWriter(file);
    log.append(Uint8Array.of(1, 2, 3, 4, 5), 1, 4);
    log.flush();
    const reader = new LogReader(file);
    assert.ok(reader.next());
    assert.deepEqual([...reader.record], [2, 3, 4]);
  });

  it('begins in new files only', () => {
    const file = new MemFs().open('/1.log', 'create');
    file.append(Uint8Array.of(0));
    assert.throws(() => new LogWriter(file), StoreError);
  });

  it('only what was synced outlives a crash, and it is whole', () => {
    const fs = new MemFs();
    fs.syncDir('/');
    const file = fs.open('/1.log', 'create');
    fs.syncDir('/');
    const log = new LogWriter(file);
    log.append(randomBytes(50_000, 1));
    log.sync();
    log.append(randomBytes(10, 2));
    log.flush();
    fs.crash();
    const reader = new LogReader(fs.open('/1.log', 'read'));
    assert.ok(reader.next());
    assert.equal(reader.record.length, 50_000);
    assert.equal(reader.next(), false);
    assert.equal(reader.ended, 'eof');
  });

  it('takes nothing more after a failed write', () => {
    const file = new MemFs().open('/1.log', 'create');
    let full = true;
    const failing = {
      ...memoryFile(new Uint8Array(0)),
      size: () => 0,
      append: (b: Uint8Array) => {
        if (full) throw new StoreError('IO', 'no space left');
        file.append(b);
      },
    };
    const log = new LogWriter(failing);
    log.append(Uint8Array.of(1));
    assert.throws(() => log.flush(), /no space/);
    full = false;
    // Whether the record is in the file, nobody knows.
    assert.throws(() => log.flush(), /earlier write/);
    assert.throws(() => log.sync(), /earlier write/);
    assert.equal(file.size(), 0);
  });
});
