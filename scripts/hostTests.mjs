/**
 * Runs the bundle of test/host inside a real extension host: desktop VS Code through @vscode/test-electron
 * where there is a display and it can be had, else the server build with a headless browser.
 */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hostEntry } from './build.mjs';
import { readJson, root, run, say, tail } from './lib.mjs';
import { startServer } from './server.mjs';
import { chromium, node24 } from './setup.mjs';

const folder = dirname(hostEntry);
const resultFile = join(folder, 'result.json');
const progressFile = join(folder, 'progress.log');
const LIMIT_MS = 300_000;

/** { ran, results } or { skipped: why }. */
export async function runHostTests(pattern = '') {
  if (!existsSync(hostEntry)) return { failed: `${hostEntry} is missing: run npm run build` };
  const scratch = mkdtempSync(join(tmpdir(), 'lsm-host-'));
  try {
    const workspace = join(scratch, 'workspace');
    const made = await run(await node24(), [join(root, 'test', 'fixtures', 'samples.ts'), workspace, '--small']);
    if (made.code !== 0) return { failed: `the stores for the host tests could not be made:\n${tail(made.output)}` };
    writeFileSync(join(folder, 'request.json'), JSON.stringify({ pattern, workspace }));
    const wantsDesktop =
      process.env.LSM_DESKTOP === '1' ||
      (process.env.LSM_DESKTOP !== '0' &&
        (process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)));
    if (wantsDesktop) {
      const report = await onDesktop(workspace, scratch);
      if (report !== undefined) return report;
    }
    return await onServer(workspace, scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
}

function forget() {
  rmSync(resultFile, { force: true });
  writeFileSync(progressFile, '');
}

async function onDesktop(workspace, scratch) {
  let electron;
  let executable;
  try {
    electron = await import('@vscode/test-electron');
    say('getting desktop VS Code with @vscode/test-electron');
    executable = await electron.downloadAndUnzipVSCode({
      version: 'stable',
      cachePath: join(root, '.vscode-test'),
      timeout: 20_000,
    });
  } catch (error) {
    say(
      `desktop VS Code could not be had (${String(error.message ?? error).split('\n')[0]}): the server build runs the tests`,
    );
    return undefined;
  }
  forget();
  let failure = '';
  try {
    await electron.runTests({
      vscodeExecutablePath: executable,
      extensionDevelopmentPath: root,
      extensionTestsPath: hostEntry,
      launchArgs: [
        workspace,
        '--disable-extensions',
        '--disable-workspace-trust',
        '--user-data-dir',
        join(scratch, 'user'),
      ],
    });
  } catch (error) {
    failure = String(error.message ?? error);
  }
  if (existsSync(resultFile)) return finish('desktop VS Code');
  return { failed: `desktop VS Code ended without a result: ${failure}` };
}

async function onServer(workspace, scratch) {
  const executablePath = chromium();
  if (executablePath === undefined)
    return { skipped: 'tests inside the extension host: no Chromium to show the workbench' };
  forget();
  const { chromium: browserType } = await import('playwright-core');
  const data = join(scratch, 'server');
  const server = await startServer({ data, gallery: false });
  const console_ = join(folder, 'console.log');
  writeFileSync(console_, '');
  let browser;
  try {
    browser = await browserType.launch({
      executablePath,
      headless: true,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('console', (message) => appendFileSync(console_, `${message.type()} ${message.text()}\n`));
    await page.goto(server.address(workspace, { tests: hostEntry }));
    const until = Date.now() + LIMIT_MS;
    let shown = 0;
    while (!existsSync(resultFile) && Date.now() < until) {
      await new Promise((done) => setTimeout(done, 200));
      shown = showProgress(shown);
    }
    showProgress(shown);
  } finally {
    await browser?.close();
    await server.stop();
  }
  if (existsSync(resultFile)) return finish('server build of VS Code');
  const log = readFileSync(console_, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('error'))
    .slice(-6)
    .join('\n');
  return {
    failed: `no result from the extension host after ${LIMIT_MS / 1000} s; the workbench said:\n${log}\n(all of it: ${console_})`,
  };
}

function showProgress(shown) {
  const text = readFileSync(progressFile, 'utf8');
  process.stdout.write(text.slice(shown));
  return text.length;
}

function finish(kind) {
  const report = readJson(resultFile);
  return { ran: `${kind} ${report.vscode}, Node ${report.node.slice(1)}`, results: report.results };
}
