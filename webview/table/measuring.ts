/** The line at the foot of the editor: how far the measuring is, a way to end it, and what it took. */
import type { TableProfile } from '../../engine/protocol/engineApi.ts';
import { count, duration, plural } from '../text/numbers.ts';
import { el, setText, show } from '../ui/dom.ts';
import { CallError, type Host, type ViewCall } from '../ui/host.ts';
import { percent } from './words.ts';

export interface MeasuringActions {
  done(profile: TableProfile): void;
  failed(reason: CallError): void;
}

export class Measuring {
  readonly element: HTMLElement;
  readonly #host: Host;
  readonly #a: MeasuringActions;
  readonly #words = el('span', { class: 'status-text' });
  readonly #bar = el('div', {
    class: 'measure-bar',
    role: 'progressbar',
    'aria-label': 'Measuring the table',
    'aria-valuemin': 0,
    'aria-valuemax': 100,
  });
  readonly #fill = el('div', { class: 'measure-fill' });
  readonly #button = el('button', { class: 'link', type: 'button' });
  #call: ViewCall<TableProfile> | undefined;
  #table = 0;
  #started = 0;

  constructor(host: Host, actions: MeasuringActions) {
    this.#host = host;
    this.#a = actions;
    this.#bar.appendChild(this.#fill);
    this.#button.addEventListener('click', () => {
      if (this.#call === undefined) this.start(this.#table);
      else this.#stop();
    });
    this.element = el('footer', { class: 'status measure' }, this.#words, this.#bar, this.#button);
    this.#idle('');
  }

  start(table: number): void {
    this.#call?.cancel();
    this.#table = table;
    this.#started = performance.now();
    const call = this.#host.call('tableProfile', { table });
    this.#call = call;
    this.#place(0);
    setText(this.#words, 'Measuring…');
    setText(this.#button, 'Cancel');
    show(this.#bar, true);
    show(this.#button, true);
    call.result.then(
      (profile) => {
        if (this.#call !== call) return;
        this.#call = undefined;
        const took = duration(performance.now() - this.#started);
        const n = profile.blocks.offset.length;
        this.#idle(`Measured ${plural(n, 'data block')} and ${plural(profile.entries, 'entry', 'entries')} in ${took}`);
        show(this.#button, false);
        this.#a.done(profile);
      },
      (reason: unknown) => {
        if (this.#call !== call) return;
        this.#call = undefined;
        this.#idle('Not measured');
        setText(this.#button, 'Measure');
        this.#a.failed(reason instanceof CallError ? reason : new CallError({ code: 'IO', message: String(reason) }));
      },
    );
  }

  progressed(table: number, done: number, total: number): void {
    if (this.#call === undefined || table !== this.#table || total <= 0) return;
    this.#place(done / total);
    setText(
      this.#words,
      done < total
        ? `Measuring: ${count(done)} of ${plural(total, 'data block')}, ${percent(done / total)}`
        : 'Measuring: asking the filter for absent keys',
    );
  }

  /** The engine is gone; the measuring with it. */
  lost(): void {
    if (this.#call === undefined) return;
    this.#call = undefined;
    this.#idle('Not measured');
    show(this.#button, false);
  }

  #stop(): void {
    this.#call?.cancel();
    this.#call = undefined;
    this.#idle('Measuring was cancelled');
    setText(this.#button, 'Measure');
    this.#button.focus();
  }

  #idle(words: string): void {
    setText(this.#words, words);
    show(this.#bar, false);
  }

  #place(share: number): void {
    const p = Math.round(share * 100);
    this.#fill.style.width = `${p}%`;
    this.#bar.setAttribute('aria-valuenow', String(p));
  }
}
