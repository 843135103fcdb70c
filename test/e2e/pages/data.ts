/** Made-up stores and rows for the pages: the same ones on every run. */
import type { Problem } from '../../../engine/model/tree.ts';
import type { EntryRow, FamilySummary, StoreSummary, TableRow } from '../../../engine/protocol/engineApi.ts';

const utf8 = new TextEncoder();

/** A number in [0, 2^32) that depends on `i` alone. */
export function scramble(i: number): number {
  let x = (i + 0x9e3779b9) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

export const BIG_VALUE_BYTES = 90_000;

/** A value that is JSON with a number that a double cannot hold. */
export function bigValue(): Uint8Array {
  const items = Array.from(
    { length: 1200 },
    (_, i) => `{"id":90071992547409931${i % 10},"name":"item ${i}","on":true}`,
  );
  const text = `{"kind":"catalogue","items":[${items.join(',')}]}`;
  return utf8.encode(text.padEnd(BIG_VALUE_BYTES, ' '));
}

interface Special {
  readonly key?: Uint8Array;
  readonly value?: Uint8Array | null;
  readonly more?: Partial<EntryRow>;
}

export const HTML_KEY = '<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>';

/** The first rows: what a hostile or an unusual store holds. */
const SPECIAL: readonly Special[] = [
  { key: utf8.encode(HTML_KEY), value: utf8.encode('<b>bold</b> &amp; <a href="javascript:window.pwned=3">link</a>') },
  {
    key: utf8.encode('ansi:\u001b[31mred\u001b[0m\u0007'),
    value: utf8.encode('line one\nline two\ttabbed\r\n\u0000end'),
  },
  {
    key: utf8.encode('bidi:\u202egnp.exe\u2066x\u2069'),
    value: utf8.encode('zero\u200bwidth\ufeff and \u0627\u0644\u0639\u0631\u0628\u064a\u0629 text'),
  },
  {
    key: Uint8Array.of(0, 0, 0, 1, 0xff, 0xfe, 0x61, 0xe2, 0x82),
    value: Uint8Array.from({ length: 256 }, (_, i) => i),
  },
  {
    key: utf8.encode('json:small'),
    value: utf8.encode('{"id":9007199254740993,"tags":["a","b"],"empty":{},"nested":{"deep":[1,2.50,null]}}'),
  },
  { key: utf8.encode('json:big'), value: bigValue().subarray(0, 256), more: { valueSize: BIG_VALUE_BYTES } },
  { key: utf8.encode('tomb:1'), value: null, more: { type: 'delete', valueSize: 0 } },
  {
    key: utf8.encode('tomb:range'),
    value: null,
    more: { type: 'range-delete', valueSize: 0, until: utf8.encode('tomb:rangf') },
  },
  {
    key: utf8.encode('counter:visits'),
    value: null,
    more: {
      type: 'merge',
      operands: [utf8.encode('+1'), utf8.encode('+5'), utf8.encode('+2')],
      base: utf8.encode('40'),
      valueSize: 8,
    },
  },
  {
    key: utf8.encode('entity:user:7'),
    value: null,
    more: {
      type: 'entity',
      valueSize: 44,
      columns: [
        { name: new Uint8Array(), value: utf8.encode('default column') },
        { name: utf8.encode('email'), value: utf8.encode('ada@example.org') },
        { name: utf8.encode('age'), value: Uint8Array.of(36, 0, 0, 0) },
      ],
    },
  },
  {
    key: utf8.encode('photo:0001'),
    value: Uint8Array.from({ length: 256 }, (_, i) => scramble(i) & 0xff),
    more: { type: 'blob', valueSize: 5_242_880 },
  },
  {
    key: utf8.encode('photo:0002'),
    value: null,
    more: {
      type: 'blob',
      valueSize: 1_048_576,
      problem: {
        code: 'CORRUPT',
        path: '000031.blob',
        offset: 73_400_322,
        message: 'blob record checksum mismatch: stored 0x1c3f22a1, computed 0x9be0a3f4',
        mend: 'restore 000031.blob from a backup',
      },
    },
  },
  { key: utf8.encode('memtable:fresh'), value: utf8.encode('still in the log'), more: { level: -1, table: null } },
  { key: utf8.encode('empty:value'), value: new Uint8Array() },
];

/** Row `i` of the query. */
export function makeRow(i: number): EntryRow {
  const special = SPECIAL[i];
  const r = scramble(i);
  const key =
    special?.key ?? utf8.encode(`user:${String(i).padStart(8, '0')}:event:${r.toString(16).padStart(8, '0')}`);
  const value =
    special?.value !== undefined
      ? special.value
      : utf8.encode(
          `{"user":${i},"action":"${['view', 'click', 'buy', 'leave'][r % 4]}","amount":${(r % 10000) / 100},"session":"${r.toString(36)}"}`,
        );
  const tombstone = special === undefined && r % 97 === 0;
  return {
    key,
    value: tombstone ? null : value,
    valueSize: tombstone ? 0 : (value?.length ?? 0),
    seq: 4_000_000 + i * 3 + (r % 3),
    type: tombstone ? 'delete' : 'put',
    level: r % 11 === 0 ? 0 : 1 + (r % 3),
    table: 100 + (i >> 14),
    ...special?.more,
  };
}

export const DAMAGE: readonly Problem[] = [
  {
    code: 'CORRUPT',
    path: '000118.sst',
    offset: 4_194_304,
    message: 'data block checksum mismatch: stored 0x5d2e77c0, computed 0x1192ab08; 213 entries are missing here',
    mend: 'restore the file from a backup, or drop the range user:0041… to user:0042…',
  },
  { code: 'NOT_FOUND', path: '000121.sst', message: 'the MANIFEST names this table, and it is not there' },
  { code: 'UNSUPPORTED', path: '<b>evil</b>\u202e.sst', offset: 53, message: 'block compression id 9 is not known' },
  {
    code: 'IO',
    path: '000140.log',
    offset: 32_768,
    message: 'torn record at the end of the log: 17 of 4,096 bytes are there',
  },
];

function family(id: number, name: string, gigabytes: number, l0: number): FamilySummary {
  const unit = 1024 * 1024;
  const bytes = gigabytes * 1024 * unit;
  const levels = [
    { level: 0, tables: l0, bytes: l0 * 42 * unit, score: l0 / 4, targetBytes: null },
    { level: 1, tables: 6, bytes: Math.round(bytes * 0.009), score: 0.92, targetBytes: 256 * unit },
    { level: 2, tables: 41, bytes: Math.round(bytes * 0.09), score: 1.04, targetBytes: Math.round(bytes * 0.0865) },
    { level: 3, tables: 402, bytes: Math.round(bytes * 0.9), score: 0.98, targetBytes: Math.round(bytes * 0.92) },
    { level: 4, tables: 0, bytes: 0, score: 0, targetBytes: Math.round(bytes * 9) },
  ];
  return {
    id,
    name,
    comparator: id === 2 ? 'rocksdb.ReverseBytewiseComparator' : 'leveldb.BytewiseComparator',
    mergeOperator: id === 1 ? 'UInt64AddOperator' : null,
    compaction: 'leveled',
    levels,
    tables: levels.reduce((sum, l) => sum + l.tables, 0),
    bytes: levels.reduce((sum, l) => sum + l.bytes, 0),
    memtable: { entries: 18_204 + id, bytes: 3_482_112 },
    blobFiles:
      id === 0
        ? [
            {
              family: 0,
              number: 31,
              file: '000031.blob',
              count: 812,
              bytes: 268_435_456,
              garbageCount: 40,
              garbageBytes: 13_000_000,
            },
            {
              family: 0,
              number: 58,
              file: '000058.blob',
              count: 420,
              bytes: 120_000_000,
              garbageCount: 0,
              garbageBytes: 0,
            },
          ]
        : [],
    blobBytes: id === 0 ? 388_435_456 : 0,
    options: {
      write_buffer_size: '67108864',
      max_write_buffer_number: '2',
      level0_file_num_compaction_trigger: '4',
      target_file_size_base: '67108864',
      max_bytes_for_level_base: '268435456',
      max_bytes_for_level_multiplier: '10',
      level_compaction_dynamic_level_bytes: 'true',
      compression: 'kLZ4Compression',
      bottommost_compression: 'kZSTD',
      filter_policy: 'ribbonfilter:10:0',
      block_size: '16384',
      format_version: '6',
      ttl: '2592000',
      enable_blob_files: id === 0 ? 'true' : 'false',
    },
    ordered: true,
  };
}

export function makeSummary(kind: 'store' | 'small' | 'huge' | 'empty'): StoreSummary {
  const base: StoreSummary = {
    path: '/var/lib/flink/checkpoints/job-7f3a/chk-118/rocksdb',
    kind: 'directory',
    engine: 'rocksdb',
    version: '10.5.1',
    manifest: 'MANIFEST-000187',
    edits: 1_204,
    lastSequence: 7_002_918,
    locked: true,
    families: [family(0, 'default', 26, 5), family(1, 'counters', 2, 2), family(2, '<i>window</i>\u202estate', 6, 0)],
    wal: [
      { file: '000203.log', number: 203, bytes: 3_482_112, records: 4_410 },
      { file: '000204.log', number: 204, bytes: 20_480, records: 12 },
    ],
    problems: DAMAGE.slice(0, 2),
    generation: 1,
  };
  if (kind === 'store') return base;
  if (kind === 'huge') return { ...base, families: [family(0, 'default', 1200, 40)], problems: [] };
  const leveldb: FamilySummary = {
    ...family(0, 'default', 0, 0),
    levels: [
      { level: 0, tables: 2, bytes: 4_100_000, score: 0.5, targetBytes: null },
      { level: 1, tables: 3, bytes: 5_900_000, score: 0.56, targetBytes: 10_485_760 },
      { level: 2, tables: 14, bytes: 27_000_000, score: 0.26, targetBytes: 104_857_600 },
    ],
    tables: 19,
    bytes: 37_000_000,
    blobFiles: [],
    options: {},
  };
  const none: FamilySummary = { ...leveldb, levels: [], tables: 0, bytes: 0, memtable: { entries: 0, bytes: 0 } };
  return {
    ...base,
    path: '/home/ada/.config/app/Local Storage/leveldb',
    engine: 'leveldb',
    version: '',
    manifest: 'MANIFEST-000004',
    edits: 31,
    lastSequence: 632_506,
    locked: false,
    families: [kind === 'small' ? leveldb : none],
    wal: [{ file: '000021.log', number: 21, bytes: 81_920, records: 240 }],
    problems: [],
  };
}

/** Tables that fit a family's levels, 20,000 for the huge store. */
export function makeTables(summary: StoreSummary, familyId: number): TableRow[] {
  const shown = summary.families.find((f) => f.id === familyId);
  const huge = (shown?.bytes ?? 0) > 1e12;
  const rows: TableRow[] = [];
  let number = 400_000;
  const seq = (level: number, i: number): number => 7_000_000 - level * 1_500_000 - i * 40;
  for (const level of shown?.levels ?? []) {
    const tables = huge && level.level > 0 ? level.tables * 44 : level.tables;
    const span = 4_000_000_000 / Math.max(1, tables);
    for (let i = 0; i < tables; i++) {
      const r = scramble(number);
      const start = level.level === 0 ? (r % 3) * 900_000_000 : Math.floor(i * span);
      const end =
        level.level === 0
          ? start + 1_000_000_000 + (r % 1_000_000_000)
          : Math.floor((i + 1) * span - 1 - (r % Math.max(1, Math.floor(span / 20))));
      const key = (n: number): Uint8Array => utf8.encode(`user:${String(n).padStart(10, '0')}`);
      rows.push({
        family: familyId,
        level: level.level,
        number,
        file: `${number}.sst`,
        bytes: Math.round((level.bytes / Math.max(1, tables)) * (0.6 + (r % 1000) / 1250)),
        smallest: key(start),
        largest: key(end),
        smallestSeq: summary.engine === 'leveldb' ? null : seq(level.level, i) - 900_000,
        largestSeq: summary.engine === 'leveldb' ? null : seq(level.level, i),
        createdAt: summary.engine === 'leveldb' ? null : 1_767_225_600 + number * 61,
        problem:
          summary.problems.length > 0 && level.level === 3 && i === 121
            ? 'the MANIFEST names this table, and it is not there'
            : null,
      });
      number--;
    }
  }
  return rows;
}
