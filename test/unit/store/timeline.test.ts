/** The service's timelines: how they grow as a store is written, by us and by others, and what they refuse. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { type Clock, systemClock } from '../../../engine/base/entropy.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { LogWriter } from '../../../engine/formats/leveldb/logWriter.ts';
import { emptyEdit, type NewFile, type VersionEdit } from '../../../engine/formats/leveldb/versionEdit.ts';
import { encodeRocksDbEdit } from '../../../engine/formats/rocksdb/editEncoder.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { readOnlyFs } from '../../../engine/fs/readOnlyFs.ts';
import { EVENT_KINDS, FLAG_INFERRED, FLAG_LIVE, FLAG_START } from '../../../engine/model/timeline/columns.ts';
import { Timeline, TreeAt } from '../../../engine/model/timeline/timeline.ts';
import { Timelines } from '../../../engine/service/timeline.ts';
import { openStore } from '../../../engine/store/open.ts';
import type { StoreReader } from '../../../engine/store/reader.ts';
import { writeBigManifest } from '../../support/bigManifest.ts';
import { writingService } from '../../support/writingService.ts';

const AT = '/data/store';
const GOING = { cancelled: false };
const input = (thrown: unknown): boolean => thrown instanceof StoreError && thrown.code === 'INPUT';

/** A RocksDB store that somebody else writes: its MANIFEST, and a LOG. */
class Owner {
  readonly fs = new MemFs();
  #log: LogWriter;
  #name = '';

  constructor() {
    this.fs.mkdir('/data');
    this.fs.mkdir(AT);
    this.#log = this.roll('MANIFEST-000005', [
      { ...emptyEdit(), comparator: 'leveldb.BytewiseComparator' },
      { ...emptyEdit(), logNumber: 4, nextFileNumber: 100, lastSequence: 0 },
    ]);
    this.#log.flush();
  }

  get manifest(): string {
    return `${AT}/${this.#name}`;
  }

  roll(name: string, edits: readonly VersionEdit[]): LogWriter {
    this.#name = name;
    this.#log = new LogWriter(this.fs.open(`${AT}/${name}`, 'create'));
    this.commit(...edits);
    const current = this.fs.open(`${AT}/CURRENT`, 'create');
    current.append(utf8(`${name}\n`));
    current.close();
    return this.#log;
  }

  commit(...edits: readonly VersionEdit[]): void {
    for (const edit of edits) this.#log.append(encodeRocksDbEdit(edit));
    this.#log.flush();
  }

  /** Bytes as they come, whole or not. */
  raw(bytes: Uint8Array): void {
    const file = this.fs.open(this.manifest, 'append');
    file.append(bytes);
    file.close();
  }

  say(...lines: readonly string[]): void {
    const path = `${AT}/LOG`;
    const file = this.fs.open(path, this.fs.list(AT).includes('LOG') ? 'append' : 'create');
    file.append(utf8(lines.map((l) => `2026/11/22-10:00:00.000000 77 ${l}\n`).join('')));
    file.close();
  }
}

function table(number: number, level: number, low: string, high: string, more: Partial<NewFile> = {}): NewFile {
  const bound = (key: string) => ({ key: utf8(key), seq: number, type: 'put' as const });
  const seqs = { smallestSeq: number, largestSeq: number };
  return {
    number,
    level,
    pathId: 0,
    bytes: 1000 + number,
    smallest: bound(low),
    largest: bound(high),
    ...seqs,
    ...more,
  };
}

const flush = (...files: NewFile[]): VersionEdit => ({ ...emptyEdit(), logNumber: 4, newFiles: files });
const compaction = (gone: readonly (readonly [number, number])[], ...files: NewFile[]): VersionEdit => ({
  ...emptyEdit(),
  deletedFiles: gone.map(([level, number]) => ({ level, number })),
  newFiles: files,
});

/** What a view does: asks how much there is, pulls what is missing. */
class View {
  timeline = new Timeline();
  info: Awaited<ReturnType<Timelines['info']>> | undefined;
  readonly #service: Timelines;
  readonly #store: StoreReader;

  constructor(service: Timelines, store: StoreReader) {
    this.#service = service;
    this.#store = store;
  }

  async pull(): Promise<this> {
    const before = this.info;
    const info = await this.#service.info(this.#store, 0, GOING);
    this.info = info;
    if (before?.epoch !== info.epoch) this.timeline = new Timeline();
    else if (before.revision !== info.revision) {
      const from = before.settled ?? 0;
      const known = { family: 0, epoch: info.epoch, from, count: this.timeline.events - from };
      if (known.count > 0) this.timeline.revise(this.#service.chunk(known));
    }
    while (this.timeline.events < info.events) {
      const count = Math.min(3, info.events - this.timeline.events);
      this.timeline.append(this.#service.chunk({ family: 0, epoch: info.epoch, from: this.timeline.events, count }));
    }
    return this;
  }

  /** Live tables after all events, and the kinds of the events. */
  get tables(): string[] {
    const at = new TreeAt(this.timeline);
    at.seek(this.timeline.events);
    const t = this.timeline;
    return Array.from({ length: at.levels }, (_, level) =>
      [...at.lives(level)].map((life) => `L${level} #${t.number[life]} ${t.smallest[life]}-${t.largest[life]}`),
    ).flat();
  }

  get kinds(): string[] {
    return Array.from(this.timeline.kind.subarray(0, this.timeline.events), (k) => EVENT_KINDS[k] as string);
  }
}

function viewed(owner: Owner, clock: Clock = systemClock): { view: View; service: Timelines; store: StoreReader } {
  const store = openStore(readOnlyFs(owner.fs), AT);
  const service = new Timelines(clock);
  return { view: new View(service, store), service, store };
}

describe('timelines of a store that somebody else writes', () => {
  it('grow with its MANIFEST, and keep their positions', async () => {
    const owner = new Owner();
    owner.commit(flush(table(10, 0, 'b', 'y')), flush(table(11, 0, 'd', 'f', { createdAt: 1_700_000_000 })));
    const { view } = viewed(owner);
    await view.pull();
    assert.deepEqual(view.tables, ['L0 #11 1-2', 'L0 #10 0-3']);
    assert.deepEqual([view.info?.firstPosition, view.info?.lastPosition, view.info?.startsHere], [0, 3, false]);
    assert.equal(view.timeline.at[1], 1_700_000_000e6);
    assert.equal(view.timeline.createdAt[1], 1_700_000_000e6);
    const { epoch } = view.info as { epoch: number };
    await view.pull();
    assert.deepEqual(view.info?.events, 2, 'nothing new');
    owner.commit(
      compaction(
        [
          [0, 10],
          [0, 11],
        ],
        table(12, 1, 'b', 'e'),
        table(13, 1, 'e1', 'y'),
      ),
      flush(table(14, 0, 'a', 'z')),
    );
    await view.pull();
    assert.deepEqual(view.kinds, ['flush', 'flush', 'compaction', 'flush']);
    assert.equal(view.info?.epoch, epoch);
    // e and e1 stand between d (1) and f (2); a and z beyond the ends.
    const third = 1 + 1 / 3;
    assert.deepEqual(view.tables, ['L0 #14 -1-4', `L1 #12 0-${third}`, `L1 #13 ${1 + 2 / 3}-3`]);
  });

  it('wait for what is not whole: a torn record, an atomic group', async () => {
    const owner = new Owner();
    owner.commit(flush(table(10, 0, 'a', 'b')));
    const { view, store } = viewed(owner);
    await view.pull();
    // The bytes that a writer would put there next, cut in two.
    const other = new Owner();
    other.commit(flush(table(10, 0, 'a', 'b')));
    const start = other.fs.stat(other.manifest).size;
    other.commit({ ...flush(table(11, 0, 'a', 'b')), remainingInGroup: 1 });
    const middle = other.fs.stat(other.manifest).size;
    other.commit({ ...flush(table(12, 0, 'a', 'b')), remainingInGroup: 0 });
    const end = other.fs.stat(other.manifest).size;
    const bytes = new Uint8Array(end);
    const file = other.fs.open(other.manifest, 'read');
    file.readAt(bytes, 0);
    file.close();
    const events: number[] = [];
    for (const [from, to] of [
      [start, start + 3],
      [start + 3, middle],
      [middle, end - 1],
      [end - 1, end],
    ] as const) {
      owner.raw(bytes.slice(from, to));
      store.refresh();
      events.push((await view.pull()).timeline.events);
    }
    assert.deepEqual(events, [1, 1, 1, 3]);
    assert.deepEqual(view.tables, ['L0 #12 0-1', 'L0 #11 0-1', 'L0 #10 0-1']);
  });

  it('begin anew with a new MANIFEST, whether or not the store was read again', async () => {
    const owner = new Owner();
    owner.commit(flush(table(10, 0, 'a', 'b')), flush(table(11, 0, 'c', 'd')));
    const { view, service, store } = viewed(owner);
    await view.pull();
    const { epoch } = view.info as { epoch: number };
    const old = owner.manifest;
    owner.roll('MANIFEST-000020', [
      { ...emptyEdit(), comparator: 'leveldb.BytewiseComparator' },
      { ...flush(table(10, 0, 'a', 'b'), table(11, 0, 'c', 'd')), lastSequence: 11, nextFileNumber: 100 },
      flush(table(21, 0, 'e', 'f')),
    ]);
    owner.fs.remove(old);
    await view.pull();
    assert.deepEqual([view.info?.manifest, view.info?.startsHere, view.info?.events], ['MANIFEST-000020', true, 2]);
    assert.ok((view.info?.epoch ?? 0) > epoch);
    assert.equal(view.timeline.flags[0], FLAG_INFERRED | FLAG_START);
    assert.throws(() => service.chunk({ family: 0, epoch, from: 0, count: 1 }), input);
    const again = view.info?.epoch;
    store.refresh();
    await view.pull();
    assert.equal(view.info?.epoch, again, 'once');
    // A MANIFEST of the same name, with less in it.
    owner.fs.remove(owner.manifest);
    owner.roll('MANIFEST-000020', [{ ...emptyEdit(), comparator: 'leveldb.BytewiseComparator', logNumber: 1 }]);
    await view.pull();
    assert.deepEqual([view.info?.events, view.info?.lastPosition], [0, -1]);
  });

  it('end at damage, as the store does', async () => {
    const owner = new Owner();
    owner.commit(flush(table(10, 0, 'a', 'b')));
    const size = owner.fs.stat(owner.manifest).size;
    owner.commit(flush(table(11, 0, 'c', 'd')), flush(table(12, 0, 'e', 'f')));
    const bytes = new Uint8Array(owner.fs.stat(owner.manifest).size);
    const file = owner.fs.open(owner.manifest, 'read');
    file.readAt(bytes, 0);
    file.close();
    bytes[size + 12] = (bytes[size + 12] as number) ^ 0xff;
    const again = owner.fs.open(owner.manifest, 'create');
    again.append(bytes);
    again.close();
    const { view } = viewed(owner);
    assert.deepEqual([(await view.pull()).timeline.events, (await view.pull()).timeline.events], [1, 1]);
  });

  it('learn later what the log tells later', async () => {
    const owner = new Owner();
    const at = Date.UTC(2026, 10, 22, 9) * 1000;
    const event = (fields: object): string => `EVENT_LOG_v1 ${JSON.stringify(fields)}`;
    owner.say(
      event({ time_micros: at, job: 1, event: 'flush_started', flush_reason: 'Write Buffer Full', num_entries: 50 }),
    );
    owner.commit(flush(table(10, 0, 'a', 'b')));
    const { view } = viewed(owner);
    await view.pull();
    const t = () => view.timeline;
    assert.deepEqual(
      [t().flags[0], t().reason(0), t().at[0], t().entries[0]],
      [FLAG_INFERRED, '', Number.NaN, Number.NaN],
    );
    const properties = { num_entries: 40, num_deletions: 4, raw_key_size: 400, raw_value_size: 600, filter_size: 60 };
    owner.say(
      event({
        time_micros: at + 1000,
        cf_name: 'default',
        job: 1,
        event: 'table_file_creation',
        file_number: 10,
        file_size: 1010,
        table_properties: properties,
      }),
      '[WARN] [x.cc:1] [default] Stalling writes because we have 4 level-0 files rate 8388608',
      event({ time_micros: at + 2500, job: 1, event: 'flush_finished', lsm_state: [1] }),
      '[x.cc:2] [default] Level summary: files[1 0 0] max score 1.00',
      '[x.cc:3] [default] Level summary: files[1 0 0] max score 1.00',
    );
    await view.pull();
    assert.deepEqual([t().flags[0], t().reason(0), t().at[0]], [0, 'Write Buffer Full', at + 2500]);
    assert.deepEqual([t().micros[0], t().readBytes[0], t().writtenBytes[0]], [2500, 0, 1010]);
    assert.deepEqual([t().recordsIn[0], t().recordsOut[0]], [50, 40]);
    const { entries, deletions, rawBytes, filterBytes, createdAt } = t();
    assert.deepEqual(
      [entries, deletions, rawBytes, filterBytes, createdAt].map((c) => c[0]),
      [40, 4, 1000, 60, at + 1000],
    );
    assert.equal(view.info?.timedEvents, 1);
    // Lines say 10:00 where events say 9:00 in universal time.
    const stall = { from: at, to: at, kind: 'slowdown', why: '4 level-0 files' };
    assert.deepEqual(view.info?.stalls, [stall]);
    owner.say('[WARN] [x.cc:1] [default] Stopping writes because of estimated pending compaction bytes 12345');
    const [, stop] = (await view.pull()).info?.stalls ?? [];
    assert.deepEqual([stop?.kind, stop?.why], ['stop', 'estimated pending compaction bytes 12345']);
  });

  it('learn it even when much else has come meanwhile', async () => {
    const owner = new Owner();
    owner.commit(flush(table(10, 0, 'a', 'b')));
    const { view } = viewed(owner);
    assert.equal((await view.pull()).timeline.reason(0), '');
    const event = (fields: object): string =>
      `EVENT_LOG_v1 ${JSON.stringify({ time_micros: 5e15, job: 1, ...fields })}`;
    owner.say(
      event({ event: 'flush_started', flush_reason: 'Manual Flush' }),
      event({ event: 'table_file_creation', cf_name: 'default', file_number: 10 }),
    );
    owner.commit(...Array.from({ length: 1000 }, (_, i) => flush(table(20 + i, 0, 'a', 'b'))));
    const { timeline, info } = await view.pull();
    assert.deepEqual([timeline.reason(0), timeline.events], ['Manual Flush', 1001]);
    assert.ok((info?.settled ?? 0) > 400 && (info?.settled ?? 0) <= 1001 - 256, `${info?.settled}`);
  });

  it('are cut into short slices, can be cancelled and go on from there', async () => {
    const fs = new MemFs();
    fs.mkdir('/data');
    fs.mkdir(AT);
    const made = writeBigManifest(fs, AT, { seed: 3, edits: 3000, live: 300 });
    const store = openStore(fs, AT);
    let now = 0;
    let turns = 0;
    const token = { cancelled: false };
    const clock: Clock = {
      now: () => 0,
      // Each look at the clock is a millisecond later.
      elapsed: () => now++,
      turn: async () => {
        if (++turns % 20 === 0) token.cancelled = true;
      },
    };
    const service = new Timelines(clock);
    let cancelled = 0;
    for (;;) {
      try {
        const info = await service.info(store, 0, token);
        assert.deepEqual([info.events, info.lives], [made.edits, made.lives]);
        break;
      } catch (thrown) {
        assert.ok(thrown instanceof StoreError && thrown.code === 'CANCELLED');
        token.cancelled = false;
        cancelled++;
      }
    }
    assert.ok(cancelled > 3, `${cancelled} times`);
    const whole = new View(new Timelines(systemClock), store);
    const parts = new View(service, store);
    token.cancelled = false;
    await Promise.all([whole.pull(), parts.pull()]);
    for (const name of ['number', 'smallest', 'largest', 'died'] as const) {
      assert.deepEqual(parts.timeline[name].subarray(0, made.lives), whole.timeline[name].subarray(0, made.lives));
    }
    const at = new TreeAt(whole.timeline);
    at.seek(made.edits);
    assert.equal(at.count, made.live);
  });

  it('answer calls that come at once, one after the other', async () => {
    const owner = new Owner();
    owner.commit(flush(table(10, 0, 'a', 'b')));
    const { service, store } = viewed(owner);
    const infos = await Promise.all([1, 2, 3].map(() => service.info(store, 0, GOING)));
    assert.deepEqual(
      infos.map((i) => [i.events, i.epoch]),
      infos.map(() => [1, infos[0]?.epoch]),
    );
    await assert.rejects(() => service.info(store, 7, GOING), input);
  });

  it('of a store that is closed meanwhile are given up', async () => {
    const owner = new Owner();
    owner.commit(...Array.from({ length: 50 }, (_, i) => flush(table(10 + i, 0, 'a', 'b'))));
    let now = 0;
    let turns = 0;
    let service: Timelines | undefined;
    const clock: Clock = {
      now: () => 0,
      elapsed: () => (now += 3),
      turn: async () => {
        if (++turns === 2) service?.clear();
      },
    };
    const first = viewed(owner, clock);
    service = first.service;
    await assert.rejects(
      () => first.service.info(first.store, 0, GOING),
      (e) => e instanceof StoreError && e.code === 'CANCELLED',
    );
    assert.equal((await first.service.info(openStore(owner.fs, AT), 0, GOING)).events, 50);
  });
});

describe('what a timeline refuses', () => {
  it('other epochs, ranges that are not there, too much at once', async () => {
    const owner = new Owner();
    owner.commit(flush(table(10, 0, 'b', 'd')), flush(table(11, 0, 'f', 'h')));
    const { service, store } = viewed(owner);
    const { epoch } = await service.info(store, 0, GOING);
    const p = { family: 0, epoch };
    const { chunk, keys, position } = {
      chunk: (from: number, count: number) => service.chunk({ ...p, from, count }),
      keys: (...positions: number[]) => service.keys({ ...p, positions }).map((k) => Buffer.from(k).toString()),
      position: (key: string) => service.position({ ...p, key: utf8(key) }),
    };
    for (const [from, count] of [
      [-1, 1],
      [0, 3],
      [0.5, 1],
      [0, -1],
      [0, 4097],
      [Number.NaN, 1],
    ] as const) {
      assert.throws(() => chunk(from, count), input, `${from} ${count}`);
    }
    assert.equal(chunk(2, 0).count, 0);
    assert.throws(() => service.chunk({ ...p, family: 3, from: 0, count: 0 }), input);
    assert.throws(() => service.keys({ ...p, epoch: epoch + 1, positions: [] }), input);
    assert.throws(() => service.keys({ ...p, positions: new Array<number>(4097).fill(0) }), input);
    assert.throws(() => service.position({ ...p, epoch: epoch - 1, key: utf8('a') }), input);
    assert.deepEqual(keys(-1, 0, 0.9, 1, 2.5, 99, Number.NaN), ['', 'b', 'b', 'd', 'f', 'h', '']);
    assert.deepEqual(
      [position('b'), position('c')],
      [
        { position: 0, exact: true },
        { position: 0.5, exact: false },
      ],
    );
    service.clear();
    assert.throws(() => chunk(0, 1), input);
  });
});

describe('timelines of a store that our own engine writes', () => {
  for (const format of ['leveldb', 'rocksdb'] as const) {
    it(`${format}: a compaction is there at once, with its reason and cost`, async () => {
      const fs = new MemFs();
      fs.mkdir('/data');
      const { service } = writingService(fs);
      await service.call('createSample', { path: AT, format, sample: 'timeseries' });
      await service.call('open', { path: AT });
      const before = await service.call('timeline', { family: 0 });
      assert.ok(before.events > 0);
      const { families } = await service.call('compact', { mode: 'inPlace' });
      const after = await service.call('timeline', { family: 0 });
      assert.ok(after.events > before.events);
      const timeline = new Timeline();
      const p = { family: 0, epoch: after.epoch };
      timeline.append(await service.call('timelineChunk', { ...p, from: 0, count: after.events }));
      const at = new TreeAt(timeline);
      at.seek(after.events);
      const summary = await service.call('summary', {});
      assert.equal(at.count, summary.families[0]?.tables);
      const told = Array.from({ length: after.events }, (_, e) => e).filter(
        (e) => EVENT_KINDS[timeline.kind[e] as number] === 'compaction' && timeline.reason(e) === 'ManualCompaction',
      );
      assert.equal(told.length, 1);
      const e = told[0] as number;
      assert.equal(timeline.flags[e], FLAG_LIVE);
      assert.ok((timeline.at[e] as number) > 1.7e15, 'it has its time');
      const report = families[0];
      assert.equal(timeline.readBytes[e], report?.readBytes);
      assert.equal(timeline.writtenBytes[e], report?.writtenBytes);
      await service.call('close', {});
      await service.call('open', { path: AT });
      const again = await service.call('timeline', { family: 0 });
      assert.deepEqual([again.events, again.lives], [after.events, after.lives]);
      assert.notEqual(again.epoch, after.epoch);
    });
  }
});
