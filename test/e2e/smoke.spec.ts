import { strict as assert } from 'node:assert';
import { rmSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { smallSamples } from '../fixtures/samples.ts';
import { noBrowser, Workbench } from './harness.ts';

describe('smoke: VS Code in a browser with the extension from this clone', { skip: noBrowser }, () => {
  let folder: string;
  let app: Workbench;

  before(async () => {
    folder = await smallSamples();
    app = await Workbench.open({ folder });
  });
  after(async () => {
    await app?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('lists the stores of the folder in our container', async () => {
    await app.showStores();
    await app.treeRow('sensors-rocksdb').waitFor({ timeout: 30_000 });
    await app.treeRow('sensors-leveldb').waitFor({ timeout: 30_000 });
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
