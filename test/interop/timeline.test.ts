/**
 * Timelines of real stores, held against what RocksDB's own tools say of them: at every edit the live tables are
 * those that `ldb manifest_dump --verbose` leads to, and every compaction is told as the LOG has it.
 */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { systemClock } from '../../engine/base/entropy.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { captionOf, REASON_WORDS, shortBytes } from '../../engine/model/timeline/caption.ts';
import { EVENT_KINDS, FLAG_INFERRED, FLAG_START, type TimelineInfo } from '../../engine/model/timeline/columns.ts';
import { Timeline, TreeAt } from '../../engine/model/timeline/timeline.ts';
import { Timelines } from '../../engine/service/timeline.ts';
import { openStore } from '../../engine/store/open.ts';
import { noRocksdbTools, scratch } from '../fixtures/stores.ts';
import { HAS_DB_BENCH, withBenchStore } from '../support/dbBench.ts';
import { random } from '../support/random.ts';
import { CORPUS, NO_CORPUS } from '../unit/store/replayHelper.ts';

const NO_TOOLS = noRocksdbTools;
const NO_BENCH: string | false = HAS_DB_BENCH ? NO_TOOLS : 'db_bench is not installed';

interface Family {
  readonly info: TimelineInfo;
  readonly timeline: Timeline;
}

/** Timelines of all families that have one, pulled in pieces. */
async function timelines(dir: string): Promise<Map<number, Family>> {
  const store = openStore(nodeFs, dir);
  try {
    const service = new Timelines(systemClock);
    const families = new Map<number, Family>();
    for (const family of store.view.version.families.keys()) {
      const info = await service.info(store, family, { cancelled: false });
      const timeline = new Timeline();
      while (timeline.events < info.events) {
        const count = Math.min(37, info.events - timeline.events);
        timeline.append(service.chunk({ family, epoch: info.epoch, from: timeline.events, count }));
      }
      assert.equal(timeline.lives, info.lives);
      families.set(family, { info, timeline });
    }
    return families;
  } finally {
    store.close();
  }
}

/** Live tables, `L1 #12 4711`, after each edit of a family that changed some; and those of the dump's last word. */
function manifestDump(dir: string): { states: Map<number, string[][]>; last: Map<number, string[]> } {
  const current = readFileSync(join(dir, 'CURRENT'), 'utf8').trim();
  const args = ['manifest_dump', '--hex', '--verbose', `--path=${join(dir, current)}`];
  const dump = execFileSync('ldb', args, { encoding: 'latin1', maxBuffer: 1 << 29 });
  const live = new Map<number, Map<number, string>>();
  const states = new Map<number, string[][]>();
  for (const edit of dump.split(/^VersionEdit \{$/m).slice(1)) {
    const body = edit.slice(0, edit.search(/^\}$/m));
    const family = Number(/^ {2}ColumnFamily: (\d+)$/m.exec(body)?.[1] ?? 0);
    const tables = live.get(family) ?? new Map<number, string>();
    live.set(family, tables);
    const deleted = [...body.matchAll(/^ {2}DeleteFile: (\d+) (\d+)$/gm)];
    const added = [...body.matchAll(/^ {2}AddFile: (\d+) (\d+) (\d+) /gm)];
    const dropped = /^ {2}ColumnFamilyDrop/m.test(body) && tables.size > 0;
    for (const [, , number] of deleted) tables.delete(Number(number));
    if (dropped) tables.clear();
    for (const [, level, number, bytes] of added) tables.set(Number(number), `L${level} #${number} ${bytes}`);
    if (deleted.length + added.length === 0 && !dropped) continue;
    states.set(family, [...(states.get(family) ?? []), [...tables.values()].sort()]);
  }
  const last = new Map<number, string[]>();
  for (const section of dump.split(/^-+ Column family /m).slice(1)) {
    const family = Number(/\(ID (\d+)\)/.exec(section)?.[1]);
    const tables: string[] = [];
    for (const level of section.split(/^--- level /m).slice(1)) {
      const n = Number.parseInt(level, 10);
      for (const [, number, bytes] of level.matchAll(/^ (\d+):(\d+)\[/gm)) tables.push(`L${n} #${number} ${bytes}`);
    }
    last.set(family, tables.sort());
  }
  return { states, last };
}

function shown(at: TreeAt): string[] {
  const { timeline: t } = at;
  const tables: string[] = [];
  for (let level = 0; level < at.levels; level++) {
    for (const life of at.lives(level)) tables.push(`L${level} #${t.number[life]} ${t.bytes[life]}`);
  }
  return tables.sort();
}

/** Checks every edit of every family, forwards and then in any order. Returns how many edits there were. */
async function checkEveryEdit(dir: string): Promise<number> {
  const families = await timelines(dir);
  const { states, last } = manifestDump(dir);
  let edits = 0;
  for (const [family, { timeline, info }] of families) {
    const expected = states.get(family) ?? [];
    assert.equal(info.events, expected.length, `edits of family ${family}`);
    const at = new TreeAt(timeline);
    const check = (n: number): void => {
      at.seek(n);
      assert.deepEqual(shown(at), n === 0 ? [] : expected[n - 1], `family ${family} after ${n} edits`);
    };
    for (let n = 0; n <= expected.length; n++) check(n);
    const next = random(expected.length);
    for (let i = 0; i < 50; i++) check(Math.floor(next() * (expected.length + 1)));
    at.seek(expected.length);
    // RocksDB does not take a LevelDB store with several tables in L0, though it prints all of its edits.
    if (last.size > 0) assert.deepEqual(shown(at), last.get(family));
    else assert.ok(info.events > 0 && !existsSync(join(dir, 'IDENTITY')), 'ldb has a last word on RocksDB stores');
    edits += expected.length;
  }
  return edits;
}

interface LoggedJob {
  reason: string;
  inputs: [number, number[]][];
  readonly created: { file: number; bytes: number }[];
  micros: number;
  recordsIn: number;
  recordsOut: number;
  outputLevel: number;
}

/** Compactions and flushes that the LOG tells the whole of. */
function loggedJobs(dir: string): { compactions: LoggedJob[]; flushes: LoggedJob[] } {
  const jobs = new Map<number, LoggedJob>();
  const compactions: LoggedJob[] = [];
  const flushes: LoggedJob[] = [];
  for (const line of readFileSync(join(dir, 'LOG'), 'utf8').split('\n')) {
    const mark = line.indexOf('EVENT_LOG_v1 ');
    if (mark < 0) continue;
    let e: Record<string, unknown>;
    try {
      e = JSON.parse(line.slice(mark + 13)) as Record<string, unknown>;
    } catch {
      continue;
    }
    const job = jobs.get(e['job'] as number);
    const started = { created: [], micros: Number.NaN, recordsIn: 0, recordsOut: 0, outputLevel: 0 };
    switch (e['event']) {
      case 'flush_started':
        jobs.set(e['job'] as number, { ...started, created: [], reason: e['flush_reason'] as string, inputs: [] });
        break;
      case 'compaction_started': {
        const inputs = Object.keys(e).flatMap((name): [number, number[]][] => {
          const level = /^files_L(\d+)$/.exec(name);
          return level === null ? [] : [[Number(level[1]), e[name] as number[]]];
        });
        const taken = inputs.filter(([, files]) => files.length > 0).sort((a, b) => a[0] - b[0]);
        const reason = e['compaction_reason'] as string;
        jobs.set(e['job'] as number, { ...started, created: [], reason, inputs: taken });
        break;
      }
      case 'table_file_creation':
        job?.created.push({ file: e['file_number'] as number, bytes: e['file_size'] as number });
        break;
      case 'compaction_finished':
        if (job === undefined) break;
        job.micros = e['compaction_time_micros'] as number;
        job.recordsIn = e['num_input_records'] as number;
        job.recordsOut = e['num_output_records'] as number;
        job.outputLevel = e['output_level'] as number;
        compactions.push(job);
        break;
      case 'flush_finished':
        if (job !== undefined) flushes.push(job);
        break;
      default:
    }
  }
  return { compactions, flushes };
}

/** Every compaction and flush in the LOG has its event, with the words that the LOG makes for it. */
async function checkLog(dir: string): Promise<number> {
  const eventOf = new Map<number, [Timeline, number]>();
  const bytesOf = new Map<number, number>();
  for (const { timeline } of (await timelines(dir)).values()) {
    for (let life = timeline.lives - 1; life >= 0; life--) {
      eventOf.set(timeline.number[life] as number, [timeline, timeline.born[life] as number]);
      bytesOf.set(timeline.number[life] as number, timeline.bytes[life] as number);
    }
  }
  const part = (numbers: readonly number[], level: number): string => {
    const bytes = numbers.reduce((n, file) => n + (bytesOf.get(file) as number), 0);
    return `${numbers.length} at L${level} (${shortBytes(bytes)})`;
  };
  const { compactions, flushes } = loggedJobs(dir);
  let told = 0;
  for (const job of compactions) {
    const found = eventOf.get(job.created[0]?.file ?? -1);
    // Nothing was left: no new table leads to the event.
    if (found === undefined) continue;
    const [timeline, e] = found;
    const said = captionOf(timeline, e);
    const inputs = job.inputs.map(([level, files]) => part(files, level)).join(' + ');
    const outputs = part(
      job.created.map((c) => c.file),
      job.outputLevel,
    );
    assert.equal(said.what, `compacted ${inputs} into ${outputs}`);
    assert.equal(said.constant, job.reason);
    const words = REASON_WORDS[job.reason];
    assert.notEqual(words, undefined, `no words for ${job.reason}`);
    assert.ok(said.text.startsWith(`${said.what}${words === '' ? '' : `, reason: ${words}`}`));
    assert.deepEqual(
      [timeline.micros[e], timeline.recordsIn[e], timeline.recordsOut[e], timeline.writtenBytes[e], said.inferred],
      [job.micros, job.recordsIn, job.recordsOut, job.created.reduce((n, c) => n + c.bytes, 0), false],
    );
    told++;
  }
  for (const job of flushes) {
    const found = eventOf.get(job.created[0]?.file ?? -1);
    if (found === undefined) continue;
    const [timeline, e] = found;
    assert.equal(EVENT_KINDS[timeline.kind[e] as number], 'flush');
    assert.equal(captionOf(timeline, e).constant, job.reason);
    assert.ok((timeline.micros[e] as number) >= 0);
  }
  return told;
}

describe('timelines of the corpus', { skip: NO_CORPUS || NO_TOOLS }, () => {
  const root = join(CORPUS, 'rocksdb');
  for (const name of NO_CORPUS ? [] : readdirSync(root)) {
    const dir = join(root, name, 'db');
    if (!existsSync(join(dir, 'CURRENT'))) continue;
    it(name, async () => {
      await checkEveryEdit(dir);
      if (!name.includes('leveldb')) await checkLog(dir);
    });
  }
});

describe('lsm history --words', { skip: NO_CORPUS }, () => {
  it('says what the captions of the timeline say', async () => {
    const dir = join(CORPUS, 'rocksdb', '01-leveled-zstd', 'db');
    const cli = join(import.meta.dirname, '..', '..', 'engine', 'cli', 'main.ts');
    const lines = execFileSync(process.execPath, [cli, 'history', dir, '--words'], { encoding: 'utf8' })
      .trim()
      .split('\n');
    const { timeline, info } = (await timelines(dir)).get(0) as Family;
    assert.equal(lines.length, info.events);
    for (const [e, line] of lines.entries()) {
      const { what, reason } = captionOf(timeline, e);
      const [seq, at, family, text] = line.split('  ') as [string, string, string, string];
      assert.deepEqual([Number(seq), family], [e + 1, 'default']);
      assert.match(at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      assert.equal(text, reason === '' ? what : `${what}, reason: ${reason}`);
    }
  });
});

describe('timelines of stores made by db_bench', { skip: NO_BENCH }, () => {
  const small = [
    '--num=150000',
    '--value_size=200',
    '--write_buffer_size=131072',
    '--target_file_size_base=131072',
    '--max_bytes_for_level_base=524288',
  ];
  const shapes: [string, string[], number, number][] = [
    ['leveled', [], 300, 100],
    ['universal', ['--compaction_style=1', '--num_levels=5'], 150, 30],
    ['fifo', ['--compaction_style=2', '--fifo_compaction_max_table_files_size_mb=2'], 80, 0],
  ];
  for (const [name, more, editsMin, compactionsMin] of shapes) {
    it(name, async () => {
      const stores: string[] = [];
      withBenchStore([...small, ...more], (dir) => {
        const kept = mkdtempSync(join(scratch(), 'timeline-'));
        execFileSync('cp', ['-r', `${dir}/.`, kept]);
        stores.push(kept);
      });
      const dir = stores[0] as string;
      const edits = await checkEveryEdit(dir);
      assert.ok(edits >= editsMin, `${edits} edits`);
      const compactions = await checkLog(dir);
      assert.ok(compactions >= compactionsMin, `${compactions} compactions`);
      const [{ info, timeline }] = [...(await timelines(dir)).values()] as [Family];
      assert.equal(info.timedEvents, info.events, 'every event has its time');
      for (let e = 0; e < info.events; e++) {
        assert.equal((timeline.flags[e] as number) & (FLAG_INFERRED | FLAG_START), 0, `event ${e} is confirmed`);
      }
      for (let life = 0; life < timeline.lives; life++) assert.ok((timeline.entries[life] as number) > 0);
    });
  }

  it('of one whose writes stall', async () => {
    const stall = [
      '--num=60000',
      '--level0_file_num_compaction_trigger=2',
      '--level0_slowdown_writes_trigger=3',
      '--level0_stop_writes_trigger=5',
      '--max_background_jobs=1',
    ];
    const kept = mkdtempSync(join(scratch(), 'timeline-'));
    withBenchStore([...small, ...stall], (dir) => execFileSync('cp', ['-r', `${dir}/.`, kept]));
    const { info, timeline } = (await timelines(kept)).get(0) as Family;
    const lines = readFileSync(join(kept, 'LOG'), 'utf8').match(/ (Stalling|Stopping) writes because /g) ?? [];
    assert.ok(lines.length > 0, 'db_bench was not slow enough to stall');
    assert.ok(info.stalls.length > 0 && info.stalls.length <= lines.length);
    const first = Math.min(...timeline.at.subarray(0, info.events));
    const last = Math.max(...timeline.at.subarray(0, info.events));
    for (const [i, s] of info.stalls.entries()) {
      assert.ok(s.from <= s.to && s.from >= first - 60e6 && s.to <= last + 60e6, 'at the time of the store');
      assert.match(s.why, /^\d+ (level-0 files|immutable memtables)|^estimated pending compaction bytes/);
      assert.ok(i === 0 || s.from >= (info.stalls[i - 1]?.to as number), 'one after the other');
    }
  });
});

describe('timelines of a store made by LevelDB', { skip: NO_TOOLS }, () => {
  it('classic-level, compacted and opened again', async () => {
    const dir = mkdtempSync(join(scratch(), 'timeline-'));
    const fill = async (from: number): Promise<void> => {
      const db = new ClassicLevel<string, string>(dir, { writeBufferSize: 65536, maxFileSize: 1 << 20 });
      for (let i = 0; i < 100; i++) {
        const ops = Array.from({ length: 100 }, (_, k) => {
          const key = `k${String((i * 7919 + k * 104729 + from) % 100000).padStart(6, '0')}`;
          return { type: 'put' as const, key, value: `${i}`.repeat(40) };
        });
        await db.batch(ops);
      }
      await db.close();
    };
    await fill(0);
    const edits = await checkEveryEdit(dir);
    assert.ok(edits > 10, `${edits} edits`);
    const { timeline, info } = (await timelines(dir)).get(0) as Family;
    assert.equal(info.startsHere, false);
    const compactions = Array.from({ length: info.events }, (_, e) => e).filter(
      (e) => EVENT_KINDS[timeline.kind[e] as number] === 'compaction',
    );
    assert.ok(compactions.length > 0);
    for (const e of compactions) {
      assert.equal((timeline.flags[e] as number) & FLAG_INFERRED, 0);
      assert.ok((timeline.recordsOut[e] as number) > 0 && (timeline.writtenBytes[e] as number) > 0);
      assert.ok(Number.isNaN(timeline.at[e]), 'its log has local times');
    }
    await fill(5);
    await checkEveryEdit(dir);
    const again = (await timelines(dir)).get(0) as Family;
    if (again.info.manifest !== info.manifest) assert.equal(again.info.startsHere, true);
  });
});
