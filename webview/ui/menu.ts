/** A button that opens a menu under itself: choices to do something, or to tick. Keyboard as the workbench's own. */
import { el, fill, icon } from './dom.ts';

export interface MenuItem {
  readonly label: string;
  /** Shown at the right. */
  readonly hint?: string;
  /** Ticked or not; absent for a choice that does something. */
  readonly checked?: boolean;
  readonly disabled?: boolean;
  run(): void;
}

export interface Menu {
  readonly element: HTMLElement;
  readonly button: HTMLButtonElement;
  close(): void;
}

/** `items` is asked for each time that the menu opens, and after each tick. */
export function menu(button: HTMLButtonElement, label: string, items: () => readonly MenuItem[]): Menu {
  const list = el('div', { class: 'menu', role: 'menu', 'aria-label': label });
  list.hidden = true;
  button.setAttribute('aria-haspopup', 'menu');
  button.setAttribute('aria-expanded', 'false');
  const element = el('div', { class: 'menu-box' }, button, list);
  const rows = (): HTMLElement[] => [...list.querySelectorAll<HTMLElement>('.menu-item:not([aria-disabled=true])')];

  let painting = false;
  const close = (focus = false): void => {
    if (list.hidden) return;
    list.hidden = true;
    button.setAttribute('aria-expanded', 'false');
    if (focus) button.focus();
  };
  const paint = (): void => {
    fill(
      list,
      ...items().map((item) => {
        const row = el(
          'div',
          {
            class: 'menu-item',
            role: item.checked === undefined ? 'menuitem' : 'menuitemcheckbox',
            tabindex: -1,
            'aria-checked': item.checked,
            'aria-disabled': item.disabled === true ? true : undefined,
          },
          item.checked === true ? icon('check') : el('span', { class: 'icon' }),
          el('span', { class: 'menu-label' }, item.label),
          item.hint === undefined ? null : el('span', { class: 'menu-hint' }, item.hint),
        );
        const choose = (): void => {
          if (item.disabled === true) return;
          if (item.checked === undefined) {
            close(true);
            item.run();
            return;
          }
          item.run();
          const at = [...list.children].indexOf(row);
          // The row that has the focus goes, and that is not the end of the menu.
          painting = true;
          paint();
          (list.children[at] as HTMLElement | undefined)?.focus();
          painting = false;
        };
        row.addEventListener('click', choose);
        // Only where the pointer itself moves: rows that are painted anew come under one that rests, and those who use
        // the keyboard keep their place.
        row.addEventListener('pointermove', (event) => {
          if (event.movementX !== 0 || event.movementY !== 0) row.focus();
        });
        row.addEventListener('keydown', (event) => {
          if (event.key !== 'Enter' && event.key !== ' ') return;
          event.preventDefault();
          event.stopPropagation();
          choose();
        });
        return row;
      }),
    );
  };
  const open = (): void => {
    paint();
    list.hidden = false;
    button.setAttribute('aria-expanded', 'true');
    // Kept in the window: to the left where there is no room to the right.
    list.classList.remove('to-left');
    if (list.getBoundingClientRect().right > document.documentElement.clientWidth - 4) list.classList.add('to-left');
    list.classList.remove('upwards');
    if (list.getBoundingClientRect().bottom > document.documentElement.clientHeight - 4) list.classList.add('upwards');
    rows()[0]?.focus();
  };
  button.addEventListener('click', () => (list.hidden ? open() : close(true)));
  element.addEventListener('keydown', (event) => {
    if (list.hidden) return;
    const all = rows();
    const at = all.indexOf(document.activeElement as HTMLElement);
    if (event.key === 'ArrowDown') all[(at + 1) % all.length]?.focus();
    else if (event.key === 'ArrowUp') all[(at - 1 + all.length) % all.length]?.focus();
    else if (event.key === 'Home') all[0]?.focus();
    else if (event.key === 'End') all.at(-1)?.focus();
    else if (event.key === 'Escape') close(true);
    else if (event.key === 'Tab') {
      close(true);
      return;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  element.addEventListener('focusout', (event) => {
    if (!painting && !element.contains(event.relatedTarget as Node | null)) close();
  });
  return { element, button, close: () => close() };
}
