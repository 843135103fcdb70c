import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { concat, text, utf8, writeU32 } from '../../../engine/base/bytes.ts';
import { entryValue, keyOf } from '../../../engine/iter/cursor.ts';
import { BYTEWISE, keyOrder } from '../../../engine/iter/order.ts';
import { RecoveryMode, type ReplayResult, type ReplayState, replayWals } from '../../../engine/store/walReplay.ts';
import { batch, bytesOf, deleteOp, fragment, LogBuilder, memoryFs, putOp, str, u64 } from '../formats/logBuilder.ts';
import { CORPUS, jsonLines, NO_CORPUS, replayStore } from './replayHelper.ts';

const DEFAULT = { id: 0, name: 'default', logNumber: 0, order: BYTEWISE };

function replay(logs: Record<string, Uint8Array>, state: Partial<ReplayState> = {}): ReplayResult {
  const numbers = Object.keys(logs).map((n) => Number.parseInt(n, 10));
  return replayWals(memoryFs(logs), '/store', numbers, {
    engine: 'rocksdb',
    families: [DEFAULT],
    lastSequence: 0,
    ...state,
  });
}

/** `key@sequence=value` of every entry of a family, in order. */
function shown(result: ReplayResult, family = 0): string[] {
  const lines: string[] = [];
  const c = result.memtables.get(family)?.cursor();
  assert.ok(c !== undefined);
  for (c.first(); c.valid; c.next()) lines.push(`${text(keyOf(c))}@${c.sequence}=${text(entryValue(c))}`);
  return lines;
}

const log = (...batches: Uint8Array[]): LogBuilder => {
  const builder = new LogBuilder();
  for (const b of batches) builder.add(b);
  return builder;
};
const put = (sequence: number, key: string, value = 'v'): Uint8Array => batch(sequence, 1, putOp(key, value));
const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const b = bytes.slice();
  b[at] = (b[at] as number) ^ 0x40;
  return b;
};
const familyPut = (family: number, key: string, value: string): Uint8Array => bytesOf(5, family, str(key), str(value));

describe('WAL replay', () => {
  it('replays logs in order, newest version first, and counts', () => {
    const result = replay({
      '000009.log': log(put(3, 'a', 'new')).bytes(),
      '000004.log': log(batch(1, 2, putOp('a', 'old'), deleteOp('b'))).bytes(),
    });
    assert.deepEqual(shown(result), ['a@3=new', 'a@1=old', 'b@2=']);
    assert.equal(result.lastSequence, 3);
    assert.deepEqual(result.problems, []);
    assert.deepEqual(
      result.files.map((f) => [f.file, f.records, f.firstSequence, f.nextSequence, f.ended]),
      [
        ['000004.log', 1, 1, 3, 'eof'],
        ['000009.log', 1, 3, 4, 'eof'],
      ],
    );
  });

  it('ignores what is in tables already, and unknown families', () => {
    const families = [
      { ...DEFAULT, logNumber: 8 },
      { ...DEFAULT, id: 2, name: 'b', logNumber: 4 },
    ];
    const result = replay(
      {
        '000003.log': flip(log(put(1, 'obsolete')).bytes(), 3),
        '000004.log': log(
          batch(2, 3, putOp('a', 'flushed'), familyPut(2, 'x', 'kept'), familyPut(7, 'y', 'dropped family')),
        ).bytes(),
        '000008.log': log(put(5, 'z')).bytes(),
      },
      { families },
    );
    assert.deepEqual(shown(result), ['z@5=v']);
    assert.deepEqual(shown(result, 2), ['x@3=kept']);
    assert.deepEqual(result.problems, [], 'a log that does not matter is not read');
  });

  it('LevelDB: reads the preceding log that the MANIFEST names, and goes on behind damage', () => {
    const builder = log(put(1, 'a'), put(2, 'b'));
    const at = builder.size;
    builder
      .add(put(3, 'c'))
      .add(put(4, 'd', 'x'.repeat(40000)))
      .add(put(5, 'e'));
    const state = { engine: 'leveldb', families: [{ ...DEFAULT, logNumber: 9 }], prevLogNumber: 6 } as const;
    const result = replay(
      {
        '000006.log': flip(builder.bytes(), at + 9),
        '000007.log': log(put(6, 'no')).bytes(),
        '000009.log': log(put(7, 'f')).bytes(),
      },
      state,
    );
    // The rest of the damaged block is dropped, as LevelDB does.
    assert.deepEqual(
      shown(result).map((l) => l.slice(0, 3)),
      ['a@1', 'b@2', 'e@5', 'f@7'],
    );
    assert.deepEqual(
      result.problems.map((p) => [p.code, p.path, p.offset]),
      [['CORRUPT', '000006.log', at]],
    );
  });

  it('point in time: nothing behind damage counts', () => {
    const first = log(put(1, 'a'));
    const at = first.size;
    const damaged = flip(first.add(put(2, 'b')).add(put(3, 'c')).bytes(), at + 20);
    const gap = replay({ '000004.log': damaged, '000005.log': log(put(4, 'd')).bytes() });
    assert.deepEqual(shown(gap), ['a@1=v']);
    assert.equal(gap.lastSequence, 1);
    assert.deepEqual(
      gap.problems.map((p) => [p.path, p.offset]),
      [
        ['000004.log', at],
        ['000005.log', 0],
      ],
    );
    assert.match(gap.problems[1]?.message ?? '', /not replayed.*is 4/);
    assert.deepEqual(
      gap.files.map((f) => f.applied),
      [true, false],
    );
    const goesOn = replay({ '000004.log': damaged, '000005.log': log(put(2, 'd')).bytes() });
    assert.deepEqual(shown(goesOn), ['a@1=v', 'd@2=v'], 'a later run of the engine wrote on from there');
    assert.equal(goesOn.problems.length, 1);
  });

  it('point in time: says when tables are ahead of the logs', () => {
    const bytes = flip(log(put(1, 'a')).bytes(), 10);
    const families = [DEFAULT, { ...DEFAULT, id: 1, name: 'ahead', logNumber: 9, hasTables: true }];
    const result = replay({ '000004.log': bytes }, { families });
    assert.match(result.problems.at(-1)?.message ?? '', /"ahead" has tables newer/);
  });

  it('a torn tail is silent, but noted', () => {
    const whole = log(put(1, 'a'), put(2, 'b')).bytes();
    const torn = whole.subarray(0, whole.length - 3);
    const result = replay({ '000004.log': torn });
    assert.deepEqual(shown(result), ['a@1=v']);
    assert.deepEqual(result.problems, []);
    assert.equal(result.files[0]?.ended, 'torn');
    assert.deepEqual(shown(replay({ '000004.log': torn, '000005.log': log(put(2, 'c')).bytes() })), ['a@1=v', 'c@2=v']);
    const gap = replay({ '000004.log': torn, '000005.log': log(put(3, 'c')).bytes() });
    assert.deepEqual(shown(gap), ['a@1=v']);
    assert.equal(gap.problems.length, 1);
    const tolerant = replay(
      { '000004.log': torn, '000005.log': log(put(3, 'c')).bytes() },
      { recoveryMode: RecoveryMode.tolerateCorruptedTail },
    );
    assert.deepEqual(shown(tolerant), ['a@1=v', 'c@3=v']);
    const strict = replay({ '000004.log': torn }, { recoveryMode: RecoveryMode.absoluteConsistency });
    assert.match(strict.problems[0]?.mend ?? '', /kAbsoluteConsistency/);
  });

  it('skips any damage when the recovery mode says so', () => {
    const builder = log(put(1, 'a'));
    const at = builder.size;
    builder
      .add(put(2, 'b'))
      .add(put(3, 'c', 'y'.repeat(33000)))
      .add(put(4, 'd'));
    const result = replay(
      { '000004.log': flip(builder.bytes(), at + 9) },
      { recoveryMode: RecoveryMode.skipAnyCorrupted },
    );
    assert.deepEqual(shown(result), ['a@1=v', 'd@4=v']);
    assert.equal(result.problems.length, 1);
  });

  it('a malformed batch leaves no trace', () => {
    const bad = batch(2, 5, putOp('b', '1'), bytesOf(0x0f, str('a'), str('z')));
    const result = replay({ '000004.log': log(put(1, 'a'), bad, put(7, 'c')).bytes() });
    assert.deepEqual(shown(result), ['a@1=v']);
    assert.deepEqual(result.memtables.get(0)?.rangeTombstones, []);
    assert.match(result.problems[0]?.message ?? '', /holds 2 operations, its header says 5/);
  });

  it('range deletions: an empty one takes no sequence number', () => {
    const result = replay({
      '000004.log': log(
        batch(1, 3, bytesOf(0x0f, str('k'), str('k')), bytesOf(0x0f, str('a'), str('c')), putOp('b', 'v')),
      ).bytes(),
    });
    assert.deepEqual(shown(result), ['b@2=v']);
    assert.deepEqual(result.memtables.get(0)?.rangeTombstones, [{ begin: utf8('a'), end: utf8('c'), seq: 1 }]);
    assert.equal(result.lastSequence, 2);
  });

  it('two-phase commits: visible with the commit, and from then on only', () => {
    const section = (xid: string, ...ops: Uint8Array[]): Uint8Array => bytesOf(9, ...ops, 0x0a, str(xid));
    const older = log(
      batch(5, 2, section('late', putOp('p', 'late'), bytesOf(0x0f, str('q'), str('r')))),
      batch(5, 1, section('never', putOp('n', 'never'))),
      batch(5, 1, section('back', putOp('b', 'back'))),
    );
    const newer = log(
      put(5, 'a'),
      batch(6, 0, bytesOf(0x0b, str('late'))),
      batch(8, 0, bytesOf(0x0c, str('back'))),
      put(8, 'z'),
    );
    const files = { '000003.log': older.bytes(), '000008.log': newer.bytes() };
    const result = replay(files, {
      families: [{ ...DEFAULT, logNumber: 8 }],
      minLogNumberToKeep: 3,
      allowTwoPhase: true,
    });
    assert.deepEqual(shown(result), ['a@5=v', 'p@6=late', 'z@8=v']);
    assert.deepEqual(
      result.memtables.get(0)?.rangeTombstones.map((t) => t.seq),
      [7],
    );
    assert.deepEqual(
      result.pending.map((p) => [text(p.xid), p.logNumber, p.operations]),
      [['never', 3, 1]],
    );
  });

  it('user timestamps: as recorded, missing or to be dropped', () => {
    const sizes = new Uint8Array(6);
    writeU32(sizes, 0, 1);
    sizes[4] = 8;
    const stamped = concat([utf8('k'), u64(77)]);
    const bytes = new LogBuilder()
      .raw(fragment(10, sizes))
      .add(batch(1, 1, bytesOf(5, 1, str(stamped), str('v'))))
      .bytes();
    const order = keyOrder('leveldb.BytewiseComparator.u64ts');
    const keys = (family: ReplayState['families'][number], content: Uint8Array): Uint8Array[] => {
      const c = replay({ '000004.log': content }, { families: [family] })
        .memtables.get(1)
        ?.cursor();
      assert.ok(c !== undefined);
      c.first();
      return c.valid ? [keyOf(c)] : [];
    };
    assert.deepEqual(keys({ ...DEFAULT, id: 1, order }, bytes), [stamped]);
    assert.deepEqual(keys({ ...DEFAULT, id: 1 }, bytes), [utf8('k')], 'the family has lost its timestamps');
    const bare = new LogBuilder().add(batch(1, 1, bytesOf(5, 1, str('key'), str('v')))).bytes();
    assert.deepEqual(keys({ ...DEFAULT, id: 1, order, timestampsPersisted: false }, bare), [
      concat([utf8('key'), new Uint8Array(8)]),
    ]);
    const short = replay({ '000004.log': bare }, { families: [{ ...DEFAULT, id: 1, order }] });
    assert.match(short.problems[0]?.message ?? '', /shorter than its user timestamp/);
  });

  it('names logs that are missing or shorter than the MANIFEST knows, and those that went meanwhile', () => {
    const result = replay(
      { '000004.log': log(put(1, 'a')).bytes() },
      {
        trackedWals: new Map([
          [4, 1000],
          [6, 50],
        ]),
      },
    );
    assert.deepEqual(
      result.problems.map((p) => [p.code, p.path]),
      [
        ['CORRUPT', '000004.log'],
        ['NOT_FOUND', '000006.log'],
      ],
    );
    const gone = replayWals(memoryFs({}), '/store', [4], { engine: 'rocksdb', families: [DEFAULT], lastSequence: 9 });
    assert.deepEqual([gone.vanished, gone.problems, gone.lastSequence], [[4], [], 9]);
  });

  it('gives the same entries when values stay in the logs', () => {
    for (const recyclable of [undefined, 4]) {
      const builder = new LogBuilder(recyclable);
      for (let i = 0; i < 300; i++)
        builder.add(
          batch(
            1 + 2 * i,
            2,
            putOp(`k${(i * 7919) % 300}`, `${i}-`.repeat(100 + ((i * 37) % 300))),
            putOp('same', `${i}`),
          ),
        );
      const logs = { '000004.log': builder.bytes() };
      assert.deepEqual(shown(replay(logs, { bytesMax: 1000 })), shown(replay(logs)));
    }
  });

  it('stands any single flipped byte', () => {
    const bytes = log(
      batch(1, 2, putOp('a', '1'), bytesOf(0x0f, str('b'), str('c'))),
      batch(3, 1, bytesOf(9), putOp('p', '2'), bytesOf(0x0a, str('x'))),
      batch(3, 0, bytesOf(0x0b, str('x'))),
    ).bytes();
    for (let i = 0; i < bytes.length; i++) {
      const result = replay({ '000004.log': flip(bytes, i) });
      assert.ok((result.memtables.get(0)?.count ?? 9) <= 2);
    }
  });
});

describe('damaged logs of the corpus', { skip: NO_CORPUS }, () => {
  for (const [name, file, offset] of [
    ['07-wal-flip-second', '000008.log', 57139],
    ['08-wal-flip-first', '000004.log', 109105],
  ] as const) {
    it(`${name}: the state at the recovery point`, () => {
      const directory = join(CORPUS, 'damaged', name);
      const store = replayStore(join(directory, 'db'), 'rocksdb');
      assert.deepEqual(
        [store.problems[0]?.code, store.problems[0]?.path, store.problems[0]?.offset],
        ['CORRUPT', file, offset],
      );
      const visible = new Set<string>();
      for (const [id, memtable] of store.memtables) {
        let last = '';
        const c = memtable.cursor();
        for (c.first(); c.valid; c.next()) {
          const key = `${store.names.get(id)} ${Buffer.from(keyOf(c)).toString('hex')}`;
          if (key !== last && c.type === 1) visible.add(`${key} ${c.valueLength}`);
          last = key;
        }
      }
      const readable = jsonLines(join(directory, 'readable.jsonl'));
      const size = (e: Record<string, unknown>): unknown => e['valueLen'] ?? `${e['value']}`.length / 2;
      assert.deepEqual([...visible].sort(), readable.map((e) => `${e['cf']} ${e['key']} ${size(e)}`).sort());
      store.close();
    });
  }
});
