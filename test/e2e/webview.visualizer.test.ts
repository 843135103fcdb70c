/** The visualiser in a browser, with made-up histories behind it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { faults, said, shot, skip, visit, words } from './pages/visit.ts';

const THEMES = ['light', 'dark', 'hc-dark', 'hc-light'] as const;

const slider = (page: Page): Locator => page.locator('.scrubber');
const frames = (page: Page): Promise<unknown> =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** Events applied, as the scrubber says. */
async function place(page: Page): Promise<number> {
  await frames(page);
  return Number(await slider(page).getAttribute('aria-valuenow'));
}

/** Waits until a history of so many events is there. */
async function history(page: Page, events: number): Promise<void> {
  await page.locator(`.scrubber[aria-valuemax="${events}"]`).waitFor();
  await page.waitForFunction(() => document.querySelector<HTMLElement>('.pulling')?.hidden === true);
  await frames(page);
}

/** Pixels of the element's canvases that are not empty. */
const inked = (locator: Locator): Promise<number> =>
  locator.evaluate((element) => {
    let n = 0;
    const own = element instanceof HTMLCanvasElement ? [element] : [...element.querySelectorAll('canvas')];
    for (const canvas of own) {
      const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
      if (data === undefined) continue;
      for (let i = 3; i < data.length; i += 4) if ((data[i] as number) > 0) n++;
    }
    return n;
  });

const caption = async (page: Page): Promise<string> => {
  await frames(page);
  return said(page.locator('.caption-text'));
};

interface Saved {
  readonly suggested: string;
  readonly text: string;
  readonly bytes: number;
}

/** Files that the page asked the host to save. */
const saved = (page: Page): Promise<Saved[]> =>
  page.evaluate(() =>
    window.harness.sent.flatMap((m) =>
      m.t === 'do' && m.what.action === 'saveFile'
        ? [
            {
              suggested: m.what.suggested,
              text: new TextDecoder().decode(m.what.bytes.subarray(0, 20_000)),
              bytes: m.what.bytes.length,
            },
          ]
        : [],
    ),
  );

describe('webview: visualiser', { skip }, () => {
  const { open, endsWithoutErrors } = visit();

  it('opens at the newest edit, with map, scrubber, caption and curves', async () => {
    const page = await open('view=visualizer&scenario=typical');
    await history(page, 400);
    assert.equal(await place(page), 400);
    assert.ok((await inked(slider(page))) > 2000);
    assert.ok((await inked(page.locator('.map-pane'))) > 10_000);
    const curves = page.locator('.curve');
    for (let i = 0; i < (await curves.count()); i++) {
      assert.ok((await inked(curves.nth(i))) > 500, `curve ${i} is drawn`);
      assert.match(await said(curves.nth(i).locator('.curve-values')), /\d/);
    }
    const facts = await said(page.locator('.caption-facts'));
    assert.match(facts, /edit 400 of 400/);
    assert.match(facts, /2026-01-05 08:\d\d:\d\d\.\d{3} UTC/);
    assert.notEqual(await caption(page), '');
    assert.match((await slider(page).getAttribute('aria-valuetext')) ?? '', /^edit 400 of 400: ./);
    await shot(page, 'visualizer-typical-dark');
  });

  it('moves by keys anywhere on the page, and says which event it stands at', async () => {
    const page = await open('view=visualizer&scenario=typical');
    await history(page, 400);
    await page.locator('body').press('Home');
    assert.equal(await place(page), 0);
    assert.match(await caption(page), /Before the first edit/);
    await page.locator('body').press('ArrowRight');
    assert.equal(await place(page), 1);
    assert.match(await caption(page), /flush/i);
    await page.locator('body').press('Shift+ArrowRight');
    assert.equal(await place(page), 11);
    await page.locator('body').press('ArrowLeft');
    assert.equal(await place(page), 10);
    await page.locator('body').press('Shift+ArrowLeft');
    assert.equal(await place(page), 0);
    await page.locator('body').press('End');
    assert.equal(await place(page), 400);
    // A text field keeps its keys.
    await page.locator('body').press('/');
    await page.keyboard.type('user:0000 7');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Home');
    assert.equal(await place(page), 400);
    assert.equal(await page.getByRole('textbox', { name: 'Search a key' }).inputValue(), 'user:0000 7');
    await page.keyboard.press('Escape');
    // The map keeps its arrows, and leaves comma and period.
    await page.locator('[role=application]').focus();
    await page.keyboard.press('ArrowLeft');
    assert.equal(await place(page), 400);
    await page.keyboard.press(',');
    assert.equal(await place(page), 399);
    await page.keyboard.press('<');
    assert.equal(await place(page), 389);
    await page.keyboard.press('?');
    assert.match(await said(page.getByRole('dialog')), /Play, pause/);
    await page.keyboard.press('Escape');
    assert.equal(await page.getByRole('dialog').count(), 0);
  });

  it('plays, pauses, and goes live at the end', async () => {
    const page = await open('view=visualizer&scenario=small');
    await history(page, 12);
    const live = page.getByRole('button', { name: 'Live' });
    assert.equal(await live.getAttribute('aria-pressed'), 'true');
    await page.getByRole('button', { name: 'To the start' }).click();
    assert.equal(await live.getAttribute('aria-pressed'), 'false');
    await page.getByRole('combobox', { name: 'Speed' }).selectOption('5');
    await page.getByRole('button', { name: 'Play' }).click();
    const pause = page.getByRole('button', { name: 'Pause' });
    await pause.waitFor();
    await page.waitForFunction(() => Number(document.querySelector('.scrubber')?.getAttribute('aria-valuenow')) >= 2);
    await pause.click();
    const paused = await place(page);
    assert.ok(paused >= 2 && paused < 12, String(paused));
    await page.waitForTimeout(300);
    assert.equal(await place(page), paused);
    await page.locator('.caption').press('Space');
    await page.locator('.scrubber[aria-valuenow="12"]').waitFor();
    await page.getByRole('button', { name: 'Play' }).waitFor();
    assert.equal(await live.getAttribute('aria-pressed'), 'true');
  });

  it('is dragged, zoomed and moved on the scrubber, and curves seek too', async () => {
    const page = await open('view=visualizer&scenario=typical');
    await history(page, 400);
    const box = await slider(page).boundingBox();
    assert.ok(box !== null);
    const y = box.y + 20;
    await page.mouse.move(box.x + box.width / 2, y);
    assert.match(await said(page.locator('.tip')), /edit \d+/);
    await page.mouse.down();
    const middle = await place(page);
    assert.ok(Math.abs(middle - 200) < 30, String(middle));
    await page.mouse.move(box.x + box.width / 2 - 100, y, { steps: 4 });
    const dragged = await place(page);
    assert.ok(dragged < middle - 20, `${dragged} is before ${middle}`);
    await page.mouse.up();
    await page.mouse.wheel(0, -2000);
    await frames(page);
    await page.waitForTimeout(400);
    const left = (await page.evaluate(() => window.harness.state())) as {
      ui: { state: { timeWindow: { from: number; to: number } } };
    };
    const { from, to } = left.ui.state.timeWindow;
    assert.ok(to - from < 0.1, `${from} to ${to}`);
    assert.ok((await inked(slider(page))) > 1000);
    await slider(page).press('0');
    const plot = await page.locator('.curve-box').first().boundingBox();
    assert.ok(plot !== null);
    await page.mouse.click(plot.x + plot.width - 40, plot.y + 30);
    assert.ok((await place(page)) > 370);
  });

  it('shows the curves that are chosen, in the colours of the theme', async () => {
    const page = await open('view=visualizer&scenario=typical', { width: 1280, height: 1100 });
    await history(page, 400);
    const button = page.getByRole('button', { name: 'Choose curves' });
    await button.click();
    await page.getByRole('menuitemcheckbox', { name: 'Write amplification' }).click();
    for (const name of ['Tables per level', 'Compaction scores', 'Pending compaction bytes', 'Tombstones']) {
      await page.getByRole('menuitemcheckbox', { name }).press(' ');
    }
    await page.keyboard.press('Escape');
    assert.equal(await page.getByRole('menu').count(), 0);
    assert.deepEqual(words(await page.locator('.curve h3').allInnerTexts()), [
      'Bytes per level',
      'Tables per level',
      'Read amplification',
      'Space amplification',
      'Compaction scores',
      'Pending compaction bytes',
      'Tombstones',
    ]);
    const splitter = page.getByRole('separator', { name: 'Height of the curves' });
    await splitter.focus();
    for (let i = 0; i < 18; i++) await page.keyboard.press('ArrowUp');
    assert.ok((await inked(page.locator('.curve').nth(4))) > 300);
    const picture = (): Promise<string> =>
      page
        .locator('.curve canvas')
        .first()
        .evaluate((c) => (c as HTMLCanvasElement).toDataURL());
    const dark = await picture();
    await page.evaluate(() => window.harness.setTheme('light'));
    await page.waitForTimeout(200);
    assert.notEqual(await picture(), dark);
    await shot(page, 'visualizer-curves-light');
    await page.getByRole('button', { name: 'Fold the curves' }).click();
    assert.equal(await page.locator('.curve').first().isVisible(), false);
  });

  it('counts time where time is known, and says where it is not', async () => {
    const page = await open('view=visualizer&scenario=typical');
    await history(page, 400);
    await page.getByRole('radio', { name: 'Time' }).click();
    assert.equal(await page.getByRole('radio', { name: 'Time' }).getAttribute('aria-checked'), 'true');
    await slider(page).press('Home');
    for (let i = 0; i < 8; i++) await slider(page).press('ArrowRight');
    assert.equal(await place(page), 8);
    assert.match(await said(page.locator('.caption-facts')), /time unknown\s*inferred/);
    // Writes were held up at that time, and caption and list say so.
    await slider(page).press('Home');
    for (let i = 0; i < 9; i++) await slider(page).press('Shift+ArrowRight');
    assert.equal(await place(page), 90);
    assert.match(await said(page.locator('.caption-facts')), /edit 90 of 400[\s\S]*Writes slowed down/);
    await page.getByRole('radiogroup', { name: 'History as' }).getByRole('radio', { name: 'List' }).click();
    await page.locator('.selected .row-stall').waitFor();
    await page.getByRole('radiogroup', { name: 'History as' }).getByRole('radio', { name: 'Curves' }).click();
    await shot(page, 'visualizer-time-dark');
  });

  it('goes to the next event of the same kind', async () => {
    const page = await open('view=visualizer&scenario=typical');
    await history(page, 400);
    await page.locator('body').press('Home');
    await page.locator('body').press('ArrowRight');
    assert.equal(await place(page), 1);
    assert.equal(await page.locator('.caption .kind-mark').getAttribute('data-kind'), 'flush');
    await page.getByRole('button', { name: 'Next flush' }).click();
    assert.ok((await place(page)) > 1);
    assert.equal(await page.locator('.caption .kind-mark').getAttribute('data-kind'), 'flush');
  });

  it('lists live tables and edits, in step with map and scrubber', async () => {
    const page = await open('view=visualizer&scenario=live');
    await history(page, 200);
    await page.getByRole('radiogroup', { name: 'Tables as' }).getByRole('radio', { name: 'List' }).click();
    const tables = page.getByRole('grid', { name: 'Live tables' });
    await tables.locator('.grid-row').nth(3).waitFor();
    const rows = Number(await tables.getAttribute('aria-rowcount')) - 1;
    assert.match(await said(page.locator('.list-note')), new RegExp(`^${rows} live tables, `));
    await tables.getByRole('columnheader', { name: 'Size' }).click();
    const sizes = await tables.locator('.grid-layer .grid-row .grid-cell:nth-child(3)').allInnerTexts();
    const bytes = sizes.slice(0, 6).map((s) => Number.parseFloat(s));
    assert.deepEqual(
      bytes,
      [...bytes].sort((a, b) => b - a),
    );
    await tables.locator('.grid-layer .grid-row').nth(1).click();
    const number = (await said(tables.locator('.selected .grid-cell').first())).trim();
    await page.locator('.details', { hasText: `Table ${number}` }).waitFor();
    assert.deepEqual(
      await page.evaluate(() => window.harness.sent.flatMap((m) => (m.t === 'do' ? [JSON.stringify(m.what)] : []))),
      [`{"action":"selectedTables","family":0,"tables":[${number}]}`],
    );
    await page.getByRole('radiogroup', { name: 'History as' }).getByRole('radio', { name: 'List' }).click();
    const edits = page.getByRole('grid', { name: 'Edits' });
    await edits.locator('.selected').waitFor();
    assert.equal(await edits.getAttribute('aria-rowcount'), '201');
    await edits.focus();
    await page.keyboard.press('ArrowUp');
    assert.equal(await place(page), 199);
    await page.keyboard.press('Home');
    assert.equal(await place(page), 1);
    await shot(page, 'visualizer-lists-dark');
    assert.deepEqual(await faults(page), []);
  });

  it('grows with the store, follows a running compaction, and survives another epoch', async () => {
    const page = await open('view=visualizer&scenario=live');
    await history(page, 200);
    await page.evaluate(() => window.harness.timeline?.run(35));
    const strip = page.getByRole('region', { name: 'Running compaction' });
    assert.match(await said(strip), /into L\d in default[\s\S]*35 %/);
    await shot(page, 'visualizer-live-1-dark');
    await page.evaluate(() => window.harness.timeline?.run(80));
    assert.match(await said(strip), /80 %/);
    await shot(page, 'visualizer-live-2-dark');
    await strip.getByText('Cancel').click();
    assert.ok((await page.evaluate(() => window.harness.actions())).includes('cancelCompaction'));
    await page.evaluate(() => window.harness.timeline?.finish());
    await page.waitForFunction(() => Number(document.querySelector('.scrubber')?.getAttribute('aria-valuemax')) > 200);
    assert.equal(await strip.count(), 0);
    const grown = await place(page);
    assert.ok(grown > 200);
    // Away from the newest edit, growth leaves the place alone.
    await page.locator('body').press('Shift+ArrowLeft');
    await page.evaluate(() => window.harness.timeline?.grow(5));
    await history(page, grown + 5);
    assert.equal(await place(page), grown - 10);
    await page.evaluate(() => window.harness.timeline?.newEpoch());
    await page.waitForFunction(() => window.harness.calls('timelineChunk') >= 4);
    await history(page, grown + 5);
    assert.equal(await place(page), grown - 10);
  });

  it('says where history starts, and where there is none', async () => {
    const page = await open('view=visualizer&scenario=start&theme=light');
    await history(page, 120);
    await page.locator('body').press('Home');
    assert.match(await caption(page), /Before the history that the MANIFEST tells/);
    await page.locator('body').press('ArrowRight');
    assert.match(await caption(page), /^History starts here: 300 tables/);
    assert.match(await said(page.locator('.caption-facts')), /history starts here/);
    await shot(page, 'visualizer-start-light');
    const empty = await open('view=visualizer&scenario=empty&theme=light');
    await empty.locator('.empty-title', { hasText: 'No history yet' }).waitFor();
    await shot(empty, 'visualizer-empty-light');
    assert.deepEqual(await faults(empty), []);
  });

  it('says what failed, and tries again', async () => {
    const page = await open('view=visualizer&scenario=live');
    await history(page, 200);
    await page.evaluate(() => {
      const { timeline } = window.harness;
      if (timeline !== undefined) timeline.failing = true;
      timeline?.grow(3);
    });
    const alert = page.getByRole('alert');
    await alert.waitFor();
    assert.match(await said(alert), /could not be read: .*Input\/output error/);
    assert.equal(await place(page), 200);
    await page.evaluate(() => {
      const { timeline } = window.harness;
      if (timeline !== undefined) timeline.failing = false;
    });
    await alert.getByText('Try again').click();
    await history(page, 203);
    assert.equal(await page.getByRole('alert').count(), 0);
    await page.evaluate(() =>
      window.harness.post({ t: 'engine', alive: false, message: 'The engine stopped: out of memory.' }),
    );
    assert.match(await said(alert), /out of memory/);
    await page.evaluate(() => window.harness.post({ t: 'engine', alive: true, message: '' }));
    await alert.waitFor({ state: 'detached' });
    await history(page, 203);
  });

  it('searches keys, and does what it is asked for from outside', async () => {
    const page = await open('view=visualizer&scenario=typical');
    await history(page, 400);
    const input = page.getByRole('textbox', { name: 'Search a key' });
    await input.fill("'unclosed");
    await input.press('Enter');
    assert.equal(await input.getAttribute('aria-invalid'), 'true');
    await input.fill('user:2000000000');
    await input.press('Enter');
    await page
      .getByText(/in \d+ tables?/)
      .first()
      .waitFor();
    assert.equal(await input.getAttribute('aria-invalid'), null);
    await page.evaluate(() => window.harness.timeline?.request({ ask: 'select', family: 0, tables: [1021, 1022] }));
    await page.getByText('2 tables picked').waitFor();
    assert.match(await said(page.locator('.details')), /Table 1021/);
    await page.evaluate(() => window.harness.timeline?.request({ ask: 'family', family: 1 }));
    await history(page, 12);
    assert.equal(await page.getByRole('combobox', { name: 'Column family' }).inputValue(), '1');
  });

  it('exports pictures and tables', async () => {
    const page = await open('view=visualizer&scenario=typical');
    await history(page, 400);
    const choose = async (label: string): Promise<void> => {
      await page.getByRole('button', { name: 'Export' }).click();
      await page.getByRole('menuitem', { name: label }).click();
    };
    for (const label of ['Map as PNG…', 'Map as SVG…', 'Live tables as CSV…', 'Edits as CSV…', 'Curves as CSV…']) {
      const before = (await saved(page)).length;
      await choose(label);
      await page.waitForFunction((n) => window.harness.actions().filter((a) => a === 'saveFile').length > n, before);
    }
    const files = await saved(page);
    assert.deepEqual(
      files.map((f) => f.suggested),
      [
        'rocksdb-default-edit-400.png',
        'rocksdb-default-edit-400.svg',
        'rocksdb-default-tables-edit-400.csv',
        'rocksdb-default-edits.csv',
        'rocksdb-default-curves.csv',
      ],
    );
    assert.match(files[0]?.text ?? '', /PNG/);
    assert.match(files[1]?.text ?? '', /^(<\?xml[^>]*>\s*)?<svg [\s\S]*<rect/);
    const tables = (files[2]?.text ?? '').trim().split('\r\n');
    assert.match(tables[0] ?? '', /^table,level,bytes,smallest key/);
    assert.match(tables[1] ?? '', /^\d+,\d,\d+,user:\d{10},user:\d{10},757365723a[0-9a-f]+,/);
    const edits = (files[3]?.text ?? '').split('\r\n');
    assert.match(edits[1] ?? '', /^1,2026-01-05 [^,]+,flush,manifest,told,/);
    assert.match((files[4]?.text ?? '').split('\r\n')[0] ?? '', /Bytes per level, L0/);
  });

  it('comes back as it was after a reload, and takes nothing that makes no sense', async () => {
    const page = await open('view=visualizer&scenario=typical');
    await history(page, 400);
    await page.getByRole('radio', { name: 'Bytes' }).click();
    await page.getByRole('combobox', { name: 'Colour by' }).selectOption('tombstones');
    await slider(page).press('Home');
    await slider(page).press('Shift+ArrowRight');
    const input = page.getByRole('textbox', { name: 'Search a key' });
    await input.fill('user:0900000000');
    await input.press('Enter');
    await page.locator('.edit-table.added').first().click();
    const picked = await said(page.locator('.details h2'));
    await page.waitForFunction(() => JSON.stringify(window.harness.state()).includes('757365723a'));
    await page.waitForFunction(() => JSON.stringify(window.harness.state()).includes('"at":10'));
    await page.reload();
    await history(page, 400);
    assert.equal(await place(page), 10);
    assert.equal(await said(page.locator('.details h2')), picked);
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('.search-input')?.value !== '');
    assert.equal(await input.inputValue(), 'user:0900000000');
    assert.equal(await page.getByRole('radio', { name: 'Bytes' }).getAttribute('aria-checked'), 'true');
    assert.equal(await page.getByRole('combobox', { name: 'Colour by' }).inputValue(), 'tombstones');
    await page.evaluate(() => {
      const state = window.harness.state() as { ui: { state: Record<string, unknown> } };
      Object.assign(state.ui.state, { at: 1e9, speed: 'fast', window: { from: 3, to: 1 }, colour: 'pink' });
      // At the very end: the page may be about to save what it has restored.
      const text = JSON.stringify(state);
      window.addEventListener('pagehide', () => sessionStorage.setItem('state:visualizer', text));
    });
    await page.reload();
    await history(page, 400);
    assert.equal(await place(page), 400);
    assert.equal(await page.getByRole('combobox', { name: 'Colour by' }).inputValue(), 'level');
  });

  it('takes 100,000 edits and 20,000 tables', async () => {
    const page = await open('view=visualizer&scenario=huge');
    await page.locator('.scrubber[aria-valuemax="100000"]').waitFor({ timeout: 60_000 });
    await history(page, 100_000);
    assert.equal(await place(page), 100_000);
    await page.locator('body').press('ArrowLeft');
    assert.equal(await place(page), 99_999);
    await page.locator('body').press('Home');
    assert.equal(await place(page), 0);
    await page.locator('body').press('End');
    assert.ok((await inked(page.locator('.curve').first())) > 1000);
    await shot(page, 'visualizer-huge-dark');
  });

  for (const theme of THEMES) {
    it(`${theme}: no serious fault, and a picture`, async () => {
      const page = await open(`view=visualizer&scenario=typical&theme=${theme}`, { width: 1280, height: 820 });
      await history(page, 400);
      await page.locator('body').press('Home');
      for (let i = 0; i < 24; i++) await page.locator('body').press('Shift+ArrowRight');
      await page.locator('[role=application]').focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowDown');
      await page.waitForTimeout(400);
      await shot(page, `visualizer-${theme}`);
      assert.deepEqual(await faults(page), []);
    });
  }

  it('fits a narrow editor', async () => {
    const page = await open('view=visualizer&scenario=typical&theme=light', { width: 600, height: 700 });
    await history(page, 400);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 600, String(wide));
    await shot(page, 'visualizer-narrow-light');
  });

  it('lays a second history beside the one on show, and takes it away', async () => {
    const page = await open('view=visualizer&scenario=typical', { width: 1400, height: 900 });
    await history(page, 400);
    const plots = page.locator('.curve');
    const before = await said(plots.first().locator('.curve-values'));
    await page.getByRole('button', { name: 'Compare with another history' }).click();
    await page.locator('.track-chip', { hasText: 'beside universal' }).waitFor();
    const writeAmp = page.locator('.curve', { hasText: 'Write amplification' }).locator('.curve-values');
    await page.waitForFunction(() => document.querySelectorAll('.curve .curve-swatch.track').length >= 4);
    assert.match(await said(writeAmp), /universal/);
    await slider(page).focus();
    await page.keyboard.press('Home');
    for (let i = 0; i < 8; i++) await page.keyboard.press('ArrowRight');
    await frames(page);
    assert.match(words([await said(writeAmp)])[0] ?? '', /^[\d.]+ universal [\d.]+ \([+−±]\d+ %\)$/);
    await shot(page, 'visualizer-track');
    assert.deepEqual(await faults(page), []);
    await page.waitForFunction(() => JSON.stringify(window.harness.state()).includes('/data/universal'));
    await page.reload();
    await page.locator('.track-chip', { hasText: 'beside universal' }).waitFor();
    await page.keyboard.press('End');
    await page.getByRole('button', { name: 'Take universal away' }).click();
    await page.locator('.track-chip').waitFor({ state: 'hidden' });
    await page.waitForFunction(() => document.querySelectorAll('.curve .curve-swatch.track').length === 0);
    assert.equal(await said(plots.first().locator('.curve-values')), before);
  });

  endsWithoutErrors();
});
