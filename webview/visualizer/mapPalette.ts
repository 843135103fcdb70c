/** The theme's colours as the map needs them: read once a theme, not once a frame. */
import { onTheme } from './theme.ts';
import { css, mix, parseColour, type Rgb, type Tones } from './tones.ts';

export interface Palette {
  readonly tones: Tones;
  readonly background: string;
  readonly text: string;
  readonly muted: string;
  /** Ground of a row. */
  readonly track: string;
  readonly line: string;
  readonly focus: string;
  /** What the pointer's table shares keys with. */
  readonly overlap: string;
  readonly good: string;
  readonly warning: string;
  readonly bad: string;
  readonly accent: string;
  readonly badge: string;
  readonly badgeText: string;
  readonly highContrast: boolean;
  readonly font: string;
  readonly mono: string;
}

function readPalette(): Palette {
  const style = getComputedStyle(document.body);
  const raw = (name: string): string => style.getPropertyValue(`--vscode-${name}`).trim();
  const rgb = (name: string, otherwise: Rgb): Rgb => parseColour(raw(name)) ?? otherwise;
  const light = document.body.classList.contains('vscode-light') || raw('editor-background').startsWith('#f');
  const background = rgb('editor-background', light ? [255, 255, 255] : [31, 31, 31]);
  const foreground = rgb('foreground', rgb('editor-foreground', light ? [59, 59, 59] : [204, 204, 204]));
  const muted = rgb('descriptionForeground', foreground);
  const highContrast =
    document.body.classList.contains('vscode-high-contrast') ||
    document.body.classList.contains('vscode-high-contrast-light');
  const tones: Tones = {
    background,
    foreground,
    muted,
    blue: rgb('charts-blue', [55, 148, 255]),
    green: rgb('charts-green', [137, 209, 133]),
    yellow: rgb('charts-yellow', [204, 167, 0]),
    orange: rgb('charts-orange', [209, 134, 22]),
    red: rgb('charts-red', [241, 76, 76]),
    purple: rgb('charts-purple', [177, 128, 215]),
    highContrast,
  };
  const line = parseColour(raw('contrastBorder')) ?? mix(background, foreground, 0.16);
  return {
    tones,
    background: css(background),
    text: css(foreground),
    muted: css(muted),
    track: css(highContrast ? background : mix(background, foreground, 0.045)),
    line: css(line),
    focus: css(rgb('focusBorder', tones.blue)),
    overlap: css(tones.yellow),
    good: css(tones.green),
    warning: css(tones.yellow),
    bad: css(tones.red),
    accent: css(tones.blue),
    badge: css(rgb('badge-background', mix(background, foreground, 0.3))),
    badgeText: css(rgb('badge-foreground', foreground)),
    highContrast,
    font: raw('font-family') || style.fontFamily || 'sans-serif',
    mono: raw('editor-font-family') || 'monospace',
  };
}

let known: Palette | undefined;
let watching = false;

/** The colours of now; they are read again only after the theme has changed. */
export function palette(): Palette {
  if (!watching) {
    watching = true;
    onTheme(() => {
      known = undefined;
    });
  }
  known ??= readPalette();
  return known;
}
