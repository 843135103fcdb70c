/**
 * Bundles the product into dist/, and the tests for the extension host into .artifacts/host/.
 *
 *   node scripts/build.mjs [--watch] [--production]
 *
 * dist/extension.js, dist/worker.js, dist/lsm.js are CommonJS (dist/package.json says so), because VS
 * Code loads CommonJS; the sources are modules, so that Node runs the tests without a build.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lazyPackages, rareContents } from './lazyPackages.mjs';
import { artifacts, main, readJson, root, Sentence, say } from './lib.mjs';
import { writeNotices } from './notices.mjs';
import { packages } from './setup.mjs';

export const hostEntry = join(artifacts, 'host', 'index.js');

const at = (...parts) => join(root, ...parts);

/** The webview pages: each source right in webview/ that is not a part of the others. */
export const pages = () =>
  ['results', 'overview', 'visualizer', 'table', 'sql', 'evidence', 'compare'].filter((name) =>
    existsSync(at('webview', `${name}.ts`)),
  );

/** Packages that most runs never use. */
const RARE = ['protobufjs', 'bson', 'cborg', 'hyparquet', 'hyparquet-writer'];

async function configurations(esbuild, production) {
  const manifest = readJson(at('package.json'));
  const common = {
    absWorkingDir: root,
    bundle: true,
    minify: production,
    sourcemap: production ? false : 'linked',
    legalComments: 'none',
    logLevel: 'warning',
    define: { __LSM_VERSION__: JSON.stringify(manifest.version) },
  };
  const plain = { ...common, platform: 'node', format: 'cjs', target: 'node22' };
  const node = { ...plain, plugins: [lazyPackages(at('engine'), RARE)] };
  const banner = esbuild
    .transformSync(readFileSync(at('scripts', 'lsmBanner.cjs'), 'utf8'), { minify: true })
    .code.trim();
  const all = [
    { ...node, entryPoints: ['extension/extension.ts'], outfile: 'dist/extension.js', external: ['vscode'] },
    { ...node, entryPoints: ['engine/worker.ts'], outfile: 'dist/worker.js' },
    {
      ...plain,
      stdin: { contents: rareContents(at('engine'), RARE), resolveDir: root, sourcefile: 'rare.js' },
      outfile: 'dist/rare.js',
    },
    {
      ...node,
      entryPoints: ['engine/cli/main.ts'],
      outfile: 'dist/lsm.js',
      banner: { js: `#!/usr/bin/env node\n${banner}` },
    },
    {
      ...common,
      platform: 'browser',
      format: 'iife',
      target: ['chrome128', 'safari17'],
      entryPoints: pages().map((name) => `webview/${name}.ts`),
      outdir: 'dist/webview',
      loader: { '.ttf': 'file' },
    },
  ];
  if (!production) {
    const tests = readdirSync(at('test', 'host'))
      .filter((n) => n.endsWith('.test.ts'))
      .sort();
    all.push({
      ...node,
      stdin: {
        contents: [...tests.sort().map((n) => `import './${n}';`), "export { run } from './index.ts';"].join('\n'),
        resolveDir: at('test', 'host'),
        sourcefile: 'hostTests.ts',
        loader: 'ts',
      },
      sourcemap: 'inline',
      outfile: hostEntry,
      external: ['vscode'],
    });
  }
  return all;
}

/** The marker that dist/*.js is CommonJS. */
function copyFixed() {
  mkdirSync(at('dist', 'webview'), { recursive: true });
  writeFileSync(at('dist', 'package.json'), '{"type":"commonjs"}\n');
}

function markRunnable() {
  const cli = at('dist', 'lsm.js');
  if (existsSync(cli)) chmodSync(cli, 0o755);
}

export async function build({ production = false, watch = false } = {}) {
  const esbuild = await import('esbuild');
  if (production) rmSync(at('dist'), { recursive: true, force: true });
  copyFixed();
  mkdirSync(join(artifacts, 'host'), { recursive: true });
  writeFileSync(join(artifacts, 'host', 'package.json'), '{"type":"commonjs"}\n');
  const list = await configurations(esbuild, production);
  if (watch) {
    const report = {
      name: 'report',
      setup: (b) =>
        b.onEnd((result) => {
          markRunnable();
          const out = b.initialOptions.outfile ?? b.initialOptions.outdir;
          say(result.errors.length > 0 ? `${out}: ${result.errors.length} errors` : `${out}: built`);
        }),
    };
    for (const one of list)
      await (await esbuild.context({ ...one, plugins: [...(one.plugins ?? []), report] })).watch();
    return;
  }
  const results = await Promise.allSettled(list.map((one) => esbuild.build({ ...one, metafile: true })));
  if (results.some((r) => r.status === 'rejected')) throw new Sentence('The build failed; the errors stand above.');
  // The tests' bundle is not shipped.
  const shipped = results.filter((_, i) => list[i].outfile !== hostEntry).map((r) => r.value.metafile);
  writeNotices(shipped, at('dist', 'ThirdPartyNotices.txt'));
  markRunnable();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    await packages();
    const watch = process.argv.includes('--watch');
    await build({ production: process.argv.includes('--production'), watch });
    if (watch) {
      say('watching; Ctrl-C ends it');
      return;
    }
    for (const name of [
      'extension.js',
      'worker.js',
      'lsm.js',
      'rare.js',
      ...pages().map((page) => `webview/${page}.js`),
    ]) {
      const file = at('dist', name);
      if (existsSync(file)) say(`dist/${name}  ${(statSync(file).size / 1024).toFixed(0)} KiB`);
    }
  });
}
