/** A row of choices of which one is on, after the workbench's own: a radio group with one tab stop. */
import { el } from './dom.ts';

export interface Segmented<T extends string> {
  readonly element: HTMLElement;
  value: T;
}

export function segmented<T extends string>(
  label: string,
  choices: readonly { readonly value: T; readonly label: string; readonly title?: string }[],
  initial: T,
  onChange: (value: T) => void,
): Segmented<T> {
  let current = initial;
  const element = el('div', { class: 'segmented', role: 'radiogroup', 'aria-label': label });
  const buttons = choices.map((choice) => {
    const button = el('button', { type: 'button', role: 'radio', title: choice.title }, choice.label);
    button.addEventListener('click', () => choose(choice.value, false));
    element.appendChild(button);
    return button;
  });
  const paint = (): void => {
    choices.forEach((choice, i) => {
      const on = choice.value === current;
      buttons[i]?.setAttribute('aria-checked', String(on));
      buttons[i]?.setAttribute('tabindex', on ? '0' : '-1');
    });
  };
  const choose = (value: T, focus: boolean): void => {
    if (value !== current) {
      current = value;
      paint();
      onChange(value);
    }
    if (focus) buttons[choices.findIndex((c) => c.value === value)]?.focus();
  };
  element.addEventListener('keydown', (event) => {
    const step =
      event.key === 'ArrowRight' || event.key === 'ArrowDown'
        ? 1
        : event.key === 'ArrowLeft' || event.key === 'ArrowUp'
          ? -1
          : 0;
    if (step === 0) return;
    event.preventDefault();
    const at = choices.findIndex((c) => c.value === current);
    const next = choices[(at + step + choices.length) % choices.length];
    if (next !== undefined) choose(next.value, true);
  });
  paint();
  return {
    element,
    get value() {
      return current;
    },
    set value(value: T) {
      current = value;
      paint();
    },
  };
}
