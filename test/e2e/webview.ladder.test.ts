/** The ladder of an explained get in the visualiser: what it says, how it is walked, where its links lead. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { faults } from './checks.ts';
import { now, said, shot, skip, visit, words } from './pages/visit.ts';

/** There, and asked for on its way past tables of several levels. */
const KEY = 'user:1200000007';
/** As far as `readPath` is concerned, not there. */
const ABSENT = 'user:1200000000';

const rungs = (page: Page): Locator => page.locator('.ladder .rung');

async function explain(page: Page, key: string): Promise<void> {
  await page.evaluate(async (text) => {
    // Asked of an open visualiser, as the extension does it.
    window.harness.post({ t: 'request', request: { ask: 'explain', family: 0, key: new TextEncoder().encode(text) } });
  }, key);
  await page.waitForSelector('.ladder .rung');
}

const done = (page: Page): Promise<unknown[]> =>
  page.evaluate(() => window.harness.sent.flatMap((m) => (m.t === 'do' ? [m.what] : [])));

describe('the ladder', { skip }, () => {
  const { open, endsWithoutErrors } = visit();
  const start = async (theme = 'dark', size = { width: 1180, height: 900 }): Promise<Page> => {
    const page = await open(`view=visualizer&scenario=typical&theme=${theme}`, size);
    await page.waitForFunction(() => (document.querySelector('.vis-body') as HTMLElement | null)?.hidden === false);
    await explain(page, KEY);
    return page;
  };

  it('has a rung for each place, numbered in their order, with verdict, block and reason', async () => {
    const page = await start();
    assert.equal(await said(page.locator('.ladder-key')), KEY);
    assert.match(await said(page.locator('.ladder-answer')), /^Found: put of sequence [\d,]+ in L\d, table \d+$/);
    const count = await (await now(rungs(page))).count();
    assert.ok(count >= 4, `${count} rungs`);
    const numbers = await (await now(page.locator('.rung-number'))).allTextContents();
    assert.deepEqual(
      numbers,
      Array.from({ length: count }, (_, i) => (i === 0 ? '' : String(i))),
    );
    const results = words(await (await now(page.locator('.rung-result'))).allTextContents());
    assert.equal(results[0], 'not here');
    assert.deepEqual(results.slice(-2), ['not here', 'found']);
    assert.ok(results.slice(1, -2).every((r) => r === 'filtered'));
    assert.match(await said(rungs(page).nth(count - 2)), /filter\s*false positive!\s*10\.0 bits\/key/);
    assert.match(await said(rungs(page).last()), /block\s*\d+ of 1,024.*KB read.*version\s*put/s);
    assert.match(await said(page.locator('.ladder-level-head').nth(1)), /^L\d/);
  });

  it('is walked with the arrow keys; Enter picks the table on the map', async () => {
    const page = await start();
    await rungs(page).first().focus();
    const focused = (): Promise<number> =>
      page.evaluate(() => [...document.querySelectorAll('.rung')].indexOf(document.activeElement as Element));
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    assert.equal(await focused(), 2);
    await page.keyboard.press('End');
    assert.equal(await focused(), (await (await now(rungs(page))).count()) - 1);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    assert.deepEqual(await (await now(page.locator('.rung.picked'))).count(), 1);
    assert.equal(
      await (await now(page.locator('.rung.picked'))).getAttribute('data-table'),
      await (await now(rungs(page).last())).getAttribute('data-table'),
    );
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    assert.equal(await (await now(page.locator('.rung.picked'))).count(), 1, 'the memtable is no table to pick');
    await rungs(page).nth(1).locator('button.rung-name').click();
    assert.equal(
      await rungs(page)
        .nth(1)
        .getAttribute('class')
        .then((c) => c?.includes('picked')),
      true,
    );
  });

  it('leads to blocks, to another key, and away', async () => {
    const page = await start();
    const table = Number(await (await now(rungs(page).last())).getAttribute('data-table'));
    await rungs(page).last().locator('.rung-line .link').click();
    const opened = (await done(page)).find((a) => (a as { action: string }).action === 'openBlock');
    const { offset, key } = opened as { offset: number; key: Uint8Array };
    assert.deepEqual(opened, { action: 'openBlock', table, offset, key });
    assert.equal(Buffer.from(key).toString(), KEY);
    await page.getByText('Another Key…').click();
    assert.deepEqual((await done(page)).at(-1), { action: 'explain', family: 0 });
    await page.locator('.ladder-actions').getByText('Close').click();
    assert.equal(await (await now(rungs(page))).count(), 0);
    assert.match(await said(page.locator('.ladder-pane')), /How a get goes through the tree/);
    await explain(page, ABSENT);
    assert.equal(await said(page.locator('.ladder-answer')), 'Not found in any place');
  });

  it('says when the store has changed since, and asks again', async () => {
    const page = await start();
    const stale = page.locator('.ladder-stale');
    assert.equal(await (await now(stale)).isVisible(), false);
    await page.evaluate(() => window.harness.timeline?.grow(0));
    await stale.waitFor({ state: 'visible' });
    assert.equal(await said(stale), 'The store has changed since. Ask again');
    const before = await page.evaluate(() => window.harness.calls('explain'));
    await stale.getByText('Ask again').click();
    await stale.waitFor({ state: 'hidden' });
    assert.equal(await page.evaluate(() => window.harness.calls('explain')), before + 1);
    assert.equal(await said(page.locator('.ladder-key')), KEY);
  });

  for (const theme of ['dark', 'light', 'hc-dark', 'hc-light']) {
    it(`${theme}: no serious faults for axe-core`, async () => {
      const page = await start(theme);
      assert.deepEqual(await faults(page), []);
      await rungs(page).nth(2).focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await shot(page, `ladder-${theme}`);
    });
  }

  endsWithoutErrors();
});
