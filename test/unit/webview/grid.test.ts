import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChunkCache } from '../../../webview/results/chunkCache.ts';
import { columnTemplate, resizeColumn } from '../../../webview/ui/columns.ts';
import { ScrollModel } from '../../../webview/ui/scrollModel.ts';

describe('ScrollModel', () => {
  it('is one to one while the list fits', () => {
    const m = new ScrollModel(22, 6_000_000);
    m.resize(1000, 440);
    assert.equal(m.scaled, false);
    assert.equal(m.physicalRange, 1000 * 22 - 440);
    assert.equal(m.scrolledTo(333), true);
    assert.deepEqual([m.top, m.firstRow, m.lastRow], [333, 15, 35]);
  });

  for (const rows of [1_000_000, 50_000_000, 4_000_000_000]) {
    it(`moves by exact pixels over ${rows} rows, whatever the scrollbar can show`, () => {
      const m = new ScrollModel(22);
      m.resize(rows, 440);
      assert.equal(m.scaled, true);
      assert.equal(m.physicalRange, 6_000_000);
      m.moveTo(rows * 11);
      const start = m.top;
      for (let i = 0; i < 100; i++) {
        m.moveBy(22);
        m.placed(m.physicalTop);
        assert.equal(m.scrolledTo(m.physicalTop), false);
      }
      assert.equal(m.top, start + 2200);
      for (const fraction of [0.25, -0.5]) assert.equal(m.scrolledTo(m.physicalTop + fraction), false);
      assert.equal(m.top, start + 2200);
    });

    it(`reaches both ends of ${rows} rows by dragging`, () => {
      const m = new ScrollModel(22);
      m.resize(rows, 431);
      assert.equal(m.scrolledTo(6_000_000), true);
      assert.equal(m.lastRow, rows - 1);
      assert.equal(m.top, rows * 22 - 431);
      assert.equal(m.scrolledTo(0), true);
      assert.equal(m.firstRow, 0);
    });
  }

  it('reveals with the least movement', () => {
    const m = new ScrollModel(22);
    m.resize(100, 220);
    m.reveal(9);
    assert.equal(m.top, 0);
    m.reveal(10);
    assert.equal(m.top, 22);
    m.reveal(0);
    assert.equal(m.top, 0);
    assert.equal(m.pageRows, 10);
  });

  it('keeps its place when rows are added and stays inside when they go', () => {
    const m = new ScrollModel(22);
    m.resize(400_000, 440);
    m.moveTo(200_000 * 22);
    m.resize(900_000, 440);
    assert.equal(m.firstRow, 200_000);
    m.resize(10, 440);
    assert.deepEqual([m.top, m.firstRow, m.lastRow], [0, 0, 9]);
    m.resize(0, 440);
    assert.equal(m.lastRow, -1);
  });
});

describe('columns', () => {
  const columns = [
    { id: 'a', width: 80, min: 40 },
    { id: 'b', width: 200, min: 60, flex: true },
  ];
  it('lets a flexible column take what is left', () => {
    assert.deepEqual(columnTemplate(columns, [90, null]), { template: '90px minmax(200px, 1fr)', minimum: 290 });
    assert.deepEqual(columnTemplate(columns, [90, 300]), { template: '90px 300px 1fr', minimum: 390 });
  });
  it('keeps widths within bounds', () => {
    assert.deepEqual(
      [-5, 39, 41.6, 1e9].map((w) => resizeColumn(columns[0]!, w)),
      [40, 40, 42, 2000],
    );
  });
});

interface Pending {
  readonly from: number;
  readonly count: number;
  cancelled: boolean;
  answer(rows?: readonly number[]): Promise<void>;
  fail(reason: Error): Promise<void>;
}

function cacheOver(options: { chunksMax?: number; inFlightMax?: number } = {}) {
  const requests: Pending[] = [];
  const arrived: [number, number][] = [];
  const errors: unknown[] = [];
  const cache = new ChunkCache<number>({
    chunkRows: 200,
    chunksMax: options.chunksMax ?? 4,
    inFlightMax: options.inFlightMax ?? 3,
    fetch: (from, count) => {
      const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>();
      const settle = async (act: () => void): Promise<void> => {
        act();
        await promise.catch(() => {});
        await Promise.resolve();
      };
      const request: Pending = {
        from,
        count,
        cancelled: false,
        answer: (rows = Array.from({ length: count }, (_, i) => from + i)) => settle(() => resolve(rows)),
        fail: (reason) => settle(() => reject(reason)),
      };
      requests.push(request);
      return {
        result: promise,
        cancel: () => {
          request.cancelled = true;
        },
      };
    },
    onRows: (from, count) => arrived.push([from, count]),
    onError: (_from, _count, reason) => errors.push(reason),
  });
  return { cache, requests, arrived, errors };
}

describe('ChunkCache', () => {
  it('asks for the chunks on screen and one ahead', async () => {
    const { cache, requests, arrived } = cacheOver();
    cache.total = 1000;
    cache.need(190, 230);
    assert.deepEqual(
      requests.map((r) => [r.from, r.count]),
      [
        [0, 200],
        [200, 200],
        [400, 200],
      ],
    );
    assert.equal(cache.row(195), undefined);
    await requests[0]!.answer();
    assert.equal(cache.row(195), 195);
    assert.deepEqual(arrived, [[0, 200]]);
    cache.need(191, 231);
    assert.equal(requests.length, 3);
  });

  it('looks ahead in the direction of travel, and asks for no row past the end', () => {
    const { cache, requests } = cacheOver();
    cache.total = 450;
    cache.need(400, 440);
    assert.deepEqual(
      requests.map((r) => [r.from, r.count]),
      [[400, 50]],
    );
    cache.need(390, 399);
    assert.deepEqual(
      requests.slice(1).map((r) => r.from),
      [200, 0],
    );
  });

  it('cancels what is wanted no more and drops a late answer', async () => {
    const { cache, requests, arrived } = cacheOver();
    cache.total = 1_000_000;
    cache.need(0, 30);
    cache.need(900_000, 900_030);
    assert.deepEqual(
      requests.map((r) => r.cancelled),
      [true, true, false, false],
    );
    await requests[0]!.answer();
    assert.equal(cache.row(0), undefined);
    assert.deepEqual(arrived, []);
    await requests[2]!.answer();
    assert.equal(cache.row(900_010), 900_010);
  });

  it('never has more requests under way than allowed, visible ones first', async () => {
    const { cache, requests } = cacheOver({ inFlightMax: 1 });
    cache.total = 10_000;
    cache.need(100, 500);
    assert.deepEqual(
      requests.map((r) => r.from),
      [0],
    );
    await requests[0]!.answer();
    assert.deepEqual(
      requests.map((r) => r.from),
      [0, 200],
    );
    assert.equal(cache.inFlight, 1);
  });

  it('drops answers to requests from before a clear', async () => {
    const { cache, requests } = cacheOver();
    cache.total = 1000;
    cache.need(0, 10);
    cache.clear();
    await requests[0]!.answer([7]);
    assert.equal(cache.row(0), undefined);
    assert.equal(requests[0]!.cancelled, true);
  });

  it('asks again for a short last chunk once the total has grown', async () => {
    const { cache, requests } = cacheOver();
    cache.total = 50;
    cache.need(0, 20);
    await requests[0]!.answer();
    cache.total = 120;
    assert.deepEqual(
      requests.map((r) => [r.from, r.count]),
      [
        [0, 50],
        [0, 120],
      ],
    );
    assert.equal(cache.row(30), 30);
    await requests[1]!.answer();
    assert.equal(cache.row(110), 110);
  });

  it('remembers a failure until told to retry, and never loops on an answer that stays short', async () => {
    const { cache, requests, errors } = cacheOver();
    cache.total = 200;
    cache.need(0, 20);
    const reason = new Error('damaged');
    await requests[0]!.fail(reason);
    assert.deepEqual(errors, [reason]);
    assert.equal(cache.failure(5), reason);
    cache.need(0, 21);
    assert.equal(requests.length, 1);
    cache.retry();
    assert.equal(requests.length, 2);
    await requests[1]!.answer([]);
    cache.need(0, 22);
    assert.equal(requests.length, 2);
    assert.match(String(cache.failure(0)), /0 of 200 rows/);
  });

  it('holds a bounded number of chunks, the ones used last', async () => {
    const { cache, requests } = cacheOver({ chunksMax: 3 });
    cache.total = 100_000;
    for (let i = 0; i < 20; i++) {
      cache.need(i * 1000, i * 1000 + 20);
      for (const r of requests.splice(0)) await r.answer();
      assert.ok(cache.size <= 3);
    }
    assert.equal(cache.row(19_000), 19_000);
    assert.equal(cache.row(0), undefined);
  });
});
