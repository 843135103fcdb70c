/**
 * A process that owns a LevelDB store, as an application would. Commands come on stdin, one a line:
 * `put KEY VALUE` and `del KEY` answer `done`, `get KEY` the value in hex or `absent`, `close` ends it. Says `open` when it holds the LOCK.
 *
 *     node owner.mjs DIR
 */
import { createInterface } from 'node:readline';
import { ClassicLevel } from 'classic-level';

const db = new ClassicLevel(process.argv[2], { createIfMissing: false });
await db.open();
console.log('open');
for await (const line of createInterface({ input: process.stdin })) {
  const [command, key, value] = line.split(' ');
  if (command === 'close') break;
  if (command === 'get') {
    const found = await db.get(key, { valueEncoding: 'buffer' });
    console.log(found === undefined ? 'absent' : `0x${found.toString('hex')}`);
    continue;
  }
  if (command === 'del') await db.del(key, { sync: true });
  else await db.put(key, value, { sync: true });
  console.log('done');
}
await db.close();
