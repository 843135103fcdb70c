/** A key or value in the detail pane as a lens reads it, and what stands in place of a hidden value. */
import type { EntryRow } from '../../engine/protocol/engineApi.ts';
import { layoutJson } from '../text/json.ts';
import { appendVisible } from '../ui/bytesView.ts';
import { actionButton, el } from '../ui/dom.ts';

export const MASK = '••••••••';

export type Decoded = NonNullable<NonNullable<EntryRow['shown']>['value']>;

/** Text over several lines; JSON is laid out. */
export function decodedBlock({ text, language }: Decoded): HTMLElement {
  const element = el('pre', { class: 'bytes text decoded' });
  const json = language === 'json' ? layoutJson(text, 2) : undefined;
  if (text === '') element.append(el('span', { class: 'dim' }, 'empty'));
  else appendVisible(element, json ?? text, true);
  return element;
}

/** What is shown of a value that is hidden. */
export function maskedBlock(onShow: () => void): HTMLElement {
  return el(
    'div',
    { class: 'masked' },
    el('span', { class: 'mask', 'aria-hidden': true }, MASK),
    el('span', { class: 'dim' }, 'Hidden: stores of browsers hold sign-in tokens and other secrets.'),
    actionButton('Show values', 'secondary', onShow),
  );
}
