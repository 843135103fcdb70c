/** Both pages in every theme: a picture of each, and no serious fault of accessibility. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { faults } from './checks.ts';
import { now, settled, shot, skip, visit } from './pages/visit.ts';

describe('webview: every theme', { skip }, () => {
  const { open, endsWithoutErrors } = visit();

  for (const theme of ['light', 'dark', 'hc-dark', 'hc-light']) {
    it(`${theme}: no serious fault, and a picture`, async () => {
      const results = await open(`view=results&theme=${theme}&scenario=damaged`);
      await settled(results);
      for (let i = 0; i < 9; i++) await results.keyboard.press('ArrowDown');
      await settled(results);
      await shot(results, `results-${theme}`);
      const overview = await open(`view=overview&theme=${theme}`, { width: 1180, height: 900 });
      await overview.getByText('One box is one table').waitFor();
      await shot(overview, `overview-${theme}`, true);
      assert.deepEqual(await faults(results), []);
      assert.deepEqual(await faults(overview), []);
      await overview.getByRole('radio', { name: 'List' }).click();
      await overview.locator('.tables-grid .grid-row').nth(3).waitFor();
      assert.deepEqual(await faults(overview), []);
      if (theme === 'dark') await shot(overview, 'overview-list-dark');
    });
  }

  it('side pane at a narrow width', async () => {
    const page = await open('view=results&theme=light', { width: 900, height: 560 });
    await settled(page);
    await page.getByRole('button', { name: 'Detail pane at the side' }).click();
    await page.locator('.grid').focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowDown');
    await page.getByRole('radio', { name: 'JSON' }).click();
    await shot(page, 'results-side-light');
    const line = page.getByRole('separator');
    const before = Number(await (await now(line)).getAttribute('aria-valuenow'));
    await line.focus();
    await page.keyboard.press('ArrowLeft');
    assert.equal(Number(await (await now(line)).getAttribute('aria-valuenow')), before + 22);
  });

  endsWithoutErrors();
});
