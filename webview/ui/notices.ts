/** Messages above the content of a tab, and the list of problems of a store or a query. */
import type { Problem } from '../../engine/model/tree.ts';
import { count, plural } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { actionButton, el, fill, icon, iconButton } from './dom.ts';

export interface Notice {
  readonly kind: 'error' | 'warning' | 'info';
  readonly text: string;
  readonly detail?: string;
  readonly action?: { readonly label: string; run(): void };
}

export function noticeElement(notice: Notice): HTMLElement {
  return el(
    'div',
    { class: `notice ${notice.kind}`, role: notice.kind === 'info' ? 'status' : 'alert' },
    icon(notice.kind),
    el(
      'div',
      { class: 'notice-text' },
      el('span', {}, visibleString(notice.text)),
      notice.detail === undefined ? null : el('span', { class: 'notice-detail' }, visibleString(notice.detail)),
    ),
    notice.action === undefined ? null : actionButton(notice.action.label, 'secondary', notice.action.run),
  );
}

/** Messages by what they are about; a later one takes the place of an earlier. */
export class NoticeBoard {
  readonly element = el('div', { class: 'notices' });
  readonly #notices = new Map<string, Notice>();

  /** undefined takes it away. */
  set(id: string, notice: Notice | undefined): void {
    if (notice === undefined) {
      if (!this.#notices.delete(id)) return;
    } else this.#notices.set(id, notice);
    this.#paint();
  }

  /** Shows these and no others. */
  replace(notices: ReadonlyMap<string, Notice>): void {
    this.#notices.clear();
    for (const [id, notice] of notices) this.#notices.set(id, notice);
    this.#paint();
  }

  clear(): void {
    this.replace(new Map());
  }

  #paint(): void {
    fill(this.element, ...[...this.#notices.values()].map(noticeElement));
  }
}

/** The place of a problem: `000014.sst, offset 4,096`. */
export function placeOf(p: Problem): string {
  if (p.path === '') return '';
  return p.offset === undefined ? visibleString(p.path) : `${visibleString(p.path)}, offset ${count(p.offset)}`;
}

function problemItem(p: Problem, onOpen: (p: Problem) => void): HTMLElement {
  const place = placeOf(p);
  const link = el('button', { class: 'link mono', type: 'button', title: 'Show this place in the file' }, place);
  link.addEventListener('click', () => onOpen(p));
  return el(
    'li',
    { class: 'problem' },
    el('span', { class: 'code' }, p.code),
    el(
      'span',
      { class: 'problem-text' },
      el('span', {}, visibleString(p.message)),
      place === '' ? null : link,
      p.mend === undefined ? null : el('span', { class: 'mend' }, visibleString(p.mend)),
    ),
  );
}

const SHOWN_AT_ONCE = 3;
/** More than anybody reads; the count says how many there are. */
const LISTED_MAX = 200;

/** A banner that lists `problems`: the first few at once, the rest on request. */
export class ProblemList {
  readonly element = el('section', { class: 'problems', 'aria-label': 'Problems' });
  readonly #onOpen: (p: Problem) => void;
  #problems: readonly Problem[] = [];
  #all = false;
  #folded = false;

  constructor(onOpen: (p: Problem) => void) {
    this.#onOpen = onOpen;
    this.element.hidden = true;
  }

  set(problems: readonly Problem[]): void {
    if (problems.length === this.#problems.length && problems.every((p, i) => isSame(p, this.#problems[i]))) return;
    this.#problems = problems;
    this.#paint();
  }

  #paint(): void {
    const problems = this.#problems;
    this.element.hidden = problems.length === 0;
    const fold = iconButton(
      this.#folded ? 'down' : 'up',
      this.#folded ? 'Show the problems' : 'Fold the problems',
      () => {
        this.#folded = !this.#folded;
        this.#paint();
        this.element.querySelector<HTMLElement>('.icon-button')?.focus();
      },
    );
    fold.setAttribute('aria-expanded', String(!this.#folded));
    const first = this.#folded ? visibleString(problems[0]?.message ?? '') : '';
    fill(
      this.element,
      icon('warning'),
      el(
        'div',
        { class: 'problems-body' },
        el(
          'div',
          { class: 'problems-title' },
          el('strong', {}, plural(problems.length, 'problem')),
          el('span', { class: 'problems-first' }, first),
        ),
        ...(this.#folded ? [] : this.#list()),
      ),
      fold,
    );
  }

  #list(): (HTMLElement | null)[] {
    const problems = this.#problems;
    const shown = problems.slice(0, this.#all ? LISTED_MAX : SHOWN_AT_ONCE);
    const rest = problems.length - shown.length;
    const label = this.#all ? 'Show fewer' : `Show ${count(rest)} more`;
    const more = el('button', { class: 'link more', type: 'button', 'aria-expanded': this.#all }, label);
    more.addEventListener('click', () => {
      this.#all = !this.#all;
      this.#paint();
      this.element.querySelector<HTMLElement>('.more')?.focus();
    });
    return [
      el('ul', {}, ...shown.map((p) => problemItem(p, this.#onOpen))),
      rest > 0 && this.#all ? el('div', {}, `and ${count(rest)} more`) : null,
      problems.length > SHOWN_AT_ONCE ? more : null,
    ];
  }
}

function isSame(a: Problem, b: Problem | undefined): boolean {
  return b !== undefined && a.code === b.code && a.path === b.path && a.offset === b.offset && a.message === b.message;
}
