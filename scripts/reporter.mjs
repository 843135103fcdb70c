/**
 * A reporter for `node --test` that writes one JSON document at the end: what passed, failed and was
 * skipped, by name, so that `npm test` can add up its stages. Suites and files are not counted, only tests.
 */
import { resolve } from 'node:path';

export default async function* report(events) {
  const counts = { passed: 0, failed: [], skipped: [] };
  let broken = 0;
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details?.type === 'suite') {
      // A suite that is skipped whole reports no tests: it counts as one.
      if (data.skip !== undefined && data.skip !== false) counts.skipped.push(named(data));
      else if (type === 'test:fail' && !isSum(data)) counts.failed.push(data.name);
      continue;
    }
    // A file of which nothing was picked, or which ended badly, is reported under its own path.
    const isFile = data.nesting === 0 && data.file !== undefined && resolve(data.name) === data.file;
    if (data.skip !== undefined && data.skip !== false) counts.skipped.push(named(data));
    else if (data.todo !== undefined && data.todo !== false) counts.skipped.push(named(data));
    else if (type === 'test:fail') {
      if (isFile && isSum(data)) broken++;
      else counts.failed.push(data.name);
    } else if (!isFile) counts.passed++;
  }
  if (broken > 0 && counts.failed.length === 0) counts.failed.push(`${broken} files ended badly`);
  yield JSON.stringify(counts);
}

const named = (data) => (typeof data.skip === 'string' && data.skip !== '' ? `${data.name}: ${data.skip}` : data.name);

/** The failure only says that something inside failed, which has been counted already. */
const isSum = (data) => data.details?.error?.failureType === 'subtestsFailed';
