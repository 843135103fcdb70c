/** What a mouse, a pen or a trackpad does on the map, told apart: moving, clicking, dragging, zooming. */

/** Points are CSS pixels of the scrolled sheet. */
export interface PointingActions {
  move(x: number, y: number): void;
  leave(): void;
  /** `add`: Shift, Ctrl or Cmd was held. */
  click(x: number, y: number, add: boolean): void;
  open(x: number, y: number): void;
  /** The window is to move by this many pixels; to the right where positive. */
  pan(pixels: number): void;
  /** `factor` below 1 zooms in. */
  zoom(x: number, factor: number): void;
}

/** Pixels that a press may move and still be a click. */
const STILL = 4;
const LINE = 16;
const PER_PIXEL = 0.0016;
/** A pinch comes as a wheel with Ctrl, in smaller steps. */
const PER_PINCH = 0.011;

export class Pointing {
  readonly #element: HTMLElement;
  readonly #actions: PointingActions;
  #pressedAt: { readonly x: number; readonly y: number } | undefined;
  #lastX = 0;
  #lastY = 0;
  #dragging = false;

  constructor(element: HTMLElement, actions: PointingActions) {
    this.#element = element;
    this.#actions = actions;
    element.addEventListener('pointerdown', (event) => this.#down(event));
    element.addEventListener('pointermove', (event) => this.#move(event));
    element.addEventListener('pointerup', (event) => this.#up(event));
    element.addEventListener('pointercancel', () => this.#end());
    element.addEventListener('pointerleave', () => {
      if (!this.#dragging) actions.leave();
    });
    element.addEventListener('dblclick', (event) => {
      const { x, y } = this.#at(event);
      actions.open(x, y);
    });
    element.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
  }

  #at(event: MouseEvent): { x: number; y: number } {
    const { left, top } = this.#element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top + this.#element.scrollTop };
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#pressedAt = { x: event.clientX, y: event.clientY };
    this.#lastX = event.clientX;
    this.#lastY = event.clientY;
  }

  #move(event: PointerEvent): void {
    const pressed = this.#pressedAt;
    const moved =
      pressed !== undefined &&
      Math.max(Math.abs(event.clientX - pressed.x), Math.abs(event.clientY - pressed.y)) >= STILL;
    if (moved && !this.#dragging) {
      this.#dragging = true;
      this.#element.setPointerCapture(event.pointerId);
      this.#element.classList.add('dragging');
      this.#actions.leave();
    }
    if (this.#dragging) {
      this.#actions.pan(this.#lastX - event.clientX);
      this.#element.scrollTop += this.#lastY - event.clientY;
      this.#lastX = event.clientX;
      this.#lastY = event.clientY;
      return;
    }
    const { x, y } = this.#at(event);
    this.#actions.move(x, y);
  }

  #up(event: PointerEvent): void {
    const pressed = this.#pressedAt;
    const dragged = this.#dragging;
    this.#end();
    if (pressed === undefined || dragged) return;
    const { x, y } = this.#at(event);
    this.#actions.click(x, y, event.shiftKey || event.ctrlKey || event.metaKey);
  }

  #end(): void {
    this.#pressedAt = undefined;
    this.#dragging = false;
    this.#element.classList.remove('dragging');
  }

  #wheel(event: WheelEvent): void {
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1;
    const dx = event.deltaX * unit;
    const dy = event.deltaY * unit;
    const scrollable = this.#element.scrollHeight > this.#element.clientHeight + 1;
    // Alt leaves the wheel to scrolling, for a tree with more sublevels than the pane has room for.
    if (event.altKey && scrollable) return;
    event.preventDefault();
    if (event.shiftKey && dx === 0) this.#actions.pan(dy);
    else if (Math.abs(dx) > Math.abs(dy)) this.#actions.pan(dx);
    else this.#actions.zoom(this.#at(event).x, Math.exp(dy * (event.ctrlKey ? PER_PINCH : PER_PIXEL)));
  }
}
