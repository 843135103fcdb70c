/** Names the second history, tells its stalls beside those of the first, and takes it away. */
import { plural } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { el, fill, iconButton, show } from '../ui/dom.ts';
import { perFrame } from '../ui/host.ts';
import type { Context, Pane } from './context.ts';
import { stallsOf } from './track.ts';
import { spanText } from './words.ts';

export class TrackChip implements Pane {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #chip = el('span', { class: 'track-chip' });
  readonly #choose: HTMLButtonElement;

  constructor(context: Context) {
    this.#context = context;
    this.#choose = iconButton('compare', 'Compare with another history…', () =>
      context.host.do({ action: 'chooseTrack' }),
    );
    this.element = el('span', { class: 'track' }, this.#chip, this.#choose);
    const paint = perFrame(() => this.#paint());
    context.onData(paint);
    this.#paint();
  }

  #paint(): void {
    const { track, info } = this.#context;
    show(this.#chip, track !== undefined);
    if (track === undefined) return;
    const ours = stallsOf(info);
    const theirs = stallsOf(track.info);
    const told = ours.count + theirs.count > 0;
    const against = `${plural(theirs.count, 'stall')}, ${spanText(theirs.micros)}, against ${ours.count}, ${spanText(ours.micros)}`;
    const more = theirs.count - ours.count;
    const stalls = `${plural(theirs.count, 'stall')} (${more > 0 ? '+' : more < 0 ? '−' : '±'}${Math.abs(more)})`;
    const label = visibleString(track.label);
    const how = `${plural(track.timeline.events, 'edit')}, where it had taken in as many bytes`;
    fill(
      this.#chip,
      el('span', { class: 'curve-swatch track', 'aria-hidden': 'true' }),
      el('span', { title: `${track.id.path}: ${how}` }, `beside ${label}`),
      told ? el('span', { class: 'muted', title: against }, stalls) : null,
      iconButton('close', `Take ${label} away`, () => this.#context.host.do({ action: 'restoreTrack', track: null })),
    );
  }
}
