/**
 * The ladder of an explained get: what was asked in the order of the search, one rung a place, grouped by
 * level. Numbers and colours are those that the map draws over the tables.
 */
import './ladder.css';
import { displayKey } from '../../engine/model/display.ts';
import type { ReadPath } from '../../engine/protocol/engineApi.ts';
import { count, levelName, size } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { appendLine } from '../ui/bytesView.ts';
import { actionButton, type Child, el, fill, icon, show } from '../ui/dom.ts';
import type { Context, Pane } from './context.ts';
import {
  type LadderGroup,
  type LadderRung,
  ladderAnswer,
  ladderGroups,
  ladderTotals,
  rungLabel,
  VERDICT_TONES,
  VERDICT_WORDS,
} from './ladderModel.ts';
import { chip, dot, stepLines } from './ladderRung.ts';
import { placeOf, seek } from './seek.ts';
import { spanText } from './words.ts';

const VALUE_BYTES = 400;

export class LadderPane implements Pane {
  readonly element = el('div', { class: 'ladder-pane' });
  readonly #context: Context;
  #shown: ReadPath | undefined;
  #rungs: HTMLElement[] = [];
  /** Of the store when the path came; undefined while nothing is known of it. */
  #generation: number | undefined;
  /** The sequence number to read as of, where the path is not of the newest state. */
  #at: number | undefined;
  readonly #stale = el('div', { class: 'ladder-stale' });

  constructor(context: Context) {
    this.#context = context;
    context.state.on((changed) => {
      if (changed.has('explain')) this.#paint();
      else if (changed.has('selected')) this.#markPicked();
    });
    context.onData(() => this.#checkStale());
    this.element.addEventListener('keydown', (event) => this.#key(event));
    this.#paint();
  }

  #paint(): void {
    const { state, host, family } = this.#context;
    const path = state.now.explain;
    this.#rungs = [];
    const another = actionButton(path === undefined ? 'Explain a Key…' : 'Another Key…', 'secondary', () =>
      host.do({ action: 'explain', family: state.now.family }),
    );
    if (path === undefined) {
      this.#shown = undefined;
      const hint =
        'How a get goes through the tree: which tables it asks, what their filters say, which blocks it reads.';
      fill(this.element, el('p', { class: 'muted side-hint' }, hint), el('div', { class: 'ladder-actions' }, another));
      return;
    }
    const groups = ladderGroups(path, family?.levels ?? []);
    const close = actionButton('Close', 'secondary', () => state.set({ explain: undefined }));
    if (path !== this.#shown) this.#arrived(path);
    fill(
      this.element,
      this.#head(path),
      this.#stale,
      el('div', { class: 'ladder-actions' }, another, close),
      el('ol', { class: 'ladder', 'aria-label': 'Steps of the get' }, ...groups.map((g) => this.#group(g))),
    );
    for (const [i, rung] of this.#rungs.entries()) rung.tabIndex = i === 0 ? 0 : -1;
    this.#markPicked();
  }

  #arrived(path: ReadPath): void {
    const { summary } = this.#context;
    this.#shown = path;
    this.#generation = summary?.generation;
    this.#at = summary !== undefined && path.at < summary.lastSequence ? path.at : undefined;
    show(this.#stale, false);
    const { text } = ladderAnswer(path);
    this.#context.speak(`${displayKey(path.key, 80)}: ${text}, ${count(path.totals.tablesAsked)} tables asked`);
  }

  /** The store has moved on since the get: its tables may be other ones by now. */
  #checkStale(): void {
    const { summary } = this.#context;
    if (this.#shown === undefined || summary === undefined) return;
    this.#generation ??= summary.generation;
    if (summary.generation === this.#generation) return;
    this.#note('The store has changed since.', 'Ask again');
  }

  #note(text: string, action: string): void {
    const link = el('button', { class: 'link', type: 'button' }, action);
    link.addEventListener('click', () => void this.#again());
    fill(this.#stale, icon('info'), el('span', {}, text, ' ', link));
    show(this.#stale, true);
  }

  async #again(): Promise<void> {
    const { host, state } = this.#context;
    const path = state.now.explain;
    if (path === undefined) return;
    const { family, key } = path;
    const at = this.#at === undefined ? {} : { at: this.#at };
    try {
      const explain = await host.call('explain', { family, key, ...at }).result;
      if (state.now.explain === path) state.set({ explain });
    } catch (thrown) {
      this.#note(visibleString(thrown instanceof Error ? thrown.message : String(thrown)), 'Try again');
    }
  }

  #head(path: ReadPath): HTMLElement {
    const answer = ladderAnswer(path);
    const title = el('h2', { class: 'ladder-key mono', title: displayKey(path.key, 400) });
    appendLine(title, path.key, 'text', true);
    const totals = ladderTotals(path).map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value)));
    return el(
      'header',
      { class: 'ladder-head' },
      title,
      el('div', { class: 'muted' }, `as of sequence ${count(path.at)}`),
      el('div', { class: 'ladder-answer' }, dot(VERDICT_TONES[answer.verdict]), el('span', {}, answer.text)),
      valueLine(path),
      ...path.problems.map((p) =>
        el('div', { class: 'ladder-problem' }, icon('warning'), el('span', {}, visibleString(p.message))),
      ),
      el('dl', { class: 'ladder-totals' }, ...totals),
    );
  }

  #group(group: LadderGroup): HTMLElement {
    const name = group.level < 0 ? 'Memtable' : levelName(group.level);
    return el(
      'li',
      { class: group.reached ? 'ladder-level' : 'ladder-level unreached' },
      el(
        'div',
        { class: 'ladder-level-head' },
        el('span', { class: 'ladder-level-name' }, name),
        group.note === '' ? null : el('span', { class: 'muted' }, group.note),
      ),
      group.rungs.length === 0 ? null : el('ol', {}, ...group.rungs.map((r) => this.#rung(r))),
    );
  }

  #rung(rung: LadderRung): HTMLElement {
    const { step, verdict } = rung;
    const { host } = this.#context;
    const { table } = step;
    const ends = verdict === 'found' || verdict === 'deleted';
    const element = el(
      'li',
      { class: `rung tone-${VERDICT_TONES[verdict]}${ends ? ' ends' : ''}`, 'aria-label': rungLabel(rung) },
      el('span', { class: 'rung-number', 'aria-hidden': true }, rung.order === 0 ? '' : String(rung.order)),
      el(
        'div',
        { class: 'rung-head' },
        table === null ? el('span', { class: 'rung-name' }, visibleString(step.file) || 'no log') : this.#name(table),
        el('span', { class: 'muted' }, size(step.bytes)),
        chip(VERDICT_TONES[verdict], VERDICT_WORDS[step.outcome === 'absent' ? 'absent' : verdict], 'rung-result'),
      ),
      ...stepLines(step, (b) => {
        const key = this.#shown?.key.slice();
        host.do({ action: 'openBlock', table: table ?? 0, offset: b.offset, ...(key === undefined ? {} : { key }) });
      }),
      el(
        'p',
        { class: 'rung-why' },
        visibleString(step.why),
        ' ',
        el('span', { class: 'rung-micros', title: 'Time that this step took' }, `${spanText(step.micros)}`),
      ),
    );
    if (table !== null) element.dataset['table'] = String(table);
    this.#rungs.push(element);
    return element;
  }

  #name(table: number): HTMLElement {
    const title = 'Pick this table on the map';
    const button = el('button', { class: 'link rung-name', type: 'button', title }, `Table ${table}`);
    button.addEventListener('click', () => this.#pick(table));
    return button;
  }

  /** Picks the table's stay on the map; shows the newest tree where it is not live at the place on show. */
  #pick(table: number): void {
    const { timeline: t, state } = this.#context;
    let life = t.lives - 1;
    while (life >= 0 && t.number[life] !== table) life--;
    if (life < 0) return;
    if (!t.isLive(life, placeOf(this.#context))) seek(this.#context, (t.born[life] as number) + 1);
    if (!t.isLive(life, t.events))
      this.#context.speak('This table is gone by now; the map shows the edit that brought it');
    state.set({ selected: [life] });
  }

  #markPicked(): void {
    const { timeline: t, state } = this.#context;
    const picked = new Set(state.now.selected.map((life) => String(t.number[life])));
    for (const rung of this.#rungs) rung.classList.toggle('picked', picked.has(rung.dataset['table'] ?? ''));
  }

  #key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const at = this.#rungs.findIndex((r) => r.contains(target));
    if (at < 0) return;
    const last = this.#rungs.length - 1;
    const to = { ArrowDown: Math.min(last, at + 1), ArrowUp: Math.max(0, at - 1), Home: 0, End: last }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      for (const [i, rung] of this.#rungs.entries()) rung.tabIndex = i === to ? 0 : -1;
      this.#rungs[to]?.focus();
    } else if (event.key === 'Enter' && target === this.#rungs[at]) {
      event.preventDefault();
      const table = target.dataset['table'];
      if (table !== undefined) this.#pick(Number(table));
    }
  }
}

function valueLine(path: ReadPath): Child {
  const { entry } = path;
  if (entry === undefined) return null;
  if (entry.value === null || entry.columns !== undefined) {
    const what = entry.columns ?? entry.operands;
    if (what === undefined) return null;
    return el(
      'div',
      { class: 'muted' },
      `${count(what.length)} ${entry.columns === undefined ? 'operands' : 'columns'}`,
    );
  }
  const value = el('div', { class: 'ladder-value mono', title: `${count(entry.valueSize)} bytes` });
  const shown = entry.value.subarray(0, VALUE_BYTES);
  if (shown.length === 0) value.append('empty');
  else appendLine(value, shown, 'text', shown.length === entry.valueSize);
  return value;
}
