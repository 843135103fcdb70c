/** The engine's calls: answers, errors, and how a call learns that nobody waits for it any more. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { StoreError } from '../../engine/base/errors.ts';
import { CancelBoard, type CancelToken, type Port, RpcClient, serve } from '../../engine/protocol/rpc.ts';

/** Two ports; what is posted at one arrives at the other in a later turn, once `arrives`. */
function wires(): { readonly client: Port; readonly engine: Port; arrives: boolean } {
  const wire = { arrives: true };
  const end = (): { port: (to: () => (message: unknown) => void) => Port; listener: (message: unknown) => void } => {
    const made = {
      listener: (_message: unknown): void => {},
      port: (to: () => (message: unknown) => void): Port => ({
        post: (message) => void setImmediate(() => wire.arrives && to()(structuredClone(message))),
        onMessage: (listener) => {
          made.listener = listener;
        },
      }),
    };
    return made;
  };
  const [a, b] = [end(), end()];
  return Object.assign(wire, { client: a.port(() => b.listener), engine: b.port(() => a.listener) });
}

describe('calls to the engine', () => {
  it('give the result, or the error with its place', async () => {
    const { client, engine } = wires();
    serve(engine, (method) => {
      if (method === 'samples') return [{ name: 'x' }];
      throw new StoreError('CORRUPT', 'is damaged', { path: '000001.ldb', offset: 7 });
    });
    const rpc = new RpcClient(client);
    assert.deepEqual(await rpc.call('samples', {}).result, [{ name: 'x' }]);
    await assert.rejects(
      rpc.call('summary', {}).result,
      (e) => e instanceof StoreError && e.code === 'CORRUPT' && e.path === '000001.ldb' && e.offset === 7,
    );
  });

  it('are cancelled by a message, and sooner by the board', async () => {
    for (const board of [undefined, new CancelBoard()]) {
      const wire = wires();
      const tokens: CancelToken[] = [];
      serve(
        wire.engine,
        (_method, _params, token) => {
          tokens.push(token);
          return new Promise(() => {});
        },
        board === undefined ? undefined : new CancelBoard(board.memory),
      );
      const rpc = new RpcClient(wire.client, undefined, board);
      const calls = [rpc.call('summary', {}), rpc.call('summary', {}), rpc.call('summary', {})];
      while (tokens.length < calls.length) await new Promise(setImmediate);
      calls[1]?.cancel();
      const cancelled = (): boolean[] => tokens.map((t) => t.cancelled);
      assert.deepEqual(cancelled(), [false, board !== undefined, false], 'in the same turn');
      await new Promise((resolve) => setTimeout(resolve, 5));
      assert.deepEqual(cancelled(), [false, true, false]);
      // The message alone, when so many others took its place on the board; and the board alone.
      for (let i = 0; i < CancelBoard.SLOTS; i++) rpc.call('summary', {}).cancel();
      assert.deepEqual(cancelled().slice(0, 3), [false, true, false]);
      if (board === undefined) continue;
      wire.arrives = false;
      calls[2]?.cancel();
      assert.deepEqual(cancelled().slice(0, 3), [false, true, true]);
    }
  });
});
