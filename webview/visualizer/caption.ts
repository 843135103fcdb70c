/** The event on show in words: what it did, when, why, at what cost, and whether that is known or concluded. */

import { captionOf } from '../../engine/model/timeline/caption.ts';
import {
  EVENT_KINDS,
  FLAG_INFERRED,
  FLAG_LIVE,
  FLAG_SIMULATED,
  FLAG_START,
} from '../../engine/model/timeline/columns.ts';
import { count, plural } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { el, fill, iconButton, setText, show } from '../ui/dom.ts';
import { debounce, perFrame } from '../ui/host.ts';
import type { Context, Pane } from './context.ts';
import { placeOf, sameKind, seek } from './seek.ts';
import { captionAt, stallText, timeText } from './words.ts';

const EDITS_TITLE = 'Edits that add, move or remove tables of this family; the MANIFEST has others besides';

/** While events pass by, a screen reader is told of the one that stays. */
const SPEAK_AFTER = 700;

const KIND_WORDS: Readonly<Record<string, string>> = {
  unknown: 'change',
  flush: 'flush',
  compaction: 'compaction',
  move: 'move',
  ingest: 'ingestion',
  drop: 'deletion',
};

export class CaptionPane implements Pane {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #kind = el('span', { class: 'kind-mark', 'aria-hidden': 'true' });
  readonly #text = el('h1', { class: 'caption-text' });
  readonly #facts = el('div', { class: 'caption-facts' });
  readonly #previous: HTMLButtonElement;
  readonly #next: HTMLButtonElement;
  readonly #update = perFrame(() => this.#paint());
  readonly #speakSoon = debounce(SPEAK_AFTER, () => {
    if (!this.#context.state.now.playing) this.#context.speak(this.#text.textContent ?? '');
  });

  constructor(context: Context) {
    this.#context = context;
    this.#previous = iconButton('leapBack', 'Previous of this kind', () => this.#leap(-1));
    this.#next = iconButton('leapForward', 'Next of this kind', () => this.#leap(1));
    this.element = el(
      'section',
      { class: 'caption', 'aria-label': 'The event on show' },
      el('div', { class: 'caption-line' }, this.#kind, this.#text),
      el('div', { class: 'caption-line' }, this.#facts, el('span', { class: 'spring' }), this.#previous, this.#next),
    );
    context.state.on((changed) => {
      if (changed.has('at') || changed.has('family')) this.#update();
    });
    context.onData(this.#update);
    this.#paint();
  }

  #leap(way: 1 | -1): void {
    const event = sameKind(this.#context.timeline, placeOf(this.#context) - 1, way);
    if (event >= 0) seek(this.#context, event + 1);
  }

  #paint(): void {
    const { timeline: t, info } = this.#context;
    const at = placeOf(this.#context);
    const event = at - 1;
    const text = info === undefined ? 'Reading the history…' : visibleString(captionAt(t, at));
    if (this.#text.textContent !== text) {
      setText(this.#text, text);
      this.#text.title = text;
      this.#speakSoon();
    }
    show(this.element, info?.events !== 0 || t.events > 0);
    show(this.#kind, event >= 0);
    show(this.#previous, event >= 0);
    show(this.#next, event >= 0);
    if (event < 0) {
      fill(this.#facts, t.events === 0 ? null : `${plural(t.events, 'edit')} to come`);
      return;
    }
    const kind = EVENT_KINDS[t.kind[event] as number] ?? 'unknown';
    const flags = t.flags[event] as number;
    const start = (flags & FLAG_START) !== 0;
    const word = start ? 'start' : (KIND_WORDS[kind] as string);
    this.#kind.dataset['kind'] = start ? 'unknown' : kind;
    this.#previous.title = `Previous ${word}`;
    this.#next.title = `Next ${word}`;
    this.#previous.setAttribute('aria-label', `Previous ${word}`);
    this.#next.setAttribute('aria-label', `Next ${word}`);
    this.#previous.setAttribute('aria-disabled', String(sameKind(t, event, -1) < 0));
    this.#next.setAttribute('aria-disabled', String(sameKind(t, event, 1) < 0));
    const { cost, constant } = captionOf(t, event);
    const time = timeText(t.at[event] as number);
    const stall = visibleString(stallText(info, t.at[event] as number));
    const dropped = (t.recordsIn[event] as number) - (t.recordsOut[event] as number);
    const badge = (label: string, title: string): HTMLElement => el('span', { class: 'mark', title }, label);
    const fact = (value: string): HTMLElement | null => (value === '' ? null : el('span', {}, value));
    fill(
      this.#facts,
      el('span', { class: 'caption-edit', title: EDITS_TITLE }, `edit ${count(at)} of ${count(t.events)}`),
      time === '' ? el('span', { class: 'muted' }, 'time unknown') : el('span', { title: 'UTC' }, `${time} UTC`),
      start ? badge('history starts here', 'The MANIFEST was rolled: what was before is not told') : null,
      (flags & FLAG_INFERRED) !== 0 && !start
        ? badge('inferred', 'Concluded from what changed; no log of the engine confirms it')
        : null,
      (flags & FLAG_LIVE) !== 0 ? badge('live', 'Done by this engine while it was looked at') : null,
      (flags & FLAG_SIMULATED) !== 0 ? badge('simulated', 'Made by the simulator') : null,
      stall === '' ? null : badge(stall.split(':', 1)[0] ?? '', stall),
      fact(visibleString(cost)),
      fact(constant === '' ? '' : visibleString(constant)),
      fact(dropped > 0 ? `${plural(dropped, 'record')} dropped` : ''),
    );
  }
}
