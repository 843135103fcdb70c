/** Words of SQLite's language that a query may use here, and its functions. Pure. */

export const KEY_WORDS =
  `SELECT FROM WHERE GROUP BY ORDER HAVING LIMIT OFFSET DISTINCT ALL AS ON USING JOIN LEFT RIGHT FULL
INNER OUTER CROSS NATURAL UNION EXCEPT INTERSECT WITH VALUES AND OR NOT IN IS NULL BETWEEN LIKE GLOB ESCAPE EXISTS CASE
WHEN THEN ELSE END CAST COLLATE ASC DESC NULLS FIRST LAST OVER PARTITION WINDOW FILTER ROWS RANGE EXPLAIN`.split(/\s+/);

/** Name and arguments, and what comes of it. */
export const FUNCTIONS: readonly (readonly [call: string, doc: string])[] = [
  ['count(*)', 'rows of the group'],
  ['count(x)', 'values of the group that are not NULL'],
  ['sum(x)', 'sum of the group, NULL where it has no value'],
  ['total(x)', 'sum of the group, 0.0 where it has no value'],
  ['avg(x)', 'mean of the group'],
  ['min(x)', 'smallest of the group'],
  ['max(x)', 'largest of the group'],
  ['group_concat(x, separator)', 'values of the group in one text'],
  ['length(x)', 'characters of a text, bytes of a BLOB'],
  ['hex(x)', 'bytes as hexadecimal digits'],
  ['unhex(text)', 'BLOB of hexadecimal digits'],
  ['substr(x, from, count)', 'part of a text or a BLOB; the first character is 1'],
  ['instr(x, part)', 'where the part begins, from 1; 0 where it is not there'],
  ['coalesce(x, y)', 'the first that is not NULL'],
  ['nullif(x, y)', 'x, or NULL where both are equal'],
  ['iif(condition, x, y)', 'x where the condition holds, else y'],
  ['round(x, digits)', 'rounded number'],
  ['abs(x)', 'absolute value'],
  ['lower(text)', 'text in lower case'],
  ['upper(text)', 'text in upper case'],
  ['trim(text)', 'text without blanks at its ends'],
  ['replace(text, from, to)', 'text with a part replaced'],
  ['printf(format, x)', 'text from a format'],
  ['typeof(x)', 'null, integer, real, text or blob'],
  ['json_extract(json, path)', "a part of a JSON text: json_extract(parts, '$[0]')"],
  ['json_each(json)', 'a table of the members of a JSON text'],
  ['unixepoch(time)', 'seconds since 1970'],
  ['julianday(time)', 'days, with fractions'],
  ['datetime(time)', 'a time in UTC'],
  ['row_number()', 'position in the window: row_number() OVER (ORDER BY x)'],
  ['sum(x) OVER (ORDER BY y)', 'running sum'],
];
