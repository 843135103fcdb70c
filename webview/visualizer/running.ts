/** The strip that tells of a compaction of ours while it runs, with a way to end it. */
import { displayKey } from '../../engine/model/display.ts';
import type { CompactionPhase } from '../../engine/protocol/engineApi.ts';
import { size } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { actionButton, el, setText, show } from '../ui/dom.ts';
import type { Context, Pane } from './context.ts';
import { waitText } from './words.ts';

const PHASES: Readonly<Record<CompactionPhase, string>> = {
  plan: 'Planning',
  copy: 'Copying the store',
  merge: 'Merging',
  proof: 'Reading back what was written',
  commit: 'Committing',
};

export class JobPane implements Pane {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #bar = el('div', { class: 'job-bar' });
  readonly #meter: HTMLElement;
  readonly #what = el('span', { class: 'job-what' });
  readonly #pace = el('span', { class: 'job-pace muted' });

  constructor(context: Context) {
    this.#context = context;
    this.#meter = el(
      'div',
      { class: 'job-meter', role: 'progressbar', 'aria-label': 'Compaction', 'aria-valuemin': 0, 'aria-valuemax': 100 },
      this.#bar,
    );
    this.element = el(
      'section',
      { class: 'job', 'aria-label': 'Running compaction' },
      this.#what,
      this.#meter,
      this.#pace,
      el('span', { class: 'spring' }),
      actionButton('Cancel', 'secondary', () => context.host.do({ action: 'cancelCompaction' })),
    );
    context.state.on((changed) => {
      if (changed.has('progress')) this.#paint();
    });
    this.#paint();
  }

  #paint(): void {
    const { progress } = this.#context.state.now;
    show(this.element, progress !== undefined);
    if (progress === undefined) return;
    const { job } = progress;
    const doing =
      job === undefined || progress.phase !== 'merge'
        ? PHASES[progress.phase]
        : job.kind === 'flush'
          ? 'Flushing'
          : `Compacting ${job.inputs.length} into L${job.outputLevel}`;
    const family =
      progress.family === '' ? '' : ` in ${visibleString(displayKey(new TextEncoder().encode(progress.family), 40))}`;
    setText(this.#what, `${doing}${family}`);
    const percent = Math.max(0, Math.min(100, progress.percent));
    this.#bar.style.transform = `scaleX(${percent / 100})`;
    this.#meter.setAttribute('aria-valuenow', String(Math.round(percent)));
    const parts = [`${Math.floor(percent)} %`, `read ${size(progress.readBytes)} of ${size(progress.totalBytes)}`];
    parts.push(`wrote ${size(progress.writtenBytes)}`);
    if (progress.bytesPerSecond > 0) parts.push(`${size(Math.round(progress.bytesPerSecond))}/s`);
    if (progress.etaSeconds !== null) parts.push(`${waitText(progress.etaSeconds)} left`);
    setText(this.#pace, parts.join(', '));
  }
}
