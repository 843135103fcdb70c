/** What people type into input boxes: keys (the syntax of engine/model/keyInput.ts) and counts. */
import { plain, type Translate } from '../engine/model/keyInput.ts';

export { type ParsedKey, parseKey, plain, type Translate } from '../engine/model/keyInput.ts';

/** A whole number of at least `min`, or a message. An empty input is undefined (no choice made). */
export function parseCount(
  input: string,
  min: number,
  t: Translate = plain,
): { readonly value: number | undefined } | { readonly message: string } {
  const trimmed = input.replace(/[,_ ]/g, '');
  if (trimmed === '') return { value: undefined };
  if (!/^\d+$/.test(trimmed)) return { message: t('Type a whole number.') };
  const value = Number(trimmed);
  if (!Number.isSafeInteger(value)) return { message: t('The number is too large.') };
  if (value < min) return { message: t('At least {0}.', min) };
  return { value };
}
