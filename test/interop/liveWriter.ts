/**
 * Runs as a process of its own: writes to a store at full speed until it is killed. Round after round a batch
 * sets the same number under all marker keys, so that every state that ever was has one number under all of them;
 * what else it writes keeps flushes and compactions going.
 *
 *     node liveWriter.ts leveldb|rocksdb DIR
 */
import { ClassicLevel } from 'classic-level';
import RocksDB from 'rocksdb-native';

const [, , engine, dir] = process.argv as [string, string, 'leveldb' | 'rocksdb', string];
const MARKERS = 40;
const FILL = 150;

/** Puts and deletions of a round. */
function* round(r: number): Generator<[Buffer, Buffer | undefined]> {
  for (let m = 0; m < MARKERS; m++) {
    yield [Buffer.from(`marker/${String(m * 25).padStart(4, '0')}`), Buffer.from(String(r))];
  }
  for (let i = 0; i < FILL; i++) {
    const key = Buffer.from(`marker/${String((r * 131 + i * 7) % 1000).padStart(4, '0')}/${(r * 31 + i) % 977}`);
    yield [key, i % 6 === 5 ? undefined : Buffer.alloc(60 + (i % 50), r % 251)];
  }
}

async function level(): Promise<void> {
  const db = new ClassicLevel<Buffer, Buffer>(dir, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    writeBufferSize: 64 << 10,
    maxFileSize: 1 << 20,
  });
  await db.open();
  for (let r = 1; ; r++) {
    const ops = [...round(r)].map(([key, value]) =>
      value === undefined ? ({ type: 'del', key } as const) : ({ type: 'put', key, value } as const),
    );
    await db.batch(ops);
    if (r === 1) process.stdout.write('ready\n');
  }
}

async function rocks(): Promise<void> {
  const db = new RocksDB(dir, { writeBufferSize: 64 << 10 });
  await db.ready();
  for (let r = 1; ; r++) {
    const batch = db.write({ capacity: 300 });
    for (const [key, value] of round(r)) {
      if (value === undefined) batch.tryDelete(key);
      else batch.tryPut(key, value);
    }
    await batch.flush();
    batch.destroy();
    // rocksdb-native compacts rarely by itself at this size.
    if (r % 40 === 0) await db.flush();
    if (r % 400 === 0) await db.compactRange();
    if (r === 1) process.stdout.write('ready\n');
  }
}

await (engine === 'leveldb' ? level() : rocks());
