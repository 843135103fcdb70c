/**
 * The project's tests, from a clean clone on:
 *
 *   node scripts/test.mjs                  everything; the last line says `N passed, N failed, N skipped`
 *   node scripts/test.mjs STAGE [PATTERN]  one of lint, types, unit, faults, interop, host, e2e
 *
 * A stage that fails does not stop the others. PATTERN picks files by a part of their path, else tests by name.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { check } from './check.mjs';
import { runHostTests } from './hostTests.mjs';
import { artifacts, main, root, run, Sentence, say } from './lib.mjs';
import { chromium, codeServer, debianPackages, node24, packages } from './setup.mjs';

const LIMIT_MS = 20 * 60_000;

const STAGES = {
  lint: {
    title: 'lint (Biome)',
    async run() {
      const bin = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
      const { code, output } = await run(process.execPath, [bin, 'check', '--error-on-warnings', '--colors=off', '.'], {
        tee: true,
      });
      return {
        passed: code === 0 ? 1 : 0,
        failed: code === 0 ? [] : [`biome: ${/Found \d+ error.*/.exec(output)?.[0] ?? 'see above'}`],
        skipped: [],
      };
    },
  },
  types: {
    title: 'types (tsc)',
    async run() {
      const results = await check();
      return {
        passed: results.filter((r) => r.ok).length,
        failed: results.filter((r) => !r.ok).map((r) => r.name),
        skipped: [],
      };
    },
  },
  unit: {
    title: 'unit',
    run: (pattern) => nodeTests([...found('test/unit'), ...found('test/fuzz'), 'test/rooms.test.ts'], pattern, 2),
  },
  faults: {
    title: 'faults, crashes, kill -9 and random operations',
    needsBuild: true,
    run: (pattern) => nodeTests(found('test/faults'), pattern, 2),
  },
  interop: {
    title: 'interop (against the real engines)',
    needsBuild: true,
    run: (pattern) => nodeTests(found('test/interop'), pattern, 3),
  },
  host: {
    title: 'inside the extension host',
    needsBuild: true,
    needsServer: true,
    async run(pattern) {
      const outcome = await runHostTests(pattern);
      if (outcome.skipped !== undefined) return { passed: 0, failed: [], skipped: [outcome.skipped] };
      if (outcome.failed !== undefined) {
        process.stdout.write(`${outcome.failed}\n`);
        return { passed: 0, failed: [outcome.failed.split('\n')[0]], skipped: [] };
      }
      const names = (state) => outcome.results.filter((r) => r.state === state);
      return {
        note: `ran in: ${outcome.ran}`,
        passed: names('passed').length,
        failed: names('failed').map((r) => r.name),
        skipped: names('skipped').map((r) => `${r.name}: ${r.detail}`),
      };
    },
  },
  e2e: {
    title: 'in the browser',
    needsBuild: true,
    needsServer: true,
    // A VS Code of its own takes the machine for itself; two pages on their own share it.
    async run(pattern) {
      const all = found('test/e2e');
      const named = all.some((file) => isAbout(file, pattern));
      const files = all.filter((file) => !named || isAbout(file, pattern));
      const ending = (end) => files.filter((file) => file.endsWith(end));
      const words = named ? '' : pattern;
      const apps = await nodeTests(ending('.spec.ts'), words, 1);
      const pages = await nodeTests(ending('.test.ts'), words, 2);
      return {
        passed: apps.passed + pages.passed,
        failed: [...apps.failed, ...pages.failed],
        skipped: [...apps.skipped, ...pages.skipped],
      };
    },
  },
};

/** Test files under a folder, with `/` as the separator, sorted. */
function found(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true })
    .map((name) => `${folder}/${String(name).replaceAll('\\', '/')}`)
    .filter((name) => /\.(test|spec)\.ts$/.test(name))
    .sort();
}

function isAbout(file, pattern) {
  return existsSync(join(root, file)) && (pattern === '' || file.includes(pattern));
}

async function nodeTests(all, pattern, concurrency) {
  const byPath = all.filter((file) => isAbout(file, pattern));
  const files = byPath.length > 0 ? byPath : all.filter((file) => existsSync(join(root, file)));
  if (files.length === 0) return { passed: 0, failed: [], skipped: [] };
  const counts = join(artifacts, `counts-${process.pid}.json`);
  mkdirSync(artifacts, { recursive: true });
  const args = [
    ...[
      '--disable-warning=ExperimentalWarning',
      '--test',
      `--test-concurrency=${concurrency}`,
      '--test-timeout=240000',
    ],
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...['--test-reporter=./scripts/reporter.mjs', `--test-reporter-destination=${counts}`],
    ...(byPath.length === 0 ? [`--test-name-pattern=${pattern}`] : []),
    ...files,
  ];
  const { code, late } = await run(await node24(), args, { tee: true, timeout: LIMIT_MS });
  let result;
  try {
    result = JSON.parse(readFileSync(counts, 'utf8'));
  } catch {
    result = { passed: 0, failed: [], skipped: [] };
  }
  rmSync(counts, { force: true });
  if (late) result.failed.push(`not done after ${LIMIT_MS / 60_000} minutes`);
  else if (code !== 0 && result.failed.length === 0) result.failed.push(`the test runner ended with ${code}`);
  return result;
}

await main(async () => {
  const [only, ...rest] = process.argv.slice(2);
  if (only !== undefined && !(only in STAGES))
    throw new Sentence(`There is no stage "${only}"; there are ${Object.keys(STAGES).join(', ')}.`);
  const pattern = rest.join(' ');
  const stages = only === undefined ? Object.keys(STAGES) : [only];
  const from = Date.now();
  const missing = [];
  const broken = {};
  await packages();
  await node24();
  if (only === undefined || only === 'interop' || STAGES[only].needsServer) missing.push(...(await debianPackages()));
  if (stages.some((name) => STAGES[name].needsServer) && chromium() !== undefined) {
    try {
      await codeServer();
    } catch (error) {
      broken.server = error.message;
    }
  }
  if (stages.some((name) => STAGES[name].needsBuild)) {
    say('building');
    try {
      await build();
    } catch (error) {
      broken.build = error.message;
    }
  }
  const lines = [];
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const name of stages) {
    const stage = STAGES[name];
    const start = Date.now();
    process.stdout.write(`\n━━ ${stage.title}\n`);
    let result;
    try {
      const obstacle = (stage.needsBuild && broken.build) || (stage.needsServer && broken.server);
      if (obstacle) {
        process.stdout.write(`${obstacle}\n`);
        result = { passed: 0, failed: [obstacle.split('\n')[0]], skipped: [] };
      } else result = await stage.run(pattern);
    } catch (error) {
      process.stdout.write(`${error.stack ?? error}\n`);
      result = { passed: 0, failed: [String(error.message ?? error).split('\n')[0]], skipped: [] };
    }
    if (result.passed + result.failed.length + result.skipped.length === 0) lines.push(`  ${name}: nothing ran`);
    else {
      const seconds = ((Date.now() - start) / 1000).toFixed(1);
      lines.push(
        `  ${name}: ${result.passed} passed, ${result.failed.length} failed, ${result.skipped.length} skipped (${seconds} s)${result.note ? `; ${result.note}` : ''}`,
      );
    }
    for (const what of result.failed) lines.push(`    failed: ${what}`);
    for (const what of result.skipped) lines.push(`    skipped: ${what}`);
    sum.passed += result.passed;
    sum.failed += result.failed.length;
    sum.skipped += result.skipped.length;
  }
  process.stdout.write(`\n━━ Summary after ${((Date.now() - from) / 1000).toFixed(0)} s\n${lines.join('\n')}\n`);
  for (const sentence of missing) process.stdout.write(`  ${sentence}\n`);
  if (sum.passed + sum.failed === 0) process.stdout.write('  Nothing ran.\n');
  process.stdout.write(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped\n`);
  return sum.failed > 0 || sum.passed === 0 ? 1 : 0;
});
