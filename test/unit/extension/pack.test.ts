import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { pack } from '../../../extension/panels/pack.ts';

test('pack: every byte string of a message becomes a view of one buffer, and all else stays', () => {
  const row = (i: number) => ({
    key: Uint8Array.of(i, i + 1),
    value: i % 3 === 0 ? null : new Uint8Array(i % 5).fill(i),
    size: i,
    columns: [{ name: new Uint8Array(), value: Uint8Array.of(7) }],
  });
  const message = {
    t: 'ok',
    id: 4,
    result: { items: Array.from({ length: 300 }, (_, i) => row(i & 127)), complete: true },
  };
  const packed = pack(message);
  assert.deepEqual(packed, message);
  const buffers = new Set<unknown>();
  for (const { key, value, columns } of packed.result.items) {
    for (const bytes of [key, value, columns[0]?.value]) if (bytes instanceof Uint8Array) buffers.add(bytes.buffer);
  }
  assert.equal(buffers.size, 1);
});

test('pack: a message with one byte string or none is left as it is', () => {
  const message = { t: 'ok', id: 1, result: Uint8Array.of(1, 2, 3) };
  assert.equal(pack(message), message);
  assert.equal(pack(undefined), undefined);
});
