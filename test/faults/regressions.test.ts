/** Bugs that the fault tests found, each by its name. */
import { strict as assert } from 'node:assert';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { utf8 } from '../../engine/base/bytes.ts';
import { StoreError } from '../../engine/base/errors.ts';
import { parseFileName } from '../../engine/formats/leveldb/names.ts';
import { FaultFs } from '../../engine/fs/faultFs.ts';
import { compactionJob } from '../../engine/store/compaction/job.ts';
import { forcedChoice } from '../../engine/store/compaction/select.ts';
import { openStore } from '../../engine/store/open.ts';
import { systemWriteEnvironment } from '../../engine/store/writeEnvironment.ts';
import { StoreWriter } from '../../engine/store/writer.ts';
import { noRocksdbTools, output, scratch } from '../fixtures/stores.ts';
import { memEnvironment } from '../support/memEnvironment.ts';
import { addTo, del, type Operation, put, range } from './model.ts';
import { content, DIR, type Format, memStore } from './stores.ts';

const NOW = 1_790_000_000;

function write(writer: StoreWriter, operations: readonly Operation[]): void {
  const batch = writer.batch();
  for (const o of operations) addTo(batch, o);
  writer.writeSync(batch, { sync: true });
}

function compact(writer: StoreWriter, fs: FaultFs): void {
  const { view } = writer.reader;
  const choice = forcedChoice(view, view.family(0), { kind: 'store' }, NOW);
  for (const _ of compactionJob(writer, 0, choice, { fs, clock: memEnvironment(fs).clock }));
}

/** A store with two tables in L0; the newer one deletes what the older one holds. */
function twoTables(format: Format): { fs: FaultFs; writer: StoreWriter } {
  const fs = new FaultFs(memStore(format));
  const writer = StoreWriter.open(memEnvironment(fs), DIR);
  write(writer, [put(0, 'a', '1'), put(0, 'b', '2'), put(0, 'c', '3')]);
  writer.flush();
  write(writer, [format === 'rocksdb' ? range(0, 'a', 'c') : del(0, 'a'), put(0, 'd', '4')]);
  writer.flush();
  return { fs, writer };
}

const tables = (fs: FaultFs): string[] => fs.list(DIR).filter((name) => parseFileName(name).kind === 'table');

describe('found by faults', () => {
  for (const format of ['leveldb', 'rocksdb'] as const) {
    it(`${format}: the inputs of a compaction are removed when it ends, not when the store is opened next`, () => {
      const { fs, writer } = twoTables(format);
      const before = tables(fs);
      compact(writer, fs);
      const after = tables(fs);
      assert.equal(after.length, 1);
      assert.ok(!before.includes(after[0] as string));
      writer.close();
    });

    it(`${format}: a table that cannot be closed does not turn a committed compaction into a failed one`, () => {
      const { fs, writer } = twoTables(format);
      const expected = content(writer.reader);
      fs.rule = ({ kind, path }) => (kind === 'close' && /\.(sst|ldb)$/.test(path) ? {} : undefined);
      try {
        compact(writer, fs);
      } catch (thrown) {
        assert.ok(thrown instanceof StoreError);
      }
      fs.rule = undefined;
      assert.deepEqual(content(writer.reader), expected);
      writer.close();
      const reader = openStore(fs, DIR);
      assert.deepEqual(content(reader), expected);
      reader.close();
    });
  }

  it('a compaction refuses a table whose metaindex or properties cannot be read: its range deletions would be lost', () => {
    for (let n = 1; ; n++) {
      const { fs, writer } = twoTables('rocksdb');
      writer.close();
      const again = StoreWriter.open(memEnvironment(fs), DIR);
      let reads = 0;
      fs.rule = ({ kind, path }) => (kind === 'read' && path.endsWith('.sst') && ++reads === n ? {} : undefined);
      let failure: unknown;
      try {
        compact(again, fs);
      } catch (thrown) {
        failure = thrown;
      }
      fs.rule = undefined;
      again.close();
      const reader = openStore(fs, DIR);
      assert.deepEqual(content(reader), ['default 0x63 : 0x33', 'default 0x64 : 0x34'], `read ${n}`);
      reader.close();
      if (reads < n) {
        assert.ok(n > 8, 'nothing failed');
        return;
      }
      assert.ok(failure instanceof StoreError, `read ${n}: ${failure}`);
    }
  });

  for (const format of ['leveldb', 'rocksdb'] as const) {
    it(`${format}: what a process left unsynced in the MANIFEST is made durable before files are removed on its word`, () => {
      const mem = memStore(format);
      const fs = new FaultFs(mem);
      const first = StoreWriter.open(memEnvironment(fs), DIR);
      write(first, [put(0, 'a', 'synced')]);
      // The process ends between writing an edit and syncing it.
      let gone = false;
      fs.rule = ({ kind, path }) => {
        gone ||= kind === 'sync' && path.includes('MANIFEST');
        return gone ? {} : undefined;
      };
      assert.throws(() => first.flush(), StoreError);
      const second = StoreWriter.open(memEnvironment(mem), DIR);
      write(second, [put(0, 'b', 'synced')]);
      mem.crash();
      const reader = openStore(mem, DIR);
      assert.deepEqual(content(reader), ['default 0x61 : 0x73796E636564', 'default 0x62 : 0x73796E636564']);
      reader.close();
    });
  }

  for (const format of ['leveldb', 'rocksdb'] as const) {
    for (const what of ['MANIFEST', '.log'] as const) {
      it(`${format}: what a sync lost of the ${what} in a process that died is written again before it is counted on`, () => {
        const mem = memStore(format);
        const fs = new FaultFs(mem);
        const first = StoreWriter.open(memEnvironment(fs), DIR);
        write(first, [put(0, 'a', 'synced')]);
        // The disk fails once, forgets that it did, and the process ends there.
        let gone = false;
        fs.rule = ({ kind, path }) => {
          if (gone) return {};
          gone = kind === 'sync' && path.includes(what);
          return gone ? { forgets: true } : undefined;
        };
        assert.throws(() => (what === 'MANIFEST' ? first.flush() : write(first, [put(0, 'b', 'lost')])), StoreError);
        assert.ok(gone);
        fs.rule = undefined;
        const second = StoreWriter.open(memEnvironment(fs), DIR);
        write(second, [put(0, 'c', 'synced')]);
        // Of what was not synced a half survives: a log that ends in a torn record ends the recovery.
        mem.crash({ bytes: (_path, synced, written) => synced + ((written - synced) >> 1) });
        const reader = openStore(mem, DIR);
        const lines = content(reader);
        reader.close();
        assert.ok(lines.includes('default 0x61 : 0x73796E636564'), lines.join('; '));
        assert.ok(lines.includes('default 0x63 : 0x73796E636564'), lines.join('; '));
      });
    }
  }

  it('a listener that throws does not undo the edit that it is told of', () => {
    const { fs, writer } = twoTables('leveldb');
    const expected = content(writer.reader);
    writer.on(() => {
      throw new Error('no');
    });
    compact(writer, fs);
    assert.deepEqual(content(writer.reader), expected);
    writer.close();
  });

  it('a flush is not lost to RocksDB where the MANIFEST names the logs', { skip: noRocksdbTools }, () => {
    const dir = join(mkdtempSync(join(scratch(), 'tracked-')), 'db');
    output('db_bench', [
      `--db=${dir}`,
      '--benchmarks=fillrandom',
      '--num=2000',
      '--value_size=100',
      '--write_buffer_size=65536',
      '--sync=1',
      '--track_and_verify_wals_in_manifest=true',
    ]);
    const writer = StoreWriter.open(systemWriteEnvironment, dir);
    write(writer, [put(0, 'ours 1', 'in a table')]);
    writer.flush();
    write(writer, [put(0, 'ours 2', 'in a log')]);
    const lines = content(writer.reader);
    writer.close();
    const seen = output('ldb', [`--db=${dir}`, 'scan', '--hex'])
      .trimEnd()
      .split('\n');
    assert.deepEqual(
      seen.map((line) => `default ${line}`),
      lines,
    );
    assert.ok(lines.some((line) => line.includes(Buffer.from(utf8('ours 1')).toString('hex').toUpperCase())));
  });
});
