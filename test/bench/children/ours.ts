/** Our engine in a process of its own: `ours TASK STORE [KEYS]`; prints a report as one line of JSON. */
import { readFileSync, writeFileSync } from 'node:fs';
import { systemClock } from '../../../engine/base/entropy.ts';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../../engine/fs/readOnlyFs.ts';
import { DamageLog } from '../../../engine/iter/damage.ts';
import { Service } from '../../../engine/service.ts';
import { openStore } from '../../../engine/store/open.ts';
import { PointGet } from '../../../engine/store/pointGet.ts';
import { readKeys } from './keys.ts';
import { stopwatch } from './stopwatch.ts';

const [task = '', dir = '', keysFile = '', repeat = '1'] = process.argv.slice(2);

/** Every visible entry, its key and value touched. */
function walk(): object {
  const stop = stopwatch();
  const { view } = openStore(nodeFs, dir);
  const entries = view.scan(0, {}, new DamageLog());
  let count = 0;
  let bytes = 0;
  let touched = 0;
  for (entries.first(); entries.valid; entries.next()) {
    count++;
    bytes += entries.keyLength + entries.valueLength;
    touched ^= entries.keyBuffer[entries.keyStart + entries.keyLength - 1] as number;
    touched ^= entries.valueBuffer[entries.valueStart + entries.valueLength - 1] as number;
  }
  entries.close();
  return { count, bytes, touched, ...stop() };
}

function get(): object {
  const { view } = openStore(nodeFs, dir);
  const keys = readKeys(readFileSync(keysFile));
  const point = new PointGet(view, 0, new DamageLog());
  const rounds = Number(repeat);
  let found = 0;
  const pass = (): void => {
    for (const key of keys) if (point.get(key)?.value !== undefined) found++;
  };
  // More than one round: the first only warms the cache.
  if (rounds > 1) {
    pass();
    found = 0;
  }
  const stop = stopwatch();
  for (let i = 0; i < rounds; i++) pass();
  return { count: rounds * keys.length, found, ...stop() };
}

function open(): object {
  const fs = readOnlyFs(nodeFs);
  const stop = stopwatch();
  const service = new Service({ fs, clock: systemClock, lockOwner: () => undefined, notify: () => {} });
  const summary = service.call('open', { path: dir });
  const time = stop();
  if (summary instanceof Promise) throw new Error('open answers at once');
  return { count: summary.families.reduce((n, f) => n + f.tables, 0), ...time };
}

/** Every n-th key of the store, in a mixed order, for the look-ups. */
function sample(): object {
  const { view } = openStore(nodeFs, dir);
  const wanted = Number(repeat);
  const entries = view.scan(0, {}, new DamageLog());
  const kept: Uint8Array[] = [];
  let state = 12345;
  let seen = 0;
  for (entries.first(); entries.valid; entries.next()) {
    // Reservoir: each key stays with the same chance.
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const slot = seen < wanted ? seen : Math.floor((state / 2 ** 32) * (seen + 1));
    seen++;
    if (slot < wanted) kept[slot] = entries.keyBuffer.slice(entries.keyStart, entries.keyStart + entries.keyLength);
  }
  entries.close();
  // Neighbours of the reservoir's beginning must not be neighbours in time.
  for (let i = kept.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [kept[i], kept[j]] = [kept[j] as Uint8Array, kept[i] as Uint8Array];
  }
  writeFileSync(keysFile, Buffer.concat(kept.flatMap((k) => [Buffer.of(k.length), k])));
  return { count: seen };
}

const tasks: Readonly<Record<string, () => object>> = { walk, get, open, sample };
console.log(JSON.stringify(tasks[task]?.()));
