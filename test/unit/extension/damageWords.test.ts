import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RepairReport, VerifyReport } from '../../../engine/protocol/engineApi.ts';
import { rangeWords, repairText, repairWords } from '../../../extension/commands/repairWords.ts';
import {
  damagedPlaces,
  percentOf,
  progressWords,
  verdict,
  verifyText,
} from '../../../extension/commands/verifyWords.ts';
import type { Say } from '../../../extension/trees/children.ts';

const utf8 = new TextEncoder();
const say: Say = (message, ...args) => message.replace(/\{(\d)\}/g, (_, i) => String(args[Number(i)]));

const sound: VerifyReport = {
  files: 71,
  bytes: 327_680,
  tables: 60,
  units: 900,
  entries: 12_345,
  findings: [],
  more: 0,
  unchecked: ['OPTIONS-000007: the format has no checksum'],
  millis: 400,
};

const damage = {
  severity: 'damage',
  code: 'CORRUPT',
  path: '000013.sst',
  offset: 2891,
  message: 'checksum of the block does not match',
} as const;
const notice = {
  severity: 'notice',
  code: 'INPUT',
  path: '000038.sst',
  message: 'nothing of the store refers to this file',
  mend: 'the engine removes it',
} as const;

describe('a verification in words', () => {
  test('the verdict counts damage, and tells it from what is only worth knowing', () => {
    assert.equal(verdict('db', sound, say), 'Verified 71 files of db, 320 KB: no damage.');
    const noticed = { ...sound, findings: [notice] };
    assert.equal(verdict('db', noticed, say), 'Verified 71 files of db, 320 KB: no damage; 1 thing is worth knowing.');
    assert.equal(damagedPlaces(noticed), 0);
    assert.equal(verdict('db', { ...sound, findings: [damage, notice] }, say), '1 place of db is damaged.');
    const many = { ...sound, findings: [damage, { ...damage, offset: 5000 }], more: 1_500 };
    assert.equal(verdict('db', many, say), '1,502 places of db are damaged.');
  });

  test('the document has each finding with its place, what was checked and what cannot be', () => {
    const text = verifyText('db', '/data/db', { ...sound, findings: [damage, notice], more: 2 }, say);
    assert.match(text, /^Verification of db\n\/data\/db\n/);
    assert.match(text, /Damage\n {2}CORRUPT 000013\.sst at 2,891\n {6}checksum of the block/);
    assert.match(text, /Worth knowing\n {2}INPUT 000038\.sst\n {6}nothing of the store.*\n {6}the engine removes it/);
    assert.match(text, /and 2 more/);
    assert.match(text, /entries +12,345\n/);
    assert.match(text, /no redundancy\n {2}OPTIONS-000007: the format has no checksum\n$/);
    assert.match(verifyText('db', '/data/db', { ...sound, unchecked: [] }, say), /no redundancy\n {2}nothing\n$/);
  });

  test('names out of a store cannot break a line or turn the text around', () => {
    const hostile = { ...damage, path: 'a\nb\u202e.sst', message: '\u001b[31mred' };
    const text = verifyText('db', '/data/db', { ...sound, findings: [hostile] }, say);
    assert.ok(text.includes('CORRUPT a\\x0ab\\u{202e}.sst at 2,891'));
    assert.ok(text.includes('\\x1b[31mred'));
    assert.ok(!text.includes('\u001b') && !text.includes('\u202e'));
  });

  test('progress', () => {
    const p = { bytes: 512, totalBytes: 2048, files: 1, totalFiles: 3, findings: 2 };
    assert.equal(progressWords(p, say), '512 B of 2.00 KB · 1 of 3 files · 2 findings');
    assert.equal(percentOf(512, 2048), 25);
    assert.equal(percentOf(1, 0), 0);
    assert.equal(percentOf(9, 3), 100);
  });
});

const repaired: RepairReport = {
  directory: '/data/db-repaired',
  engine: 'rocksdb',
  basis: 'damaged manifest',
  families: [
    { name: 'default', entries: 1_000, rangeDeletions: 2, duplicates: 3, tables: 1, bytes: 2_048 },
    { name: 'readings', entries: 1, rangeDeletions: 0, duplicates: 0, tables: 1, bytes: 100 },
  ],
  filesRead: 9,
  filesSearched: ['000013.sst'],
  lost: [
    {
      family: 'default',
      file: '000013.sst',
      from: utf8.encode('user:000120'),
      to: Uint8Array.of(0, 1, 255),
      problem: { code: 'CORRUPT', path: '000013.sst', offset: 2891, message: 'checksum of the block does not match' },
    },
  ],
  problems: [{ code: 'CORRUPT', path: 'MANIFEST-000005', offset: 33, message: 'bad record' }],
  lastSequence: 77,
};

describe('a repair in words', () => {
  test('one line', () => {
    assert.equal(repairWords(repaired, say), '1,001 entries in 2 tables, 2.10 KB; 1 range of keys has lost entries');
    assert.match(repairWords({ ...repaired, lost: [] }, say), /no entry is known to be lost$/);
  });

  test('the document has families, lost ranges with their keys, files and problems', () => {
    const text = repairText('db', '/data/db', repaired, say);
    assert.match(text, /^Repair of db\nfrom \/data\/db\ninto \/data\/db-repaired\n/);
    assert.match(text, /The MANIFEST is damaged/);
    assert.match(
      text,
      /default: 1,000 entries in 1 table, 2\.00 KB; 2 of them range deletions; 3 found more than once/,
    );
    assert.match(text, /default, 000013\.sst: after user:000120, up to 0x0001ff\n {6}checksum/);
    assert.match(text, /000013\.sst: its blocks were searched for/);
    assert.match(text, /CORRUPT MANIFEST-000005 at 33\n {6}bad record/);
    assert.match(
      repairText('db', '/data/db', { ...repaired, lost: [] }, say),
      /Lost\n {2}No entry is known to be lost/,
    );
  });

  test('ranges open at either end', () => {
    const key = utf8.encode('k');
    assert.equal(rangeWords({ from: undefined, to: undefined }, say), 'keys unknown');
    assert.equal(rangeWords({ from: undefined, to: key }, say), 'from the first key to k');
    assert.equal(rangeWords({ from: key, to: undefined }, say), 'after k, to the last key');
  });
});
