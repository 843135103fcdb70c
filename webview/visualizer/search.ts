/** The search for a key: where it stands among the boundary keys, and how many live tables may hold it. */
import { displayKey } from '../../engine/model/display.ts';
import { parseKey } from '../../engine/model/keyInput.ts';
import { plural } from '../text/numbers.ts';
import { el, icon, iconButton, setText, show } from '../ui/dom.ts';
import { perFrame } from '../ui/host.ts';
import type { Context, Pane } from './context.ts';
import { treeOnShow } from './tree.ts';

const HINT = 'A key: text, 0x and hex digits, or quoted text with \\xNN escapes. Enter searches, Escape clears.';

export class SearchPane implements Pane {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #input: HTMLInputElement;
  readonly #answer = el('span', { class: 'search-answer', role: 'status' });
  readonly #clear: HTMLButtonElement;
  readonly #tree;
  readonly #update = perFrame(() => this.#paint());
  #round = 0;

  constructor(context: Context) {
    this.#context = context;
    this.#tree = treeOnShow(context);
    this.#input = el('input', { class: 'search-input mono', type: 'text', 'aria-label': 'Search a key', title: HINT });
    this.#input.placeholder = 'Search a key';
    this.#input.spellcheck = false;
    this.#input.autocomplete = 'off';
    this.#clear = iconButton('close', 'Clear the search', () => {
      this.#set('');
      this.#input.focus();
    });
    this.element = el(
      'div',
      { class: 'search', role: 'search' },
      el('div', { class: 'search-box' }, icon('search'), this.#input, this.#answer, this.#clear),
    );
    this.#input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') void this.#search();
      else if (event.key === 'Escape') this.#set('');
      else return;
      event.preventDefault();
    });
    this.#input.addEventListener('input', () => this.#complain(''));
    context.state.on((changed) => {
      if (changed.has('search')) {
        const key = context.state.now.search?.key;
        if (key !== undefined) this.#input.value = displayKey(key, 400);
        else if (document.activeElement !== this.#input) this.#input.value = '';
      }
      if (
        changed.has('search') ||
        changed.has('mapAs') ||
        (changed.has('at') && context.state.now.search !== undefined)
      )
        this.#update();
    });
    context.onData(this.#update);
    this.#paint();
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  #set(text: string): void {
    this.#round++;
    this.#input.value = text;
    this.#complain('');
    this.#context.state.set({ search: undefined });
  }

  #complain(message: string): void {
    this.#input.classList.toggle('invalid', message !== '');
    if (message === '') this.#input.removeAttribute('aria-invalid');
    else this.#input.setAttribute('aria-invalid', 'true');
    this.#input.title = message === '' ? HINT : message;
    if (message !== '') setText(this.#answer, message);
    else this.#update();
  }

  async #search(): Promise<void> {
    const text = this.#input.value;
    if (text === '') return this.#set('');
    const parsed = parseKey(text);
    if (!parsed.ok) return this.#complain(parsed.message);
    const round = ++this.#round;
    const { host, info, state } = this.#context;
    if (info === undefined) return;
    try {
      const p = { family: info.family, epoch: info.epoch, key: parsed.bytes };
      const place = await host.call('timelinePosition', p).result;
      if (round === this.#round) state.set({ search: { key: parsed.bytes, ...place } });
    } catch (thrown) {
      if (round === this.#round) this.#complain((thrown as Error).message);
    }
  }

  #paint(): void {
    const { search } = this.#context.state.now;
    show(this.#clear, search !== undefined || this.#input.value !== '');
    if (this.#input.classList.contains('invalid')) return;
    // The map says it beside the tables themselves.
    if (search === undefined || this.#context.state.now.mapAs === 'map') {
      setText(this.#answer, '');
      return;
    }
    const tree = this.#tree();
    const { smallest, largest } = this.#context.timeline;
    let may = 0;
    for (let level = 0; level < tree.levels; level++) {
      for (const life of tree.lives(level)) {
        const a = smallest[life] as number;
        const b = largest[life] as number;
        if (Math.min(a, b) <= search.position && search.position <= Math.max(a, b)) may++;
      }
    }
    setText(this.#answer, may === 0 ? 'in no table' : `may be in ${plural(may, 'table')}`);
  }
}
