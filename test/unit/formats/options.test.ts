import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { parseOptions } from '../../../engine/formats/rocksdb/options.ts';
import { nestedOptions } from '../../../engine/model/optionValues.ts';

const CORPUS = join(import.meta.dirname, '../../../../shared/corpus');
const NO_CORPUS: string | false = existsSync(CORPUS) ? false : 'the corpus ../shared/corpus is absent';

const FILE = `# a comment
[Version]
  rocksdb_version=10.5.1
  options_file_version=1.1

[DBOptions]
  max_open_files=-1
  wal_dir=/a\\#b\\:c  # behind
[CFOptions "default"]
  comparator=leveldb.BytewiseComparator
  merge_operator={id=StringAppendOperator;delimiter=\\n--\\n;}
  compression_per_level=kNoCompression:kZSTD
[TableOptions/BlockBasedTable "default"]
  filter_policy=bloomfilter\\:10\\:false
[CFOptions "odd \\"name\\" é"]
  some_future_option=1
[TableOptions/BlockBasedTable "odd \\"name\\" é"]
  block_size=4096
`;

describe('OPTIONS files', () => {
  it('keep every option, unescaped', () => {
    const o = parseOptions(utf8(FILE), 'OPTIONS-000007');
    assert.deepEqual(o.problems, []);
    assert.equal(o.version, '10.5.1');
    assert.equal(o.db['max_open_files'], '-1');
    assert.equal(o.db['wal_dir'], '/a#b:c');
    assert.deepEqual([...o.families.keys()], ['default', 'odd "name" é']);
    assert.equal(o.families.get('default')?.table['filter_policy'], 'bloomfilter:10:false');
    assert.deepEqual(
      { ...nestedOptions(o.families.get('default')?.cf['merge_operator'] ?? '') },
      { id: 'StringAppendOperator', delimiter: '\n--\n' },
    );
    assert.equal(o.families.get('odd "name" é')?.cf['some_future_option'], '1');
  });

  it('never throw, and say when they are cut', () => {
    const bytes = utf8(FILE);
    for (let n = 0; n < bytes.length - 1; n++) {
      const { problems } = parseOptions(bytes.subarray(0, n), 'OPTIONS-000007');
      // A cut right behind a line of a family's last section cannot be seen.
      const unseen = FILE[n - 1] === '\n' && n > FILE.indexOf('  filter_policy');
      assert.ok(problems.length > 0 || unseen, `${n}`);
    }
    assert.equal(parseOptions(new Uint8Array(0), 'x').problems.length, 1);
    const odd = parseOptions(utf8('__proto__=1\n[DBOptions]\n__proto__=2\nnonsense\n[bad'), 'x');
    assert.deepEqual(Object.entries(odd.db), [['__proto__', '2']]);
    assert.ok(odd.problems.every((p) => p.code === 'CORRUPT' && p.path === 'x' && p.offset !== undefined));
    parseOptions(
      Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) & 255),
      'x',
    );
  });

  it('take nested values apart one level', () => {
    assert.deepEqual({ ...nestedOptions('{a=b;c={d=e;f={g=h}};i=}') }, { a: 'b', c: '{d=e;f={g=h}}', i: '' });
    assert.deepEqual({ ...nestedOptions('') }, {});
  });

  it('of the corpus', { skip: NO_CORPUS }, () => {
    for (const [name, file, version, families] of [
      ['rocksdb/02-three-cfs-comparators', 'OPTIONS-000007', '11.9.0', ['default', 'reverse', 'meta/é']],
      ['rocksdb/16-rocksdb-783-fv5', 'OPTIONS-000009', '7.8.3', ['default', 'index']],
    ] as const) {
      const o = parseOptions(readFileSync(join(CORPUS, name, 'db', file)), file);
      assert.deepEqual([o.version, [...o.families.keys()], o.problems], [version, [...families], []]);
      for (const f of o.families.values())
        assert.ok(f.cf['comparator'] !== undefined && f.table['block_size'] !== undefined);
    }
    const cut = parseOptions(
      readFileSync(join(CORPUS, 'damaged/12-properties-flip-options-cut/db/OPTIONS-000007')),
      'OPTIONS-000007',
    );
    assert.equal(cut.version, '10.5.1');
    assert.equal(cut.problems.length, 1);
    assert.match(cut.problems[0]?.message ?? '', /cut off|lacks sections/);
  });
});
