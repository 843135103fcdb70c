/** Builds the pages and opens them in Chromium, without a network: requests are answered from memory. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
export const hasChromium = existsSync(CHROMIUM);

/** Those that are there; each is a bundle of its own. */
const PAGES = ['results', 'overview', 'visualizer', 'table', 'sql', 'evidence'].filter((name) =>
  existsSync(join(ROOT, 'webview', `${name}.ts`)),
);

const ORIGIN = 'http://pages.invalid';

/** What VS Code adds to each webview by itself. */
const VSCODE_STYLE = `
html { scrollbar-color: var(--vscode-scrollbarSlider-background) var(--vscode-editor-background); }
body { overscroll-behavior-x: none; background-color: transparent; color: var(--vscode-editor-foreground);
  font-family: var(--vscode-font-family); font-weight: var(--vscode-font-weight); font-size: var(--vscode-font-size);
  margin: 0; padding: 0 20px; }`;

export interface Pages {
  readonly browser: Browser;
  /** Total bytes of what the build made, by file. */
  readonly sizes: ReadonlyMap<string, number>;
  /** `prepare` sees the page before it loads. */
  open(
    url: string,
    size?: { readonly width: number; readonly height: number },
    prepare?: (page: Page) => void,
  ): Promise<Page>;
  close(): Promise<void>;
}

export async function startPages(): Promise<Pages> {
  const files = new Map<string, Uint8Array>();
  const built = await build({
    absWorkingDir: ROOT,
    entryPoints: [...PAGES.map((name) => `webview/${name}.ts`), 'test/e2e/pages/harness.ts'],
    bundle: true,
    minify: true,
    write: false,
    outdir: '/',
    entryNames: '[name]',
    platform: 'browser',
    format: 'iife',
    target: ['chrome128'],
    legalComments: 'none',
    logLevel: 'warning',
  });
  for (const file of built.outputFiles) files.set(file.path.replace(/^.*[\\/]/, ''), file.contents);
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const contexts: BrowserContext[] = [];
  return {
    browser,
    sizes: new Map([...files].map(([name, bytes]) => [name, bytes.length])),
    open: async (url, size = { width: 1180, height: 720 }, prepare) => {
      const context = await browser.newContext({ viewport: size });
      contexts.push(context);
      await context.route(`${ORIGIN}/**`, (route) => {
        const { pathname, searchParams } = new URL(route.request().url());
        if (pathname === '/')
          return route.fulfill({ contentType: 'text/html', body: html(searchParams.get('view') ?? '') });
        const body = files.get(pathname.slice(1));
        if (body === undefined) return route.fulfill({ status: 404 });
        return route.fulfill({
          contentType: pathname.endsWith('.css') ? 'text/css' : 'text/javascript',
          body: Buffer.from(body),
        });
      });
      const page = await context.newPage();
      page.setDefaultTimeout(10_000);
      prepare?.(page);
      // The largest made-up history takes a while to make.
      await page.goto(`${ORIGIN}/?${url}`, { timeout: 60_000 });
      return page;
    },
    close: async () => {
      for (const context of contexts) await context.close();
      await browser.close();
    },
  };
}

/** As strict as the policy of the real panels: no inline script or style but those with the nonce. */
function html(view: string): string {
  const name = PAGES.includes(view) ? view : 'results';
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>LSM Inspector</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${ORIGIN} 'nonce-n1'; script-src 'nonce-n1'; img-src ${ORIGIN}; font-src ${ORIGIN}">
<style nonce="n1">${VSCODE_STYLE}</style>
<link rel="stylesheet" href="/${name}.css"></head>
<body><script nonce="n1" src="/harness.js"></script><script nonce="n1" src="/${name}.js"></script></body></html>`;
}
