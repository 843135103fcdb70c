/** Parquet files as another reader of the format sees them (hyparquet; DuckDB in the interop tests). */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { compareBytes, concat, utf8 } from '../../../engine/base/bytes.ts';
import { seeded } from '../../../engine/base/entropy.ts';
import { EntryParquet, type ParquetEntry, RowParquet } from '../../../engine/query/parquet.ts';
import { packBits, packFlags, run } from '../../../engine/query/parquetColumns.ts';
import { isPrintable } from '../../../engine/query/printable.ts';
import { snappy } from '../../../engine/service/exportFiles.ts';

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
  readonly seq: number;
  readonly type: string;
  readonly table: number;
  readonly level: number;
}

function asCursor(e: Entry): ParquetEntry {
  // Inside of a larger buffer, as a cursor has them.
  const buffer = concat([Uint8Array.of(1, 2), e.key, e.value ?? Uint8Array.of(), Uint8Array.of(3)]);
  return {
    ...{ keyBuffer: buffer, keyStart: 2, keyLength: e.key.length },
    ...{ hasValue: e.value !== null, valueBuffer: buffer, valueStart: 2 + e.key.length },
    valueLength: e.value?.length ?? 0,
    ...{ sequence: e.seq, level: e.level, table: e.table },
  };
}

function write(entries: Iterable<Entry>, columns = { family: true, level: true }): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const file = new EntryParquet({ append: (b) => void parts.push(b.slice()) }, columns, snappy());
  for (const e of entries) file.add(asCursor(e), e.type, e.level > 3 ? 'deep' : 'default');
  file.finish();
  const bytes = concat(parts);
  assert.equal(file.bytes, bytes.length);
  return Uint8Array.from(bytes);
}

const read = (file: Uint8Array<ArrayBuffer>): Promise<Record<string, unknown>[]> =>
  parquetReadObjects({ file: file.buffer, utf8: false });

function asRow(e: Entry): Record<string, unknown> {
  const text = (b: Uint8Array | null): string | null =>
    b !== null && isPrintable(b, 0, b.length) ? Buffer.from(b).toString() : null;
  return {
    ...{ key: e.key, key_text: text(e.key), value: e.value, value_text: text(e.value) },
    ...{ seq: BigInt(e.seq), type: e.type, table: e.table === 0 ? null : BigInt(e.table), parts: null },
    ...{ family: e.level > 3 ? 'deep' : 'default', level: e.level },
  };
}

/** Plain objects of plain bytes: what a reader hands out are views. */
const plain = (rows: Record<string, unknown>[]): Record<string, unknown>[] =>
  rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([k, v]) => [k, v instanceof Uint8Array ? Buffer.from(v).toString('hex') : v]),
    ),
  );

const TYPES = ['put', 'merge', 'entity', 'blob'];

function random(seed: number, count: number, shape: 'text' | 'binary' | 'mixed'): Entry[] {
  const next = seeded(seed);
  const bytes = (most: number): Uint8Array => {
    const b = new Uint8Array(next() % (most + 1));
    const binary = shape === 'binary' || (shape === 'mixed' && next() % 2 === 0);
    for (let i = 0; i < b.length; i++) b[i] = binary ? next() % 256 : 0x20 + (next() % 95);
    return b;
  };
  return Array.from({ length: count }, () => ({
    key: bytes(30),
    value: next() % 7 === 0 ? null : bytes(next() % 50 === 0 ? 5000 : 80),
    seq: next() * (next() % 3 === 0 ? 2 ** 20 : 1),
    type: TYPES[next() % (next() % 2 === 0 ? 1 : 4)] as string,
    table: next() % 5 === 0 ? 0 : 10 + (next() % 300),
    level: (next() % 7) - 1,
  }));
}

describe('Parquet of entries', () => {
  for (const shape of ['text', 'binary', 'mixed'] as const) {
    it(`keys and values that are ${shape} come back as they were`, async () => {
      const entries = random(7, 3000, shape);
      assert.deepEqual(plain(await read(write(entries))), plain(entries.map(asRow)));
    });
  }

  it('files of nothing, of one row, of rows without any value', async () => {
    assert.deepEqual(await read(write([])), []);
    const one = { key: utf8('k'), value: null, seq: 0, type: 'merge', table: 0, level: -1 };
    assert.deepEqual(plain(await read(write([one]))), plain([asRow(one)]));
    const many = Array.from({ length: 1000 }, (_, i) => ({ ...one, key: utf8(`k${i}`) }));
    assert.deepEqual(plain(await read(write(many))), plain(many.map(asRow)));
  });

  it('pages and row groups end where they are full, and a huge value stays whole', async () => {
    const next = seeded(5);
    const big = (n: number): Uint8Array => {
      const b = new Uint8Array(n);
      for (let i = 0; i < n; i++) b[i] = 0x61 + (next() % 4);
      return b;
    };
    const base = { seq: 1, type: 'put', table: 9, level: 1 };
    const entries: Entry[] = [
      { ...base, key: utf8('a'), value: big(3_000_000) },
      { ...base, key: big(1_200_000), value: big(10) },
      ...Array.from({ length: 40 }, (_, i) => ({ ...base, key: utf8(`b${i}`), value: big(400_000) })),
      { ...base, key: utf8('c'), value: big(40 << 20) },
      { ...base, key: utf8('d'), value: utf8('last') },
    ];
    const file = write(entries);
    assert.ok(isDeepStrictEqual(plain(await read(file)), plain(entries.map(asRow))));
    const groups = parquetMetadata(file.buffer).row_groups;
    assert.deepEqual(
      groups.map((g) => Number(g.num_rows)),
      [42, 1, 1],
    );
    assert.ok(Number(groups[0]?.total_byte_size) < 64 << 20);
  });

  it('a row group has 100,000 rows at most', async () => {
    const base = { value: utf8('v'), type: 'put', level: 2 };
    const entries = Array.from({ length: 200_001 }, (_, i) => ({
      ...{ ...base, key: utf8(String(i).padStart(8, '0')), seq: i, table: 1 + (i >> 4) },
    }));
    const file = write(entries, { family: false, level: false });
    const metadata = parquetMetadata(file.buffer);
    assert.deepEqual(
      metadata.row_groups.map((g) => Number(g.num_rows)),
      [100_000, 100_000, 1],
    );
    const rows = await read(file);
    assert.deepEqual(Object.keys(rows[0] ?? {}), [
      'key',
      'key_text',
      'value',
      'value_text',
      'seq',
      'type',
      'table',
      'parts',
    ]);
    for (const i of [0, 99_999, 100_000, 200_000]) {
      assert.equal(rows[i]?.['key_text'], String(i).padStart(8, '0'));
      assert.equal(rows[i]?.['seq'], BigInt(i));
      assert.equal(rows[i]?.['table'], BigInt(1 + (i >> 4)));
    }
  });

  it('statistics bound what is there, however long it is', () => {
    for (const seed of [1, 2, 3]) {
      const entries = random(seed, 500, 'mixed');
      const next = seeded(seed);
      for (let i = 0; i < 20; i++) {
        const value = new Uint8Array(200 + (next() % 2000)).fill(i % 2 === 0 ? 0xff : 0x7a);
        entries.push({ key: value, value, seq: i, type: 'put', table: 1, level: 1 });
      }
      const columns = parquetMetadata(write(entries).buffer).row_groups[0]?.columns ?? [];
      const of = (name: string) => columns.find((c) => c.meta_data?.path_in_schema[0] === name)?.meta_data?.statistics;
      const bytes = (v: unknown): Uint8Array => (typeof v === 'string' ? utf8(v) : (v as Uint8Array));
      assert.equal(of('value')?.null_count, BigInt(entries.filter((e) => e.value === null).length));
      for (const [name, pick] of [
        ['key', (e: Entry) => e.key],
        ['value', (e: Entry) => e.value],
      ] as const) {
        const { min_value: min, max_value: max } = of(name) ?? {};
        for (const e of entries) {
          const value = pick(e);
          if (value === null) continue;
          if (min !== undefined) assert.ok(compareBytes(bytes(min), value) <= 0);
          if (max !== undefined) assert.ok(compareBytes(bytes(max), value) >= 0);
        }
      }
      assert.equal(of('seq')?.max_value, BigInt(Math.max(...entries.map((e) => e.seq))));
    }
  });
});

describe('Parquet of rows', () => {
  it('every kind of column, nulls among them, over several row groups', async () => {
    const parts: Uint8Array[] = [];
    const columns = [
      { name: 'n', type: 'INT64' },
      { name: 'd', type: 'DOUBLE' },
      { name: 't', type: 'text' },
      { name: 'b', type: 'bytes' },
      { name: 'f', type: 'BOOLEAN' },
    ] as const;
    const file = new RowParquet({ append: (b) => void parts.push(b.slice()) }, columns, snappy());
    const expected: Record<string, unknown>[] = [];
    for (let i = 0; i < 10_000; i++) {
      const row = [i, i / 3, `row ${i % 10}`, Uint8Array.of(i & 255), i % 2 === 0].map((v, c) =>
        (i + c) % 11 === 0 ? null : v,
      );
      file.add(row);
      const [n, d, t, b, f] = row;
      expected.push({ n: typeof n === 'number' ? BigInt(n) : null, d, t, b, f });
    }
    file.finish();
    assert.deepEqual(plain(await read(Uint8Array.from(concat(parts)))), plain(expected));
  });
});

describe('runs and packed bits', () => {
  it('flags that are all the same are one run', () => {
    assert.deepEqual([...packFlags(new Uint8Array(300).fill(1), 300)], [0xd8, 0x04, 1]);
    assert.deepEqual([...run(5, 0x1234, 13)], [10, 0x34, 0x12]);
  });

  it('bits are packed from the lowest on', () => {
    // The example of the format's own document: 0 to 7 in three bits each.
    assert.deepEqual([...packBits(8, 3, (i) => i)], [0x03, 0b10001000, 0b11000110, 0b11111010]);
    for (const width of [1, 5, 8, 13, 17, 24]) {
      const next = seeded(width);
      const values = Array.from({ length: 77 }, () => next() % 2 ** width);
      const packed = packBits(values.length, width, (i) => values[i] as number);
      assert.equal(packed[0], (Math.ceil(77 / 8) << 1) | 1);
      values.forEach((value, i) => {
        let found = 0;
        for (let bit = 0; bit < width; bit++) {
          const at = i * width + bit;
          found += (((packed[1 + (at >> 3)] as number) >> (at & 7)) & 1) * 2 ** bit;
        }
        assert.equal(found, value);
      });
    }
  });
});
