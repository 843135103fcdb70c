/**
 * A long history, from its MANIFEST to the tree at any moment: `timeline TASK STORE`; prints a report as one line
 * of JSON. What comes before the task is done first, untimed.
 */
import { systemClock } from '../../../engine/base/entropy.ts';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { Curves } from '../../../engine/model/timeline/curves.ts';
import { Timeline, TreeAt } from '../../../engine/model/timeline/timeline.ts';
import { Timelines } from '../../../engine/service/timeline.ts';
import { openStore } from '../../../engine/store/open.ts';

const [task = '', dir = ''] = process.argv.slice(2);
const SEEKS = 500;
const CHUNK = 4096;

const seconds = (since: number): number => (performance.now() - since) / 1000;

async function run(): Promise<object> {
  const store = openStore(nodeFs, dir);
  const service = new Timelines(systemClock);
  let since = performance.now();
  const info = await service.info(store, 0, { cancelled: false });
  if (task === 'build') return { count: info.events, seconds: seconds(since) };

  const timeline = new Timeline();
  timeline.reserve(info.events, info.lives);
  since = performance.now();
  let slowest = 0;
  while (timeline.events < info.events) {
    const one = performance.now();
    const count = Math.min(CHUNK, info.events - timeline.events);
    const chunk = service.chunk({ family: 0, epoch: info.epoch, from: timeline.events, count });
    // What crosses between the threads is copied.
    timeline.append(structuredClone(chunk));
    slowest = Math.max(slowest, seconds(one));
  }
  if (task === 'pull') return { count: info.events, seconds: seconds(since) };
  if (task === 'chunk') return { count: CHUNK, seconds: slowest };

  const at = new TreeAt(timeline);
  since = performance.now();
  at.seek(info.events);
  if (task === 'first') return { count: at.count, seconds: seconds(since) };

  if (task === 'seek') {
    // Far jumps in both directions, spread evenly and without chance: the golden ratio.
    let worst = 0;
    for (let i = 1; i <= SEEKS; i++) {
      const target = Math.floor(((i * 0.618_033_988_75) % 1) * info.events);
      since = performance.now();
      at.seek(target);
      worst = Math.max(worst, seconds(since));
    }
    return { count: SEEKS, seconds: worst };
  }
  if (task === 'step') {
    const from = Math.floor(info.events / 2);
    at.seek(from);
    let worst = 0;
    for (let n = from; n < from + SEEKS; n++) {
      since = performance.now();
      at.seek(n);
      worst = Math.max(worst, seconds(since));
    }
    return { count: SEEKS, seconds: worst };
  }
  since = performance.now();
  const curves = new Curves(timeline, { engine: 'rocksdb', compaction: 'leveled', options: {} });
  curves.grow();
  return { count: curves.places, seconds: seconds(since) };
}

process.stdout.write(`${JSON.stringify(await run())}\n`);
