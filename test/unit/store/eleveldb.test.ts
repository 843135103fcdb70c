/** Stores of Basho's LevelDB (Riak): what that engine read of them when it made them (test/fixtures/eleveldb) is read. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { text, utf8 } from '../../../engine/base/bytes.ts';
import { systemClock } from '../../../engine/base/entropy.ts';
import { OutputBuffer } from '../../../engine/codec/outputBuffer.ts';
import { decompress } from '../../../engine/codec/registry.ts';
import { decodeElevelDbEdit, decodeLevelDbEdit } from '../../../engine/formats/leveldb/versionEdit.ts';
import { detectStore } from '../../../engine/formats/registry.ts';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../../engine/fs/readOnlyFs.ts';
import { DamageLog } from '../../../engine/iter/damage.ts';
import { Service } from '../../../engine/service.ts';
import { blockLines } from '../../../engine/store/dump/blockBytes.ts';
import { dumpLines } from '../../../engine/store/dump/dump.ts';
import { Evidence } from '../../../engine/store/evidence/evidence.ts';
import { explainGet } from '../../../engine/store/explain.ts';
import { openStore } from '../../../engine/store/open.ts';
import { PointGet } from '../../../engine/store/pointGet.ts';
import { gatherSources } from '../../../engine/store/repair/sources.ts';
import { visibleRow } from '../../../engine/store/rows.ts';
import { systemWriteEnvironment } from '../../../engine/store/writeEnvironment.ts';
import { checkWritable } from '../../../engine/store/writeGate.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/eleveldb');
const fs = readOnlyFs(nodeFs);
const scratch = mkdtempSync(join(tmpdir(), 'lsm-eleveldb-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** As the engine that made the store listed it. */
const expected = (name: string): string[] =>
  readFileSync(join(FIXTURES, `${name}.tsv`), 'utf8')
    .trim()
    .split('\n');

/** A copy whose info log names the slow tier where `slow` is. */
function tiered(name: string, slow: string): string {
  const directory = join(scratch, name);
  cpSync(join(FIXTURES, 'tiered'), directory, { recursive: true });
  const log = join(directory, 'LOG');
  writeFileSync(log, readFileSync(log, 'utf8').replaceAll('/var/lib/riak/slow/db', slow));
  return directory;
}

function scanned(directory: string): string[] {
  const store = openStore(fs, directory);
  try {
    const damage = new DamageLog();
    const walk = store.view.scan(0, {}, damage);
    const lines: string[] = [];
    for (walk.first(); walk.valid; walk.next()) {
      const row = visibleRow(walk, 1 << 20);
      lines.push(`${text(row.key)}\t${text(row.value ?? new Uint8Array())}`);
    }
    walk.close();
    assert.deepEqual(damage.problems, []);
    return lines;
  } finally {
    store.close();
  }
}

/** A copy: what is refused shall not touch a fixture. */
function copied(name: string): string {
  const directory = join(scratch, name);
  cpSync(join(FIXTURES, name), directory, { recursive: true });
  return directory;
}

const stores: readonly [string, () => string][] = [
  ['overlap', () => copied('overlap')],
  ['expiry', () => copied('expiry')],
  ['tiered', () => tiered('tiered', join(FIXTURES, 'tiered-slow'))],
];

describe("Basho's LevelDB", () => {
  for (const [name, at] of stores) {
    it(`${name}: a scan, gets and explained gets answer as that engine did`, () => {
      const directory = at();
      assert.equal(detectStore(fs, directory).variant, 'eleveldb');
      const lines = expected(name);
      assert.ok(lines.length > 40);
      assert.deepEqual(scanned(directory), lines);
      const store = openStore(fs, directory);
      assert.deepEqual(store.view.problems, []);
      const values = new Map(lines.map((l) => l.split('\t') as [string, string]));
      for (let n = 0; n < 61; n++) {
        const key = `riak/${String(n).padStart(5, '0')}`;
        const found = new PointGet(store.view, 0, new DamageLog()).get(utf8(key));
        assert.equal(found === undefined ? undefined : text(found.value ?? new Uint8Array()), values.get(key), key);
        const explained = explainGet(store, 0, utf8(key), undefined, systemClock);
        assert.equal(explained.entry === undefined, values.get(key) === undefined, key);
      }
      store.close();
    });

    it(`${name}: its files are checked without a finding, and it is not written to`, async () => {
      const directory = at();
      const service = new Service({
        fs,
        clock: systemClock,
        write: systemWriteEnvironment,
        lockOwner: () => undefined,
        notify: () => {},
      });
      const summary = await service.call('open', { path: directory });
      assert.match(`${summary.engine} ${summary.version}`, /^leveldb of Basho \(Riak\)$/);
      const report = await service.call('verify', {});
      assert.deepEqual(
        report.findings.filter((f) => f.severity === 'damage'),
        [],
      );
      assert.ok(report.tables > 1);
      const { view, shared } = service.store;
      const { snapshot, version } = view;
      assert.throws(
        () => checkWritable({ ...shared, snapshot, version }),
        /Basho's LevelDB \(Riak\) has rules of its own/,
      );
      const put = { kind: 'put', family: 0, key: utf8('k'), value: utf8('v') } as const;
      await assert.rejects(async () => service.call('write', { ops: [put], sync: false }), /rules of its own/);
      await service.call('close', {});
      assert.throws(() => gatherSources(fs, directory), /is read, but not put together anew/);
    });
  }

  it('tables of level 1 overlap, and the newest version wins', () => {
    const store = openStore(fs, join(FIXTURES, 'overlap'));
    const level = store.view.family(0).view.levels.find((l) => l.level === 1);
    const [newer, older] = level?.tables ?? [];
    assert.ok(newer !== undefined && older !== undefined && newer.number > older.number);
    assert.ok(text(newer.smallest.key) < text(older.largest.key) && text(older.smallest.key) < text(newer.largest.key));
    store.close();
  });

  it('puts with a time are puts, without it in their keys; their tables have it', () => {
    const store = openStore(fs, join(FIXTURES, 'expiry'));
    const rows = [...Evidence.of(store.view, 100).rows(100)].flat();
    assert.ok(rows.length > 100 && rows.every((r) => /^riak\/\d{5}$/.test(text(r.key))));
    assert.ok(rows.every((r) => r.type === 'put' || r.type === 'delete'));
    const file = readdirSync(join(FIXTURES, 'expiry/sst_0'))[0] ?? '';
    const time = Buffer.alloc(8);
    time.writeBigUInt64LE(4_102_444_800_000_002n);
    assert.ok(
      readFileSync(join(FIXTURES, 'expiry/sst_0', file)).includes(Buffer.concat([utf8('2'), time, Uint8Array.of(3)])),
    );
    const lines = [...dumpLines(fs, join(FIXTURES, 'expiry/sst_0', file))];
    assert.ok(
      lines.some((l) => / riak\/00001 seq 2 put = 38 bytes/.test(l)),
      lines.slice(0, 20).join('\n'),
    );
    store.close();
  });

  it('a slow tier that is not there is named, with what to do about it; the rest is read', () => {
    const directory = tiered('without', '/nowhere/slow/db');
    const store = openStore(fs, directory);
    const [root, table] = store.view.problems;
    assert.match(
      root?.message ?? '',
      /^the slow tier, \/nowhere\/slow\/db, with the tables of level 1 and below, cannot be read/,
    );
    assert.match(root?.mend ?? '', /mount it there, or link its directories sst_1 to sst_6/);
    assert.equal(table?.path, 'sst_1/000009.sst');
    assert.match(table?.message ?? '', /not in sst_1/);
    const walk = store.view.scan(0, {}, new DamageLog());
    walk.first();
    assert.ok(walk.valid);
    walk.close();
    store.close();
    // The mend is one.
    cpSync(join(FIXTURES, 'tiered-slow/sst_1'), join(directory, 'sst_1'), { recursive: true });
    assert.deepEqual(scanned(directory), expected('tiered'));
  });

  it('edits with times past 2^53 are read', () => {
    const key = [...utf8('k'), 1, 1, 0, 0, 0, 0, 0, 0];
    const record = [11, 2, 5, 100, key.length, ...key, key.length, ...key];
    const most = [...Array(9).fill(0xff), 1];
    const edit = decodeElevelDbEdit(Uint8Array.from([...record, ...most, 0, ...most]));
    assert.deepEqual([edit.newFiles[0]?.level, edit.newFiles[0]?.number], [2, 5]);
    assert.throws(
      () => decodeElevelDbEdit(Uint8Array.from([...record, ...Array(11).fill(0xff)])),
      /longer than 64 bits/,
    );
  });

  it('LZ4 is read under the id that LevelDB has for ZSTD, and edits and batches with times are damage to LevelDB', () => {
    const output = new OutputBuffer();
    const lz4 = Uint8Array.from([5, 0, 0, 0, 0x50, ...utf8('riak!')]);
    const n = decompress('eleveldb', 0, 2, lz4, 0, lz4.length, output, undefined, 1 << 20);
    assert.equal(text(output.bytes.subarray(0, n)), 'riak!');
    assert.throws(() => decompress('leveldb', 0, 2, lz4, 0, lz4.length, output, undefined, 1 << 20));
    assert.throws(() => decodeLevelDbEdit(Uint8Array.of(11, 2, 5, 100)), /unknown tag/);
  });

  it('logs, MANIFEST and blocks are dumped with their times', () => {
    const directory = join(FIXTURES, 'expiry');
    const [manifest, log] = ['MANIFEST-', '.log'].map(
      (part) => readdirSync(directory).find((f) => f.includes(part)) ?? '',
    );
    const edits = [...dumpLines(fs, join(directory, manifest ?? ''))].join('\n');
    assert.match(edits, /new table #5 in L0: 3650 bytes, smallest riak\/00000 seq 1 delete/);
    assert.doesNotMatch(edits, /CORRUPT/);
    assert.match([...dumpLines(fs, join(directory, log ?? ''))].join('\n'), /put riak\/00007 = 10 bytes: in the log/);
    const block = [...blockLines(fs, join(directory, 'sst_0/000005.sst'), 0)].join('\n');
    assert.match(block, /key riak\/00001\n[^\n]*sequence \d+, put, written at 1500000000000001 microseconds/);
    assert.match(block, /expires at 4102444800000002 microseconds/);
  });
});
