/** Writes and compacts with classic-level: `writeLevel TASK DIR COUNT|COMPRESSION`; prints one line of JSON. */
import { ClassicLevel } from 'classic-level';
import { stopwatch } from './stopwatch.ts';
import { feed } from './writeFeed.ts';

const [task = '', dir = '', wanted = ''] = process.argv.slice(2);
const count = Number(wanted);
const UNFILLED = 1 << 30;

async function open(more: { writeBufferSize?: number; compression?: boolean } = {}) {
  const db = new ClassicLevel<Buffer, Buffer>(dir, { keyEncoding: 'buffer', valueEncoding: 'buffer', ...more });
  await db.open();
  return db;
}

async function batch(writeBufferSize?: number): Promise<object> {
  const db = await open(writeBufferSize === undefined ? {} : { writeBufferSize });
  const fed = await feed(count, async (keys, values) => {
    await db.batch(keys.map((key, i) => ({ type: 'put', key, value: values[i] as Buffer }) as const));
  });
  // What waits in the background is not waited for.
  return fed;
}

/** The chained form, which copies each entry at once. */
async function chained(): Promise<object> {
  const db = await open();
  return feed(count, async (keys, values) => {
    const chain = db.batch();
    for (let i = 0; i < keys.length; i++) chain.put(keys[i] as Buffer, values[i] as Buffer);
    await chain.write();
  });
}

async function singles(sync: boolean): Promise<object> {
  const db = await open();
  return feed(count, async (keys, values) => {
    for (let i = 0; i < keys.length; i++) await db.put(keys[i] as Buffer, values[i] as Buffer, { sync });
  });
}

async function together(): Promise<object> {
  const db = await open();
  return feed(count, async (keys, values) => {
    await Promise.all(keys.map((key, i) => db.put(key, values[i] as Buffer, { sync: true })));
  });
}

/**
 * The whole range. LevelDB goes from level to level and writes the upper ones more than once: `found` is the
 * bytes that it read, by its own account.
 */
async function compact(): Promise<object> {
  const db = await open({ compression: wanted === 'snappy' });
  const read = (): number => {
    let megabytes = 0;
    for (const line of db.getProperty('leveldb.stats').split('\n')) {
      const row = /^\s*\d+\s+\d+\s+\d+\s+\d+\s+(\d+)\s+\d+\s*$/.exec(line);
      megabytes += Number(row?.[1] ?? 0);
    }
    return megabytes * 2 ** 20;
  };
  const before = read();
  const stop = stopwatch();
  await db.compactRange(Buffer.alloc(0), Buffer.alloc(32, 0xff));
  const { seconds } = stop();
  const found = read() - before;
  await db.close();
  return { seconds, found };
}

const tasks: Readonly<Record<string, () => Promise<object>>> = {
  batch: () => batch(),
  batchInMemory: () => batch(UNFILLED),
  chained,
  single: () => singles(false),
  sync: () => singles(true),
  together,
  compact,
};
console.log(JSON.stringify(await tasks[task]?.()));
