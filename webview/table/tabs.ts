/** A row of tabs over one panel each: arrow keys move among them, one tab stop (the tabs pattern of ARIA). */
import { el, show } from '../ui/dom.ts';

export interface TabShape<Id extends string> {
  readonly id: Id;
  readonly label: string;
  readonly panel: HTMLElement;
}

export class Tabs<Id extends string> {
  readonly list: HTMLElement;
  readonly #tabs: readonly (TabShape<Id> & { readonly button: HTMLButtonElement; readonly note: HTMLElement })[];
  readonly #onChange: (id: Id) => void;
  #current: Id;

  constructor(label: string, tabs: readonly TabShape<Id>[], initial: Id, onChange: (id: Id) => void) {
    this.#onChange = onChange;
    this.#current = initial;
    this.list = el('div', { class: 'tabs', role: 'tablist', 'aria-label': label });
    this.#tabs = tabs.map((tab) => {
      const note = el('span', { class: 'tab-note' });
      const button = el(
        'button',
        { class: 'tab', type: 'button', role: 'tab', id: `tab-${tab.id}`, 'aria-controls': `panel-${tab.id}` },
        tab.label,
        note,
      );
      button.addEventListener('click', () => this.select(tab.id, false));
      tab.panel.id = `panel-${tab.id}`;
      tab.panel.setAttribute('role', 'tabpanel');
      tab.panel.setAttribute('aria-labelledby', `tab-${tab.id}`);
      this.list.appendChild(button);
      return { ...tab, button, note };
    });
    this.list.addEventListener('keydown', (event) => this.#key(event));
    this.#paint();
  }

  get current(): Id {
    return this.#current;
  }

  select(id: Id, focus: boolean): void {
    if (id !== this.#current) {
      this.#current = id;
      this.#paint();
      this.#onChange(id);
    }
    if (focus) this.#tabs.find((t) => t.id === id)?.button.focus();
  }

  /** A number beside the tab's name; '' for none. */
  setNote(id: Id, note: string): void {
    const tab = this.#tabs.find((t) => t.id === id);
    if (tab !== undefined) tab.note.textContent = note;
  }

  #paint(): void {
    for (const { id, button, panel } of this.#tabs) {
      const on = id === this.#current;
      button.setAttribute('aria-selected', String(on));
      button.tabIndex = on ? 0 : -1;
      show(panel, on);
    }
  }

  #key(event: KeyboardEvent): void {
    const n = this.#tabs.length;
    const at = this.#tabs.findIndex((t) => t.id === this.#current);
    const to =
      event.key === 'ArrowRight'
        ? (at + 1) % n
        : event.key === 'ArrowLeft'
          ? (at + n - 1) % n
          : event.key === 'Home'
            ? 0
            : event.key === 'End'
              ? n - 1
              : -1;
    const target = this.#tabs[to];
    if (target === undefined) return;
    event.preventDefault();
    this.select(target.id, true);
  }
}
