/** Values as people read them: laid-out JSON where they are, or decode to, JSON; text; or a hex dump. */
import type * as vscode from 'vscode';
import { indentJson } from './jsonFormat.ts';
import type { Store } from './store.ts';
import { type ValueText, valueText } from './valueText.ts';

/** As the surest lens of the family reads it, else as its bytes are. */
export async function readable(
  store: Store,
  family: number,
  key: Uint8Array,
  value: Uint8Array,
  token?: vscode.CancellationToken,
): Promise<ValueText> {
  const plain = valueText(value);
  if (plain.kind !== 'hex') return plain;
  const shown = await store.call('decode', { family, key, value }, token);
  if (shown === null) return plain;
  return shown.language === 'json'
    ? { kind: 'json', extension: '.json', text: indentJson(shown.text) ?? shown.text }
    : { kind: 'text', extension: '.txt', text: shown.text };
}
