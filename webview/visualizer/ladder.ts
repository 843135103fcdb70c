/**
 * The ladder of an explained get: what was asked in the order of the search, one rung a place, grouped by
 * level. Numbers and colours are those that the map draws over the tables.
 */
import './ladder.css';
import { displayKey } from '../../engine/model/display.ts';
import type { BlockStep, ReadPath, ReadStep, VersionStep } from '../../engine/protocol/engineApi.ts';
import { count, levelName, size } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { appendLine } from '../ui/bytesView.ts';
import { actionButton, type Child, el, fill, icon } from '../ui/dom.ts';
import type { Context, Pane } from './context.ts';
import {
  filterFacts,
  type LadderGroup,
  type LadderRung,
  ladderAnswer,
  ladderGroups,
  ladderTotals,
  rungLabel,
  VERDICT_TONES,
  VERDICT_WORDS,
  type VerdictTone,
} from './ladderModel.ts';
import { placeOf, seek } from './seek.ts';
import { spanText } from './words.ts';

/** Characters of a bounding key in a rung. */
const BOUND_CHARS = 60;
const VALUE_BYTES = 400;
/** Versions listed in one place; more than a handful are merge operands. */
const VERSIONS_MAX = 6;

export class LadderPane implements Pane {
  readonly element = el('div', { class: 'ladder-pane' });
  readonly #context: Context;
  #shown: ReadPath | undefined;
  #rungs: HTMLElement[] = [];

  constructor(context: Context) {
    this.#context = context;
    context.state.on((changed) => {
      if (changed.has('explain')) this.#paint();
      else if (changed.has('selected')) this.#markPicked();
    });
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
    fill(
      this.element,
      this.#head(path),
      el('div', { class: 'ladder-actions' }, another, close),
      el('ol', { class: 'ladder', 'aria-label': 'Steps of the get' }, ...groups.map((g) => this.#group(g))),
    );
    for (const [i, rung] of this.#rungs.entries()) rung.tabIndex = i === 0 ? 0 : -1;
    this.#markPicked();
    if (path !== this.#shown) {
      this.#shown = path;
      const { text } = ladderAnswer(path);
      this.#context.speak(`${displayKey(path.key, 80)}: ${text}, ${count(path.totals.tablesAsked)} tables asked`);
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
      rangeLine(step),
      filterLine(step),
      ...step.blocks.map((b) =>
        blockLine(step, b, () => host.do({ action: 'openBlock', table: table ?? 0, offset: b.offset })),
      ),
      ...step.versions.slice(0, VERSIONS_MAX).map(versionLine),
      step.versions.length > VERSIONS_MAX
        ? el('div', { class: 'rung-line' }, el('span', {}), `and ${count(step.versions.length - VERSIONS_MAX)} more`)
        : null,
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

function dot(tone: VerdictTone): HTMLElement {
  return el('span', { class: `dot tone-${tone}`, 'aria-hidden': true });
}

function chip(tone: VerdictTone, text: string, className = ''): HTMLElement {
  return el('span', { class: `chip ${className}` }, dot(tone), text);
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

function rangeLine(step: ReadStep): Child {
  if (step.smallest === null || step.largest === null) return null;
  const title = `Smallest: ${displayKey(step.smallest, 400)}\nLargest: ${displayKey(step.largest, 400)}`;
  return el(
    'div',
    { class: 'rung-range mono', title },
    el('span', {}, displayKey(step.smallest, BOUND_CHARS)),
    '…',
    el('span', {}, displayKey(step.largest, BOUND_CHARS)),
  );
}

/** A name in a column of its own, and what belongs to it. */
function termLine(term: string, title: string | undefined, ...children: readonly Child[]): HTMLElement {
  return el(
    'div',
    { class: 'rung-line', title },
    el('span', { class: 'rung-term' }, term),
    el('span', {}, ...children),
  );
}

function filterLine(step: ReadStep): Child {
  const { filter } = step;
  if (filter === null) return null;
  const falsePositive = filter.falsePositive === true;
  const words = falsePositive ? 'false positive!' : filter.verdict;
  const tone = filter.verdict === 'no' ? 'blue' : falsePositive ? 'orange' : 'muted';
  const what = filter.bitsPerKey === null ? size(filter.bytes) : `${filter.bitsPerKey.toFixed(1)} bits/key`;
  return termLine('filter', filterFacts(step), chip(tone, words), ' ', el('span', { class: 'muted' }, what));
}

function blockLine(step: ReadStep, b: BlockStep, open: () => void): HTMLElement {
  const of = step.index === null ? '' : ` of ${count(step.index.blocks)}`;
  const title = `Show data block ${b.block} at offset ${b.offset} as text`;
  const link = el('button', { class: 'link', type: 'button', title }, `${count(b.block)}${of}`);
  link.addEventListener('click', open);
  const codec =
    b.compression === 'none' ? 'not compressed' : `${b.compression}, ${count(b.rawBytes)} bytes uncompressed`;
  return termLine(
    'block',
    codec,
    link,
    ' ',
    el('span', { class: 'muted' }, `${size(b.bytes)} ${b.cached ? 'cached' : 'read'}`),
  );
}

function versionLine(v: VersionStep): HTMLElement {
  const where = v.blob === undefined ? '' : ` in ${v.blob.file}`;
  const deleted = v.type === 'delete' || v.type === 'single-delete';
  const bytes = deleted ? '' : `, ${size(v.valueBytes)}${where}`;
  return termLine('version', undefined, `${v.type} `, el('span', { class: 'muted' }, `${count(v.seq)}${bytes}`));
}
