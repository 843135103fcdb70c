/** Evidence over the API: rows at any position and by status, of stores whole and broken, and the export of them. */
import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { hex, utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import type { EvidenceOpened, EvidenceRow, EvidenceStatus } from '../../../engine/protocol/engineApi.ts';
import { checkLine } from '../../../engine/service/evidenceExport.ts';
import { AT, type TinyStore, tinyLevelDb, tinyRocksDb } from '../../support/tinyStores.ts';
import { type Bench, benchOn, contentOf, filesUnder } from '../../support/workbench.ts';

const STATUSES = ['live', 'shadowed', 'deleted', 'tombstone', 'orphan'] as const;
const OUT = '/out/made';

const id = (r: EvidenceRow): string => `${r.family}/${hex(r.key)}@${r.seq} ${r.type} ${r.status} ${r.file}:${r.offset}`;

/** The store with one of its tables once more, under a number that nothing refers to. */
async function withOrphan(make: () => Promise<TinyStore>): Promise<{ bench: Bench; orphan: string }> {
  const store = await make();
  const table = [...store.files.keys()].find((n) => /\.(ldb|sst)$/.test(n)) as string;
  const orphan = `009999.${table.split('.')[1]}`;
  const files = new Map([...store.files, [orphan, store.files.get(table) as Uint8Array]]);
  return { bench: await benchOn({ ...store, files }), orphan };
}

async function counted({ service }: Bench, opened: EvidenceOpened) {
  for (;;) {
    const state = await service.call('evidenceState', { evidence: opened.evidence });
    if (state.complete) return state;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function rowsOf(
  { service }: Bench,
  { evidence }: { evidence: number },
  statuses: readonly EvidenceStatus[] = [],
  from = 0,
  count = 1_000_000,
) {
  const page = await service.call('evidenceRows', { evidence, statuses, from, count, previewBytes: 1 << 20 });
  return page.items;
}

for (const [name, make] of [
  ['LevelDB', tinyLevelDb],
  ['RocksDB', tinyRocksDb],
] as const) {
  describe(`evidence of ${name}`, () => {
    it('counts by status, and gives the same rows at any position, forward and backward', async () => {
      const { bench, orphan } = await withOrphan(make);
      const opened = await bench.service.call('openEvidence', {});
      const state = await counted(bench, opened);
      const all = await rowsOf(bench, opened);
      assert.equal(state.total, all.length);
      assert.ok(opened.files.some((f) => f.file === orphan && !f.live));
      for (const status of STATUSES) {
        const expected = all.filter((r) => r.status === status).map(id);
        assert.equal(state.byStatus[status], expected.length, status);
        assert.deepEqual((await rowsOf(bench, opened, [status])).map(id), expected, status);
      }
      assert.ok(state.byStatus.live > 0 && state.byStatus.shadowed > 0 && state.byStatus.orphan > 0);
      const chosen: EvidenceStatus[] = ['deleted', 'tombstone', 'orphan'];
      const expected = all.filter((r) => chosen.includes(r.status)).map(id);
      const starts = Array.from({ length: 60 }, (_, i) => (i * 7919) % expected.length);
      for (const from of [...starts, ...starts.toReversed(), expected.length - 1]) {
        const got = (await rowsOf(bench, opened, chosen, from, 11)).map(id);
        assert.deepEqual(got, expected.slice(from, from + 11), `from ${from}`);
      }
      bench.service.call('close', {});
    });

    it('keeps to a prefix and to a family', async () => {
      const { bench } = await withOrphan(make);
      const all = await rowsOf(bench, await bench.service.call('openEvidence', {}));
      const points = all.filter((r) => r.type !== 'range-delete');
      const key = points[points.length >> 1]?.key as Uint8Array;
      const prefix = key.subarray(0, key.length - 2);
      const opened = await bench.service.call('openEvidence', { prefix });
      const state = await counted(bench, opened);
      const begins = (r: EvidenceRow): boolean => hex(r.key).startsWith(hex(prefix));
      const got = (await rowsOf(bench, opened)).filter((r) => r.type !== 'range-delete');
      assert.deepEqual(got.map(id), points.filter(begins).map(id));
      assert.ok(got.length > 0 && got.length < points.length);
      assert.ok(state.total >= got.length);
      for (const { name: family } of opened.families) {
        const one = await bench.service.call('openEvidence', { family });
        assert.deepEqual((await rowsOf(bench, one)).map(id), all.filter((r) => r.family === family).map(id), family);
      }
      await assert.rejects(
        async () => bench.service.call('openEvidence', { family: 'no such' }),
        (e) => e instanceof StoreError && e.code === 'INPUT',
      );
    });

    it('is gathered of what is left where CURRENT and MANIFEST are gone: every record, newest first', async () => {
      const store = await make();
      const files = new Map([...store.files].filter(([n]) => !/^(CURRENT|MANIFEST-)/.test(n)));
      const whole = await benchOn(store);
      const sound = await rowsOf(whole, await whole.service.call('openEvidence', {}));
      for (const [file, bytes] of files) whole.fs.put(`/broken/${file}`, bytes);
      const opened = await whole.service.call('openEvidence', { path: '/broken' });
      const state = await counted(whole, opened);
      assert.ok(opened.problems.some((p) => p.code === 'NOT_FOUND' && /MANIFEST|CURRENT/.test(p.message)));
      assert.ok(state.problems.some((p) => /no MANIFEST to say which files count/.test(p.message)));
      const place = (r: EvidenceRow): string => `${hex(r.key)}@${r.seq} ${r.type} ${r.file}:${r.offset}`;
      assert.deepEqual((await rowsOf(whole, opened)).map(place).sort(), sound.map(place).sort());
      assert.equal(state.byStatus.orphan, 0);
    });

    it('is exported as the command prints it, with the digests of every source', async () => {
      const { bench, orphan } = await withOrphan(make);
      const opened = await bench.service.call('openEvidence', {});
      const all = await rowsOf(bench, opened);
      const before = filesUnder(bench.fs, AT);
      const report = await bench.service.call('exportEvidence', { to: OUT, format: 'jsonl' });
      assert.deepEqual(filesUnder(bench.fs, '/out').sort(), [
        'made/EVIDENCE.sha256',
        'made/SOURCES.sha256',
        'made/evidence.jsonl',
      ]);
      assert.deepEqual(filesUnder(bench.fs, AT), before);
      assert.deepEqual(report.changed, []);
      assert.equal(report.rows, all.length);
      const text = (file: string): string => Buffer.from(contentOf(bench.fs, file)).toString();
      const digest = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
      const lines = text(`${OUT}/evidence.jsonl`)
        .trim()
        .split('\n')
        .map((l) => JSON.parse(l));
      const sources = lines.filter((l) => 'source' in l);
      assert.deepEqual(
        sources.map((s) => s.source),
        opened.files.map((f) => f.file),
      );
      for (const s of sources) assert.equal(s.sha256, digest(contentOf(bench.fs, `${AT}/${s.source}`)), s.source);
      assert.ok(sources.some((s) => s.source === orphan && s.live === false));
      const rows = lines.filter((l) => 'status' in l);
      assert.deepEqual(
        rows.map((r) => `${r.family}/${r.key.hex}@${r.seq} ${r.type} ${r.status} ${r.file}:${r.offset}`),
        all.map(id),
      );
      const listed = text(`${OUT}/SOURCES.sha256`).trim().split('\n');
      assert.equal(listed.length, report.sources);
      for (const line of listed) {
        const [sum, file] = line.split('  ') as [string, string];
        assert.equal(sum, digest(contentOf(bench.fs, `${AT}/${file}`)), file);
      }
      assert.ok(listed.some((l) => l.includes('MANIFEST-')) && listed.some((l) => l.endsWith('CURRENT')));
      assert.equal(
        text(`${OUT}/EVIDENCE.sha256`),
        `${digest(text(`${OUT}/evidence.jsonl`))}  evidence.jsonl\n${digest(text(`${OUT}/SOURCES.sha256`))}  SOURCES.sha256\n`,
      );
    });

    it('leaves nothing of an export that is cancelled', async () => {
      const { bench } = await withOrphan(make);
      let turns = 0;
      const token = {
        get cancelled() {
          return ++turns > 6;
        },
      };
      await assert.rejects(
        async () => bench.service.call('exportEvidence', { to: OUT, format: 'csv' }, token),
        (e) => e instanceof StoreError && e.code === 'CANCELLED',
      );
      assert.deepEqual(filesUnder(bench.fs, '/out'), []);
    });
  });
}

describe('evidence', () => {
  it('stays counted as far as it was when it is stopped, and is gone when it is closed', async () => {
    const { bench } = await withOrphan(tinyLevelDb);
    const opened = await bench.service.call('openEvidence', {});
    await bench.service.call('stopEvidence', opened);
    const state = await bench.service.call('evidenceState', opened);
    assert.ok(state.complete && state.total > 0);
    assert.equal((await rowsOf(bench, opened)).length, state.total);
    await bench.service.call('closeEvidence', opened);
    await assert.rejects(async () => bench.service.call('evidenceState', opened), /is closed/);
  });

  it('reads values through a lens, also of what a reader does not see', async () => {
    const { bench } = await withOrphan(tinyLevelDb);
    const opened = await bench.service.call('openEvidence', {});
    const p = { ...opened, statuses: ['shadowed'] as const, from: 0, count: 5, previewBytes: 4096, lens: 'value:hex' };
    const page = await bench.service.call('evidenceRows', p);
    for (const row of page.items) assert.equal(row.shown?.value?.text.replace(/\s/g, ''), hex(row.value));
  });

  it('names odd files as sha256sum does', () => {
    assert.equal(checkLine('ab', '000005.ldb'), 'ab  000005.ldb\n');
    assert.equal(checkLine('ab', 'a\nb\\c'), '\\ab  a\\nb\\\\c\n');
    assert.equal(utf8(checkLine('ab', 'é')).length, 7);
  });
});
