/** The overview page in a browser, with a made-up host around it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { now, said, shot, skip, visit } from './pages/visit.ts';

describe('webview: overview', { skip }, () => {
  const { open, endsWithoutErrors } = visit();

  it('shows the store, its families, levels, options, files and problems', async () => {
    const page = await open('view=overview');
    await page.getByText('One box is one table').waitFor();
    const text = await said(page.locator('main'));
    for (const part of [
      'RocksDB 10.5.1',
      'in use by a running process',
      'as of edit 1,204',
      '3 column families',
      '26.2 GB',
      'level_compaction_dynamic_level_bytes',
      '000203.log',
      '000031.blob',
      '2 problems',
      'sorted runs',
    ]) {
      assert.ok(text.includes(part), part);
    }
    await page.getByRole('button', { name: 'counters' }).click();
    await page.getByText('Levels of counters').waitFor();
    await page.getByText('UInt64AddOperator').waitFor();
    await page.getByText('Get Key…').click();
    await page.getByText('Scan…').click();
    await page.getByText('Compaction Visualizer').click();
    await page.getByRole('button', { name: 'Refresh' }).click();
    assert.deepEqual(
      await page.evaluate(() => window.harness.sent.flatMap((m) => (m.t === 'do' ? [JSON.stringify(m.what)] : []))),
      [
        '{"action":"get","family":1}',
        '{"action":"scan","family":1}',
        '{"action":"showVisualizer","family":1}',
        '{"action":"refresh"}',
      ],
    );
  });

  it('has a map for mouse and keyboard, and a list in its place', async () => {
    const page = await open('view=overview', { width: 1180, height: 1200 });
    await page.getByText('One box is one table').waitFor();
    const map = page.locator('.map');
    const box = await map.boundingBox();
    assert.ok(box !== null);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height - 12);
    assert.match(await said(page.locator('.map-tip')), /Table \d+\s+L3,[\s\S]*from[\s\S]*user:\d{10}[\s\S]*overlaps/);
    await page.mouse.click(box.x + box.width / 2, box.y + box.height - 12);
    await shot(page, 'overview-hover-dark');
    await map.focus();
    await page.keyboard.press('Home');
    const first = await said(map.locator('[role=status]'));
    await page.keyboard.press('ArrowRight');
    assert.notEqual(await said(map.locator('[role=status]')), first);
    await page.keyboard.press('ArrowUp');
    assert.match(await said(map.locator('[role=status]')), /L2/);
    await page.keyboard.press('Enter');
    assert.deepEqual(await page.evaluate(() => window.harness.actions()), ['revealTable', 'revealTable']);
    await page.getByRole('radio', { name: 'List' }).click();
    assert.match(await said(page.locator('.grid-row.selected')), /L2/);
    await page.getByRole('radio', { name: 'Map' }).click();
    await page.getByRole('radio', { name: 'Bytes' }).click();
    await shot(page, 'overview-bytes-dark', true);
  });

  it('takes 20,000 tables', async (t) => {
    const page = await open('view=overview&scenario=huge', { width: 1180, height: 900 });
    const started = Date.now();
    await page.getByText('One box is one table').waitFor();
    const loaded = Date.now() - started;
    const box = await page.locator('.map').boundingBox();
    assert.ok(box !== null);
    const slowest = await page.evaluate(async (b) => {
      const map = document.querySelector('.map') as HTMLElement;
      let worst = 0;
      for (let i = 0; i < 120; i++) {
        const at = performance.now();
        map.dispatchEvent(new PointerEvent('pointermove', { clientX: b.x + 50 + i * 8, clientY: b.y + b.height - 10 }));
        await new Promise((done) => requestAnimationFrame(done));
        worst = Math.max(worst, performance.now() - at);
      }
      return worst;
    }, box);
    t.diagnostic(`20,000 tables: shown after ${loaded} ms, slowest frame while hovering ${slowest.toFixed(1)} ms`);
    await shot(page, 'overview-huge-dark', true);
    await page.getByRole('radio', { name: 'List' }).click();
    await page.locator('.grid').focus();
    await page.keyboard.press('Control+End');
    assert.ok(Number(await (await now(page.locator('.grid'))).getAttribute('aria-rowcount')) > 19_000);
    assert.match(await said(page.locator('.grid-row.selected')), /L3/);
  });

  it('follows the store and the theme', async () => {
    const page = await open('view=overview');
    await page.getByText('One box is one table').waitFor();
    await page.evaluate(() => window.harness.storeChanged());
    await page.getByText('as of edit 1,205').waitFor();
    const picture = () =>
      page
        .locator('canvas')
        .first()
        .evaluate((c) => (c as HTMLCanvasElement).toDataURL());
    const dark = await picture();
    await page.evaluate(() => window.harness.setTheme('hc-light'));
    await page.waitForTimeout(100);
    assert.notEqual(await picture(), dark);
  });

  it('takes a small store and an empty one', async () => {
    const page = await open('view=overview&scenario=empty&theme=light');
    await page.getByText('No tables yet.').first().waitFor();
    await shot(page, 'overview-empty-light', true);
    const small = await open('view=overview&scenario=small&theme=light');
    await small.getByText('One box is one table').waitFor();
    assert.match(await said(small.locator('main')), /LevelDB\s+not in use/);
    await shot(small, 'overview-leveldb-light', true);
  });

  endsWithoutErrors();
});
