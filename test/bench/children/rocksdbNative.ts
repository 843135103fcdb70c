/** RocksDB through rocksdb-native: `rocksdbNative TASK STORE [KEYS] [ROUNDS]`; prints a report as one line of JSON. */
import { readFileSync } from 'node:fs';
import RocksDB from 'rocksdb-native';
import { readKeys } from './keys.ts';
import { stopwatch } from './stopwatch.ts';

const [task = '', dir = '', keysFile = '', repeat = '1'] = process.argv.slice(2);

const opening = stopwatch();
const db = new RocksDB(dir, { readOnly: true, createIfMissing: false });
await db.ready();
const opened = opening();

async function iterate(): Promise<object> {
  let count = 0;
  let bytes = 0;
  let touched = 0;
  for await (const { key, value } of db.iterator()) {
    count++;
    bytes += key.length + value.length;
    touched ^= key[key.length - 1] as number;
    touched ^= value[value.length - 1] as number;
  }
  return { count, bytes, touched };
}

async function get(): Promise<object> {
  const keys = readKeys(readFileSync(keysFile));
  const rounds = Number(repeat);
  let found = 0;
  const pass = async (): Promise<void> => {
    for (const key of keys) if ((await db.get(key)) !== null) found++;
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
  iterate,
  get,
  open: async () => ({ count: 1, ...opened }),
};
console.log(JSON.stringify(await tasks[task]?.()));
await db.close();
