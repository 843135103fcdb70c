/**
 * What can go wrong with a store, as values.
 *
 * A hostile or damaged file may only ever produce a `StoreError`; reading code collects `Problem`s
 * beside its results instead of failing wholesale (architecture.md, decision 6).
 */

/** Why an operation failed. `NOT_FOUND` is a missing file or key, `INPUT` a wrong request. */
export type Code = 'NOT_FOUND' | 'CORRUPT' | 'UNSUPPORTED' | 'IO' | 'LOCKED' | 'READ_ONLY' | 'CANCELLED' | 'INPUT';

/** One finding about a store. `offset` is a byte offset in `path`; `mend` says what a person can do. */
export interface Problem {
  readonly code: Code;
  /** File name relative to the store directory, or an absolute path outside of it. */
  readonly path: string;
  readonly offset?: number;
  readonly message: string;
  readonly mend?: string;
}

/** Where an error was seen; every field is optional because not every error has a place in a file. */
export interface ErrorPlace {
  readonly path?: string | undefined;
  readonly offset?: number | undefined;
  readonly mend?: string | undefined;
}

/** `text` without what could break a line or move a terminal's cursor: names in files may hold anything. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a screen
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (c) => {
    const code = c.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/** The only exception that engine code may let escape. Plain data, so that it crosses the RPC. */
export class StoreError extends Error {
  readonly code: Code;
  readonly path: string | undefined;
  readonly offset: number | undefined;
  readonly mend: string | undefined;

  constructor(code: Code, message: string, place: ErrorPlace = {}) {
    super(oneLine(message));
    this.name = 'StoreError';
    this.code = code;
    this.path = place.path;
    this.offset = place.offset;
    this.mend = place.mend;
  }

  /** The same error with the place filled in where it was unknown. */
  at(place: ErrorPlace): StoreError {
    return new StoreError(this.code, this.message, {
      path: this.path ?? place.path,
      offset: this.offset ?? place.offset,
      mend: this.mend ?? place.mend,
    });
  }

  toProblem(): Problem {
    return {
      code: this.code,
      path: this.path ?? '',
      message: this.message,
      ...(this.offset === undefined ? {} : { offset: this.offset }),
      ...(this.mend === undefined ? {} : { mend: this.mend }),
    };
  }
}

export function corrupt(message: string, place: ErrorPlace = {}): StoreError {
  return new StoreError('CORRUPT', message, place);
}

export function unsupported(message: string, place: ErrorPlace = {}): StoreError {
  return new StoreError('UNSUPPORTED', message, place);
}

/** Turns whatever was thrown into a `StoreError`: a bug of ours is an `IO` error that says so. */
export function toStoreError(thrown: unknown, place: ErrorPlace = {}): StoreError {
  if (thrown instanceof StoreError) return thrown.at(place);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const wrapped = new StoreError('IO', message, place);
  if (thrown instanceof Error && thrown.stack !== undefined) wrapped.stack = thrown.stack;
  return wrapped;
}

/** One line: `CODE: what is wrong (file, offset N); mend`. */
export function describeProblem(p: Problem | StoreError): string {
  const place =
    p.path === undefined || p.path === '' ? '' : ` (${p.path}${p.offset === undefined ? '' : `, offset ${p.offset}`})`;
  return `${p.code}: ${p.message}${place}${p.mend === undefined ? '' : `; ${p.mend}`}`;
}
