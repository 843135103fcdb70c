/** A LevelDB store whose compaction takes long enough to be seen and cancelled. */
import { readdirSync } from 'node:fs';
import { ClassicLevel } from 'classic-level';

/** `keys` events of some 130 bytes, of which every third is then overwritten and every fifth deleted. */
export async function makeEvents(directory: string, keys: number): Promise<void> {
  const db = new ClassicLevel<string, string>(directory, { writeBufferSize: 4 << 20, compression: false });
  await db.open();
  for (let round = 0; round < 2; round++) {
    for (let from = 0; from < keys; from += 2000) {
      const batch = db.batch();
      for (let i = from; i < from + 2000; i++) {
        const key = `event/${String(i).padStart(8, '0')}`;
        if (round === 1 && i % 5 === 0) batch.del(key);
        else if (round === 0 || i % 3 === 0) batch.put(key, `{"n":${i},"round":${round},"text":"${'x'.repeat(90)}"}`);
      }
      await batch.write();
    }
  }
  // Once the engine's own compactions have come to rest, nothing is left that opening for writing would remove.
  const end = performance.now() + 60_000;
  for (let before = ''; before !== readdirSync(directory).join(); ) {
    before = readdirSync(directory).join();
    if (performance.now() > end) throw new Error('the store does not come to rest');
    await new Promise((done) => setTimeout(done, 700));
  }
  await db.close();
}
