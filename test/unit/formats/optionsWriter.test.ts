import assert from 'node:assert/strict';
import { it } from 'node:test';
import { StoreError } from '../../../engine/base/errors.ts';
import { parseOptions } from '../../../engine/formats/rocksdb/options.ts';
import {
  DEFAULT_DB_OPTIONS,
  DEFAULT_FAMILY_OPTIONS,
  DEFAULT_TABLE_OPTIONS,
  encodeOptions,
  OPTIONS_VERSION,
} from '../../../engine/formats/rocksdb/optionsWriter.ts';

const family = (name: string, more: Record<string, string> = {}) => ({
  name,
  cf: { ...DEFAULT_FAMILY_OPTIONS, ...more },
  table: DEFAULT_TABLE_OPTIONS,
});

it('OPTIONS files: everything written is read again', () => {
  const odd = 'odd: #\\"name';
  const merge = '{id=StringAppendOperator;delimiter=\\#;}';
  const bytes = encodeOptions({
    version: OPTIONS_VERSION,
    db: DEFAULT_DB_OPTIONS,
    families: [
      family(odd, { merge_operator: merge }),
      family('default', { max_bytes_for_level_multiplier_additional: '1:1:2' }),
    ],
  });
  const parsed = parseOptions(bytes, 'OPTIONS-000005');
  assert.deepEqual(parsed.problems, []);
  assert.equal(parsed.version, OPTIONS_VERSION);
  assert.deepEqual({ ...parsed.db }, DEFAULT_DB_OPTIONS);
  assert.deepEqual([...parsed.families.keys()], ['default', odd]);
  assert.equal(parsed.families.get('default')?.cf['max_bytes_for_level_multiplier_additional'], '1:1:2');
  assert.equal(parsed.families.get(odd)?.cf['merge_operator'], merge);
  assert.deepEqual({ ...parsed.families.get(odd)?.table }, DEFAULT_TABLE_OPTIONS);
});

it('OPTIONS files: no default family, or a name that is none', () => {
  assert.throws(() => encodeOptions({ version: '7.8.3', db: {}, families: [family('x')] }), StoreError);
  assert.throws(
    () => encodeOptions({ version: '7.8.3', db: { 'a=b\n[x]': '1' }, families: [family('default')] }),
    StoreError,
  );
});
