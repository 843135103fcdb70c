import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findStores } from '../../../extension/discover.ts';

const root = mkdtempSync(join(tmpdir(), 'lsm-discover-'));
after(() => rmSync(root, { recursive: true }));

function store(...parts: string[]): string {
  const directory = join(root, ...parts);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'CURRENT'), 'MANIFEST-000001\n');
  return directory;
}

test('finds stores down to a depth, and none where they do not belong', async () => {
  const near = store('near');
  const deep = store('a', 'b', 'deep');
  store('a', 'b', 'c', 'too-deep');
  store('node_modules', 'p');
  store('.git', 'p');
  store('near', 'inside');
  mkdirSync(join(root, 'a', 'CURRENT'));
  assert.deepEqual((await findStores([root], 3)).sort(), [deep, near].sort());
  assert.deepEqual(await findStores([root], 1), [near]);
  assert.deepEqual(await findStores([near], 0), [near]);
  assert.deepEqual(await findStores([join(root, 'absent')], 3), []);
  assert.deepEqual(await findStores([root], 3, () => true), []);
});
