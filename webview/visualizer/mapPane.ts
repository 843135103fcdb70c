/** Placeholder: mounts nothing yet. */
import { el } from '../ui/dom.ts';
import type { Context, Pane } from './context.ts';

export class MapPane implements Pane {
  readonly element: HTMLElement = el('div', { class: 'map-pane' });

  constructor(_context: Context) {}
}
