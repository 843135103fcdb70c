/** The strip below the map: what its two ends stand for, and what is under the pointer. */
import { displayKey } from '../../engine/model/display.ts';
import { size } from '../text/numbers.ts';
import { el, setText, show } from '../ui/dom.ts';
import type { Context } from './context.ts';
import { type Scene, xOf } from './mapPaint.ts';

const KEY_CHARS = 40;

export class AxisStrip {
  readonly #from = el('span', { class: 'axis-end' });
  readonly #to = el('span', { class: 'axis-end axis-last' });
  readonly #here = el('span', { class: 'axis-here' });
  readonly element = el('div', { class: 'map-axis mono', 'aria-hidden': 'true' }, this.#from, this.#to, this.#here);
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** `cursor` is the fraction of the axis under the pointer. */
  set(scene: Scene, cursor: number | undefined): void {
    this.element.style.paddingLeft = `${scene.gutter}px`;
    setText(this.#from, this.#textAt(scene, scene.window.from));
    setText(this.#to, this.#textAt(scene, scene.window.to));
    show(this.#here, cursor !== undefined);
    for (const end of [this.#from, this.#to]) end.style.visibility = '';
    if (cursor === undefined) return;
    setText(this.#here, this.#textAt(scene, cursor));
    const x = xOf(scene, cursor);
    const width = this.#here.offsetWidth;
    const left = Math.max(scene.gutter - 6, Math.min(scene.width - width - 4, x - width / 2));
    this.#here.style.left = `${Math.round(left)}px`;
    // An end that is covered in part would read as another key.
    for (const end of [this.#from, this.#to]) {
      const covered = left < end.offsetLeft + end.offsetWidth && left + width > end.offsetLeft;
      end.style.visibility = covered ? 'hidden' : '';
    }
  }

  #textAt({ layout, tree }: Scene, fraction: number): string {
    if (tree.timeline.lives === 0) return '';
    if (layout.axis === 'bytes') return size(Math.round(fraction * layout.extent));
    const { info, keys } = this.#context;
    const position = layout.boundaryAt(fraction);
    const key = keys.at(Math.max(info?.firstPosition ?? 0, Math.min(info?.lastPosition ?? 0, position)));
    return key === undefined ? '…' : displayKey(key, KEY_CHARS);
  }
}
