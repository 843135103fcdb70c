/** Ready-made queries over the tables of `sqlSchema.ts`. */
import type { SqlExample } from '../model/sql.ts';

export const SQL_EXAMPLES: readonly SqlExample[] = [
  {
    title: 'Bytes by key prefix and level',
    // A key counts 8 bytes more, as the tables' own properties have it, so that the sums are theirs. A table's file
    // size is shared out among its entries by their raw size.
    sql: `WITH v AS (
  SELECT v.family, v.level, length(v.key) + 8 + v.value_size AS raw, t.bytes,
         t.raw_key_bytes + t.raw_value_bytes AS table_raw,
         CASE WHEN instr(v.key_text, ':') > 0 THEN substr(v.key_text, 1, instr(v.key_text, ':'))
              WHEN instr(v.key_text, '/') > 0 THEN substr(v.key_text, 1, instr(v.key_text, '/'))
              WHEN v.key_text IS NOT NULL THEN substr(v.key_text, 1, 4)
              ELSE '0x' || hex(substr(v.key, 1, 4)) END AS prefix
  FROM versions v JOIN tables t ON t.number = v.table_number
)
SELECT family, prefix, level, count(*) AS entries, sum(raw) AS raw_bytes,
       CAST(round(sum(1.0 * raw * bytes / table_raw)) AS INTEGER) AS file_bytes
FROM v GROUP BY family, prefix, level ORDER BY family, raw_bytes DESC`,
  },
  {
    title: 'Tombstones by table',
    sql: `SELECT family, level, number, entries, deletions, range_deletions,
       round(100.0 * deletions / entries, 1) AS percent
FROM tables WHERE deletions + range_deletions > 0
ORDER BY percent DESC, deletions DESC`,
  },
  {
    title: 'Largest values',
    sql: `SELECT family, coalesce(key_text, '0x' || hex(key)) AS key, value_size, type, level, table_number, seq
FROM entries ORDER BY value_size DESC LIMIT 50`,
  },
  {
    title: 'Overlap of L0',
    // Keys are compared by their bytes, as the usual comparators do.
    sql: `SELECT a.family, a.number, a.bytes, a.smallest_text, a.largest_text,
       count(b.number) AS overlaps, coalesce(sum(b.bytes), 0) AS overlapped_bytes
FROM tables a LEFT JOIN tables b
  ON b.family = a.family AND b.level = 0 AND b.number <> a.number
 AND b.smallest <= a.largest AND a.smallest <= b.largest
WHERE a.level = 0 GROUP BY a.family, a.number ORDER BY a.family, a.number DESC`,
  },
  {
    title: 'Space by compression',
    sql: `SELECT family, level, compression, count(*) AS tables, sum(bytes) AS bytes,
       sum(raw_key_bytes + raw_value_bytes) AS raw_bytes,
       round(1.0 * sum(raw_key_bytes + raw_value_bytes) / sum(bytes), 2) AS ratio
FROM tables GROUP BY family, level, compression ORDER BY family, level`,
  },
];
