/** Evidence: what is live is what a reader sees, every version is there, and orphans are told apart. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hex } from '../../engine/base/bytes.ts';
import type { MemFs } from '../../engine/fs/memFs.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import { DamageLog } from '../../engine/iter/damage.ts';
import type { EvidenceEnd, EvidenceRow } from '../../engine/model/evidence.ts';
import { Evidence } from '../../engine/store/evidence/evidence.ts';
import { openStore } from '../../engine/store/open.ts';
import type { StoreReader } from '../../engine/store/reader.ts';
import { scratch } from '../fixtures/stores.ts';
import { CORPUS, corpusNames, noCorpus, visibleLines } from '../support/reading.ts';
import { AT, mount, type TinyStore, tinyLevelDb, tinyRocksDb } from '../support/tinyStores.ts';

function collect(store: StoreReader): { rows: EvidenceRow[]; end: EvidenceEnd; evidence: Evidence } {
  const evidence = Evidence.of(store.view, 1 << 20);
  const rows: EvidenceRow[] = [];
  const job = evidence.rows(1 << 20);
  for (;;) {
    const step = job.next();
    if (step.done === true) return { rows, end: step.value, evidence };
    rows.push(...step.value);
  }
}

/** Rows have keys with their timestamps. */
function idIn(store: StoreReader): (r: EvidenceRow) => string {
  const sizes = new Map([...store.view.version.families.values()].map((f) => [f.state.name, f.order.timestampSize]));
  return (r) => `${r.family}/${hex(r.key.subarray(0, r.key.length - (sizes.get(r.family) ?? 0)))}`;
}

/** Keys that a reader sees are those with a live row, unless nothing but operands is live. */
function check(store: StoreReader): EvidenceRow[] {
  const { rows, end } = collect(store);
  assert.equal(end.rows, rows.length);
  const id = idIn(store);
  const live = new Set(rows.filter((r) => r.status === 'live').map(id));
  const visible = new Set(visibleLines(store, {}, new DamageLog()).map((l) => `${l.cf}/${l.key}`));
  assert.deepEqual([...live].sort(), [...visible].sort());
  for (const family of store.view.version.families.values()) {
    const c = store.view.versions(family.state.id, {}, new DamageLog());
    let versions = 0;
    for (c.first(); c.valid; c.next()) versions++;
    c.close();
    const counted = rows.filter((r) => r.family === family.state.name && r.status !== 'orphan');
    assert.equal(counted.length, versions, `versions of ${family.state.name}`);
  }
  return rows;
}

describe('evidence of every record', () => {
  for (const [name, make] of [
    ['LevelDB', tinyLevelDb],
    ['RocksDB', tinyRocksDb],
  ] as const) {
    it(`${name}: live, shadowed, deleted, tombstones; an orphan table and where it stands`, async () => {
      const store: TinyStore = await make();
      const first = openStore(mount(store), AT);
      const before = check(first);
      for (const status of ['live', 'shadowed', 'tombstone'] as const) {
        assert.ok(
          before.some((r) => r.status === status),
          status,
        );
      }
      const [info] = first.view.version.tables.values();
      first.close();
      // The same table under a number that nothing refers to.
      const bytes = store.files.get(info?.file ?? '') as Uint8Array;
      const orphan = `009999.${info?.file.split('.')[1]}`;
      const second = openStore(mount(store, { [orphan]: bytes }), AT);
      const after = check(second);
      const orphans = after.filter((r) => r.status === 'orphan');
      assert.ok(orphans.length > 0 && orphans.every((r) => r.file === orphan || r.file.endsWith('.log')));
      const copies = before.filter((r) => r.file === info?.file && r.type !== 'range-delete');
      const places = new Set(orphans.map((r) => `${hex(r.key)}@${r.seq}@${r.offset}`));
      for (const r of copies) assert.ok(places.has(`${hex(r.key)}@${r.seq}@${r.offset}`), `${hex(r.key)} of ${r.file}`);
      second.close();
    });
  }

  it('log records carry the place of their record, and flushed logs are orphans', async () => {
    const store = await tinyLevelDb();
    const reader = openStore(mount(store), AT);
    const logged = check(reader).filter((r) => r.file.endsWith('.log'));
    assert.ok(logged.length > 0 && new Set(logged.map((r) => r.offset)).size > 1);
    reader.close();
    const old = [...store.files.keys()].find((n) => n.endsWith('.log')) as string;
    const fs: MemFs = mount(store, { '000001.log': store.files.get(old) });
    const again = openStore(fs, AT);
    const orphans = collect(again).rows.filter((r) => r.status === 'orphan');
    assert.ok(orphans.length > 0 && orphans.every((r) => r.file === '000001.log'));
    again.close();
  });

  for (const name of noCorpus === false ? corpusNames('rocksdb').filter((n) => !n.startsWith('18-')) : []) {
    it(`${name}: live rows are what a reader sees`, () => {
      const store = openStore(readOnlyFs(nodeFs), `${CORPUS}rocksdb/${name}/db`);
      check(store);
      store.close();
    });
  }

  it('the command gives the sources with their SHA-256', async () => {
    const store = await tinyLevelDb();
    const dir = mkdtempSync(join(scratch(), 'evidence-'));
    for (const [name, bytes] of store.files) writeFileSync(join(dir, name), bytes);
    cpSync(join(dir, 'CURRENT'), join(dir, 'CURRENT.bak'));
    const reader = openStore(readOnlyFs(nodeFs), dir);
    const { evidence } = collect(reader);
    reader.close();
    const names = [...store.files.keys()].filter((n) => /\.(ldb|log)$/.test(n));
    assert.deepEqual(evidence.files.map((f) => f.file).sort(), names.sort());
  });
});
