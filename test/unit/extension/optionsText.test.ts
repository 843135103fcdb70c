import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { OPTION_HELP } from '../../../extension/optionHelp/options.ts';
import {
  defaultOf,
  helpFor,
  isSameValue,
  type OptionAt,
  optionsIn,
  optionsText,
  readable,
  sectionIn,
  versionIn,
} from '../../../extension/optionsText.ts';
import { corpusStore } from '../../support/corpus.ts';

const at = (line: string, path: string): OptionAt => {
  const found = optionsIn(line).find((o) => o.path === path);
  assert.ok(found, `${path} in ${line}`);
  return found;
};

describe('lines of an OPTIONS file', () => {
  test('a setting, with and without the offset of a dump', () => {
    const line = '  write_buffer_size=1048576';
    const option = at(line, 'write_buffer_size');
    assert.equal(line.slice(option.nameFrom, option.nameTo), 'write_buffer_size');
    assert.equal(line.slice(option.nameTo + 1, option.valueTo), option.value);
    const dumped = at('    4711    write_buffer_size=1048576', 'write_buffer_size');
    assert.equal(dumped.value, '1048576');
    assert.deepEqual(optionsIn('# a=b'), []);
    assert.deepEqual(optionsIn('[DBOptions]'), []);
    assert.equal(at('wal_dir=', 'wal_dir').value, '');
  });

  test('settings within braces, and within those', () => {
    const line = '  compaction_options_universal={size_ratio=1;inner={deep=2;};min_merge_width=3;}';
    const paths = optionsIn(line).map((o) => o.path);
    assert.deepEqual(paths, [
      'compaction_options_universal',
      'compaction_options_universal.size_ratio',
      'compaction_options_universal.inner',
      'inner.deep',
      'compaction_options_universal.min_merge_width',
    ]);
    const width = at(line, 'compaction_options_universal.min_merge_width');
    assert.equal(line.slice(width.nameFrom, width.valueTo), 'min_merge_width=3');
  });

  test('sections', () => {
    assert.equal(sectionIn('[CFOptions "a]b"]')?.kind, undefined);
    assert.equal(sectionIn('[TableOptions/BlockBasedTable "default"]')?.kind, 'TableOptions');
    assert.equal(sectionIn('     105  [DBOptions]')?.kind, 'DBOptions');
    assert.equal(sectionIn('  a=[b]'), undefined);
  });

  test('the text of a dump is the file again, damage as comments', () => {
    const lines = [
      '   0  # a comment',
      '  14  [Version]',
      '  26    rocksdb_version=10.5.1',
      '  60  CORRUPT: cut short',
    ];
    assert.equal(optionsText(lines), '# a comment\n\n[Version]\n  rocksdb_version=10.5.1\n# CORRUPT: cut short\n');
    assert.deepEqual(versionIn(lines), [10, 5]);
  });
});

describe('what options mean', () => {
  test('values, defaults and versions', () => {
    assert.ok(isSameValue('10', '10.000000'));
    assert.ok(!isSameValue('', '0'));
    assert.ok(!isSameValue('kZSTD', 'kNoCompression'));
    const dynamic = OPTION_HELP.CFOptions['level_compaction_dynamic_level_bytes'];
    assert.ok(dynamic);
    assert.equal(defaultOf(dynamic, [8, 3]), 'false');
    assert.equal(defaultOf(dynamic, [8, 4]), 'true');
    assert.equal(defaultOf(dynamic, undefined), 'true');
    const format = OPTION_HELP.TableOptions['format_version'];
    assert.ok(format);
    assert.deepEqual(
      (
        [
          [6, 8],
          [6, 20],
          [8, 0],
          [10, 5],
          [11, 9],
        ] as const
      ).map((v) => defaultOf(format, v)),
      ['2', '4', '5', '6', '7'],
    );
  });

  test('numbers with their units', () => {
    assert.equal(readable('67108864', 'bytes'), '64.0 MB');
    assert.equal(readable('2592000', 'seconds'), '30 d');
    assert.equal(readable('90', 'seconds'), '1.5 min');
    assert.equal(readable('21600000000', 'microseconds'), '6 h');
    assert.equal(readable('18446744073709551614', 'seconds'), '∞');
    for (const value of ['0', '-1', '', 'nullptr']) assert.equal(readable(value, 'bytes'), undefined);
    assert.equal(readable('4', undefined), undefined);
  });

  test('the same name is looked up in its own section only; others are not known', () => {
    assert.ok(helpFor(at('block_size=1', 'block_size'), 'TableOptions'));
    assert.equal(helpFor(at('block_size=1', 'block_size'), 'DBOptions'), undefined);
    assert.equal(helpFor(at('constructor=1', 'constructor'), 'DBOptions'), undefined);
    const nested = at('bottommost_compression_opts={level=3;}', 'bottommost_compression_opts.level');
    assert.equal(helpFor(nested, 'CFOptions')?.default, '32767');
  });

  test('every text is a sentence or two of its own, and there are many', () => {
    const all = Object.values(OPTION_HELP).flatMap((table) => Object.entries(table));
    assert.ok(all.length >= 80, `${all.length} options`);
    for (const [name, help] of all) assert.match(help.text, /^[A-Z].*\.$/s, name);
    assert.equal(new Set(all.map(([, help]) => help.text)).size, all.length);
  });
});

const STORES = ['01-leveled-zstd', '06-blobs-garbage', '07-universal-8-runs', '08-fifo-ttl', '17-rocksdb-native-1051'];
const directories = STORES.flatMap((name) => corpusStore(`rocksdb/${name}`) ?? []);
const skip = directories.length === 0 ? '../shared/corpus is not there' : false;

describe('OPTIONS files that RocksDB wrote', { skip }, () => {
  test('every option that is explained stands in its section', () => {
    const sections = { DBOptions: new Set<string>(), CFOptions: new Set<string>(), TableOptions: new Set<string>() };
    const nested = new Set<string>();
    for (const db of directories) {
      for (const name of readdirSync(db).filter((n) => n.startsWith('OPTIONS-'))) {
        let kind = '';
        for (const line of readFileSync(join(db, name), 'utf8').split('\n')) {
          kind = sectionIn(line)?.kind ?? kind;
          for (const option of optionsIn(line)) {
            if (option.path !== option.name) nested.add(option.path);
            else if (Object.hasOwn(sections, kind)) sections[kind as keyof typeof sections].add(option.name);
          }
        }
      }
    }
    // These are written only where they are set.
    const optional = new Set(['wal_dir', 'compression_per_level']);
    for (const kind of ['DBOptions', 'CFOptions', 'TableOptions'] as const) {
      const missing = Object.keys(OPTION_HELP[kind]).filter((n) => !sections[kind].has(n) && !optional.has(n));
      assert.deepEqual(missing, [], kind);
    }
    assert.deepEqual(
      Object.keys(OPTION_HELP.nested).filter((path) => !nested.has(path)),
      [],
    );
  });
});
