/** The line between two panes: drag it, or move it with the arrow keys. */
import { el } from './dom.ts';

export interface SplitterOptions {
  readonly label: string;
  readonly min: number;
  /** Largest size of the second pane, in pixels, as the window now is. */
  max(): number;
  /** True while the panes stand side by side. */
  sideways(): boolean;
  get(): number;
  set(size: number): void;
}

export interface Splitter {
  readonly element: HTMLElement;
  /** Says anew how it lies and where it stands, after the panes have moved. */
  refresh(): void;
}

export function splitter(options: SplitterOptions): Splitter {
  const element = el('div', { class: 'splitter', role: 'separator', tabindex: 0, 'aria-label': options.label });
  const put = (size: number): void => {
    const max = Math.max(options.min, options.max());
    const next = Math.round(Math.min(max, Math.max(options.min, size)));
    options.set(next);
    describe();
  };
  const describe = (): void => {
    element.setAttribute('aria-orientation', options.sideways() ? 'vertical' : 'horizontal');
    element.setAttribute('aria-valuenow', String(options.get()));
    element.setAttribute('aria-valuemin', String(options.min));
    element.setAttribute('aria-valuemax', String(Math.max(options.min, Math.round(options.max()))));
  };
  element.addEventListener('pointerdown', (start) => {
    if (start.button !== 0) return;
    start.preventDefault();
    const from = options.get();
    element.setPointerCapture(start.pointerId);
    element.classList.add('active');
    const move = (event: PointerEvent): void =>
      put(from - (options.sideways() ? event.clientX - start.clientX : event.clientY - start.clientY));
    const end = (): void => {
      element.classList.remove('active');
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerup', end);
      element.removeEventListener('pointercancel', end);
    };
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', end);
    element.addEventListener('pointercancel', end);
  });
  element.addEventListener('keydown', (event) => {
    const grow = options.sideways() ? 'ArrowLeft' : 'ArrowUp';
    const shrink = options.sideways() ? 'ArrowRight' : 'ArrowDown';
    if (event.key !== grow && event.key !== shrink) return;
    event.preventDefault();
    put(options.get() + (event.key === grow ? 22 : -22));
  });
  element.addEventListener('focus', describe);
  describe();
  return { element, refresh: describe };
}
