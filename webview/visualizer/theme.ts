/** Colours of the theme for canvases, which cannot use variables by themselves. */

export interface Theme {
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly background: string;
  readonly focus: string;
  readonly hover: string;
  readonly font: string;
  readonly highContrast: boolean;
  /** Value of a variable, without its `--vscode-`. */
  color(name: string, otherwise?: string): string;
  /** Of an event's kind. */
  kind(kind: string): string;
  /** Of a level, 0 … 6 and on. */
  level(level: number): string;
}

const KINDS: Readonly<Record<string, string>> = {
  flush: 'charts-green',
  ingest: 'charts-orange',
  compaction: 'charts-blue',
  move: 'charts-purple',
  drop: 'charts-red',
  unknown: 'charts-foreground',
};

const LEVELS = [
  'charts-green',
  'charts-yellow',
  'charts-orange',
  'charts-red',
  'charts-purple',
  'charts-blue',
  'charts-foreground',
];

let known: Theme | undefined;
const listeners = new Set<() => void>();

function read(): Theme {
  const style = getComputedStyle(document.body);
  const color = (name: string, otherwise?: string): string =>
    style.getPropertyValue(`--vscode-${name}`).trim() || (otherwise ?? style.color);
  const text = color('foreground');
  const muted = color('descriptionForeground', text);
  return {
    text,
    muted,
    line: color('contrastBorder', color('panel-border', color('widget-border', muted))),
    background: color('editor-background', 'transparent'),
    focus: color('focusBorder', text),
    hover: color('list-hoverBackground', 'transparent'),
    font: style.fontFamily,
    highContrast: document.body.classList.contains('vscode-high-contrast'),
    color,
    kind: (kind) => color(KINDS[kind] ?? 'charts-foreground', text),
    level: (level) => color(LEVELS[Math.min(level, LEVELS.length - 1)] as string, text),
  };
}

export function theme(): Theme {
  known ??= read();
  return known;
}

/** Calls `listener` when the colours are others. */
export function onTheme(listener: () => void): void {
  if (listeners.size === 0) {
    // A theme changes the variables on the root element and the classes of the body.
    const changes = new MutationObserver(() => {
      known = undefined;
      for (const l of listeners) l();
    });
    changes.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
    changes.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  }
  listeners.add(listener);
}

/** Gives `canvas` the size of its place in device pixels, empties it, and sets it to CSS pixels. */
export function prepare(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const scale = window.devicePixelRatio || 1;
  const w = Math.max(1, Math.round(width * scale));
  const h = Math.max(1, Math.round(height * scale));
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d');
  context?.setTransform(scale, 0, 0, scale, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}
