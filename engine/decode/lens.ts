/**
 * Lenses: how an application's keys and values read, told from what its stores look like (other-engines.md §1).
 *
 * A lens never throws and never takes long: what it cannot read is undefined, and shown as bytes. Its texts may
 * hold anything that the store holds; whoever shows them escapes them.
 */
import type { EngineId } from '../model/tree.ts';

export interface DecodedValue {
  readonly text: string;
  /** For an editor. */
  readonly language: 'json' | 'text';
}

export interface Lens {
  /** Stable, for settings and the command line. */
  readonly id: string;
  readonly title: string;
  /** A key in one line. */
  key(key: Uint8Array): string | undefined;
  value(key: Uint8Array, value: Uint8Array): DecodedValue | undefined;
}

/** What detection goes by. */
export interface LensContext {
  readonly engine: EngineId;
  readonly comparator: string;
  readonly family: string;
  /** Names of the store's folder and of the folder that holds it. */
  readonly folder: string;
  readonly parent: string;
  readonly files: readonly string[];
  /** Options of the family, by the engine's own names; empty where it has none. */
  readonly options?: Readonly<Record<string, string>>;
  /** Some entries of the family, from all over it; values may be cut. */
  readonly sample: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[];
}

export interface LensMatch {
  readonly lens: Lens;
  /** 0 to 1. */
  readonly confidence: number;
  /** What it was told by, in words. */
  readonly why: string;
}

/** A lens, or how to make one for a store: some carry a secret of the store with them. */
export interface LensKind {
  readonly id: string;
  readonly title: string;
  detect(context: LensContext): LensMatch | undefined;
}

/** Share of the sample's keys for which `test` holds; 0 for an empty sample. */
export function shareOf(context: LensContext, test: (key: Uint8Array, value: Uint8Array) => boolean): number {
  if (context.sample.length === 0) return 0;
  return context.sample.filter((e) => test(e.key, e.value)).length / context.sample.length;
}
