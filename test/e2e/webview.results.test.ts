/**
 * The results page in a browser, with a made-up host around it: what a person does with mouse and
 * keyboard, over a million rows and over a hostile store.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bigValue, HTML_KEY } from './pages/data.ts';
import { cellTexts, now, said, selected, settled, shot, skip, visit, words } from './pages/visit.ts';

/** What the page measures of itself while it scrolls, in milliseconds. */
interface Measured {
  long: number[];
  /** Of each frame over 50 ms, the part that our scripts took. */
  ours: number[];
  frames: number[];
}

interface LongFrame extends PerformanceEntry {
  readonly scripts: readonly { readonly sourceURL: string; readonly duration: number }[];
}

/** Control, bidirectional and zero-width characters, but for the line break and the tab. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u200b\u202a-\u202e\u2066-\u2069\ufeff]/;

describe('webview: results', { skip }, () => {
  const { open, endsWithoutErrors } = visit();

  it('shows the first rows, their count and their state', async () => {
    const page = await open('view=results');
    await settled(page);
    assert.equal(
      await said(page.locator('.status-text')),
      '1,000,000 rows, complete, 812 ms, as of sequence 7,002,918',
    );
    assert.equal(await (await now(page.locator('.grid'))).getAttribute('aria-rowcount'), '1000001');
    const rows = await (await now(page.locator('.grid-layer .grid-row'))).count();
    assert.ok(rows > 10 && rows < 60, `${rows} rows in the page`);
    assert.equal(
      await page.locator('.grid').evaluate((g) => g.scrollWidth - g.clientWidth),
      0,
      'no needless sideways scrolling',
    );
    const second = await cellTexts(page, '.grid-layer .grid-row[aria-rowindex="17"]');
    assert.match(second[1] ?? '', /^user:00000015:event:/);
  });

  it('reaches the last of a million rows by keyboard and by scrollbar, and shows the right ones', async () => {
    const page = await open('view=results');
    await settled(page);
    await page.keyboard.press('Control+End');
    await settled(page);
    assert.equal((await cellTexts(page, '.grid-row.selected'))[0], '1,000,000');
    assert.match((await cellTexts(page, '.grid-row.selected'))[1] ?? '', /^user:00999999:event:/);
    const grid = await page.locator('.grid').boundingBox();
    const row = await selected(page).boundingBox();
    assert.ok(
      grid !== null && row !== null && row.y + row.height <= grid.y + grid.height + 0.5,
      'the last row is whole on screen',
    );
    await page.evaluate(() => {
      const g = document.querySelector('.grid') as HTMLElement;
      g.scrollTop = 0;
    });
    await page.waitForSelector('.grid-layer .grid-row[aria-rowindex="2"]');
    await page.evaluate(() => {
      const g = document.querySelector('.grid') as HTMLElement;
      g.scrollTop = g.scrollHeight;
    });
    await page.waitForSelector('.grid-layer .grid-row[aria-rowindex="1000001"]');
    await settled(page);
    assert.match((await cellTexts(page, '.grid-row[aria-rowindex="1000001"]'))[1] ?? '', /^user:00999999:event:/);
    await page.evaluate(() => {
      const g = document.querySelector('.grid') as HTMLElement;
      g.scrollTop = (g.scrollHeight - g.clientHeight) / 2;
    });
    await page.waitForSelector('.grid-layer .grid-row[aria-rowindex="500000"]');
    await settled(page);
    for (const cells of await page
      .locator('.grid-layer .grid-row')
      .evaluateAll((all) => all.map((r) => [...r.children].map((c) => c.textContent ?? '')))) {
      assert.equal(Number(cells[0]?.replaceAll(',', '')) - 1, Number((cells[1] ?? '').slice(5, 13)));
    }
  });

  it('moves by exact lines in the middle of a million rows', async () => {
    const page = await open('view=results');
    await settled(page);
    await page.evaluate(() => {
      const g = document.querySelector('.grid') as HTMLElement;
      g.scrollTop = 2_500_000;
    });
    await page.waitForTimeout(120);
    await settled(page);
    await page.keyboard.press('ArrowDown');
    const at = async (): Promise<number> => Number(await (await now(selected(page))).getAttribute('aria-rowindex'));
    const start = await at();
    assert.ok(start > 300_000, `row ${start}`);
    for (let i = 0; i < 40; i++) await page.keyboard.press('ArrowDown');
    assert.equal(await at(), start + 40);
    await page.keyboard.press('PageUp');
    const paged = await at();
    assert.ok(paged < start + 35);
    const first = (): Promise<number> =>
      page.evaluate(() =>
        Math.min(
          ...[...document.querySelectorAll('.grid-layer .grid-row')].map((r) =>
            Number(r.getAttribute('aria-rowindex')),
          ),
        ),
      );
    const before = await first();
    await page.mouse.move(400, 300);
    for (let i = 0; i < 10; i++) await page.mouse.wheel(0, 22);
    await page.waitForTimeout(150);
    assert.equal(await first(), before + 10);
    await page.mouse.wheel(0, -220);
    await page.waitForTimeout(150);
    assert.equal(await first(), before);
  });

  it('is driven by keyboard alone', async () => {
    const page = await open('view=results');
    await settled(page);
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('role')), 'grid');
    await page.keyboard.press('ArrowDown');
    assert.equal(await (await now(selected(page))).getAttribute('aria-rowindex'), '2');
    assert.equal(
      await (await now(page.locator('.grid'))).getAttribute('aria-activedescendant'),
      await (await now(selected(page))).getAttribute('id'),
    );
    await page.keyboard.press('PageDown');
    await page.keyboard.press('End');
    await page.keyboard.press('Home');
    assert.equal(await (await now(selected(page))).getAttribute('aria-rowindex'), '2');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+c');
    await page.waitForFunction(() => window.harness.actions().includes('copyText'));
    assert.deepEqual(await page.evaluate(() => window.harness.actions()), ['openValue', 'copyText']);
    const copied = await page.evaluate(
      () => window.harness.sent.flatMap((m) => (m.t === 'do' && m.what.action === 'copyText' ? [m.what.text] : []))[0],
    );
    assert.equal(copied, `${HTML_KEY}\t<b>bold</b> &amp; <a href="javascript:window.pwned=3">link</a>`);
  });

  it('copies rows that are selected together as text, JSON lines and CSV, and turns the order round', async () => {
    const page = await open('view=results');
    await settled(page);
    await page.locator('.grid-layer .grid-row[aria-rowindex="17"]').click();
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Shift+ArrowDown');
    assert.equal(await (await now(page.locator('.grid-row.selected'))).count(), 3);
    const copied = async (n: number): Promise<string> => {
      await page.waitForFunction(
        (wanted) => window.harness.sent.filter((m) => m.t === 'do' && m.what.action === 'copyText').length === wanted,
        n,
      );
      return page.evaluate(
        () =>
          window.harness.sent
            .flatMap((m) => (m.t === 'do' && m.what.action === 'copyText' ? [m.what.text] : []))
            .at(-1) ?? '',
      );
    };
    await page.keyboard.press('Control+c');
    const text = (await copied(1)).split('\n');
    assert.equal(text.length, 4);
    const choose = async (label: string): Promise<void> => {
      await page.getByRole('button', { name: 'Copy…' }).click();
      await page.getByRole('menuitem', { name: label }).click();
    };
    await choose('Selected rows as JSON lines');
    const lines = (await copied(2))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(lines.length, 3);
    assert.deepEqual(
      lines.map((l) => l.key.text),
      text.slice(0, 3).map((line) => line.split('\t')[0]),
    );
    assert.deepEqual(Object.keys(lines[0]), ['key', 'value', 'seq', 'type', 'level', 'table']);
    await choose('Selected rows as CSV');
    const csv = (await copied(3)).trimEnd().split('\n');
    assert.equal(csv[0], 'key,value,seq,type,level,table');
    assert.equal(csv.length, 4);
    assert.ok(csv[1]?.startsWith(`${lines[0].key.text},`), csv[1]);
    const key = page.getByRole('columnheader', { name: 'Key' });
    assert.equal(await (await now(key)).getAttribute('aria-sort'), 'ascending');
    await key.click();
    assert.deepEqual(
      await page.evaluate(() =>
        window.harness.sent.flatMap((m) => (m.t === 'do' && m.what.action === 'setReverse' ? [m.what] : [])),
      ),
      [{ action: 'setReverse', reverse: true }],
    );
  });

  it('offers no other order where there is none: all versions of keys', async () => {
    const page = await open('view=results');
    const key = page.getByRole('columnheader', { name: 'Key' });
    await settled(page);
    assert.match((await (await now(key)).getAttribute('title')) ?? '', /Click, or Enter, to sort/);
    await page.goto(page.url().replace('view=results', 'view=results&scenario=versions'));
    await settled(page);
    assert.equal(await (await now(key)).getAttribute('aria-sort'), null);
    assert.doesNotMatch((await (await now(key)).getAttribute('title')) ?? '', /sort/);
    await key.click();
    await key.press('Enter');
    assert.ok(!(await page.evaluate(() => JSON.stringify(window.harness.sent))).includes('setReverse'));
  });

  it('resizes columns by mouse and by keyboard, and keeps widths, scroll, format and selection over a reload', async () => {
    const page = await open('view=results');
    await settled(page);
    const head = page.locator('.grid-header [role=columnheader]').nth(1);
    const width = async (): Promise<number> => Math.round((await head.boundingBox())?.width ?? 0);
    const before = await width();
    const handle = await head.locator('.grid-handle').boundingBox();
    assert.ok(handle !== null);
    await page.mouse.move(handle.x + 4, handle.y + 10);
    await page.mouse.down();
    await page.mouse.move(handle.x + 64, handle.y + 10, { steps: 4 });
    await page.mouse.up();
    assert.equal(await width(), before + 60);
    await head.focus();
    await page.keyboard.press('Shift+ArrowLeft');
    assert.equal(await width(), before + 44);
    const cell = await page.locator('.grid-layer .grid-row').first().locator('.grid-cell').nth(1).boundingBox();
    assert.equal(Math.round(cell?.width ?? 0), before + 44);
    await page.keyboard.press('ArrowLeft');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), '#');
    await page.getByRole('radio', { name: 'Hex' }).click();
    await page.locator('.grid').focus();
    await page.keyboard.press('Control+End');
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowUp');
    await settled(page);
    await page.waitForTimeout(250);
    await page.reload();
    await settled(page);
    assert.equal(await width(), before + 44);
    assert.equal((await cellTexts(page, '.grid-row.selected'))[0], '999,995');
    assert.match((await cellTexts(page, '.grid-row.selected'))[1] ?? '', /^757365723a/);
    assert.equal(await (await now(page.getByRole('radio', { name: 'Hex' }))).getAttribute('aria-checked'), 'true');
  });

  it('never interprets what a store holds', async () => {
    const page = await open('view=results&scenario=damaged');
    await settled(page);
    assert.equal((await cellTexts(page, '.grid-row[aria-rowindex="2"]'))[1], HTML_KEY);
    assert.equal((await cellTexts(page, '.grid-row[aria-rowindex="3"]'))[1], 'ansi:\\x1b[31mred\\x1b[0m\\x07');
    assert.equal((await cellTexts(page, '.grid-row[aria-rowindex="4"]'))[1], 'bidi:\\u202egnp.exe\\u2066x\\u2069');
    for (let i = 0; i < 14; i++) {
      await page.keyboard.press('ArrowDown');
      await page.waitForTimeout(10);
      for (const format of ['Hex', 'JSON', 'Text']) await page.getByRole('radio', { name: format }).click();
      await page.locator('.grid').focus();
    }
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    assert.equal(await (await now(page.locator('main img, main script, main b, main a, main i'))).count(), 0);
    const seen = await said(page.locator('body'));
    assert.ok(!UNSEEN.test(seen), 'a control character is on screen');
    const other = await open('view=overview');
    await other.waitForSelector('.map-canvas');
    assert.ok(await (await now(other.getByText('<i>window</i>\\u202estate').first())).isVisible());
    assert.equal(await (await now(other.locator('main i'))).count(), 0);
  });

  it('shows a whole value laid out as JSON, with its numbers as they are written', async () => {
    const page = await open('view=results');
    await settled(page);
    for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowDown');
    await page.getByRole('radio', { name: 'JSON' }).click();
    await page.waitForFunction(() => (document.querySelector('.detail-body')?.textContent?.length ?? 0) > 60_000);
    const shown = await page
      .locator('.detail-section')
      .nth(1)
      .locator('pre')
      .evaluate((e) => e.textContent ?? '');
    assert.deepEqual(JSON.parse(shown), JSON.parse(new TextDecoder().decode(bigValue())));
    assert.ok(shown.includes('"id": 900719925474099310'));
    await page.getByRole('radio', { name: 'Hex' }).click();
    assert.match(
      await page
        .locator('.dump-block')
        .first()
        .evaluate((e) => e.textContent ?? ''),
      /^00000000 {2}6a 73 6f 6e 3a 62 69 67 .* json:big$/,
    );
    await shot(page, 'results-hex-dark');
  });

  it('shows entities, merges, tombstones, blobs and problems for what they are', async () => {
    const page = await open('view=results');
    await settled(page);
    const types = await (await now(page.locator('.grid-layer .type'))).allInnerTexts();
    for (const type of ['delete', 'range-delete', 'merge', 'entity', 'blob']) assert.ok(types.includes(type), type);
    for (let i = 0; i < 10; i++) await page.keyboard.press('ArrowDown');
    assert.deepEqual(words(await (await now(page.locator('.entity tbody tr'))).allInnerTexts()), [
      '(default column) default column',
      'email ada@example.org',
      'age 0x24000000',
    ]);
    for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowDown');
    assert.match(
      await said(page.locator('.detail .notice')),
      /CORRUPT: blob record checksum mismatch.*000031\.blob, offset 73,400,322.*restore/s,
    );
    assert.match(
      (await (await now(page.locator('.grid-row.selected .row-problem'))).getAttribute('title')) ?? '',
      /^CORRUPT: /,
    );
    await page.keyboard.press('ArrowUp');
    assert.match(await said(page.locator('.detail')), /5,242,880 bytes/);
    await page.locator('.detail .link').click();
    assert.deepEqual(await page.evaluate(() => window.harness.actions()), ['revealTable']);
  });

  it('follows a count while it runs', async () => {
    const page = await open('view=results&scenario=counting');
    await settled(page);
    assert.match(await said(page.locator('.status-text')), /^180,000 rows so far, 20\.6 MB, counting…/);
    assert.ok(await (await now(page.getByRole('progressbar'))).isVisible());
    await page.keyboard.press('Control+End');
    await settled(page);
    assert.equal((await cellTexts(page, '.grid-row.selected'))[0], '180,000');
    await page.evaluate(() => window.harness.progress(700_000, false));
    await page.waitForFunction(() => document.querySelector('.status-text')?.textContent?.startsWith('700,000'));
    assert.equal((await cellTexts(page, '.grid-row.selected'))[0], '180,000');
    assert.ok(await (await now(selected(page))).isVisible());
    await page.evaluate(() => window.harness.progress(1_000_000, true));
    await page.waitForFunction(() => document.querySelector('.status-text')?.textContent?.includes('complete'));
    assert.equal(await (await now(page.getByRole('progressbar'))).isVisible(), false);
    assert.match(await said(page.locator('.sr-only')), /1,000,000 rows, complete/);
  });

  it('says when the store has changed under the query', async () => {
    const page = await open('view=results');
    await settled(page);
    await page.evaluate(() => window.harness.storeChanged());
    await page.getByText('The store has changed since this query ran').waitFor();
    await page.locator('.notice').getByRole('button', { name: 'Run again' }).click();
    assert.deepEqual(await page.evaluate(() => window.harness.actions()), ['rerun']);
  });

  it('says what is wrong and offers the way on: damage, nothing found, rows that fail, an engine that died', async () => {
    const damaged = await open('view=results&scenario=damaged');
    await settled(damaged);
    assert.match(
      await said(damaged.locator('.problems')),
      /4 problems[\s\S]*CORRUPT[\s\S]*000118\.sst, offset 4,194,304[\s\S]*restore the file/,
    );
    await damaged.locator('.problems .link').first().click();
    await damaged.getByRole('button', { name: 'Show 1 more' }).click();
    assert.equal(await (await now(damaged.locator('.problem'))).count(), 4);
    await damaged.getByRole('button', { name: 'Fold the problems' }).click();
    assert.match(await said(damaged.locator('.problems')), /^4 problems\s+data block checksum mismatch/);
    assert.deepEqual(await damaged.evaluate(() => window.harness.actions()), ['openProblem']);

    const empty = await open('view=results&scenario=empty&theme=light');
    await empty.getByText('No entries here').waitFor();
    await shot(empty, 'results-empty-light');
    await empty.getByRole('button', { name: 'Run again' }).last().click();
    assert.deepEqual(await empty.evaluate(() => window.harness.actions()), ['rerun']);

    const failing = await open('view=results&scenario=failing');
    await settled(failing);
    await failing.keyboard.press('Control+End');
    await failing.getByText('Some rows could not be read').waitFor();
    assert.match(
      await said(failing.locator('.grid-row.failed').first()),
      /could not be read: read of 000118\.sst failed/,
    );
    const asked = await failing.evaluate(() => window.harness.calls('rows'));
    await failing.getByRole('button', { name: 'Try again' }).click();
    await failing.waitForFunction((n) => window.harness.calls('rows') > n, asked);

    const dead = await open('view=results&scenario=dead');
    await dead.locator('.notice').getByText('The engine stopped').waitFor();
    await shot(dead, 'results-dead-dark');
    await dead.locator('.notice').getByRole('button', { name: 'Run again' }).click();
    assert.deepEqual(await dead.evaluate(() => window.harness.actions()), ['rerun']);
  });

  it('stays smooth while it scrolls (reported, not judged)', async (t) => {
    const page = await open('view=results');
    await settled(page);
    await page.evaluate(() => {
      const w = window as unknown as Measured;
      w.long = [];
      w.ours = [];
      w.frames = [];
      new PerformanceObserver((list) => {
        w.long.push(...list.getEntries().map((e) => e.duration));
      }).observe({ type: 'longtask' });
      new PerformanceObserver((list) => {
        for (const frame of list.getEntries() as LongFrame[]) {
          const scripts = frame.scripts.filter((script) => script.sourceURL.includes('results.js'));
          w.ours.push(scripts.reduce((sum, script) => sum + script.duration, 0));
        }
      }).observe({ type: 'long-animation-frame' });
      let last = performance.now();
      const tick = (now: number): void => {
        w.frames.push(now - last);
        last = now;
        requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    });
    await page.mouse.move(400, 300);
    for (let i = 0; i < 60; i++) await page.mouse.wheel(0, 180);
    await page.evaluate(async () => {
      const g = document.querySelector('.grid') as HTMLElement;
      for (let i = 0; i <= 60; i++) {
        g.scrollTop = (i / 60) * g.scrollHeight;
        await new Promise((done) => requestAnimationFrame(done));
      }
    });
    for (let i = 0; i < 60; i++) await page.keyboard.press('PageUp');
    await settled(page);
    const { long, ours, frames, calls } = await page.evaluate(() => {
      const w = window as unknown as Measured;
      const sorted = [...w.frames].sort((a, b) => a - b);
      return { long: w.long, ours: w.ours, frames: sorted, calls: window.harness.calls('rows') };
    });
    const at = (q: number): string => (frames[Math.floor(frames.length * q)] ?? 0).toFixed(1);
    const list = (millis: readonly number[]): string => millis.map((d) => `${Math.round(d)} ms`).join(', ') || 'none';
    t.diagnostic(`scrolling: tasks over 50 ms: ${list(long)}; our scripts in frames over 50 ms: ${list(ours)}`);
    t.diagnostic(`frames: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms; ${calls} pulls of rows`);
    assert.ok(frames.length > 60);
  });

  endsWithoutErrors();
});
