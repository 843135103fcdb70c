/** Scans that pick entries by what their values say: small JSON values, and the same data as MessagePack. */
import { join } from 'node:path';
import { encode } from '@msgpack/msgpack';
import { ClassicLevel } from 'classic-level';
import { atomically, cacheFolder, say } from '../../scripts/lib.mjs';
import type { Tools } from './main.ts';
import { type Contender, jsonReport, nodeContender } from './measure.ts';
import type { Group, Target } from './report.ts';

/** Goes up whenever what is written changes. */
const VERSION = 1;
const ENTRIES = 1_000_000;
/** What is asked for on small JSON values. */
const ENTRIES_A_SECOND = 500_000;

const value = (i: number): object => ({ x: i % 997, name: `user ${i % 1000}`, on: i % 2 === 0, score: i / 4 });

const FORMATS: Readonly<Record<string, (i: number) => Uint8Array>> = {
  json: (i) => Buffer.from(JSON.stringify(value(i))),
  msgpack: (i) => encode(value(i)),
};

async function made(format: string): Promise<string> {
  const dir = join(cacheFolder(), `bench-where-${VERSION}`, format);
  const write = FORMATS[format] as (i: number) => Uint8Array;
  await atomically(dir, async (part: string) => {
    say(`making a store of ${ENTRIES.toLocaleString('en-US')} ${format} values, once`);
    const open = { keyEncoding: 'buffer', valueEncoding: 'view' } as const;
    const db = new ClassicLevel<Buffer, Uint8Array>(part, open);
    await db.open();
    for (let from = 0; from < ENTRIES; from += 1000) {
      const batch = Array.from({ length: 1000 }, (_, i) => ({
        type: 'put' as const,
        key: Buffer.from(String(from + i).padStart(12, '0')),
        value: write(from + i),
      }));
      await db.batch(batch);
    }
    await db.close();
    // Opening again moves what is left in the log into a table.
    const again = new ClassicLevel<Buffer, Uint8Array>(part, open);
    await again.open();
    await again.close();
  });
  return dir;
}

export async function whereGroups(tools: Tools): Promise<Group[]> {
  const json = await made('json');
  const msgpack = await made('msgpack');
  const query = (label: string, dir: string, where: string): Contender =>
    nodeContender(label, true, tools.where, [dir, where], { read: jsonReport });
  const scan = nodeContender(
    "lsm scan --count --where 'value.x = 5', JSON, whole process",
    true,
    tools.lsm,
    ['scan', json, '--count', '--where', 'value.x = 5'],
    { read: () => ({ count: ENTRIES }) },
  );
  const contenders = [
    query('value.x = 5, JSON', json, 'value.x = 5'),
    query('value.name ~ "r 77" and value.score > 1000, JSON', json, 'value.name ~ "r 77" and value.score > 1000'),
    query('key ~ "777"', json, 'key ~ "777"'),
    query('value.x = 5, MessagePack', msgpack, 'value.x = 5'),
    scan,
  ];
  const seconds = ENTRIES / ENTRIES_A_SECOND;
  const targets: Target[] = [contenders[0], contenders[1], scan].map((c) => ({
    kind: 'time',
    ours: (c as Contender).label,
    seconds,
  }));
  return [
    {
      title: `scan with a condition: ${ENTRIES.toLocaleString('en-US')} entries of 12-byte keys and values of about 50 bytes`,
      contenders,
      entryBytes: 12 + 54,
      unit: 'entries/s',
      absent: [],
      targets,
    },
  ];
}
