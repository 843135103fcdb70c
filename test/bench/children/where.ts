/** A query with a condition, counted as the editor's worker counts it: `where STORE CONDITION`; prints one line of JSON. */
import { systemClock } from '../../../engine/base/entropy.ts';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../../engine/fs/readOnlyFs.ts';
import { Service } from '../../../engine/service.ts';
import { ResultSet } from '../../../engine/store/resultSet.ts';
import { stopwatch } from './stopwatch.ts';

const [dir = '', where = ''] = process.argv.slice(2);

const service = new Service({
  fs: readOnlyFs(nodeFs),
  clock: systemClock,
  lockOwner: () => undefined,
  notify: () => {},
});
await service.call('open', { path: dir });
const stop = stopwatch();
const { filter } = service.where(0, where);
const set = new ResultSet(1, service.store, { family: 0, where }, false, systemClock, filter);
while (set.step());
const { total, scanned } = set.state();
console.log(JSON.stringify({ count: scanned, found: total, ...stop() }));
