/** The legend of the map's colours, below the map. */
import { el, fill } from '../ui/dom.ts';
import type { Legend } from './colours.ts';

export class LegendView {
  readonly element = el('div', { class: 'map-legend', role: 'note', 'aria-label': 'Colours of the map' });
  #shown = '';

  /** `unknownFill` is the colour of tables whose value nobody tells. */
  set(legend: Legend, unknownFill: string): void {
    const shown = JSON.stringify([legend, unknownFill]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    fill(
      this.element,
      el('span', { class: 'legend-title' }, legend.title),
      ...(legend.kind === 'swatches' ? swatches(legend) : gradient(legend)),
      legend.note === '' ? null : el('span', { class: 'legend-note' }, swatch(unknownFill, true), legend.note),
    );
  }
}

function swatch(colour: string, hatched = false): HTMLElement {
  const box = el('span', { class: hatched ? 'swatch hatched' : 'swatch', 'aria-hidden': 'true' });
  box.style.backgroundColor = colour;
  return box;
}

function swatches(legend: Legend): HTMLElement[] {
  return legend.swatches.map((s) => el('span', { class: 'legend-item' }, swatch(s.colour), s.label));
}

function gradient(legend: Legend): HTMLElement[] {
  const bar = el('span', { class: 'legend-bar', 'aria-hidden': 'true' });
  bar.style.backgroundImage = `linear-gradient(to right, ${legend.stops.join(', ')})`;
  const [low, high] = legend.labels;
  const ends = [el('span', { class: 'legend-item' }, low, bar, high)];
  return legend.middle === '' ? ends : [...ends, el('span', { class: 'dim' }, legend.middle)];
}
