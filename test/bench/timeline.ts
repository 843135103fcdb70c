/** A MANIFEST of 100,000 edits and 20,000 live tables: read, handed out, walked through. There is no peer to race. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { atomically, cacheFolder, say } from '../../scripts/lib.mjs';
import { type BigManifest, writeBigManifest } from '../support/bigManifest.ts';
import type { Tools } from './main.ts';
import { type Contender, jsonReport, nodeContender } from './measure.ts';
import type { Group, Target } from './report.ts';

/** Goes up whenever what is written changes. */
const VERSION = 2;
const SHAPE = { seed: 20_261_122, edits: 100_000, live: 22_000 };

const TASKS: readonly { readonly task: string; readonly label: string; readonly seconds: number }[] = [
  { task: 'build', label: 'the MANIFEST read and its keys ranked', seconds: 5 },
  { task: 'pull', label: 'all events pulled in chunks of 4,096', seconds: 1 },
  { task: 'chunk', label: 'the slowest of those chunks', seconds: 0.1 },
  { task: 'first', label: 'the newest tree, the first to be shown', seconds: 0.1 },
  { task: 'seek', label: 'the worst of 500 far jumps', seconds: 0.05 },
  { task: 'step', label: 'the worst of 500 single steps', seconds: 0.016 },
  { task: 'curves', label: 'all curves over all events', seconds: 0.3 },
];

async function madeStore(): Promise<{ dir: string; made: BigManifest }> {
  const dir = join(cacheFolder(), `bench-timeline-${VERSION}`);
  await atomically(dir, async (part: string) => {
    say('making a MANIFEST of 100,000 edits, once');
    const made = writeBigManifest(nodeFs, part, { ...SHAPE, files: true });
    writeFileSync(join(part, 'made.json'), JSON.stringify(made));
  });
  return { dir, made: JSON.parse(readFileSync(join(dir, 'made.json'), 'utf8')) as BigManifest };
}

export async function timelineGroups(tools: Tools): Promise<Group[]> {
  const { dir, made } = await madeStore();
  const contenders = TASKS.map(({ task, label }): Contender => {
    return nodeContender(label, true, tools.timeline, [task, dir], { read: jsonReport });
  });
  const targets = TASKS.map(({ label, seconds }): Target => ({ kind: 'time', ours: label, seconds }));
  const count = (n: number): string => n.toLocaleString('en-US');
  return [
    {
      title: `timeline of ${count(made.edits)} edits, ${count(made.live)} live tables, ${count(made.lives)} lives`,
      contenders,
      entryBytes: 0,
      unit: 'ms',
      absent: [],
      targets,
    },
  ];
}
