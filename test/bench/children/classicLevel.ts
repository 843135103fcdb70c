/** LevelDB through classic-level: `classicLevel TASK STORE [KEYS] [ROUNDS]`; prints a report as one line of JSON. */
import { readFileSync } from 'node:fs';
import { ClassicLevel } from 'classic-level';
import { readKeys } from './keys.ts';
import { stopwatch } from './stopwatch.ts';

const [task = '', dir = '', keysFile = '', repeat = '1'] = process.argv.slice(2);
const BATCH = 1000;

const opening = stopwatch();
const db = new ClassicLevel<Buffer, Buffer>(dir, {
  keyEncoding: 'buffer',
  valueEncoding: 'buffer',
  createIfMissing: false,
});
await db.open();
const opened = opening();

async function nextv(): Promise<object> {
  const iterator = db.iterator();
  let count = 0;
  let bytes = 0;
  let touched = 0;
  for (;;) {
    const batch = await iterator.nextv(BATCH);
    if (batch.length === 0) break;
    for (const [key, value] of batch) {
      count++;
      bytes += key.length + value.length;
      touched ^= key[key.length - 1] as number;
      touched ^= value[value.length - 1] as number;
    }
  }
  await iterator.close();
  return { count, bytes, touched };
}

async function get(sync: boolean): Promise<object> {
  const keys = readKeys(readFileSync(keysFile));
  const rounds = Number(repeat);
  let found = 0;
  const pass = async (): Promise<void> => {
    if (sync) for (const key of keys) found += db.getSync(key) === undefined ? 0 : 1;
    else for (const key of keys) found += (await db.get(key)) === undefined ? 0 : 1;
  };
  if (rounds > 1) {
    await pass();
    found = 0;
  }
  const stop = stopwatch();
  for (let i = 0; i < rounds; i++) await pass();
  return { count: rounds * keys.length, found, ...stop() };
}

const tasks: Readonly<Record<string, () => Promise<object>>> = {
  nextv,
  get: () => get(false),
  getSync: () => get(true),
  open: async () => ({ count: 1, ...opened }),
};
console.log(JSON.stringify(await tasks[task]?.()));
await db.close();
