/** Building DOM without HTML: every text goes in as text. */

export type Child = Node | string | null | undefined | false;

export interface Attributes {
  readonly class?: string;
  readonly title?: string | undefined;
  readonly role?: string;
  readonly id?: string;
  readonly tabindex?: number;
  readonly [aria: `aria-${string}`]: string | number | boolean | undefined;
  readonly [data: `data-${string}`]: string | undefined;
  readonly type?: string;
  readonly scope?: string;
  readonly appearance?: string;
}

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, String(value));
  }
  append(element, children);
  return element;
}

export function append(parent: Node, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false || child === '') continue;
    parent.appendChild(typeof child === 'string' ? document.createTextNode(child) : child);
  }
}

/** Replaces what is in `parent`. */
export function fill(parent: Element, ...children: readonly Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

/** Sets text only where it differs, so that a live region speaks only on change. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows or hides without touching layout code elsewhere. */
export function show(element: HTMLElement, visible: boolean): void {
  element.hidden = !visible;
}

const PATHS = {
  refresh: 'M13 8a5 5 0 1 1-1.5-3.55M13 2v3h-3',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.3 10.3 14 14',
  list: 'M2.5 4h11M2.5 8h11M2.5 12h7',
  warning: 'M8 2.5 14.5 13.5h-13ZM8 6.5v3.2M8 11.2v.9',
  error: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM5.9 5.9l4.2 4.2M10.1 5.9l-4.2 4.2',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.2V11M8 4.9v.9',
  panelBottom: 'M2 2.5h12v11H2ZM2 9.5h12',
  panelRight: 'M2 2.5h12v11H2ZM9.5 2.5v11',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  open: 'M9 2.5h4.5V7M13.5 2.5 7.5 8.5M11.5 9v4.5h-9v-9H7',
  copy: 'M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3',
  edit: 'M3 13h2.5L13 5.5 10.5 3 3 10.5ZM9 4.5 11.5 7',
  trash: 'M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.5 9h7l.5-9M6.7 7v4M9.3 7v4',
  bookmark: 'M4 2.5h8v11L8 10.5l-4 3Z',
  lock: 'M3.5 7.5h9v6h-9ZM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5',
  down: 'M3.5 6 8 10.5 12.5 6',
  up: 'M3.5 10 8 5.5 12.5 10',
  play: 'M4.5 2.5 12.5 8l-8 5.5Z',
  pause: 'M5 3v10M11 3v10',
  toStart: 'M3.5 3v10M12.5 3 6 8l6.5 5Z',
  toEnd: 'M12.5 3v10M3.5 3 10 8l-6.5 5Z',
  stepBack: 'M10 3.5 5.5 8l4.5 4.5',
  stepForward: 'M6 3.5 10.5 8 6 12.5',
  leapBack: 'M8 3.5 3.5 8 8 12.5M12.5 3.5 8 8l4.5 4.5',
  leapForward: 'M8 3.5 12.5 8 8 12.5M3.5 3.5 8 8l-4.5 4.5',
  live: 'M8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM4 3.8a6 6 0 0 0 0 8.4M12 3.8a6 6 0 0 1 0 8.4',
  save: 'M8 2.5v8M4.5 7.5 8 11l3.5-3.5M2.5 13.5h11',
  compare: 'M5 2.5v11M11 2.5v11M2.5 5 5 2.5 7.5 5M8.5 11 11 13.5 13.5 11',
  chart: 'M2.5 2.5v11h11M5 10.5 8 6.5l2 2 3.5-5',
  question: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM6.2 6.4a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.8.7-.8 1.3M8 11.2v.5',
  check: 'M3 8.5 6.5 12 13 4.5',
  eye: 'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
  hidden:
    'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM2.5 13.5l11-11',
  filter: 'M2 3.5h12M4.5 8h7M6.5 12.5h3',
  pin: 'M6 2.5h4v4l2 3H4l2-3ZM8 9.5v4',
  history: 'M3 8a5 5 0 1 0 1.5-3.55M3 2v3h3M8 5.5V8l2 1.5',
  stop: 'M4 4h8v8H4Z',
  block: 'M2.5 2.5h11v11h-11ZM2.5 6h11M2.5 9.5h11',
  text: 'M3.5 4V2.5h9V4M8 2.5v11M6 13.5h4',
} as const;

export type IconName = keyof typeof PATHS;

const SVG = 'http://www.w3.org/2000/svg';

/** A 16-pixel line icon in the colour of its text; decorative, so its button must carry a label. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  svg.classList.add('icon', `icon-${name}`);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.appendChild(path);
  return svg;
}

/** A square button that shows only an icon. */
export function iconButton(name: IconName, label: string, onClick: () => void): HTMLButtonElement {
  const button = el('button', { class: 'icon-button', type: 'button', title: label, 'aria-label': label }, icon(name));
  button.addEventListener('click', onClick);
  return button;
}

/** A button of the toolkit. */
export function actionButton(label: string, appearance: 'primary' | 'secondary', onClick: () => void): HTMLElement {
  const button = document.createElement('vscode-button');
  button.setAttribute('appearance', appearance);
  button.textContent = label;
  button.addEventListener('click', onClick);
  return button;
}
