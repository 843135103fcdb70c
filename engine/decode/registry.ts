/** All lenses, and which of them fits a store. */
import type { LensContext, LensKind, LensMatch } from './lens.ts';
import { bedrock } from './lenses/bedrock.ts';
import { bitcoin } from './lenses/bitcoin.ts';
import { geth } from './lenses/geth.ts';
import { indexedDb } from './lenses/indexedDb.ts';
import { ttl } from './lenses/ttl.ts';
import { localStorage, sessionStorage } from './lenses/webStorage.ts';

export const LENSES: readonly LensKind[] = [indexedDb, localStorage, sessionStorage, bedrock, bitcoin, geth, ttl];

/** Lenses that fit, the surest first. */
export function detectLenses(context: LensContext): LensMatch[] {
  const found = LENSES.flatMap((kind) => kind.detect(context) ?? []);
  return found.sort((a, b) => b.confidence - a.confidence);
}
