/**
 * Crashes of a store that is open for writing, in the file system's model of what a crash leaves: after each, every
 * write that was acknowledged as synced is there, and what is there is a prefix of what was written.
 */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { StoreError } from '../../../engine/base/errors.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { DamageLog } from '../../../engine/iter/damage.ts';
import { createStore } from '../../../engine/store/create.ts';
import { openStore } from '../../../engine/store/open.ts';
import { StoreWriter } from '../../../engine/store/writer.ts';
import { memEnvironment } from '../../support/memEnvironment.ts';

const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);
const plain = (b: Uint8Array): string => new TextDecoder().decode(b);

class Stop extends Error {}

type Model = Map<string, string>;

/** One operation of the run: what it does to the store, and to the model. */
interface Step {
  readonly run: (w: StoreWriter) => void;
  readonly model?: (m: Model) => void;
  readonly synced?: boolean;
}

function steps(format: 'leveldb' | 'rocksdb'): Step[] {
  const list: Step[] = [];
  for (let i = 0; i < 18; i++) {
    const sync = i % 3 === 0;
    list.push({
      run: (w) => {
        const batch = w.batch();
        batch.put(0, bytes(`a${i % 7}`), bytes(`v${i}`));
        batch.put(0, bytes(`b${i}`), bytes('x'.repeat(50)));
        if (i > 2) batch.delete(0, bytes(`b${i - 3}`));
        if (format === 'rocksdb' && i === 9) batch.deleteRange(0, bytes('a0'), bytes('a3'));
        w.writeSync(batch, { sync });
      },
      model: (m) => {
        m.set(`a${i % 7}`, `v${i}`);
        m.set(`b${i}`, 'x'.repeat(50));
        if (i > 2) m.delete(`b${i - 3}`);
        if (format === 'rocksdb' && i === 9) for (const k of ['a0', 'a1', 'a2']) m.delete(k);
      },
      synced: sync,
    });
    if (i % 5 === 4) list.push({ run: (w) => void w.flush(), synced: true });
  }
  return list;
}

function content(store: ReturnType<typeof openStore>): string {
  const damage = new DamageLog();
  const c = store.view.scan(0, {}, damage);
  const seen: string[] = [];
  for (c.first(); c.valid; c.next()) {
    const key = c.keyBuffer.slice(c.keyStart, c.keyStart + c.keyLength);
    const value = c.valueBuffer.slice(c.valueStart, c.valueStart + c.valueLength);
    seen.push(`${plain(key)}=${plain(value)}`);
  }
  assert.deepEqual(damage.problems, []);
  return seen.join(' ');
}

const shown = (m: Model): string =>
  [...m]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([k, v]) => `${k}=${v}`)
    .join(' ');

function created(format: 'leveldb' | 'rocksdb'): MemFs {
  const fs = new MemFs();
  for (const _ of createStore(memEnvironment(fs), '/s', { format }));
  return fs;
}

/** Runs until `failAt` changes were begun; the states a reader may find afterwards. */
function runUntil(fs: MemFs, format: 'leveldb' | 'rocksdb', failAt: number, once: boolean) {
  let operations = 0;
  let stopped = false;
  fs.before = () => {
    operations++;
    if (operations < failAt || (once && operations > failAt)) return;
    stopped = true;
    throw once ? new StoreError('IO', 'input/output error', { path: 'x' }) : new Stop();
  };
  const model: Model = new Map();
  /** After the last synced step, and after every step since; the one that failed may be among them. */
  let possible = [''];
  let done = 0;
  try {
    let writer: StoreWriter | undefined;
    for (const step of steps(format)) {
      // Sessions follow one another, so that recovery is part of the run.
      if (done++ % 8 === 7) {
        writer?.close();
        writer = undefined;
      }
      writer ??= open(fs, once);
      const next = new Map(model);
      step.model?.(next);
      try {
        step.run(writer);
      } catch (thrown) {
        if (!(thrown instanceof StoreError)) {
          possible.push(shown(next));
          throw thrown;
        }
        if (writer.failed !== undefined) {
          possible.push(shown(next));
          return { possible, operations, stopped };
        }
        continue;
      }
      for (const [k] of model) if (!next.has(k)) model.delete(k);
      for (const [k, v] of next) model.set(k, v);
      if (step.synced === true) possible = [];
      possible.push(shown(model));
    }
    writer?.close();
  } catch (thrown) {
    if (!(thrown instanceof Stop)) throw thrown;
  }
  return { possible, operations, stopped };
}

/** An opening that fails leaves the store as it was: it may be tried again. */
function open(fs: MemFs, again: boolean): StoreWriter {
  try {
    return StoreWriter.open(memEnvironment(fs), '/s');
  } catch (thrown) {
    if (!again || !(thrown instanceof StoreError)) throw thrown;
    return StoreWriter.open(memEnvironment(fs), '/s');
  }
}

for (const format of ['leveldb', 'rocksdb'] as const) {
  describe(`recovery of a ${format} store`, () => {
    for (const survivors of [
      { name: 'nothing that was not synced survives', bytes: 0, changes: 0 },
      { name: 'half of it survives', bytes: 0.5, changes: 0.5 },
      { name: 'files survive and names do not', bytes: 1, changes: 0 },
      { name: 'names survive and files do not', bytes: 0, changes: 1 },
    ]) {
      it(`after a crash at every change: ${survivors.name}`, () => {
        for (let at = 1; ; at++) {
          const fs = created(format);
          const { possible, stopped } = runUntil(fs, format, at, false);
          fs.before = undefined;
          fs.crash({
            bytes: (_, synced, written) => synced + Math.floor((written - synced) * survivors.bytes),
            changes: (waiting) => Math.floor(waiting * survivors.changes),
          });
          const read = openStore(fs, '/s');
          const seen = content(read);
          read.close();
          assert.ok(possible.includes(seen), `change ${at}: ${seen} is none of\n${possible.join('\n')}`);
          const writer = StoreWriter.open(memEnvironment(fs), '/s');
          assert.equal(content(writer.reader), seen, `change ${at}, opened for writing`);
          const batch = writer.batch();
          batch.put(0, bytes('zz'), bytes('after'));
          writer.writeSync(batch, { sync: true });
          writer.flush();
          writer.close();
          const again = openStore(fs, '/s');
          assert.equal(content(again), `${seen} zz=after`.trimStart(), `change ${at}, written to afterwards`);
          again.close();
          if (!stopped) break;
          assert.ok(at < 2000);
        }
      });
    }

    it('goes on after a change that fails once, with every acknowledged write and no other', () => {
      for (let at = 1; ; at++) {
        const fs = created(format);
        const { possible, stopped } = runUntil(fs, format, at, true);
        fs.before = undefined;
        const read = openStore(fs, '/s');
        const seen = content(read);
        read.close();
        assert.ok(possible.includes(seen), `change ${at}: ${seen} is none of\n${possible.join('\n')}`);
        fs.crash();
        const later = openStore(fs, '/s');
        assert.ok(possible.includes(content(later)), `change ${at}, after a crash`);
        later.close();
        if (!stopped) break;
        assert.ok(at < 2000);
      }
    });
  });
}
