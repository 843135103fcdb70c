/** Names in a MANIFEST may hold anything; what is said of them stays on its line and moves no cursor. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { crc32c, mask } from '../../../engine/base/crc32c.ts';
import { systemClock } from '../../../engine/base/entropy.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { Service } from '../../../engine/service.ts';
import { memEnvironment } from '../../support/memEnvironment.ts';
import { AT, mount, type TinyStore, tinyLevelDb } from '../../support/tinyStores.ts';

const NAME = 'leveldb.BytewiseComparator';
const HOSTILE = 'level\n\u001b[2JCORRUPT: rm -rf';

/** The MANIFEST with another comparator of the same length, and the checksum of its record made good. */
function renamed(store: TinyStore): Record<string, Uint8Array> {
  const [file, old] = [...store.files].find(([name]) => name.startsWith('MANIFEST-')) ?? assert.fail('no MANIFEST');
  const bytes = Buffer.from(old);
  const at = bytes.indexOf(NAME);
  assert.ok(at > 0 && HOSTILE.length <= NAME.length);
  bytes.set(utf8(HOSTILE.padEnd(NAME.length)), at);
  // Of the first record: masked CRC-32C (4), length (2), type (1), payload; the CRC is over type and payload.
  bytes.writeUInt32LE(mask(crc32c(bytes, 6, 7 + bytes.readUInt16LE(4))) >>> 0, 0);
  return { [file]: bytes };
}

describe('a comparator whose name holds line breaks and escapes', () => {
  it('is told on one line, wherever it is told', async () => {
    const store = await tinyLevelDb();
    const fs = mount(store, renamed(store));
    const environment = { fs, clock: systemClock, lockOwner: () => undefined, notify: () => {} };
    const service = new Service({ ...environment, write: memEnvironment(fs) });
    const told: string[] = [];
    const hear = async (run: () => unknown): Promise<void> => {
      try {
        const result = (await run()) as { notes?: string[]; problems?: { message: string }[] } | undefined;
        told.push(...(result?.notes ?? []), ...(result?.problems ?? []).map((p) => p.message));
      } catch (thrown) {
        assert.ok(thrown instanceof StoreError, String(thrown));
        told.push(thrown.message);
      }
    };
    await hear(() => service.call('open', { path: AT }));
    await hear(() => service.call('export', { to: '/out', format: 'jsonl', what: 'entries' }));
    await hear(() => service.call('sql', { query: 'SELECT count(key) FROM entries' }));
    await hear(() => service.call('diff', { path: AT }));
    await hear(() => service.call('verify', {}));
    await hear(() => service.call('compactPlan', { family: 0 }));
    const about = told.filter((text) => text.includes('CORRUPT: rm -rf'));
    assert.ok(about.length >= 4, told.join('\n'));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    for (const text of told) assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f]/);
    await service.call('close', {});
  });
});
