/** Colours of the theme for canvases, which cannot use variables by themselves. */
import { levelTone } from './colours.ts';
import { css, parseColour, type Rgb, type Tones } from './tones.ts';

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
  /** Of a level, 0 … 6 and on; the same as on the map. */
  level(level: number): string;
  readonly tones: Tones;
}

const KINDS: Readonly<Record<string, string>> = {
  flush: 'charts-green',
  ingest: 'charts-orange',
  compaction: 'charts-blue',
  move: 'charts-purple',
  drop: 'charts-red',
  unknown: 'charts-foreground',
};

let known: Theme | undefined;
const listeners = new Set<() => void>();

/** The theme's colours as numbers. Colours of VS Code's own dark theme stand in for those that a theme leaves out. */
function readTones(color: (name: string, otherwise: string) => string, highContrast: boolean): Tones {
  const rgb = (name: string, otherwise: Rgb): Rgb => parseColour(color(name, '')) ?? otherwise;
  const background = rgb('editor-background', [31, 31, 31]);
  const foreground = rgb('foreground', rgb('editor-foreground', [204, 204, 204]));
  return {
    background,
    foreground,
    muted: rgb('descriptionForeground', foreground),
    blue: rgb('charts-blue', [55, 148, 255]),
    green: rgb('charts-green', [137, 209, 133]),
    yellow: rgb('charts-yellow', [204, 167, 0]),
    orange: rgb('charts-orange', [209, 134, 22]),
    red: rgb('charts-red', [241, 76, 76]),
    purple: rgb('charts-purple', [177, 128, 215]),
    highContrast,
  };
}

function read(): Theme {
  const style = getComputedStyle(document.body);
  const text = style.getPropertyValue('--vscode-foreground').trim() || style.color;
  const colors = new Map<string, string>();
  const color = (name: string, otherwise?: string): string => {
    let value = colors.get(name);
    if (value === undefined) {
      value = style.getPropertyValue(`--vscode-${name}`).trim();
      colors.set(name, value);
    }
    return value || (otherwise ?? text);
  };
  const muted = color('descriptionForeground', text);
  const highContrast =
    document.body.classList.contains('vscode-high-contrast') ||
    document.body.classList.contains('vscode-high-contrast-light');
  const tones = readTones(color, highContrast);
  return {
    text,
    muted,
    line: color('contrastBorder', color('panel-border', color('widget-border', muted))),
    background: color('editor-background', 'transparent'),
    focus: color('focusBorder', text),
    hover: color('list-hoverBackground', 'transparent'),
    font: style.fontFamily,
    highContrast,
    color,
    // The orange of charts is a highlight in some themes, and lets through what is below it.
    kind: (kind) => (kind === 'ingest' ? css(tones.orange) : color(KINDS[kind] ?? 'charts-foreground', text)),
    level: (level) => css(levelTone(tones, level)),
    tones,
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
