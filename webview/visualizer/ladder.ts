/** Placeholder: mounts nothing yet. */
import { el } from '../ui/dom.ts';
import type { Context, Pane } from './context.ts';

export class LadderPane implements Pane {
  readonly element: HTMLElement = el('div', { class: 'ladder-pane' });

  constructor(_context: Context) {}
}
