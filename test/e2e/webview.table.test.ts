/** The editor of a table in a browser, with a made-up host around it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { faults } from './checks.ts';
import { cellTexts, now, said, selected, settled, shot, skip, visit, words } from './pages/visit.ts';

const measured = (page: Page): Promise<void> => page.getByText(/^Measured /).waitFor();
const tab = (page: Page, name: string) => page.getByRole('tab', { name });

describe('webview: table', { skip }, () => {
  const { open, endsWithoutErrors } = visit();

  it('shows what the table is like', async () => {
    const page = await open('view=table');
    await measured(page);
    const text = await said(page.locator('main'));
    for (const part of [
      '000118.sst',
      'L3',
      'rocksdb · default',
      'created 2026-01-02 00:00:00 UTC',
      'user:0000031007:event',
      '135,163',
      'tombstones',
      '6,100,204 – 6,998,117',
      'range deletions',
      'as good as theory says',
      '184 of 20,000 absent keys',
      '0.92 %',
      '0.96 %',
      'FastLocalBloom, 6 probes, one for the table',
      '10.00 (160 KB for 131,095 keys)',
      'none, as it must be',
      'not compressed',
    ]) {
      assert.ok(text.includes(part), part);
    }
    assert.equal(await (await now(page.locator('.alarm'))).count(), 0);
    // What a picture shows, its table says.
    const rows = words(
      await (await now(page.getByRole('table', { name: 'Value sizes' }).locator('tbody tr'))).allTextContents(),
    );
    assert.ok(rows.includes('256–51152,06338.5 %'), rows.join('; '));
    await page.getByRole('radio', { name: 'Tables' }).click();
    assert.match(await said(page.locator('main')), /256–511\s+52,063\s+38\.5 %/);
    assert.equal(await (await now(page.locator('.hist').first())).isVisible(), false);
  });

  it('has tabs for the keyboard', async () => {
    const page = await open('view=table');
    await measured(page);
    await tab(page, 'Overview').focus();
    const walk: [string, string][] = [
      ['ArrowRight', 'Properties'],
      ['ArrowRight', 'Blocks'],
      ['End', 'Entries'],
      ['ArrowRight', 'Overview'],
      ['ArrowLeft', 'Entries'],
      ['Home', 'Overview'],
    ];
    for (const [key, name] of walk) {
      await page.keyboard.press(key);
      assert.equal(await (await now(tab(page, name))).getAttribute('aria-selected'), 'true', `${key}: ${name}`);
      assert.equal(await tab(page, name).evaluate((e) => e === document.activeElement), true);
      assert.equal(await (await now(page.getByRole('tabpanel'))).count(), 1);
      assert.equal(await (await now(page.getByRole('tabpanel', { name }))).isVisible(), true);
      assert.equal(await (await now(page.locator('[role=tab][tabindex="0"]'))).count(), 1);
    }
  });

  it('lists and searches the properties, as text', async () => {
    const page = await open('view=table');
    await measured(page);
    await tab(page, 'Properties').click();
    assert.equal(await (await now(page.locator('.properties tbody tr'))).count(), 31);
    const box = page.getByRole('searchbox');
    await box.fill('epoch seconds');
    await page.getByText('3 of 31 properties').waitFor();
    assert.match(await said(page.locator('.properties')), /creation\.time\s+1767225600\s*2026-01-01 00:00:00 UTC/);
    await box.fill('onerror');
    assert.match(await said(page.locator('.properties tbody')), /<img src=x onerror/);
    await box.fill('no such thing');
    await page.getByText('No property matches.').waitFor();
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    const leveldb = await open('view=table&scenario=leveldb');
    await measured(leveldb);
    await tab(leveldb, 'Properties').click();
    await leveldb.getByText('This table states no properties.').waitFor();
    assert.equal(await leveldb.evaluate(() => window.harness.calls('tableDetails')), 0);
  });

  it('walks the blocks in strip and grid, and opens their bytes', async () => {
    const page = await open('view=table');
    await measured(page);
    await tab(page, 'Blocks').click();
    await settled(page);
    assert.deepEqual(await cellTexts(page, '.grid-room .grid-row:nth-child(2)'), [
      '1',
      '7,786',
      '6,916',
      '16,943',
      '2.45×',
      'zstd',
      '34',
      'user:0000033001:event',
    ]);
    const strip = page.locator('.strip-canvas');
    const box = await strip.boundingBox();
    assert.ok(box !== null);
    await page.mouse.move(box.x + box.width / 2, box.y + 60);
    assert.match(await said(page.locator('.strip-tip')), /^Block [\d,]+ at [\d,]+: .* entries$/);
    await page.mouse.click(box.x + box.width / 2, box.y + 60);
    await settled(page);
    const block = Number((await said(selected(page).locator('.grid-cell').first())).replace(',', ''));
    assert.ok(block > 1800 && block < 2300, String(block));
    assert.equal(await page.locator('.grid-room .grid').evaluate((e) => e === document.activeElement), true);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Open Bytes' }).click();
    await page.mouse.dblclick(box.x + box.width / 2, box.y + 60);
    const opened = await page.evaluate(() => window.harness.sent.flatMap((m) => (m.t === 'do' ? [m.what] : [])));
    assert.equal(opened.length, 3);
    for (const what of opened) {
      assert.ok(what.action === 'openBlock' && what.table === 118);
      assert.equal(String(what.offset).replace(/\B(?=(\d{3})+$)/g, ','), (await cellTexts(page, '.selected'))[1]);
    }
    await shot(page, 'table-blocks-dark');
    await page.getByRole('button', { name: 'Save as CSV…' }).click();
    const saved = await page.evaluate(() => {
      const last = window.harness.sent.at(-1);
      if (last?.t !== 'do' || last.what.action !== 'saveFile') return undefined;
      return { name: last.what.suggested, lines: new TextDecoder().decode(last.what.bytes).split('\n') };
    });
    assert.equal(saved?.name, '000118.sst.blocks.csv');
    assert.deepEqual([saved.lines.length, saved.lines[2]], [4098, '1,7786,6916,16943,zstd,34']);
  });

  it('pages through the entries, of all blocks or of one', async () => {
    const page = await open('view=table');
    await measured(page);
    await tab(page, 'Entries').click();
    await page.getByText('135,149 entries').waitFor();
    await settled(page);
    await page.locator('.grid-row:nth-child(5)').locator('visible=true').click();
    await page.locator('.detail .bytes').first().waitFor();
    await page.getByRole('radio', { name: 'JSON' }).click();
    assert.match(await said(page.locator('.detail')), /"nested"/);
    await shot(page, 'table-entries-dark');
    await page.keyboard.press('Tab');
    await page.locator('.split .grid').focus();
    await page.keyboard.press('End');
    await settled(page);
    assert.equal((await cellTexts(page, '.split .selected'))[0], '135,149');
    await tab(page, 'Blocks').click();
    await page.locator('.grid-room .grid').focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowDown');
    await page.getByRole('button', { name: 'Show Entries' }).click();
    await page.getByText(/^3\d entries$/).waitFor();
    assert.match(await said(page.locator('.chip')), /Block 3/);
    assert.deepEqual(await page.evaluate(() => window.harness.openQueries()), [2]);
    await page.getByRole('button', { name: 'Show the entries of all blocks' }).click();
    await page.getByText('135,149 entries').waitFor();
    assert.deepEqual(await page.evaluate(() => window.harness.openQueries()), [3]);
  });

  it('measures with progress, can be stopped and started again, and keeps its places', async () => {
    const page = await open('view=table&scenario=slow');
    await page.getByText(/^Measuring: [\d,]+ of 4,096 data blocks/).waitFor();
    // What the properties state is there before.
    assert.match(await said(page.locator('.numbers')), /entries\s+135,163/);
    const places = () =>
      page.evaluate(() =>
        [...document.querySelectorAll('.overview-body .section-head, .overview-body .number')].map((e) => {
          const { left, top } = e.getBoundingClientRect();
          return `${Math.round(left)} ${Math.round(top)}`;
        }),
      );
    const before = await places();
    await shot(page, 'table-measuring-dark');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Measuring was cancelled').waitFor();
    assert.equal(await page.evaluate(() => window.harness.sent.filter((m) => m.t === 'cancel').length), 1);
    await page.getByRole('button', { name: 'Measure', exact: true }).click();
    await measured(page);
    assert.deepEqual(await places(), before);
  });

  it('says what is damaged, and what a filter denies', async () => {
    const page = await open('view=table&scenario=damaged', { width: 1180, height: 900 });
    await measured(page);
    const text = await said(page.locator('main'));
    assert.match(text, /1 problem/);
    assert.match(text, /The filter denies 12 keys of this table/);
    assert.match(text, /cannot be read\s+3/);
    await page.getByRole('button', { name: /000118\.sst, offset/ }).click();
    assert.deepEqual(await page.evaluate(() => window.harness.actions()), ['openProblem']);
    await shot(page, 'table-damaged-dark');
    const gone = await open('view=table&scenario=failing');
    await gone.getByText('The table could not be measured: 000118.sst is not there any more').waitFor();
    await gone.getByText('Try again').click();
    await gone.getByText('The table could not be measured').waitFor();
    assert.equal(await gone.evaluate(() => window.harness.calls('tableProfile')), 2);
  });

  it('comes back as it was after a reload', async () => {
    const page = await open('view=table');
    await measured(page);
    await tab(page, 'Blocks').click();
    await page.locator('.grid-room .grid').focus();
    await settled(page);
    for (let i = 0; i < 3; i++) await page.keyboard.press('PageDown');
    const block = (await cellTexts(page, '.selected'))[0];
    await page.waitForTimeout(300);
    const state = (await page.evaluate(() => window.harness.state())) as Record<string, unknown>;
    assert.deepEqual([state['view'], state['table'], state['storeName']], ['table', 118, 'rocksdb']);
    await page.reload();
    await measured(page);
    assert.equal(await (await now(tab(page, 'Blocks'))).getAttribute('aria-selected'), 'true');
    await settled(page);
    assert.equal((await cellTexts(page, '.selected'))[0], block);
  });

  it('outlives the engine', async () => {
    const page = await open('view=table');
    await measured(page);
    await tab(page, 'Entries').click();
    await page.getByText('135,149 entries').waitFor();
    await page.evaluate(() => window.harness.post({ t: 'engine', alive: false, message: 'The engine stopped.' }));
    await page.getByText('The engine stopped.').waitFor();
    await page.evaluate(() => window.harness.post({ t: 'engine', alive: true, message: '' }));
    await page.getByText('The engine stopped.').waitFor({ state: 'detached' });
    await page.getByText('135,149 entries').waitFor();
    assert.equal(await page.evaluate(() => window.harness.calls('tableProfile')), 1);
    assert.equal(await page.evaluate(() => window.harness.calls('openQuery')), 2);
  });

  it('takes a table of 262,144 blocks', async (t) => {
    const page = await open('view=table&scenario=huge');
    await measured(page);
    await tab(page, 'Blocks').click();
    await settled(page);
    const box = await page.locator('.strip-canvas').boundingBox();
    assert.ok(box !== null);
    const slowest = await page.evaluate(async (b) => {
      const strip = document.querySelector('.strip') as HTMLElement;
      let worst = 0;
      for (let i = 0; i < 100; i++) {
        const at = performance.now();
        strip.dispatchEvent(new PointerEvent('pointermove', { clientX: b.x + 80 + i * 10, clientY: b.y + 60 }));
        await new Promise((done) => requestAnimationFrame(done));
        worst = Math.max(worst, performance.now() - at);
      }
      return worst;
    }, box);
    t.diagnostic(`262,144 blocks: slowest frame while hovering ${slowest.toFixed(1)} ms`);
    assert.ok(slowest < 200, `${slowest} ms`);
    await page.mouse.click(box.x + box.width - 30, box.y + 60);
    await settled(page);
    const block = Number((await cellTexts(page, '.selected'))[0]?.replaceAll(',', ''));
    assert.ok(block > 250_000, String(block));
  });

  for (const theme of ['light', 'dark', 'hc-dark', 'hc-light']) {
    it(`${theme}: no serious fault, and a picture`, async () => {
      const page = await open(`view=table&theme=${theme}&scenario=damaged`, { width: 1180, height: 860 });
      await measured(page);
      for (const name of ['Overview', 'Properties', 'Blocks', 'Entries']) {
        await tab(page, name).click();
        if (name === 'Blocks' || name === 'Entries') {
          await settled(page);
          await page.locator('.grid').locator('visible=true').focus();
          for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown');
          await page.waitForTimeout(60);
        }
        await shot(page, `table-${name.toLowerCase()}-${theme}`);
        assert.deepEqual(await faults(page), [], name);
      }
    });
  }

  it('follows the theme, and a narrow window', async () => {
    const page = await open('view=table', { width: 620, height: 640 });
    await measured(page);
    await shot(page, 'table-narrow-dark');
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true);
    await tab(page, 'Blocks').click();
    await settled(page);
    const picture = () => page.locator('.strip-canvas').evaluate((c) => (c as HTMLCanvasElement).toDataURL());
    const dark = await picture();
    await page.evaluate(() => window.harness.setTheme('hc-light'));
    await page.waitForTimeout(150);
    assert.notEqual(await picture(), dark);
  });

  it('shows one file without its store', async () => {
    const page = await open('view=table&scenario=single');
    await measured(page);
    assert.match(await said(page.locator('.table-head')), /one file\s+\/var\/lib\/flink\/checkpoints\/000118\.sst/);
    assert.equal(await (await now(page.getByRole('button', { name: 'Show in the tree' }))).count(), 0);
  });

  endsWithoutErrors();
});
