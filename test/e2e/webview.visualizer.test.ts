/** The visualiser in a browser, with made-up histories behind it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { faults } from './checks.ts';
import { frames, now, said, shot, skip, visit, words } from './pages/visit.ts';
import { caption, history, inked, place, slider } from './pages/visualizer.ts';

const THEMES = ['light', 'dark', 'hc-dark', 'hc-light'] as const;

describe('webview: visualiser', { skip }, () => {
  const { open, endsWithoutErrors } = visit();

  it('opens at the newest edit, with map, scrubber, caption and curves', async () => {
    const page = await open('view=visualizer&scenario=typical');
    await history(page, 400);
    assert.equal(await place(page), 400);
    assert.ok((await inked(slider(page))) > 2000);
    assert.ok((await inked(page.locator('.map-pane'))) > 10_000);
    const curves = page.locator('.curve');
    for (let i = 0; i < (await (await now(curves)).count()); i++) {
      assert.ok((await inked(curves.nth(i))) > 500, `curve ${i} is drawn`);
      assert.match(await said(curves.nth(i).locator('.curve-values')), /\d/);
    }
    const facts = await said(page.locator('.caption-facts'));
    assert.match(facts, /edit 400 of 400/);
    assert.match(facts, /2026-01-05 08:\d\d:\d\d\.\d{3} UTC/);
    assert.notEqual(await caption(page), '');
    assert.match((await (await now(slider(page))).getAttribute('aria-valuetext')) ?? '', /^edit 400 of 400: ./);
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
    assert.equal(await (await now(page.getByRole('textbox', { name: 'Search a key' }))).inputValue(), 'user:0000 7');
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
    assert.equal(await (await now(page.getByRole('dialog'))).count(), 0);
  });

  it('plays, pauses, and goes live at the end', async () => {
    const page = await open('view=visualizer&scenario=small');
    await history(page, 12);
    const live = page.getByRole('button', { name: 'Live' });
    assert.equal(await (await now(live)).getAttribute('aria-pressed'), 'true');
    await page.getByRole('button', { name: 'To the start' }).click();
    assert.equal(await (await now(live)).getAttribute('aria-pressed'), 'false');
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
    assert.equal(await (await now(live)).getAttribute('aria-pressed'), 'true');
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
    // Rows that are painted anew under a resting pointer do not take the place of those who use the keyboard.
    const focused = (): Promise<string> => said(page.locator(':focus'));
    await page.keyboard.press('ArrowUp');
    const above = await focused();
    for (let i = 0; i < 2; i++) {
      await page.keyboard.press(' ');
      await page.waitForTimeout(100);
      assert.equal(await focused(), above);
    }
    assert.doesNotMatch(above, /Write amplification/);
    for (const name of ['Tables per level', 'Compaction scores', 'Pending compaction bytes', 'Tombstones']) {
      await page.getByRole('menuitemcheckbox', { name }).press(' ');
    }
    await page.keyboard.press('Escape');
    assert.equal(await (await now(page.getByRole('menu'))).count(), 0);
    assert.deepEqual(words(await (await now(page.locator('.curve h3'))).allInnerTexts()), [
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
    assert.equal(await (await now(page.locator('.curve').first())).isVisible(), false);
  });

  it('counts time where time is known, and says where it is not', async () => {
    const page = await open('view=visualizer&scenario=typical');
    await history(page, 400);
    await page.getByRole('radio', { name: 'Time' }).click();
    assert.equal(await (await now(page.getByRole('radio', { name: 'Time' }))).getAttribute('aria-checked'), 'true');
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
    assert.equal(await (await now(page.locator('.caption .kind-mark'))).getAttribute('data-kind'), 'flush');
    await page.getByRole('button', { name: 'Next flush' }).click();
    assert.ok((await place(page)) > 1);
    assert.equal(await (await now(page.locator('.caption .kind-mark'))).getAttribute('data-kind'), 'flush');
  });

  it('lists live tables and edits, in step with map and scrubber', async () => {
    const page = await open('view=visualizer&scenario=live');
    await history(page, 200);
    await page.getByRole('radiogroup', { name: 'Tables as' }).getByRole('radio', { name: 'List' }).click();
    const tables = page.getByRole('grid', { name: 'Live tables' });
    await tables.locator('.grid-row').nth(3).waitFor();
    const rows = Number(await (await now(tables)).getAttribute('aria-rowcount')) - 1;
    assert.match(await said(page.locator('.list-note')), new RegExp(`^${rows} live tables, `));
    await tables.getByRole('columnheader', { name: 'Size' }).click();
    const sizes = await (await now(tables.locator('.grid-layer .grid-row .grid-cell:nth-child(3)'))).allInnerTexts();
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
    assert.equal(await (await now(edits)).getAttribute('aria-rowcount'), '201');
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
    assert.equal(await (await now(strip)).count(), 0);
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

  endsWithoutErrors();
});
