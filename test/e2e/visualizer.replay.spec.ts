/**
 * The visualiser in the real VS Code on a store of a few hundred edits, from its first edit to its last: what it
 * shows at an edit is what `ldb manifest_dump` leads to, what it says of a compaction is what the LOG tells, and the
 * tables that it says to overlap are those whose key ranges meet. Pictures: .artifacts/screenshots/e2e-replay-*.png.
 */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { counted, formatBytes, formatCount } from '../../engine/model/display.ts';
import {
  type BenchCompaction,
  type BenchEdit,
  type BenchTable,
  dumpedEdits,
  loggedCompactions,
  makeBenchStore,
  noBenchStore,
  overlapping,
} from './benchStore.ts';
import { faults, until } from './checks.ts';
import { noBrowser, type Theme, Workbench } from './harness.ts';
import { type ListedTable, said, VisualizerPage } from './visualizerPage.ts';

const UNITS: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2 };

const total = (tables: readonly BenchTable[]): number => tables.reduce((sum, t) => sum + t.bytes, 0);

const inOrder = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

/** What the list has to show of a table. */
const asListed = (t: BenchTable): ListedTable => ({
  number: t.number,
  level: t.level,
  size: formatBytes(t.bytes),
  smallest: `0x${t.smallest.toLowerCase()}`,
  largest: `0x${t.largest.toLowerCase()}`,
});

/** `4 at L0 (460 KB) + 3 at L1 (375 KB)` as tables and bytes by level. */
function parts(words: string): Map<number, { tables: number; bytes: number; about: number }> {
  const found = [...words.matchAll(/([\d,]+) at L(\d+) \(([\d.]+) (B|KB|MB)\)/g)];
  return new Map(
    found.map(([, tables = '', level, amount = '', unit = '']) => {
      const scale = UNITS[unit] ?? Number.NaN;
      const decimals = amount.split('.')[1]?.length ?? 0;
      // Half a step of the last digit that is shown.
      const about = unit === 'B' ? 0 : (scale * 10 ** -decimals) / 2 + 1;
      return [Number(level), { tables: Number(tables.replaceAll(',', '')), bytes: Number(amount) * scale, about }];
    }),
  );
}

/** Checks what a caption says of tables against the tables themselves. */
function assertSays(words: string, tables: readonly BenchTable[]): void {
  const said = parts(words);
  const levels = [...new Set(tables.map((t) => t.level))].sort();
  assert.deepEqual([...said.keys()].sort(), levels, words);
  for (const [level, { tables: n, bytes, about }] of said) {
    const own = tables.filter((t) => t.level === level);
    assert.equal(n, own.length, words);
    // Short texts have three digits, of which trailing zeros are left out.
    const slack = Math.max(about, 0.006 * total(own));
    assert.ok(Math.abs(bytes - total(own)) <= slack, `${words}: L${level} has ${total(own)} bytes`);
  }
}

/** By the MANIFEST alone, after `place` edits: bytes of flushed tables, and all that were written, over them. */
function writtenOver(edits: readonly BenchEdit[], place: number): { arrived: number; share: number } {
  let arrived = 0;
  let written = 0;
  for (const { removed, added } of edits.slice(0, place)) {
    const old = new Set(removed.map((t) => t.number));
    const bytes = total(added.filter((t) => !old.has(t.number)));
    written += bytes;
    if (removed.length === 0) arrived += bytes;
  }
  return { arrived, share: written / arrived };
}

describe('visualiser: a store of db_bench, replayed', { skip: noBrowser || noBenchStore }, () => {
  let app: Workbench;
  let folder: string;
  let edits: readonly BenchEdit[];
  let compactions: readonly BenchCompaction[];
  let vis: VisualizerPage;
  const errors: string[] = [];

  const live = (place: number): readonly BenchTable[] => (place === 0 ? [] : (edits[place - 1]?.live ?? []));
  /** What stands below the list of tables. */
  const noteOf = (place: number): string =>
    `${counted(live(place).length, 'live table')}, ${formatBytes(total(live(place)))}`;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lsm-replay-'));
    const directory = join(folder, 'bench');
    makeBenchStore(directory);
    // The same load under another policy, to be laid beside it.
    makeBenchStore(join(folder, 'universal'), { compaction_style: 1 });
    edits = dumpedEdits(directory);
    compactions = loggedCompactions(directory, edits);
    app = await Workbench.open({ folder, theme: 'light', width: 1600, height: 1000 });
    app.page.on('pageerror', (error) => errors.push(error.message));
    app.page.on('console', (message) => {
      const { url } = message.location();
      const ours = /lsm-inspector|dist\/webview|Content Security Policy/.test(`${url} ${message.text()}`);
      if (message.type() === 'error' && ours) errors.push(`${url}: ${message.text()}`);
    });
    await app.showStores();
    await app.openStore(directory);
    await app.webview('main.overview .store-head');
    await app.runCommand('LSM: Show Compaction Visualizer');
    vis = await VisualizerPage.of(app, edits.length);
  });

  after(async () => {
    await app?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  it('the store is one worth looking at', () => {
    assert.ok(edits.length >= 200, `${edits.length} edits`);
    const levels = new Set(live(edits.length).map((t) => t.level));
    assert.ok(levels.has(0) && levels.has(2) && levels.has(3), [...levels].join());
    const moved = edits.filter(
      (e) => e.removed.length > 0 && e.added.every((t) => e.removed.some((r) => r.number === t.number)),
    );
    assert.ok(moved.length > 0 && compactions.length > 20, `${moved.length} moves, ${compactions.length} compactions`);
  });

  it('shows at every edit the tables that the MANIFEST leads to: by keys, by playing, and at the end', async () => {
    assert.equal(await vis.place(), edits.length, 'it opens at the newest edit');
    await app.screenshot('e2e-replay-opened');
    await vis.choose('Tables as', 'List');
    const note = vis.frame.locator('.list-note').first();
    const shown = async (place: number): Promise<void> => {
      assert.equal(await vis.place(), place);
      assert.equal(await said(note), noteOf(place));
      assert.deepEqual(await vis.listed(), live(place).map(asListed), `after ${place} edits`);
    };
    await shown(edits.length);
    assert.equal(await vis.press('Home'), 0);
    await shown(0);
    assert.match(await said(vis.caption), /^Before the first edit/);
    for (let place = 1; place <= 6; place++) {
      assert.equal(await vis.press('ArrowRight'), place);
      await shown(place);
    }
    assert.equal(await vis.press('ArrowLeft'), 5);
    assert.equal(await vis.press('Shift+ArrowRight'), 15);
    await shown(15);
    // Played at speed, with the count and the bytes of each picture noted.
    await vis.frame.evaluate(() => {
      const seen: [number, string][] = [];
      Object.assign(window, { seen });
      const scrubber = document.querySelector('.scrubber');
      const told = document.querySelector('.list-note');
      const look = (): void => {
        const place = Number(scrubber?.getAttribute('aria-valuenow'));
        if (place !== seen.at(-1)?.[0]) seen.push([place, told?.textContent ?? '']);
        requestAnimationFrame(() => setTimeout(look));
      };
      look();
    });
    await vis.frame.getByRole('combobox', { name: 'Speed' }).selectOption('100');
    assert.equal(await vis.press('Home'), 0);
    await vis.scrubber.press('Space');
    await vis.frame.getByRole('button', { name: 'Pause' }).waitFor();
    await until(
      'it plays to the end',
      () => vis.place(),
      (place) => place === edits.length,
      60_000,
    );
    await vis.frame.getByRole('button', { name: 'Play' }).waitFor();
    const seen = await vis.frame.evaluate(() => (window as unknown as { seen: [number, string][] }).seen);
    const played = seen.slice(seen.findLastIndex(([place]) => place === 0));
    assert.ok(played.length > 20, `${played.length} pictures`);
    assert.ok(
      played.every(([place], i) => i === 0 || place > (played[i - 1]?.[0] ?? 0)),
      'forwards only',
    );
    for (const [place, text] of played) assert.equal(text, noteOf(place), `while played, after ${place} edits`);
    await shown(edits.length);
    const around = compactions[compactions.length >> 1]?.edit ?? 1;
    for (const place of [edits.length >> 2, edits.length >> 1, around - 1, around]) {
      await vis.goTo(place);
      await shown(place);
    }
    await app.screenshot('e2e-replay-list');
    await vis.choose('Tables as', 'Map');
  });

  it('says of a compaction what the MANIFEST and the LOG say of it', async () => {
    const wanted = (reason: string): BenchCompaction | undefined =>
      compactions.find(
        (c) => c.edit > edits.length / 2 && c.reason === reason && c.inputs.size === 2 && c.recordsIn > c.recordsOut,
      );
    const REASONS = { LevelL0FilesNum: 'L0 files', LevelMaxLevelSize: 'level over its target size' };
    for (const [reason, words] of Object.entries(REASONS)) {
      const job = wanted(reason);
      assert.ok(job !== undefined, `a compaction of two levels by ${reason}`);
      await vis.goTo(job.edit);
      const edit = edits[job.edit - 1] as BenchEdit;
      // The LOG and the MANIFEST agree, so that either may be compared with.
      const numbers = inOrder([...job.inputs.values()].flat());
      assert.deepEqual(inOrder(edit.removed.map((t) => t.number)), numbers);
      assert.equal(total(edit.added), job.outputBytes);
      const caption = await said(vis.caption);
      const [, from = '', into = '', why] = /^Compacted (.+) into (.+), reason: (.+)$/.exec(caption) ?? [];
      assert.equal(why, words, caption);
      assertSays(from, edit.removed);
      assertSays(into, edit.added);
      const facts = await said(vis.facts);
      assert.ok(facts.includes(`edit ${formatCount(job.edit)} of ${formatCount(edits.length)}`), facts);
      assert.ok(facts.includes(reason), facts);
      assert.ok(facts.includes(`${formatCount(job.recordsIn - job.recordsOut)} records dropped`), facts);
      const millis = /([\d.]+) (µs|ms|s),/.exec(facts);
      const micros = Number(millis?.[1]) * ({ µs: 1, ms: 1000, s: 1e6 }[millis?.[2] ?? ''] ?? 0);
      assert.ok(Math.abs(micros - job.micros) <= 0.006 * job.micros, `${facts}: ${job.micros} µs`);
      assert.doesNotMatch(facts, /inferred/);
      // The lists at the side are those of the edit; they come when the place has rested for a moment.
      const listed = async (kind: string): Promise<string> =>
        inOrder(
          (await vis.frame.locator(`.edit-table.${kind} .grow`).allInnerTexts()).map((t) => Number(t.slice(1))),
        ).join();
      const inputs = numbers.join();
      await until(
        'what went is listed',
        () => listed('removed'),
        (files) => files === inputs,
      );
      assert.equal(await listed('added'), inOrder(job.outputs).join());
      await app.screenshot(`e2e-replay-caption-${reason}`);
    }
    const move = edits.findIndex(
      (e, i) => i > 40 && e.added.length > 0 && e.added.every((t) => e.removed.some((r) => r.number === t.number)),
    );
    await vis.goTo(move + 1);
    const { removed, added } = edits[move] as BenchEdit;
    const caption = await said(vis.caption);
    const [, from = '', level] = /^Moved (.+) to L(\d+)/.exec(caption) ?? [];
    assertSays(from, removed);
    assert.deepEqual([...new Set(added.map((t) => t.level))], [Number(level)], caption);
  });

  it('tells under the pointer which tables overlap, by level', async () => {
    const heaped = edits.findLastIndex((e) => e.live.filter((t) => t.level === 0).length > 2) + 1;
    assert.ok(heaped > 0, 'some edit has three tables in L0');
    for (const place of [heaped, edits.length]) {
      await vis.goTo(place);
      const levels = [...new Set(live(place).map((t) => t.level))];
      for (const level of levels) {
        const { number } = await vis.hover(level);
        const table = live(place).find((t) => t.number === number);
        assert.ok(table !== undefined && table.level === level, `table ${number}`);
        const text = await said(vis.tip);
        const { smallest, largest } = asListed(table);
        assert.ok(text.includes(`from ${smallest} to ${largest} `), text);
        const expected = levels.flatMap((other) => {
          const met = overlapping(table, live(place)).filter((t) => t.level === other);
          return met.length === 0 ? [] : [`L${other} ${counted(met.length, 'table')}, ${formatBytes(total(met))}`];
        });
        const words = expected.length === 0 ? 'overlaps no other table' : `overlaps ${expected.join(' ')}`;
        assert.ok(text.endsWith(` ${words}`), `${text}: table ${number} of L${level} ${words}`);
        if (level === 0) assert.ok(expected.length > 1, `table ${number} of L0 overlaps ${words}`);
        if (place === heaped) await app.screenshot(`e2e-replay-hover-L${level}`);
      }
    }
    await app.page.mouse.move(5, 5);
  });

  it('takes on the colours of each theme at once', async () => {
    const NAMES: Readonly<Record<Theme, string>> = {
      light: 'Light Modern',
      dark: 'Dark Modern',
      'hc-dark': 'Dark High Contrast',
      'hc-light': 'Light High Contrast',
    };
    await vis.press('End');
    const caption = await said(vis.caption);
    const canvases = (): Promise<string[]> =>
      vis.frame.evaluate(() => [...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()));
    await vis.painted();
    // It begins and ends in the light theme: what was painted first is what is painted last, and nothing in between.
    const first = (await canvases()).join();
    const pictures = new Set([first]);
    for (const theme of ['dark', 'hc-dark', 'hc-light', 'light'] as const) {
      await app.runCommand('Preferences: Color Theme');
      await app.pick(NAMES[theme]);
      const kind = {
        dark: 'vscode-dark',
        light: 'vscode-light',
        'hc-dark': 'vscode-high-contrast',
        'hc-light': 'vscode-high-contrast-light',
      }[theme];
      await until(
        `the page knows of ${theme}`,
        () => vis.frame.evaluate(() => document.body.className.split(/\s+/)),
        (classes) => classes.includes(kind) && !(theme === 'hc-dark' && classes.includes('vscode-high-contrast-light')),
      );
      const drawn = await until(
        `the canvases are painted anew for ${theme}`,
        async () => (await canvases()).join(),
        (all) => (theme === 'light' ? all === first : !pictures.has(all)),
      );
      pictures.add(drawn);
      await vis.painted();
      assert.equal(await said(vis.caption), caption);
      assert.deepEqual(await faults(vis.frame), [], theme);
      await app.screenshot(`e2e-replay-${theme}`);
    }
    assert.equal(pictures.size, 4);
  });

  it('lays the history of another store beside it, with the differences in numbers', async () => {
    const second = dumpedEdits(join(folder, 'universal'));
    await vis.frame.getByRole('button', { name: 'Compare with another history' }).click();
    await app.pick('universal');
    const chip = vis.frame.locator('.track-chip');
    await chip.waitFor();
    assert.match(await said(chip), /^beside universal/);
    const title = (await chip.locator('[title]').first().getAttribute('title')) ?? '';
    assert.match(title, new RegExp(`/universal: ${formatCount(second.length)} edits, `));
    await vis.goTo(Math.floor(edits.length * 0.7));
    const values = vis.frame.locator('.curve', { hasText: 'Write amplification' }).locator('.curve-values');
    const words = await until(
      'both are told',
      () => said(values),
      (text) => /^[\d.]+ universal [\d.]+ \([−+±]\d+ %\)$/.test(text),
    );
    const [, own = '', other = '', percent = ''] = /^([\d.]+) universal ([\d.]+) \((.*) %\)$/.exec(words) ?? [];
    const place = Math.floor(edits.length * 0.7);
    assert.ok(
      Math.abs(Number(own) - writtenOver(edits, place).share) < 0.02,
      `${words}: ${JSON.stringify(writtenOver(edits, place))}`,
    );
    const { arrived } = writtenOver(edits, place);
    // The last place of the other store with no more bytes taken in.
    let alike = 0;
    while (alike < second.length && writtenOver(second, alike + 1).arrived <= arrived) alike++;
    assert.ok(
      Math.abs(Number(other) - writtenOver(second, alike).share) < 0.02,
      `${words}: ${JSON.stringify(writtenOver(second, alike))}`,
    );
    const share = 100 * (Number(other) / Number(own) - 1);
    assert.ok(Math.abs(Number(percent.replace('−', '-').replace('±', '')) - share) < 1.5, words);
    await vis.painted();
    await app.screenshot('e2e-replay-track');
    await vis.frame.getByRole('button', { name: 'Take universal away' }).click();
    await chip.waitFor({ state: 'hidden' });
  });

  it('is as it was left after the window was reloaded: edit, axis, colours', async () => {
    const place = edits.length >> 1;
    await vis.goTo(place);
    await vis.choose('Horizontal axis', 'Bytes');
    await vis.frame.getByRole('combobox', { name: 'Colour by' }).selectOption('age');
    const caption = await said(vis.caption);
    await app.kept((state) => state.includes(`"at":${place},`) && state.includes('"axis":"bytes","colour":"age"'));
    await app.page.reload();
    await app.page.waitForSelector('.activitybar .action-label[aria-label^="LSM"]', { timeout: 60_000 });
    vis = await VisualizerPage.of(app, edits.length);
    await until(
      'the place is the one that was left',
      () => vis.place(),
      (at) => at === place,
    );
    assert.equal(await said(vis.caption), caption);
    const axis = vis.frame.getByRole('radiogroup', { name: 'Horizontal axis' });
    assert.equal(await axis.getByRole('radio', { name: 'Bytes' }).getAttribute('aria-checked'), 'true');
    assert.equal(await vis.frame.getByRole('combobox', { name: 'Colour by' }).inputValue(), 'age');
    await app.screenshot('e2e-replay-reloaded');
    await vis.choose('Tables as', 'List');
    assert.deepEqual(await vis.listed(), live(place).map(asListed));
    await vis.choose('Tables as', 'Map');
  });

  it('has logged no error in the browser, and broken no policy', () => assert.deepEqual(errors, []));
});
