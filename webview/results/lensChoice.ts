/** Which lens a page begins with, and what that means for values: pure, no DOM. */
import type { LensInfo } from '../../engine/protocol/engineApi.ts';
import { isSensitive, type LensChoice, SURE_LENS } from '../../engine/protocol/viewApi.ts';

/** Formats that the page shows values in anyway. */
const PLAIN: ReadonlySet<string> = new Set(['value:json', 'value:utf8', 'value:hex']);

/**
 * The lens to begin with: what was chosen before if it still fits; otherwise the surest, if it is sure enough, says
 * more than the bytes do, and lenses are to be used without being asked for. Undefined for none.
 */
export function firstLens(found: readonly LensInfo[], { auto, chosen }: LensChoice): string | undefined {
  if (chosen === null) return undefined;
  if (chosen !== undefined && found.some((l) => l.id === chosen)) return chosen;
  const [surest] = found;
  return auto && surest !== undefined && surest.confidence >= SURE_LENS && !PLAIN.has(surest.id)
    ? surest.id
    : undefined;
}

/** Whether a lens is meant to read keys: one for a format of values leaves them as they are. */
export function readsKeys({ kind }: LensInfo): boolean {
  return kind !== 'values';
}

/** Whether values are hidden at first: a lens that may fit says so, also when another one or none is looked through. */
export function hidesValues(found: readonly LensInfo[]): boolean {
  return found.some((l) => isSensitive(l.id));
}

/** `Minecraft Bedrock world: keys are chunk coordinates (97 % sure)` */
export function whyText({ title, why, confidence }: LensInfo): string {
  return confidence > 0 ? `${title}: ${why} (${Math.round(confidence * 100)} % sure)` : `${title}: ${why}`;
}
