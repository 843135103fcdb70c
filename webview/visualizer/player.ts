/** Playing through a history: buttons, speed, and the keys that do the same anywhere on the page. */
import { count } from '../text/numbers.ts';
import { el, fill, icon, iconButton, setText, show } from '../ui/dom.ts';
import { perFrame } from '../ui/host.ts';
import type { Context, Pane } from './context.ts';
import { placeOf, seek } from './seek.ts';

/** Events a second. */
export const SPEEDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] as const;
/** A tab that was hidden does not make up for what it missed. */
const FRAME_MAX = 250;

export class PlayerPane implements Pane {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #play: HTMLButtonElement;
  readonly #live: HTMLButtonElement;
  readonly #back: readonly HTMLButtonElement[];
  readonly #forward: readonly HTMLButtonElement[];
  readonly #place = el('span', { class: 'player-place' });
  readonly #speed: HTMLSelectElement;
  readonly #update = perFrame(() => this.#paint());
  #frame = 0;
  #last = 0;
  /** Part of an event that time has paid for already. */
  #part = 0;

  constructor(context: Context) {
    this.#context = context;
    const step = (name: 'toStart' | 'leapBack' | 'stepBack' | 'stepForward' | 'leapForward' | 'toEnd', label: string) =>
      iconButton(name, label, () => this.#button(name));
    this.#back = [
      step('toStart', 'To the start (Home)'),
      step('leapBack', '10 edits back (Shift+Left)'),
      step('stepBack', 'One edit back (Left)'),
    ];
    this.#forward = [
      step('stepForward', 'One edit forward (Right)'),
      step('leapForward', '10 edits forward (Shift+Right)'),
      step('toEnd', 'To the newest edit (End)'),
    ];
    this.#play = iconButton('play', 'Play (Space)', () => this.toggle());
    this.#play.classList.add('player-play');
    this.#live = el(
      'button',
      { class: 'toggle', type: 'button', title: 'Stay at the newest edit as the store changes', 'aria-pressed': false },
      icon('live'),
      'Live',
    );
    this.#live.addEventListener('click', () => {
      const { state, timeline } = context;
      if (state.now.follow) state.set({ follow: false });
      else state.set({ playing: false, at: timeline.events, follow: true });
    });
    this.#speed = el('select', { class: 'select', 'aria-label': 'Speed', title: 'Edits a second' });
    for (const s of SPEEDS) this.#speed.append(new Option(`${count(s)} edits/s`, String(s)));
    this.#speed.addEventListener('change', () => context.state.set({ speed: Number(this.#speed.value) }));
    this.element = el(
      'div',
      { class: 'player', role: 'group', 'aria-label': 'Playback' },
      ...this.#back,
      this.#play,
      ...this.#forward,
      this.#place,
      this.#speed,
      this.#live,
    );
    context.state.on((changed) => {
      if (changed.has('playing')) this.#run();
      if (changed.has('at') || changed.has('follow') || changed.has('playing') || changed.has('speed')) this.#update();
    });
    context.onData(this.#update);
    this.#paint();
  }

  toggle(): void {
    const { state, timeline } = this.#context;
    if (state.now.playing) state.set({ playing: false });
    else if (timeline.events > 0) {
      const at = placeOf(this.#context);
      state.set({ playing: true, follow: false, at: at >= timeline.events ? 0 : at });
    }
  }

  step(by: number): void {
    const at = placeOf(this.#context);
    seek(this.#context, at + by);
  }

  /** Faster or slower by one stop. */
  pace(by: 1 | -1): void {
    const { state } = this.#context;
    const now = SPEEDS.findIndex((s) => s >= state.now.speed);
    const next = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, (now < 0 ? SPEEDS.length - 1 : now) + by))];
    if (next !== undefined) state.set({ speed: next });
  }

  /** What a key press on the page means here; true if it was one of ours. */
  key(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const many = event.shiftKey ? 10 : 1;
    switch (event.key) {
      case ' ':
        this.toggle();
        return true;
      case 'ArrowLeft':
      case ',':
        this.step(-many);
        return true;
      case 'ArrowRight':
      case '.':
        this.step(many);
        return true;
      case '<':
        this.step(-10);
        return true;
      case '>':
        this.step(10);
        return true;
      case 'Home':
        seek(this.#context, 0);
        return true;
      case 'End':
        seek(this.#context, this.#context.timeline.events);
        return true;
      case '[':
        this.pace(-1);
        return true;
      case ']':
        this.pace(1);
        return true;
      default:
        return false;
    }
  }

  #button(name: string): void {
    const { timeline } = this.#context;
    if (name === 'toStart') seek(this.#context, 0);
    else if (name === 'toEnd') seek(this.#context, timeline.events);
    else this.step({ leapBack: -10, stepBack: -1, stepForward: 1, leapForward: 10 }[name] ?? 0);
  }

  #run(): void {
    cancelAnimationFrame(this.#frame);
    if (!this.#context.state.now.playing) return;
    this.#last = performance.now();
    this.#part = 0;
    this.#frame = requestAnimationFrame((now) => this.#tick(now));
  }

  #tick(now: number): void {
    const { state, timeline } = this.#context;
    if (!state.now.playing) return;
    this.#part += (Math.max(0, Math.min(FRAME_MAX, now - this.#last)) / 1000) * state.now.speed;
    this.#last = now;
    const by = Math.floor(this.#part);
    if (by > 0) {
      this.#part -= by;
      const at = Math.min(timeline.events, placeOf(this.#context) + by);
      const end = at >= timeline.events;
      state.set({ at, ...(end ? { playing: false, follow: true } : {}) });
    }
    if (state.now.playing) this.#frame = requestAnimationFrame((next) => this.#tick(next));
  }

  #paint(): void {
    const { state, timeline } = this.#context;
    const at = placeOf(this.#context);
    const label = state.now.playing ? 'Pause (Space)' : 'Play (Space)';
    if (this.#play.title !== label) {
      this.#play.title = label;
      this.#play.setAttribute('aria-label', label);
      fill(this.#play, icon(state.now.playing ? 'pause' : 'play'));
    }
    // A button that is disabled would lose the focus that it has.
    this.#play.setAttribute('aria-disabled', String(timeline.events === 0));
    for (const button of this.#back) button.setAttribute('aria-disabled', String(at === 0));
    for (const button of this.#forward) button.setAttribute('aria-disabled', String(at >= timeline.events));
    setText(this.#place, `${count(at)} / ${count(timeline.events)}`);
    show(this.#place, timeline.events > 0);
    this.#live.setAttribute('aria-pressed', String(state.now.follow));
    const speed = SPEEDS.findLast((s) => s <= state.now.speed) ?? SPEEDS[0];
    if (this.#speed.value !== String(speed)) this.#speed.value = String(speed);
  }
}
