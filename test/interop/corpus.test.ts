/**
 * Every store of the corpus, read in every way there is, against what its own engine said of it: scans in
 * both directions, gets of each key and of keys that are not there, reads as of older sequence numbers,
 * and all versions with their places.
 */
import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fromHex, hex } from '../../engine/base/bytes.ts';
import { systemClock } from '../../engine/base/entropy.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import { ValueType } from '../../engine/iter/cursor.ts';
import { DamageLog } from '../../engine/iter/damage.ts';
import type { EntryRow } from '../../engine/protocol/engineApi.ts';
import { getAsOf } from '../../engine/store/getAsOf.ts';
import { openStore, openTableFile } from '../../engine/store/open.ts';
import { PointGet } from '../../engine/store/pointGet.ts';
import type { StoreReader } from '../../engine/store/reader.ts';
import { ResultSet } from '../../engine/store/resultSet.ts';
import { lsm } from '../support/lsmCommand.ts';
import { random } from '../support/random.ts';
import {
  CORPUS,
  corpusNames,
  directoryState,
  jsonLines,
  type Line,
  lineOf,
  noCorpus,
  seenBy,
  visibleLines,
} from '../support/reading.ts';

/** A line of all-versions.jsonl (README.md of the corpus). */
interface VersionLine {
  readonly cf: string;
  readonly file?: number;
  readonly level?: number;
  readonly wal?: true;
  readonly key: string;
  readonly ts?: string;
  readonly seq: number;
  readonly type: number;
  readonly value?: string;
  readonly vlen?: number;
  readonly end?: string;
}

const canonical = (line: object): string => JSON.stringify(Object.fromEntries(Object.entries(line).sort()));

function same(actual: readonly object[], expected: readonly object[], what: string): void {
  const length = Math.max(actual.length, expected.length);
  for (let i = 0; i < length; i++) {
    const [a, e] = [actual[i], expected[i]].map((line) => (line === undefined ? '(nothing)' : canonical(line)));
    assert.equal(a, e, `${what}: entry ${i} of ${expected.length}`);
  }
}

function byFamily(lines: readonly Line[]): Map<string, Line[]> {
  const families = new Map<string, Line[]>();
  for (const line of lines) {
    const list = families.get(line.cf);
    if (list === undefined) families.set(line.cf, [line]);
    else list.push(line);
  }
  return families;
}

function gets(store: StoreReader, expected: readonly Line[], at: number | undefined): void {
  for (const [cf, lines] of byFamily(expected)) {
    const damage = new DamageLog();
    const get = new PointGet(store.view, store.view.familyByName(cf).state.id, damage);
    for (const line of lines) {
      const key = fromHex(line.key) as Uint8Array;
      const found = get.get(key, at);
      assert.ok(found !== undefined, `get of ${line.key} in ${cf} finds nothing`);
      assert.equal(canonical(lineOf(cf, key, seenBy(found))), canonical(line));
    }
    assert.deepEqual(damage.problems, []);
  }
}

/** Deleted keys, and neighbours of keys that are there: one byte more, one less, one different. */
function absentKeys(store: StoreReader, name: string, lines: readonly Line[]): Uint8Array[] {
  const there = new Set(lines.map((l) => l.key));
  const next = random(20_260_101);
  const candidates: Uint8Array[] = [new Uint8Array(0), new Uint8Array([0]), new Uint8Array(40).fill(0xff)];
  for (const { key } of jsonLines<VersionLine>(`${CORPUS}rocksdb/${name}/all-versions.jsonl`)) {
    candidates.push(fromHex(key) as Uint8Array);
  }
  for (const line of lines) {
    if (candidates.length > 5000) break;
    const key = fromHex(line.key) as Uint8Array;
    candidates.push(Uint8Array.from([...key, 0]), key.slice(0, -1));
    const changed = key.slice();
    if (changed.length > 0) changed[Math.floor(next() * changed.length)] = next() * 256;
    candidates.push(
      changed,
      Uint8Array.from({ length: 1 + Math.floor(next() * 12) }, () => next() * 256),
    );
  }
  assert.ok(store.view.version.families.size > 0);
  return candidates.filter((key) => !there.has(hex(key)));
}

function allVersions(store: StoreReader): VersionLine[] {
  const out: VersionLine[] = [];
  const damage = new DamageLog();
  for (const f of store.view.version.families.values()) {
    const ts = f.order.timestampSize;
    const c = store.view.versions(f.state.id, {}, damage);
    for (c.first(); c.valid; c.next()) {
      const keyEnd = c.keyStart + c.keyLength - ts;
      const value = c.valueBuffer.slice(c.valueStart, c.valueStart + c.valueLength);
      const stamp = c.keyBuffer.slice(keyEnd, keyEnd + ts);
      const deleted =
        c.type === ValueType.deletion ||
        c.type === ValueType.singleDeletion ||
        c.type === ValueType.deletionWithTimestamp;
      out.push({
        cf: f.state.name,
        ...(c.level < 0 ? { wal: true as const } : { file: c.table, level: c.level }),
        key: hex(c.keyBuffer.slice(c.keyStart, keyEnd)),
        ...(ts === 0 ? {} : { ts: String(new DataView(stamp.buffer).getBigUint64(0, true)) }),
        seq: c.sequence,
        type: c.type,
        ...(c.type === ValueType.rangeDeletion ? { end: hex(value) } : {}),
        ...(deleted || c.type === ValueType.rangeDeletion
          ? {}
          : value.length <= 24
            ? { value: hex(value) }
            : { vlen: value.length }),
      });
    }
    c.close();
  }
  assert.deepEqual(damage.problems, []);
  return out;
}

/** For each border of a range deletion: which ones, of which table, cover it. Independent of how they are cut. */
function coverage(lines: readonly VersionLine[], borders: readonly string[], reversed: ReadonlySet<string>): string[] {
  const families = [...new Set(lines.map((l) => l.cf))].sort();
  return families.flatMap((cf) => {
    const own = lines.filter((l) => l.cf === cf);
    const before = (a: string, b: string): boolean => (reversed.has(cf) ? a > b : a < b);
    return borders.map((key) => {
      const covering = own
        .filter((l) => !before(key, l.key) && before(key, l.end ?? ''))
        // The engine hands out the largest timestamp for the begin of every fragment: there is nothing to compare.
        .map((l) => `${l.wal === true ? 'wal' : l.file}@${l.seq}`);
      return `${cf} ${key}: ${[...new Set(covering)].sort().join(' ')}`;
    });
  });
}

describe('every store of the corpus', { skip: noCorpus }, () => {
  for (const name of corpusNames('rocksdb')) {
    const folder = `${CORPUS}rocksdb/${name}`;
    const dir = `${folder}/db`;

    it(`${name}: scans, gets and versions are its engine's, and nothing in the directory changes`, () => {
      const before = directoryState(dir);
      const store = openStore(readOnlyFs(nodeFs), dir);
      const expected = jsonLines(`${folder}/expected.jsonl`);
      assert.ok(expected.length > 0);
      assert.deepEqual(store.view.problems, []);

      const damage = new DamageLog();
      same(visibleLines(store, {}, damage), expected, 'forward');
      const backward = visibleLines(store, { reverse: true }, damage);
      const reversed = [...byFamily(expected).values()].flatMap((lines) => lines.toReversed());
      same(backward, reversed, 'backward');
      assert.deepEqual(damage.problems, []);
      gets(store, expected, undefined);

      const families = byFamily(expected);
      for (const f of store.view.version.families.values()) {
        const get = new PointGet(store.view, f.state.id, damage);
        for (const key of absentKeys(store, name, families.get(f.state.name) ?? [])) {
          assert.equal(get.get(key), undefined, `get of the absent key ${hex(key)} in ${f.state.name}`);
        }
      }
      assert.deepEqual(damage.problems, []);

      const wanted = jsonLines<VersionLine>(`${folder}/all-versions.jsonl`);
      const found = allVersions(store);
      const points = (lines: readonly VersionLine[]) =>
        lines
          .filter((l) => l.type !== ValueType.rangeDeletion)
          .map(canonical)
          .sort();
      assert.deepEqual(points(found), points(wanted), 'all versions');
      const ranges = (lines: readonly VersionLine[]) => lines.filter((l) => l.type === ValueType.rangeDeletion);
      const borders = [...new Set(ranges(wanted).flatMap((l) => [l.key, l.end ?? '']))].sort();
      const down = new Set<string>();
      for (const f of store.view.version.families.values()) if (f.order.reversed) down.add(f.state.name);
      assert.deepEqual(
        coverage(ranges(found), borders, down),
        coverage(ranges(wanted), borders, down),
        'range deletions',
      );

      store.close();
      assert.deepEqual(directoryState(dir), before);
    });

    for (const file of readdirSync(folder)) {
      const at = /^expected-at-(\d+)\.jsonl$/.exec(file)?.[1];
      if (at === undefined) continue;
      it(`${name}: as of sequence number ${at}`, () => {
        const store = openStore(readOnlyFs(nodeFs), dir);
        const expected = jsonLines(`${folder}/${file}`);
        same(visibleLines(store, { at: Number(at) }), expected, 'forward');
        same(visibleLines(store, { at: Number(at), reverse: true }).toReversed(), expected, 'backward');
        gets(store, expected, Number(at));
        const there = new Set(expected.map((l) => l.key));
        const get = new PointGet(store.view, 0, new DamageLog());
        for (const { key } of jsonLines<VersionLine>(`${folder}/all-versions.jsonl`)) {
          if (!there.has(key)) assert.equal(get.get(fromHex(key) as Uint8Array, Number(at)), undefined, key);
        }
        store.close();
      });
    }
  }

  for (const name of ['04-range-deletes', '11-u64ts', '12-ingested-global-seqno', '02-three-cfs-comparators']) {
    const dir = `${CORPUS}rocksdb/${name}/db`;

    it(`${name}: any page of all versions is a page of the whole list`, () => {
      const store = openStore(readOnlyFs(nodeFs), dir);
      const dice = random(3);
      for (const family of store.view.version.families.keys()) {
        for (const params of [{ family, allVersions: true }, { family }, { family, reverse: true }]) {
          const set = new ResultSet(1, store, params, false, systemClock);
          while (set.step());
          const line = (r: EntryRow): string =>
            `${hex(r.key)}@${r.seq} ${r.type} ${r.table} ${hex(r.timestamp ?? r.key)}`;
          const whole = set.rows(0, 1e6, 16).items.map(line);
          for (let n = 0; n < 60; n++) {
            const from = n < 20 ? 256 * n : Math.floor(dice() * whole.length);
            assert.deepEqual(set.rows(from, 4, 16).items.map(line), whole.slice(from, from + 4), `row ${from}`);
          }
          set.close();
        }
      }
      store.close();
    });

    it(`${name}: each table opens by itself, with the bounds that the MANIFEST gives it`, () => {
      const fs = readOnlyFs(nodeFs);
      const store = openStore(fs, dir);
      for (const info of store.view.version.tables.values()) {
        const alone = openTableFile(fs, `${dir}/${info.file}`);
        const own = alone.view.tableInfo(info.number);
        assert.equal(hex(own.smallest.key), hex(info.smallest.key), `smallest of ${info.file}`);
        assert.equal(hex(own.largest.key), hex(info.largest.key), `largest of ${info.file}`);
        alone.close();
      }
      store.close();
    });
  }

  it('11-u64ts: reads as of a user timestamp what RocksDB reads, forward, back and by key', () => {
    const store = `${CORPUS}rocksdb/11-u64ts`;
    const at = 2229;
    const expected = readFileSync(`${store}/expected-at-ts-${at}.jsonl`, 'utf8').split('\n').filter(Boolean);
    const wanted = expected.map((line) => {
      const { key, ts, value } = JSON.parse(line) as { key: string; ts: number; value: string };
      return `${key}@${ts} ${value}`;
    });
    assert.ok(wanted.length > 50);
    const shown = (line: string): string => {
      const { key, value, timestamp } = JSON.parse(line) as Record<'key' | 'value' | 'timestamp', { hex: string }>;
      return `${key.hex}@${Buffer.from(timestamp.hex, 'hex').readBigUInt64LE()} ${value.hex}`;
    };
    const scan = (...more: string[]): string[] => {
      const args = [
        'scan',
        `${store}/db`,
        '--cf',
        'history',
        '--format',
        'jsonl',
        '--at-timestamp',
        String(at),
        ...more,
      ];
      return lsm(...args)
        .out.split('\n')
        .filter(Boolean)
        .map(shown);
    };
    assert.deepEqual(scan(), wanted);
    assert.deepEqual(scan('--reverse').reverse(), wanted);
    const keys = new Set(wanted.map((line) => line.split('@')[0] as string));
    const opened = openStore(readOnlyFs(nodeFs), `${store}/db`);
    const family = opened.view.familyByName('history').state.id;
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(at));
    const everyKey = new Set<string>();
    const all = opened.view.versions(family, {}, new DamageLog());
    for (all.first(); all.valid; all.next()) {
      if (all.type !== ValueType.rangeDeletion)
        everyKey.add(hex(all.keyBuffer.slice(all.keyStart, all.keyStart + all.keyLength - 8)));
    }
    all.close();
    for (const key of everyKey) {
      const found = getAsOf(opened.view, family, Buffer.from(key, 'hex'), undefined, bytes, new DamageLog());
      const line =
        found === undefined
          ? undefined
          : `${key}@${Buffer.from(found.timestamp ?? []).readBigUInt64LE()} ${hex(found.value ?? new Uint8Array())}`;
      assert.equal(
        line,
        wanted.find((w) => w.startsWith(`${key}@`)),
        key,
      );
    }
    assert.ok(everyKey.size > keys.size, 'some keys are not visible then');
    const other = opened.view.familyByName('default').state.id;
    assert.throws(() => opened.view.scan(other, { atTimestamp: bytes }, new DamageLog()), /has no user timestamps/);
    assert.throws(
      () => opened.view.scan(family, { atTimestamp: bytes.subarray(4) }, new DamageLog()),
      /have 8 bytes, not 4/,
    );
    opened.close();
  });
});
