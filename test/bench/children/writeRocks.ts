/** Writes and compacts with rocksdb-native: `writeRocks TASK DIR COUNT`; prints a report as one line of JSON. */
import RocksDB from 'rocksdb-native';
import { stopwatch } from './stopwatch.ts';
import { feed, KEY_BYTES } from './writeFeed.ts';

const [task = '', dir = '', wanted = ''] = process.argv.slice(2);
const count = Number(wanted);
const UNFILLED = 1 << 30;

async function open(writeBufferSize?: number): Promise<RocksDB> {
  const db = new RocksDB(dir, writeBufferSize === undefined ? {} : { writeBufferSize });
  await db.ready();
  return db;
}

function batches(db: RocksDB): Promise<object> {
  return feed(count, async (keys, values) => {
    const batch = db.write({ capacity: keys.length });
    for (let i = 0; i < keys.length; i++) batch.tryPut(keys[i] as Buffer, values[i] as Buffer);
    await batch.flush();
    batch.destroy();
  });
}

const tasks: Readonly<Record<string, () => Promise<object>>> = {
  batch: async () => {
    const db = await open();
    const fed = await batches(db);
    await db.close();
    return fed;
  },
  single: async () => {
    const db = await open();
    const fed = await feed(count, async (keys, values) => {
      for (let i = 0; i < keys.length; i++) {
        const batch = db.write({ capacity: 1 });
        batch.tryPut(keys[i] as Buffer, values[i] as Buffer);
        await batch.flush();
        batch.destroy();
      }
    });
    await db.close();
    return fed;
  },
  flush: async () => {
    const db = await open(UNFILLED);
    await batches(db);
    const stop = stopwatch();
    await db.flush();
    const { seconds } = stop();
    await db.close();
    return { count: count * (KEY_BYTES + 100), seconds };
  },
  compact: async () => {
    const db = await open();
    const stop = stopwatch();
    await db.compactRange();
    const { seconds } = stop();
    await db.close();
    return { seconds };
  },
};
console.log(JSON.stringify(await tasks[task]?.()));
