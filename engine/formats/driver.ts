/** What a driver tells about a directory. */
import type { StoreError } from '../base/errors.ts';
import type { EngineId } from '../model/tree.ts';

/** What a folder seems to be. */
export interface Detection {
  readonly engine: EngineId;
  /** 0 to 1. */
  readonly confidence: number;
  /** What in the directory says so, in words. */
  readonly why: string;
  /** A relative of the engine, whose stores differ from its own. */
  readonly variant?: 'eleveldb';
  /** Set where the engine is known but its stores are not opened. */
  readonly refusal?: StoreError;
}
