/** Bytes of a store as DOM: in one line for a cell, in full for the detail pane. Only text nodes are made. */
import type { BytesFormat } from '../../engine/protocol/viewApi.ts';
import { layoutJson } from '../text/json.ts';
import { decodeBytes, hexDump, hexText, isBinary, segmentsOf, strictText, trimCutSequence } from '../text/visible.ts';
import { el } from './dom.ts';

/** More than a cell of a wide screen can show. */
const CELL_CHARS = 320;
/** Past this many styled pieces the rest goes in as one text, so that binary data stays quick. */
const SEGMENTS_MAX = 2000;
/** Up to so many bytes, binary data outside of the hex format is one line of digits. */
const SHORT_BINARY = 32;
/** Bytes of a hex dump in one block; blocks off screen are not laid out. */
const DUMP_BLOCK = 4096;

/** The note for a value that is not JSON where JSON was asked for. */
export const NOT_JSON = 'not JSON';

/** Adds `text` to `parent`, its escapes set apart. */
export function appendVisible(parent: Element, text: string, keepLines = false): void {
  const segments = segmentsOf(text, keepLines);
  const styled = Math.min(segments.length, SEGMENTS_MAX);
  for (let i = 0; i < styled; i++) {
    const segment = segments[i];
    if (segment === undefined) break;
    if (segment.escaped) parent.appendChild(el('span', { class: 'escape' }, segment.text));
    else parent.appendChild(document.createTextNode(segment.text));
  }
  if (styled < segments.length) {
    let rest = '';
    for (let i = styled; i < segments.length; i++) rest += segments[i]?.text ?? '';
    parent.appendChild(document.createTextNode(rest));
  }
}

function appendHex(parent: Element, bytes: Uint8Array, whole: boolean): void {
  const text = hexText(bytes, CELL_CHARS / 2);
  parent.appendChild(document.createTextNode(whole || text.endsWith('…') ? text : `${text}…`));
}

/** One line of a text that did not come as bytes. */
export function appendTextLine(parent: Element, text: string): void {
  appendVisible(parent, text.length > CELL_CHARS ? text.slice(0, CELL_CHARS) : text);
  if (text.length > CELL_CHARS) parent.appendChild(document.createTextNode('…'));
}

/** One line of `bytes`; `whole` says that nothing was cut off its end. */
export function appendLine(parent: Element, bytes: Uint8Array, format: BytesFormat, whole: boolean): void {
  if (format === 'hex') {
    appendHex(parent, bytes, whole);
    return;
  }
  const usable = whole ? bytes : trimCutSequence(bytes);
  let text = decodeBytes(usable.length > CELL_CHARS * 2 ? trimCutSequence(usable.subarray(0, CELL_CHARS * 2)) : usable);
  if (isBinary(text)) {
    parent.appendChild(el('span', { class: 'dim' }, '0x'));
    appendHex(parent, bytes, whole);
    return;
  }
  if (format === 'json' && whole) text = layoutJson(strictText(bytes) ?? '', 0) ?? text;
  const cut = text.length > CELL_CHARS || usable.length > CELL_CHARS * 2 || !whole;
  appendVisible(parent, text.length > CELL_CHARS ? text.slice(0, CELL_CHARS) : text);
  if (cut) parent.appendChild(document.createTextNode('…'));
}

/** All of `bytes` in a block of its own; `note` is set where the format could not be kept. */
export function bytesBlock(
  bytes: Uint8Array,
  format: BytesFormat,
  whole: boolean,
): { readonly element: HTMLElement; readonly note: string } {
  if (bytes.length === 0) return { element: el('div', { class: 'bytes empty-bytes' }, 'empty'), note: '' };
  const text = format === 'hex' ? '' : decodeBytes(whole ? bytes : trimCutSequence(bytes));
  if (format !== 'hex' && bytes.length <= SHORT_BINARY && isBinary(text)) {
    const digits = document.createTextNode(hexText(bytes));
    return { element: el('pre', { class: 'bytes text' }, el('span', { class: 'dim' }, '0x'), digits), note: '' };
  }
  if (format === 'hex' || isBinary(text)) {
    const element = el('div', { class: 'bytes dump' });
    for (let at = 0; at < bytes.length; at += DUMP_BLOCK) {
      const end = Math.min(bytes.length, at + DUMP_BLOCK);
      const block = el('pre', { class: 'dump-block' }, hexDump(bytes, at, end));
      block.style.containIntrinsicHeight = `auto ${Math.ceil((end - at) / 16) * 18}px`;
      element.appendChild(block);
    }
    return { element, note: format === 'hex' ? '' : 'not text, so in hex' };
  }
  const json = format === 'json' ? layoutJson(whole ? (strictText(bytes) ?? '') : '', 2) : undefined;
  const element = el('pre', { class: 'bytes text' });
  appendVisible(element, json ?? text, true);
  if (!whole) element.appendChild(document.createTextNode('…'));
  return { element, note: format === 'json' && json === undefined ? (whole ? NOT_JSON : 'too long to lay out') : '' };
}
