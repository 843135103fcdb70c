/** The service's `import`: what it counts, what it writes, and what a person or a failing disk leaves of it. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { text, utf8 } from '../../../engine/base/bytes.ts';
import { FaultFs, failNth } from '../../../engine/fs/faultFs.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { readOnlyFs } from '../../../engine/fs/readOnlyFs.ts';
import type { ImportRequest } from '../../../engine/model/import.ts';
import type { EngineNotice } from '../../../engine/protocol/engineApi.ts';
import { Service } from '../../../engine/service.ts';
import { StoreWriter } from '../../../engine/store/writer.ts';
import { memEnvironment } from '../../support/memEnvironment.ts';
import { writingService } from '../../support/writingService.ts';

const AT = '/data/store';
const FILE = '/data/rows.jsonl';
const JSONL: ImportRequest = { file: FILE, format: 'jsonl' };

interface Made {
  readonly fs: MemFs;
  readonly faults: FaultFs;
  readonly service: Service;
  readonly notices: EngineNotice[];
  /** What is in the store, by key. */
  content(): Promise<Map<string, string>>;
}

async function made(format: 'leveldb' | 'rocksdb' = 'rocksdb'): Promise<Made> {
  const fs = new MemFs();
  fs.mkdir('/data');
  const faults = new FaultFs(fs);
  const { service, notices } = writingService(fs, faults);
  await service.call('createSample', { path: AT, format, sample: 'empty' });
  await service.call('open', { path: AT });
  await service.call('write', {
    ops: ['a', 'b', 'c'].map((k) => ({ kind: 'put', family: 0, key: utf8(k), value: utf8('old') })),
    sync: true,
  });
  const content = async (): Promise<Map<string, string>> => {
    const { query } = await service.call('openQuery', { family: 0 });
    const { items } = await service.call('rows', { query, from: 0, count: 100_000, previewBytes: 1000 });
    return new Map(items.map((row) => [text(row.key), text(row.value ?? new Uint8Array(0))]));
  };
  return { fs, faults, service, notices, content };
}

/** Undefined where it failed. */
async function attempt<T>(run: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch {
    return undefined;
  }
}

function put(fs: MemFs, path: string, content: string): void {
  const file = fs.open(path, 'create');
  file.append(utf8(content));
  file.close();
}

const rows = (n: number): string =>
  Array.from({ length: n }, (_, i) => `{"key":"n${String(i).padStart(4, '0')}","value":"${i}"}`).join('\n');

const MIXED =
  '{"key":"a","value":"new"}\n{"key":"b","type":"delete"}\n{"key":"x","type":"delete"}\n{"key":"y","value":"1"}\n';

describe('service: import', () => {
  it('counts what it would do, and writes nothing in a preview', async () => {
    const { fs, service, content } = await made();
    put(fs, FILE, `${MIXED}nonsense\n`);
    const before = await content();
    const { sequence } = { sequence: (await service.call('summary', {})).lastSequence };
    const preview = await service.call('importPreview', JSONL);
    const { first, badRows, refused, ...counts } = preview;
    assert.deepEqual(counts, { rows: 5, added: 1, overwritten: 1, deleted: 1, deletedAbsent: 1, bad: 1, bytes: 8 });
    assert.deepEqual(
      first.map((r) => [r.row, r.line, r.kind, text(r.key), text(r.value), r.exists]),
      [
        [1, 1, 'put', 'a', 'new', true],
        [2, 2, 'delete', 'b', '', true],
        [3, 3, 'delete', 'x', '', false],
        [4, 4, 'put', 'y', '1', false],
      ],
    );
    assert.equal(badRows.length, 1);
    assert.equal(refused, null);
    assert.deepEqual(await content(), before);
    assert.equal((await service.call('summary', {})).lastSequence, sequence);
  });

  it('writes nothing where a row is bad, unless bad rows are left out', async () => {
    for (const format of ['leveldb', 'rocksdb'] as const) {
      const { fs, service, content } = await made(format);
      put(fs, FILE, `${MIXED}nonsense\n`);
      const before = await content();
      const refused = await service.call('import', { ...JSONL, batch: 1 });
      assert.deepEqual([refused.outcome, refused.applied, refused.sequences], ['bad', 0, null]);
      assert.deepEqual(
        refused.badRows.map((b) => b.line),
        [5],
      );
      assert.deepEqual(await content(), before);
      const report = await service.call('import', { ...JSONL, skipBad: true });
      assert.deepEqual([report.outcome, report.applied, report.bad, report.batches], ['done', 4, 1, 1]);
      assert.deepEqual(report.sequences, { first: 4, last: 7 });
      assert.equal(report.nextLine, null);
      assert.deepEqual(
        [...(await content())],
        [
          ['a', 'new'],
          ['c', 'old'],
          ['y', '1'],
        ],
      );
    }
  });

  it('that was one batch can be taken back', async () => {
    const { fs, service, content } = await made();
    put(fs, FILE, MIXED);
    const before = await content();
    const { undo } = await service.call('import', JSONL);
    assert.ok(undo);
    await service.call('write', undo);
    assert.deepEqual(await content(), before);
    const { undo: none, batches } = await service.call('import', { ...JSONL, batch: 3 });
    assert.deepEqual([none, batches], [undefined, 2]);
  });

  it('cancelled while it is checked writes nothing, cancelled later holds whole batches', async () => {
    const { fs, service, content, notices } = await made('leveldb');
    put(fs, FILE, rows(3000));
    const before = await content();
    await assert.rejects(async () => service.call('import', JSONL, { cancelled: true }), { code: 'CANCELLED' });
    const whileChecking = {
      get cancelled() {
        return notices.some((n) => n.kind === 'importProgress');
      },
    };
    await assert.rejects(async () => service.call('import', JSONL, whileChecking), { code: 'CANCELLED' });
    assert.deepEqual(await content(), before);
    const whileWriting = {
      get cancelled() {
        return notices.some((n) => n.kind === 'importProgress' && n.progress.phase === 'write');
      },
    };
    const report = await service.call('import', { ...JSONL, batch: 10 }, whileWriting);
    assert.equal(report.outcome, 'cancelled');
    assert.ok(report.applied > 0 && report.applied < 3000 && report.applied % 10 === 0, String(report.applied));
    assert.deepEqual(report.sequences, { first: 4, last: 3 + report.applied });
    assert.equal(report.nextLine, report.applied + 1);
    assert.equal((await content()).size, 3 + report.applied);
  });

  it('on a disk that fails leaves the first batches whole, and says which', async () => {
    let failures = 0;
    for (let n = 1; n < 60; n++) {
      const { fs, faults, service, content } = await made(n % 2 === 0 ? 'leveldb' : 'rocksdb');
      put(fs, FILE, rows(40));
      faults.rule = failNth(n, {}, { stays: true, matches: (o) => o.kind === 'append' || o.kind === 'sync' });
      const report = await attempt(() => service.call('import', { ...JSONL, batch: 10, sync: true }));
      faults.rule = () => undefined;
      await service.call('refresh', {});
      const size = (await content()).size - 3;
      if (report === undefined) {
        assert.equal(size, 0, 'refused before anything was written');
        failures++;
        continue;
      }
      assert.equal(report.applied % 10, 0);
      if (report.outcome === 'done') {
        assert.equal(size, 40);
        break;
      }
      failures++;
      assert.equal(report.outcome, 'failed');
      assert.ok(report.failure);
      assert.equal(report.nextLine, report.applied + 1);
      // The batch that failed may stand in the log all the same: whole, or not at all.
      assert.ok(size === report.applied || size === report.applied + 10, `${size} rows, ${report.applied} told`);
      const keys = [...(await content()).keys()].filter((k) => k.startsWith('n'));
      assert.deepEqual(
        keys,
        [...keys.keys()].map((i) => `n${String(i).padStart(4, '0')}`),
      );
    }
    assert.ok(failures > 4, `${failures} failures`);
  });

  it('refuses a file that changes, a directory, and a wrong batch', async () => {
    const { fs, service, content, notices } = await made();
    put(fs, FILE, rows(3000));
    const before = await content();
    const change = {
      get cancelled() {
        if (notices.some((n) => n.kind === 'importProgress')) put(fs, FILE, rows(2999));
        return false;
      },
    };
    await assert.rejects(async () => service.call('import', JSONL, change), { code: 'INPUT', message: /changed/ });
    assert.deepEqual(await content(), before);
    await assert.rejects(async () => service.call('import', { ...JSONL, file: '/data' }), { code: 'INPUT' });
    await assert.rejects(async () => service.call('import', { ...JSONL, file: '/data/no' }), { code: 'NOT_FOUND' });
    await assert.rejects(async () => service.call('import', { ...JSONL, batch: 0 }), { code: 'INPUT' });
    await assert.rejects(async () => service.call('import', { ...JSONL, family: 9 }), { code: 'INPUT' });
  });

  it('is refused, and touches nothing, where the store is', async () => {
    const { fs, service } = await made();
    put(fs, FILE, rows(10));
    const write = memEnvironment(fs, 1e12);
    const other = StoreWriter.open(write, AT);
    const listed = fs.list(AT);
    const held = new Service({
      fs: readOnlyFs(fs),
      write,
      clock: write.clock,
      lockOwner: () => ({ pid: 4711 }),
      notify: () => {},
    });
    await held.call('open', { path: AT });
    assert.equal((await held.call('importPreview', JSONL)).refused?.code, 'LOCKED');
    await assert.rejects(async () => held.call('import', JSONL), { code: 'LOCKED', message: /4711/ });
    assert.deepEqual(fs.list(AT), listed);
    other.close();
    await service.call('close', {});
  });
});
