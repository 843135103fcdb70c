/** The differences of the comparison page: what is asked for, what stands after it, and what is on show. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import type { DiffKind, DiffPlace, DiffReport, DiffRow } from '../../../engine/protocol/engineApi.ts';
import { Differences } from '../../../webview/compare/differences.ts';

const place = (n: number): DiffPlace => ({ family: 'default', key: Uint8Array.of(n) });
const row = (n: number, kind: DiffKind): DiffRow => ({ ...place(n), kind });

function report(rows: DiffRow[], same: number, next: DiffPlace | undefined): DiffReport {
  const of = (kind: DiffKind): number => rows.filter((r) => r.kind === kind).length;
  return {
    rows,
    counts: { added: of('added'), removed: of('removed'), changed: of('changed'), same },
    next,
    tables: [],
    familiesAdded: [],
    familiesRemoved: [],
    problems: [],
    lost: false,
  };
}

class Host {
  readonly asked: (DiffPlace | undefined)[] = [];
  readonly errors: unknown[] = [];
  cancelled = 0;
  #settle: { resolve(r: DiffReport): void; reject(e: unknown): void }[] = [];
  readonly differences = new Differences({
    fetch: (after) => {
      this.asked.push(after);
      const result = new Promise<DiffReport>((resolve, reject) => this.#settle.push({ resolve, reject }));
      return { result, cancel: () => void this.cancelled++ };
    },
    onChange: () => {},
    onError: (e) => void this.errors.push(e),
  });

  async answer(call: number, with_: DiffReport | Error): Promise<void> {
    if (with_ instanceof Error) this.#settle[call]?.reject(with_);
    else this.#settle[call]?.resolve(with_);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('differences of two stores', () => {
  it('come page by page, each once, from where the last ended', async () => {
    const host = new Host();
    const d = host.differences;
    d.restart();
    d.more();
    assert.deepEqual(host.asked, [undefined], 'one call at a time');
    await host.answer(0, report([row(1, 'added'), row(2, 'changed')], 10, place(2)));
    assert.equal(d.words(), '1 added, 0 removed, 1 changed, 10 the same so far');
    d.more();
    assert.deepEqual(host.asked[1], place(2));
    await host.answer(1, report([row(3, 'removed')], 5, undefined));
    assert.equal(d.complete, true);
    assert.equal(d.words(), '1 added, 1 removed, 1 changed, 15 the same');
    d.more();
    assert.equal(host.asked.length, 2, 'there is no more');
    assert.deepEqual(
      d.rows.map((r) => r.key[0]),
      [1, 2, 3],
    );
  });

  it('can be narrowed to one kind, also while more come', async () => {
    const host = new Host();
    const d = host.differences;
    d.restart();
    await host.answer(0, report([row(1, 'added'), row(2, 'changed')], 0, place(2)));
    d.shown = 'changed';
    assert.deepEqual(
      d.rows.map((r) => r.key[0]),
      [2],
    );
    d.more();
    await host.answer(1, report([row(3, 'changed'), row(4, 'removed')], 0, undefined));
    assert.deepEqual(
      d.rows.map((r) => r.key[0]),
      [2, 3],
    );
    d.shown = 'all';
    assert.equal(d.rows.length, 4);
  });

  it('a page that was stopped or failed is asked for again, and its late answer is dropped', async () => {
    const host = new Host();
    const d = host.differences;
    d.restart();
    d.stop();
    assert.equal(host.cancelled, 1);
    assert.equal(d.running, false);
    d.more();
    await host.answer(0, report([row(9, 'added')], 0, undefined));
    assert.equal(d.rows.length, 0, 'the late answer');
    await host.answer(1, new Error('the engine is gone'));
    assert.equal(host.errors.length, 1);
    d.more();
    await host.answer(2, report([], 7, undefined));
    assert.equal(d.words(), '7 keys, no difference');
  });
});
