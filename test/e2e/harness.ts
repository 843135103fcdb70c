/**
 * Drives the real product in a browser: the server build of VS Code with the extension from this clone,
 * opened on a folder, clicked and typed into as a person would.
 *
 *     const app = await Workbench.open({ folder: '/path/of/a/folder' });
 *     await app.runCommand('LSM: Open Store at Path…');
 *     await app.screenshot('opened');
 *     await app.close();
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Browser, chromium, type Frame, type Locator, type Page } from 'playwright-core';
import { type CodeServer, startServer } from '../../scripts/server.mjs';
import { chromium as chromiumPath } from '../../scripts/setup.mjs';

const root = resolve(import.meta.dirname, '../..');
export const screenshots = join(root, '.artifacts', 'screenshots');

/** Why no browser test can run here, or false: for the `skip` option of a test. */
export const noBrowser: string | false = chromiumPath() === undefined ? 'no Chromium is installed' : false;

export type Theme = 'light' | 'dark' | 'hc-light' | 'hc-dark';

/**
 * Themes in which what VS Code itself draws is walked through. A second one shows the same dialogs in other colours and
 * takes minutes: LSM_THEMES=both for whoever wants to look at them. Our own pages are looked at in four.
 */
export const walkedThemes = (first: Theme, second: Theme): readonly Theme[] =>
  process.env['LSM_THEMES'] === 'both' ? [first, second] : [first];

const THEMES: Readonly<Record<Theme, string>> = {
  light: 'Default Light Modern',
  dark: 'Default Dark Modern',
  'hc-light': 'Default High Contrast Light',
  'hc-dark': 'Default High Contrast',
};

const BROWSER_FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launchBrowser(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error('no Chromium is installed');
  return chromium.launch({ executablePath, headless: true, args: BROWSER_FLAGS });
}

export class Workbench {
  readonly page: Page;
  readonly #browser: Browser;
  readonly #server: CodeServer;
  readonly #data: string;

  private constructor(page: Page, browser: Browser, server: CodeServer, data: string) {
    this.page = page;
    this.#browser = browser;
    this.#server = server;
    this.#data = data;
  }

  /** Starts a server with fresh settings and opens `folder` in a new browser. */
  static async open(options: {
    readonly folder: string;
    readonly theme?: Theme;
    readonly width?: number;
    readonly height?: number;
    readonly settings?: Readonly<Record<string, unknown>>;
    /** As in a person's own VS Code, which alone shows notifications; see scripts/server.mjs. */
    readonly installed?: boolean;
    /** Runs in each document before it loads, those of webviews too. */
    readonly atLoad?: () => void;
  }): Promise<Workbench> {
    const theme = options.theme ?? 'dark';
    const data = mkdtempSync(join(tmpdir(), 'lsm-e2e-'));
    const server = await startServer({
      data,
      gallery: false,
      installed: options.installed ?? false,
      settings: { 'workbench.colorTheme': THEMES[theme], 'window.autoDetectColorScheme': false, ...options.settings },
    });
    let browser: Browser | undefined;
    try {
      browser = await launchBrowser();
      const page = await browser.newPage({
        viewport: { width: options.width ?? 1400, height: options.height ?? 900 },
        colorScheme: theme.endsWith('light') ? 'light' : 'dark',
      });
      if (options.atLoad !== undefined) await page.addInitScript(options.atLoad);
      await page.goto(server.address(options.folder));
      const app = new Workbench(page, browser, server, data);
      await page.waitForSelector('.monaco-workbench .part.statusbar', { timeout: 60_000 });
      // What we contribute is known when our icon is there; a palette opened before that never shows our commands.
      await page.waitForSelector('.activitybar .action-label[aria-label^="LSM"]', { timeout: 60_000 });
      return app;
    } catch (error) {
      await browser?.close();
      await server.stop();
      throw error;
    }
  }

  /** Runs a command by the title that the palette shows, as a person would. */
  async runCommand(title: string): Promise<void> {
    const row = this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first();
    // One that is still closing takes no text.
    const widget = this.page.locator('.quick-input-widget');
    for (let attempt = 0; ; attempt++) {
      try {
        await widget.waitFor({ state: 'hidden', timeout: 4_000 });
        const input = await this.#quickInput(async () => {
          await this.page.keyboard.press('F1');
        });
        await input.fill(`>${title}`, { timeout: 4_000 });
        await row.waitFor({ timeout: 8_000 });
        // An editor that opens just now takes the focus, and the palette closes under the pointer.
        await row.click({ timeout: 2_000 });
        break;
      } catch (error) {
        if (attempt === 3) throw error;
        // The list of commands is as old as the palette: a command that came since needs a new one.
        await this.page.keyboard.press('Escape');
      }
    }
    // What the command asks comes in the same box: it is another one when the typed command is gone.
    await this.page.waitForFunction(
      () => {
        const box = document.querySelector<HTMLInputElement>('.quick-input-widget input');
        return box === null || box.offsetParent === null || !box.value.startsWith('>');
      },
      undefined,
      { timeout: 20_000 },
    );
  }

  /** Titles that the palette offers for what is typed: what a person could choose now. */
  async paletteOffers(typed: string): Promise<string[]> {
    const input = await this.#quickInput(async () => {
      await this.page.keyboard.press('F1');
    });
    await input.fill(`>${typed}`);
    await this.page.waitForTimeout(600);
    const labels = await this.page.locator('.quick-input-list .monaco-list-row .label-name').allInnerTexts();
    await this.page.keyboard.press('Escape');
    return labels;
  }

  /** Types into the input box that is open, once it asks what `prompt` says, and accepts. */
  async answer(text: string, prompt = ''): Promise<void> {
    const input = this.page.locator('.quick-input-widget:not(.hidden) input').first();
    await input.waitFor({ timeout: 20_000 });
    await this.page.locator('.quick-input-widget', { hasText: prompt }).waitFor({ timeout: 20_000 });
    await input.fill(text);
    await this.page.waitForTimeout(150);
    // What opens meanwhile may have taken the focus.
    await input.press('Enter');
  }

  /** Picks the row with that text in the quick pick that is open. */
  async pick(text: string): Promise<void> {
    const row = this.page
      .locator('.quick-input-widget:not(.hidden) .quick-input-list .monaco-list-row')
      .filter({ hasText: text, visible: true })
      .first();
    await row.waitFor({ timeout: 20_000 });
    // A list that is drawn anew keeps rows, unseen, for later use, and moves the others: look again.
    for (let attempt = 0; ; attempt++) {
      try {
        await row.click({ timeout: 2_000 });
        return;
      } catch (error) {
        if (attempt === 4) throw error;
      }
    }
  }

  /** Opens a store directory through the palette. */
  async openStore(path: string): Promise<void> {
    await this.runCommand('LSM: Open Store at Path');
    await this.answer(path, 'The data directory of a RocksDB or LevelDB store');
  }

  /** Shows our container of the activity bar. */
  async showStores(): Promise<void> {
    // The header of a container's only view is hidden: its body is what shows that it is there.
    const pane = this.page
      .locator('.part.sidebar .pane')
      .filter({ has: this.page.locator('.pane-header[aria-label*="Stores"]') });
    const body = pane.first().locator('.pane-body');
    // Opening a store shows it too, and a click on what is shown hides it.
    for (let attempt = 0; !(await body.isVisible()); attempt++) {
      await this.page.locator('.activitybar .action-label[aria-label^="LSM"]').first().click();
      try {
        await body.waitFor({ timeout: 8_000 });
        await this.page.waitForTimeout(300);
      } catch (error) {
        if (attempt === 3) throw error;
      }
    }
  }

  /** A row of a tree view in the side bar, by a text in it. */
  treeRow(text: string | RegExp): Locator {
    return this.page.locator('.part.sidebar .monaco-list-row').filter({ hasText: text }).first();
  }

  /** Chooses an entry of the context menu of a row; `picture` is taken while the menu is open. */
  async contextMenu(row: Locator, label: string, picture?: string): Promise<void> {
    const item = this.page.locator('.monaco-menu .action-item').filter({ hasText: label }).first();
    // A view that is laid out anew closes the menu over it: ask again.
    for (let attempt = 0; ; attempt++) {
      try {
        await row.click({ button: 'right', timeout: 10_000 });
        await item.waitFor({ timeout: 6_000 });
        // A menu that has only just opened takes no click: it could be the one that opened it.
        await this.page.waitForTimeout(300);
        if (picture !== undefined) await this.screenshot(picture);
        await item.click({ timeout: 4_000 });
        return;
      } catch (error) {
        if (attempt === 3) throw error;
        await this.page.keyboard.press('Escape');
      }
    }
  }

  /** Opens a tree row's children; does nothing when they are open. */
  async expand(text: string | RegExp): Promise<void> {
    const row = this.treeRow(text);
    await row.waitFor({ timeout: 30_000 });
    if ((await row.getAttribute('aria-expanded')) !== 'true') await row.locator('.monaco-tl-twistie').first().click();
    await this.page.waitForFunction(
      (element) => element?.getAttribute('aria-expanded') !== 'false',
      await row.elementHandle(),
      { timeout: 20_000 },
    );
  }

  /** The document inside the webview whose body matches `selector`. */
  async webview(selector: string): Promise<Frame> {
    const until = performance.now() + 30_000;
    while (performance.now() < until) {
      for (const frame of this.page.frames()) {
        if (frame === this.page.mainFrame()) continue;
        const found = await frame
          .locator(selector)
          .first()
          .isVisible()
          .catch(() => false);
        if (found) return frame;
      }
      await this.page.waitForTimeout(200);
    }
    throw new Error(`no webview shows ${selector}`);
  }

  /**
   * Waits until VS Code has written down a state of the window of which `holds` is true: some seconds after a
   * change. A reload before that would lose it. Quotes in the state are not escaped.
   */
  async kept(holds: (state: string) => boolean): Promise<void> {
    const until = performance.now() + 60_000;
    while (performance.now() < until) {
      const state = await this.page.evaluate(async () => {
        const done = <T>(request: IDBRequest<T>): Promise<T> =>
          new Promise((resolve, reject) => {
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
          });
        const texts: string[] = [];
        for (const { name } of await indexedDB.databases()) {
          if (name?.startsWith('vscode-web-state-db-') !== true) continue;
          const database = await done(indexedDB.open(name));
          for (const table of database.objectStoreNames) {
            const values = await done(database.transaction(table).objectStore(table).getAll());
            texts.push(...values.filter((v) => typeof v === 'string'));
          }
          database.close();
        }
        return texts.join('\n').replaceAll('\\', '');
      });
      if (holds(state)) return;
      await this.page.waitForTimeout(250);
    }
    throw new Error('VS Code has not written down the state of the window');
  }

  /** Texts of the notifications on the screen. */
  async notifications(): Promise<string[]> {
    return this.page.locator('.notifications-toasts .notification-list-item-message').allInnerTexts();
  }

  /** Closes every notification, so that none stands in a picture. */
  async quiet(): Promise<void> {
    await this.runCommand('Notifications: Clear All Notifications');
  }

  /** Leaves `.artifacts/screenshots/NAME.png`. */
  async screenshot(name: string): Promise<string> {
    mkdirSync(screenshots, { recursive: true });
    const path = join(screenshots, `${name}.png`);
    await this.page.screenshot({ path });
    return path;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.stop();
    rmSync(this.#data, { recursive: true, force: true, maxRetries: 3 });
  }

  async #quickInput(open: () => Promise<void>): Promise<Locator> {
    const input = this.page.locator('.quick-input-widget:not(.hidden) input').first();
    // A key pressed while the workbench still starts is lost: press again.
    for (let attempt = 0; attempt < 5; attempt++) {
      await open();
      try {
        await input.waitFor({ timeout: 4000 });
        return input;
      } catch {
        // Not open yet.
      }
    }
    throw new Error('the command palette does not open');
  }
}
