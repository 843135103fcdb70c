import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { noBrowser, Workbench } from './harness.ts';

describe('smoke: VS Code in a browser with the extension from this clone', { skip: noBrowser }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'lsm-smoke-'));
  let app: Workbench;

  before(async () => {
    writeFileSync(join(folder, 'note.txt'), 'not a store\n');
    app = await Workbench.open({ folder });
  });
  after(async () => {
    await app?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows our container with the Stores view', async () => {
    await app.showStores();
    await app.screenshot('smoke-stores');
  });

  it('offers our commands in the palette', async () => {
    const offers = await app.paletteOffers('LSM: Open Store');
    assert.ok(
      offers.some((label) => label.includes('Open Store')),
      `the palette offers ${JSON.stringify(offers)}`,
    );
  });
});
