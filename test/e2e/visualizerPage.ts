/** What a person does on the visualiser's page in VS Code, and what they read there. */
import type { Frame, Locator } from 'playwright-core';
import { until } from './checks.ts';
import type { Workbench } from './harness.ts';

/** A row of the list of live tables, as far as the MANIFEST tells of it. */
export interface ListedTable {
  readonly number: number;
  readonly level: number;
  /** In words. */
  readonly size: string;
  readonly smallest: string;
  readonly largest: string;
}

/** Texts that stand in an element, on one line. */
// biome-ignore lint/performance/useDomNodeTextContent: a locator, and what is seen is what counts.
export const said = async (part: Locator): Promise<string> => (await part.innerText()).replace(/\s+/g, ' ').trim();

export class VisualizerPage {
  readonly app: Workbench;
  readonly frame: Frame;
  readonly scrubber: Locator;
  readonly caption: Locator;
  readonly facts: Locator;
  readonly map: Locator;
  readonly tip: Locator;

  private constructor(app: Workbench, frame: Frame) {
    this.app = app;
    this.frame = frame;
    this.scrubber = frame.locator('.scrubber');
    this.caption = frame.locator('.caption-text');
    this.facts = frame.locator('.caption-facts');
    this.map = frame.locator('.map-scroll');
    this.tip = frame.locator('.map-tip');
  }

  /** The page of the tab in front, once a history of `events` edits is there. */
  static async of(app: Workbench, events: number): Promise<VisualizerPage> {
    const frame = await app.webview(`main.vis .scrubber[aria-valuemax="${events}"]`);
    await frame.waitForFunction(() => document.querySelector<HTMLElement>('.pulling')?.hidden === true);
    return new VisualizerPage(app, frame);
  }

  /** Two frames: everything that is due has been painted. */
  async painted(): Promise<void> {
    await this.frame.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))),
    );
  }

  /** Edits applied, as the scrubber says. */
  async place(): Promise<number> {
    await this.painted();
    return Number(await this.scrubber.getAttribute('aria-valuenow'));
  }

  /** Presses a key on the scrubber; answers where it led. */
  async press(key: string): Promise<number> {
    await this.scrubber.press(key);
    return this.place();
  }

  /** Goes to a place by keys alone, as few of them as a person would need. */
  async goTo(place: number): Promise<void> {
    const events = Number(await this.scrubber.getAttribute('aria-valuemax'));
    const page = Math.max(10, Math.round(events / 20));
    let at = await this.press(place < events / 2 ? 'Home' : 'End');
    while (at !== place) {
      const way = place - at;
      const far = Math.abs(way);
      const [up, down] =
        far >= page
          ? ['PageUp', 'PageDown']
          : far >= 10
            ? ['Shift+ArrowRight', 'Shift+ArrowLeft']
            : ['ArrowRight', 'ArrowLeft'];
      const next = await this.press(way > 0 ? up : down);
      if (next === at) throw new Error(`stays at edit ${at} on the way to ${place}`);
      at = next;
    }
  }

  /** Chooses in one of the page's switches, by the name of the group and the label. */
  async choose(group: string, label: string): Promise<void> {
    const choice = this.frame.getByRole('radiogroup', { name: group }).getByRole('radio', { name: label, exact: true });
    await choice.click();
    await until(
      `${label} is chosen`,
      () => choice.getAttribute('aria-checked'),
      (is) => is === 'true',
    );
    await this.painted();
  }

  /** All rows of the list of live tables, which has to be on show; sorted by level and number. */
  async listed(): Promise<ListedTable[]> {
    await this.painted();
    const rows = await this.frame.evaluate(async () => {
      const grid = document.querySelector<HTMLElement>('[role=grid][aria-label="Live tables"]');
      if (grid === null) throw new Error('there is no list of live tables');
      const wanted = Number(grid.getAttribute('aria-rowcount')) - 1;
      const found = new Map<number, string[]>();
      const end = performance.now() + 20_000;
      for (let top = 0; found.size < wanted; ) {
        grid.scrollTop = top;
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        let last = -1;
        let waits = false;
        for (const row of grid.querySelectorAll<HTMLElement>('.grid-layer .grid-row')) {
          // Rows in reserve are kept for later.
          if (row.offsetParent === null) continue;
          const index = Number(row.getAttribute('aria-rowindex')) - 2;
          const cells = [...row.querySelectorAll('.grid-cell')].map((cell) => cell.textContent);
          if (cells.includes('…')) waits = true;
          else found.set(index, cells);
          last = Math.max(last, index);
        }
        if (!waits) top = last + 1 >= wanted ? 0 : top + Math.max(44, grid.clientHeight - 60);
        if (performance.now() > end) throw new Error(`${found.size} of ${wanted} rows are told`);
      }
      grid.scrollTop = 0;
      return [...found].filter(([index]) => index < wanted).map(([, cells]) => cells);
    });
    return rows
      .map(
        (cells): ListedTable => ({
          number: Number(cells[0]),
          level: Number(cells[1]?.slice(1)),
          size: cells[2] ?? '',
          smallest: cells[3] ?? '',
          largest: cells[4] ?? '',
        }),
      )
      .sort((a, b) => a.level - b.level || a.number - b.number);
  }

  /** Moves the mouse over a table of that level; answers its number and the place in the window. */
  async hover(level: number): Promise<{ readonly number: number; readonly x: number; readonly y: number }> {
    await this.painted();
    const at = await this.frame.evaluate(async (wanted) => {
      const element = document.querySelector<HTMLElement>('.map-scroll');
      const tip = document.querySelector<HTMLElement>('.map-tip');
      if (element === null || tip === null) return undefined;
      const box = element.getBoundingClientRect();
      // Few points of each line at first, for tables are wide where there are few of them.
      for (const step of [210, 30]) {
        for (let y = box.top + 8; y < box.bottom; y += 16) {
          for (let x = box.left + 180; x < box.right - 12; x += step) {
            element.dispatchEvent(new PointerEvent('pointermove', { clientX: x, clientY: y }));
            await new Promise((done) => requestAnimationFrame(done));
            if (tip.hidden) continue;
            if (tip.textContent.includes(`L${wanted},`)) return { x: x - box.left, y: y - box.top };
            // This line is another level's.
            break;
          }
        }
      }
      return undefined;
    }, level);
    const box = await this.map.boundingBox();
    if (at === undefined || box === null) throw new Error(`no table of L${level} is found on the map`);
    const x = box.x + at.x;
    const y = box.y + at.y;
    await this.app.page.mouse.move(x - 1, y);
    await this.app.page.mouse.move(x, y);
    const text = await until(
      'the tooltip tells of a table',
      async () => (await this.tip.textContent()) ?? '',
      (t) => t.includes(`L${level},`) && !t.includes('…'),
    );
    return { number: Number(/Table (\d+)/.exec(text)?.[1]), x, y };
  }
}
