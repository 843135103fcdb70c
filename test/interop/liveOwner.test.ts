/**
 * Stores opened again and again while their engine writes and compacts at full speed: no false "corrupt", no false
 * "missing", and every read is a state that really was.
 *
 * LSM_LIVE_OPENS changes how often each is opened; the torture opens each a thousand times.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { text } from '../../engine/base/bytes.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import { DamageLog } from '../../engine/iter/damage.ts';
import { openStore } from '../../engine/store/open.ts';
import type { StoreReader } from '../../engine/store/reader.ts';
import { scratch } from '../fixtures/stores.ts';

const OPENS = Number(process.env['LSM_LIVE_OPENS'] ?? 150);
const MARKERS = 40;
const fs = readOnlyFs(nodeFs);

async function start(engine: string, dir: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('liveWriter.ts', import.meta.url));
  const child = spawn(process.execPath, [script, engine, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the writer ended with ${code}`)));
  });
  child.stdout?.resume();
  return child;
}

/** The number under all marker keys, and how many entries there are. */
function look(store: StoreReader): { round: number; entries: number } {
  const damage = new DamageLog();
  const view = store.stableView(0, true);
  const rounds = new Set<string>();
  let markers = 0;
  let entries = 0;
  try {
    const walk = view.scan(0, {}, damage);
    for (walk.first(); walk.valid; walk.next()) {
      entries++;
      // `marker/NNNN`, and nothing behind it.
      if (walk.keyLength !== 11) continue;
      markers++;
      rounds.add(text(walk.valueBuffer.subarray(walk.valueStart, walk.valueStart + walk.valueLength)));
    }
    walk.close();
  } finally {
    view.release();
  }
  assert.deepEqual(damage.problems, []);
  assert.equal(markers, MARKERS);
  assert.equal(rounds.size, 1, `a mixture of batches: ${[...rounds].join(', ')}`);
  return { round: Number([...rounds][0]), entries };
}

describe('beside a running engine', () => {
  for (const engine of ['leveldb', 'rocksdb'] as const) {
    it(`${engine}: ${OPENS} opens, half of them refreshed`, async (t) => {
      const dir = join(mkdtempSync(join(scratch(), 'live-')), 'db');
      const writer = await start(engine, dir);
      try {
        let last = 0;
        let tables = 0;
        const manifests = new Set<string>();
        for (let n = 0; n < OPENS; n++) {
          const store = openStore(fs, dir);
          try {
            assert.deepEqual(store.view.problems, [], `open ${n}`);
            const { round } = look(store);
            assert.ok(round >= last, `open ${n} saw round ${round} after ${last}`);
            last = round;
            if (n % 2 === 0) {
              store.refresh();
              const again = look(store);
              assert.ok(again.round >= last, `refresh ${n} saw round ${again.round} after ${last}`);
              last = again.round;
              assert.deepEqual(store.view.problems, [], `refresh ${n}`);
            }
            tables = Math.max(tables, store.view.version.tables.size);
            manifests.add(`${store.view.snapshot.manifest.file}/${store.view.snapshot.manifest.edits}`);
          } finally {
            store.close();
          }
          // The writer's output and end are seen only between turns.
          if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        assert.equal(writer.exitCode, null, 'the writer is still at work');
        t.diagnostic(`up to round ${last}, ${manifests.size} versions of the tree seen, up to ${tables} tables`);
        assert.ok(manifests.size > 3, 'the tree changed under the readers');
      } finally {
        writer.removeAllListeners('exit');
        writer.kill('SIGKILL');
      }
    });
  }
});
