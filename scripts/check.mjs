/** Type-checks every room with the types it may see: engine and tests, extension, webview, browser tests. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { main, root, run } from './lib.mjs';
import { packages } from './setup.mjs';

const PROJECTS = ['tsconfig.json', 'tsconfig.extension.json', 'tsconfig.webview.json', 'tsconfig.browser.json'];

/** One result a project: { name, ok, output }. */
export async function check() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const results = [];
  for (const name of PROJECTS) {
    if (!existsSync(join(root, name))) continue;
    const { code, output } = await run(process.execPath, [tsc, '-p', name, '--noEmit', '--pretty', 'false']);
    // TS18003: a project whose files do not exist yet.
    const empty = output.includes('TS18003');
    results.push({ name, ok: code === 0 || empty, output });
    process.stdout.write(`${code === 0 ? '✔' : '✖'} ${name}\n${output}`);
  }
  return results;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    await packages();
    return (await check()).every((r) => r.ok) ? 0 : 1;
  });
}
