/**
 * A typed RPC over any two-ended message port. Errors cross as data, calls can be cancelled, and
 * the death of the other side rejects every call that waits for it.
 */
import { type Code, StoreError, toStoreError } from '../base/errors.ts';
import type { EngineNotice, Method, Params, Result } from './engineApi.ts';

/** For the rooms that see the engine through this protocol only. */
export { type Code, describeProblem, StoreError, toStoreError } from '../base/errors.ts';

/** The part of a `MessagePort` or `Worker` that the RPC needs. */
export interface Port {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  onMessage(listener: (message: unknown) => void): void;
}

export interface ErrorData {
  readonly code: Code;
  readonly message: string;
  readonly path?: string | undefined;
  readonly offset?: number | undefined;
  readonly mend?: string | undefined;
  readonly stack?: string | undefined;
}

export type Request =
  | { readonly t: 'call'; readonly id: number; readonly method: Method; readonly params: unknown }
  | { readonly t: 'cancel'; readonly id: number };

export type Reply =
  | { readonly t: 'ok'; readonly id: number; readonly result: unknown }
  | { readonly t: 'error'; readonly id: number; readonly error: ErrorData }
  | { readonly t: 'notice'; readonly notice: EngineNotice };

/** Tells a running handler that nobody waits for its answer any more. */
export interface CancelToken {
  readonly cancelled: boolean;
}

/**
 * Ids of calls that nobody waits for any more, in memory that both sides share: a handler that is at work takes no
 * messages, and learns of it here at once. It may forget a call when many others are cancelled after it; the message
 * that is sent as well is what counts.
 */
export class CancelBoard {
  static readonly SLOTS = 64;
  readonly memory: SharedArrayBuffer;
  readonly #ids: Int32Array;

  constructor(memory = new SharedArrayBuffer(CancelBoard.SLOTS * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#ids = new Int32Array(memory);
  }

  /** `id`: from 1. */
  cancel(id: number): void {
    Atomics.store(this.#ids, id % CancelBoard.SLOTS, id);
  }

  has(id: number): boolean {
    return Atomics.load(this.#ids, id % CancelBoard.SLOTS) === id;
  }
}

class Token implements CancelToken {
  #told = false;
  readonly #id: number;
  readonly #board: CancelBoard | undefined;

  constructor(id: number, board: CancelBoard | undefined) {
    this.#id = id;
    this.#board = board;
  }

  get cancelled(): boolean {
    if (!this.#told && this.#board?.has(this.#id) === true) this.#told = true;
    return this.#told;
  }

  tell(): void {
    this.#told = true;
  }
}

export type Handler = (method: Method, params: unknown, token: CancelToken) => unknown;

export function errorToData(thrown: unknown): ErrorData {
  const e = toStoreError(thrown);
  return { code: e.code, message: e.message, path: e.path, offset: e.offset, mend: e.mend, stack: e.stack };
}

export function errorFromData(d: ErrorData): StoreError {
  const e = new StoreError(d.code, d.message, { path: d.path, offset: d.offset, mend: d.mend });
  if (d.stack !== undefined) e.stack = d.stack;
  return e;
}

/** Answers calls that come in over `port` with `handler`, which may return a promise. `board`: as the client has it. */
export function serve(port: Port, handler: Handler, board?: CancelBoard): (notice: EngineNotice) => void {
  const running = new Map<number, Token>();
  port.onMessage((message) => {
    const request = message as Request;
    if (request.t === 'cancel') {
      running.get(request.id)?.tell();
      return;
    }
    const { id } = request;
    const token = new Token(id, board);
    running.set(id, token);
    const answer = async (): Promise<void> => {
      try {
        const result = await handler(request.method, request.params, token);
        port.post({ t: 'ok', id, result } satisfies Reply);
      } catch (thrown) {
        port.post({ t: 'error', id, error: errorToData(thrown) } satisfies Reply);
      } finally {
        running.delete(id);
      }
    };
    void answer();
  });
  return (notice) => port.post({ t: 'notice', notice } satisfies Reply);
}

/** A call on its way; `cancel` makes it reject with CANCELLED as soon as the engine notices. */
export interface Call<T> {
  readonly result: Promise<T>;
  cancel(): void;
}

export class RpcClient {
  readonly #port: Port;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(reason: StoreError): void }>();
  readonly #onNotice: (notice: EngineNotice) => void;
  readonly #board: CancelBoard | undefined;
  #nextId = 1;
  #dead: StoreError | undefined;

  constructor(port: Port, onNotice: (notice: EngineNotice) => void = () => {}, board?: CancelBoard) {
    this.#port = port;
    this.#board = board;
    this.#onNotice = onNotice;
    port.onMessage((message) => this.#receive(message as Reply));
  }

  call<M extends Method>(method: M, params: Params<M>): Call<Result<M>> {
    const id = this.#nextId++;
    if (this.#dead !== undefined) return { result: Promise.reject(this.#dead), cancel: () => {} };
    const result = new Promise<Result<M>>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (value) => resolve(value as Result<M>), reject });
    });
    this.#port.post({ t: 'call', id, method, params } satisfies Request);
    return {
      result,
      cancel: () => {
        if (!this.#waiting.has(id)) return;
        this.#board?.cancel(id);
        this.#port.post({ t: 'cancel', id } satisfies Request);
      },
    };
  }

  /** The other side is gone: every waiting and every later call rejects with `reason`. */
  fail(reason: StoreError): void {
    this.#dead = reason;
    for (const waiter of this.#waiting.values()) waiter.reject(reason);
    this.#waiting.clear();
  }

  #receive(reply: Reply): void {
    if (reply.t === 'notice') {
      this.#onNotice(reply.notice);
      return;
    }
    const waiter = this.#waiting.get(reply.id);
    if (waiter === undefined) return;
    this.#waiting.delete(reply.id);
    if (reply.t === 'ok') waiter.resolve(reply.result);
    else waiter.reject(errorFromData(reply.error));
  }
}
