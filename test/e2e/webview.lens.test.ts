/** Rows that are read through a lens: the choice of it, what it cannot read, and values that are hidden at first. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { faults } from './checks.ts';
import { SECRET } from './pages/lensData.ts';
import { cellTexts, now, said, settled, shot, skip, visit, words } from './pages/visit.ts';

const SIZE = { width: 1100, height: 720 };

const lensOf = (page: Page): Promise<string> =>
  page.locator('.lens-select').evaluate((select) => (select as HTMLSelectElement).value);

const copied = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    window.harness.sent.flatMap((m) => (m.t === 'do' && m.what.action === 'copyText' ? [m.what.text] : [])),
  );

/** Ids of lenses that rows were asked for with. */
const askedWith = (page: Page): Promise<(string | undefined)[]> =>
  page.evaluate(() =>
    window.harness.sent.flatMap((m) =>
      m.t === 'call' && m.method === 'rows' ? [(m.params as { lens?: string }).lens] : [],
    ),
  );

describe('webview: results through a lens', { skip }, () => {
  const { open, endsWithoutErrors } = visit();

  it('begins with the surest lens, shows keys and values as it reads them, and marks what it cannot read', async () => {
    const page = await open('view=results&scenario=lens', SIZE);
    await settled(page);
    assert.equal(await lensOf(page), 'minecraft-bedrock');
    assert.deepEqual(words(await (await now(page.locator('.lens-select option'))).allInnerTexts()), [
      'none',
      'Minecraft Bedrock world',
      'go-ethereum',
      'BSON',
      'Other format…',
    ]);
    assert.match(
      (await (await now(page.locator('.lens-select'))).getAttribute('title')) ?? '',
      /chunk coordinates.*97 % sure/,
    );
    const first = await cellTexts(page, '.grid-row[aria-rowindex="2"]');
    assert.equal(first[1], 'chunk -8, -12 overworld: data 3D');
    assert.match(first[2] ?? '', /^\{"id":"Chest","x":-125/);
    const unread = await cellTexts(page, '.grid-row[aria-rowindex="5"]');
    assert.match(words(unread)[1] ?? '', /^raw ?0xf8ffffff/);
    assert.deepEqual([...new Set(await askedWith(page))], ['minecraft-bedrock']);
    assert.ok(
      await (await now(page.getByRole('button', { name: 'Show values' }))).isHidden(),
      'nothing is hidden in a world',
    );
  });

  it('takes a format that nothing speaks for, when a person asks for one', async () => {
    const page = await open('view=results', SIZE);
    await settled(page);
    assert.equal(await lensOf(page), '');
    await page.locator('.lens-select').selectOption({ label: 'Other format…' });
    await page.waitForFunction(
      () => document.querySelector<HTMLSelectElement>('.lens-select')?.value === 'value:cql:int',
    );
    await settled(page);
    assert.deepEqual((await askedWith(page)).at(-1), 'value:cql:int');
    assert.equal(await (await now(page.locator('.lens-select'))).getAttribute('title'), 'cql:int: chosen');
    assert.deepEqual(
      await page.evaluate(() =>
        window.harness.sent.flatMap((m) => (m.t === 'do' && m.what.action === 'askFormat' ? [m.what] : [])),
      ),
      [{ action: 'askFormat', family: 0 }],
    );
    await page.locator('.lens-select').selectOption({ label: 'none' });
    await settled(page);
    assert.deepEqual((await askedWith(page)).at(-1), undefined);
  });

  it('shows both what was read and the bytes, copies either, and lays JSON out', async () => {
    const page = await open('view=results&scenario=lens', SIZE);
    await settled(page);
    await page.keyboard.press('ArrowDown');
    const titles = async (): Promise<string[]> =>
      words(await (await now(page.locator('.detail-section h2'))).allInnerTexts());
    assert.deepEqual(await titles(), ['Key', 'Value', 'Key bytes', 'Value bytes']);
    const json = await said(page.locator('.decoded').nth(1));
    assert.match(json, /^\{\n {2}"id": "Chest",\n {2}"x": -125/);
    await page.getByRole('button', { name: 'Copy decoded value' }).click();
    await page.getByRole('button', { name: 'Copy key' }).click();
    const [decoded, key] = await copied(page);
    assert.match(decoded ?? '', /^\{"id":"Chest"/);
    assert.equal(key, 'f8fffffff4ffffff2b');
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown');
    await page.locator('.grid').focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown');
    assert.deepEqual(await titles(), ['Key', 'Value bytes']);
    assert.match(
      await said(page.locator('.detail')),
      /Key\s+9 bytes, not read by Minecraft[\s\S]*Value bytes\s+110 bytes, not read by Minecraft/,
    );
    await shot(page, 'results-lens-unread-dark');
    await page.keyboard.press('ArrowUp');
    await shot(page, 'results-lens-dark');
    assert.deepEqual(await faults(page), []);
  });

  it('shows the bytes without a lens, says so to the host, and comes back', async () => {
    const page = await open('view=results&scenario=lens&theme=light', SIZE);
    await settled(page);
    await page.keyboard.press('ArrowDown');
    await shot(page, 'results-lens-light');
    await page.locator('.lens-select').selectOption({ label: 'none' });
    await settled(page);
    assert.equal((await cellTexts(page, '.grid-row[aria-rowindex="2"]'))[1], '0xf8fffffff4ffffff2b');
    assert.equal((await askedWith(page)).at(-1), undefined);
    await page.locator('.lens-select').selectOption('go-ethereum');
    await settled(page);
    assert.match(words(await cellTexts(page, '.grid-row[aria-rowindex="2"]'))[1] ?? '', /^raw ?0xf8/);
    await page.locator('.lens-select').selectOption('value:bson');
    await settled(page);
    const plain = words(await cellTexts(page, '.grid-row[aria-rowindex="2"]'));
    assert.equal(plain[1], '0xf8fffffff4ffffff2b', 'a format of values says nothing of keys');
    assert.match(plain[2] ?? '', /^raw/);
    const chosen = await page.evaluate(() =>
      window.harness.sent.flatMap((m) => (m.t === 'do' && m.what.action === 'chooseLens' ? [m.what.lens] : [])),
    );
    assert.deepEqual(chosen, [null, 'go-ethereum', 'value:bson']);
    assert.deepEqual(await faults(page), []);
  });

  it('goes by what was chosen before, and by the setting', async () => {
    const none = await open('view=results&scenario=lens&chosen=none');
    await settled(none);
    assert.equal(await lensOf(none), '');
    const other = await open('view=results&scenario=lens&chosen=go-ethereum');
    await settled(other);
    assert.equal(await lensOf(other), 'go-ethereum');
    const gone = await open('view=results&scenario=lens&chosen=bitcoin-core');
    await settled(gone);
    assert.equal(await lensOf(gone), 'minecraft-bedrock');
    const off = await open('view=results&scenario=lens&nolens');
    await settled(off);
    assert.equal(await lensOf(off), '');
    const plain = await open('view=results');
    await settled(plain);
    assert.deepEqual(
      words(await (await now(plain.locator('.lens-select option'))).allInnerTexts()),
      ['none', 'Other format…'],
      'for a store of no known application there are formats to choose',
    );
    assert.equal(await lensOf(plain), '');
  });

  it('hides the values of a browser until they are asked for, with and without its lens', async () => {
    const page = await open('view=results&scenario=secret', SIZE);
    await settled(page);
    await page.keyboard.press('ArrowDown');
    const seen = (): Promise<string> => said(page.locator('body'));
    assert.ok(!(await seen()).includes(SECRET));
    assert.equal((await cellTexts(page, '.grid-row[aria-rowindex="2"]'))[1], 'https://app0.example.org "session"');
    assert.match(await said(page.locator('.detail')), /Hidden: stores of browsers hold sign-in tokens/);
    assert.deepEqual(await faults(page), []);
    await shot(page, 'results-secret-dark');
    await page.locator('.lens-select').selectOption({ label: 'none' });
    await settled(page);
    assert.ok(!(await seen()).includes(SECRET), 'the bytes are as secret as what they say');
    await page.locator('.bar').getByRole('button', { name: 'Show values' }).click();
    assert.ok((await seen()).includes(SECRET));
    assert.equal(
      await (await now(page.locator('.bar').getByRole('button', { name: 'Show values' }))).getAttribute('aria-pressed'),
      'true',
    );
    await page.reload();
    await settled(page);
    await page.locator('.grid').focus();
    assert.ok(!(await seen()).includes(SECRET), 'a reload hides them again');
    await page.keyboard.press('Home');
    await page.locator('.detail').getByRole('button', { name: 'Show values' }).click();
    assert.match(await said(page.locator('.detail')), /"token": "tok-/);
    await page.evaluate(() => window.harness.setTheme('light'));
    await shot(page, 'results-secret-light');
  });

  it('fits a narrow tab', async () => {
    const page = await open('view=results&scenario=lens', { width: 520, height: 420 });
    await settled(page);
    await shot(page, 'results-lens-narrow-dark');
    const bar = await page.locator('.bar').evaluate((e) => [e.scrollWidth, e.clientWidth]);
    assert.ok((bar[0] ?? 0) <= (bar[1] ?? 0), `the bar is ${bar[0]} wide in ${bar[1]}`);
    assert.ok(await (await now(page.getByRole('button', { name: 'Run again' }))).isVisible());
  });

  endsWithoutErrors();
});
