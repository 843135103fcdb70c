/** Writes with our engine: `writeOurs TASK DIR leveldb|rocksdb COUNT`; prints a report as one line of JSON. */

import { Maintenance } from '../../../engine/store/background.ts';
import { createStore } from '../../../engine/store/create.ts';
import { systemWriteEnvironment as env } from '../../../engine/store/writeEnvironment.ts';
import { StoreWriter, type WriterOptions } from '../../../engine/store/writer.ts';
import { stopwatch } from './stopwatch.ts';
import { feed, KEY_BYTES } from './writeFeed.ts';

const [task = '', dir = '', format = '', wanted = ''] = process.argv.slice(2);
const count = Number(wanted);
/** A write buffer that nothing of this size fills. */
const UNFILLED = 1 << 30;

function open(options: WriterOptions = {}): StoreWriter {
  for (const _ of createStore(env, dir, { format: format === 'leveldb' ? 'leveldb' : 'rocksdb' }));
  return StoreWriter.open(env, dir, options);
}

async function batches(writer: StoreWriter, after = (): void => {}): Promise<{ count: number; seconds: number }> {
  const batch = writer.batch();
  return feed(count, async (keys, values) => {
    batch.clear();
    for (let i = 0; i < keys.length; i++) batch.put(0, keys[i] as Buffer, values[i] as Buffer);
    await writer.write(batch);
    after();
  });
}

type Work = (maintenance: Maintenance) => void;

async function compacting(afterBatch: Work, atEnd?: Work): Promise<object> {
  const writer = open();
  const maintenance = new Maintenance(writer, env);
  const fed = await batches(writer, () => afterBatch(maintenance));
  const stop = stopwatch();
  atEnd?.(maintenance);
  const { seconds } = stop();
  maintenance.close();
  writer.close();
  return { count: fed.count, seconds: fed.seconds + seconds };
}

/** One entry a write, each awaited. */
async function singles(sync: boolean): Promise<object> {
  const writer = open();
  const batch = writer.batch();
  const fed = await feed(count, async (keys, values) => {
    for (let i = 0; i < keys.length; i++) {
      batch.clear();
      batch.put(0, keys[i] as Buffer, values[i] as Buffer);
      await writer.write(batch, { sync });
    }
  });
  writer.close();
  return fed;
}

/** Many writers at once, each with one entry and a sync. */
async function together(): Promise<object> {
  const writer = open();
  const fed = await feed(count, async (keys, values) => {
    await Promise.all(
      keys.map((key, i) => {
        const batch = writer.batch();
        batch.put(0, key, values[i] as Buffer);
        return writer.write(batch, { sync: true });
      }),
    );
  });
  writer.close();
  return fed;
}

const tasks: Readonly<Record<string, () => Promise<object>>> = {
  batch: async () => {
    const writer = open();
    const fed = await batches(writer);
    writer.close();
    return fed;
  },
  batchInMemory: async () => {
    const writer = open({ writeBufferBytes: UNFILLED });
    const fed = await batches(writer);
    writer.close();
    return fed;
  },
  /** Compactions when writes have to wait for them, from LevelDB's slowdown trigger on; the end leaves what is undone. */
  batchCompacting: () => compacting(() => {}),
  /** The same, and at the end no policy wants anything any more, which is timed too. */
  batchSettled: () =>
    compacting(
      () => {},
      (maintenance) => maintenance.settle(),
    ),
  /** After each batch nothing is left to compact. */
  batchSettling: () => compacting((maintenance) => maintenance.settle()),
  single: () => singles(false),
  sync: () => singles(true),
  together,
  flush: async () => {
    const writer = open({ writeBufferBytes: UNFILLED });
    await batches(writer);
    const stop = stopwatch();
    writer.flush();
    const { seconds } = stop();
    writer.close();
    return { count: count * (KEY_BYTES + 100), seconds };
  },
};
console.log(JSON.stringify(await tasks[task]?.()));
