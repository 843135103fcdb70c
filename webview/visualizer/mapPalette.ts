/** The theme's colours as the map needs them: read once a theme, not once a frame. */
import { onTheme, theme } from './theme.ts';
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
  readonly good: string;
  readonly warning: string;
  readonly accent: string;
  readonly badge: string;
  readonly badgeText: string;
  readonly highContrast: boolean;
  readonly font: string;
  readonly mono: string;
}

function readPalette(): Palette {
  const { tones, highContrast, color, font } = theme();
  const rgb = (name: string, otherwise: Rgb): Rgb => parseColour(color(name, '')) ?? otherwise;
  const { background, foreground } = tones;
  return {
    tones,
    background: css(background),
    text: css(foreground),
    muted: css(tones.muted),
    track: css(highContrast ? background : mix(background, foreground, 0.045)),
    line: css(parseColour(color('contrastBorder', '')) ?? mix(background, foreground, 0.16)),
    focus: css(rgb('focusBorder', tones.blue)),
    good: css(tones.green),
    warning: css(tones.yellow),
    accent: css(tones.blue),
    badge: css(rgb('badge-background', mix(background, foreground, 0.3))),
    badgeText: css(rgb('badge-foreground', foreground)),
    highContrast,
    font: color('font-family', font),
    mono: color('editor-font-family', 'monospace'),
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
