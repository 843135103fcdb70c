/** Colours as numbers: reading, mixing and ramps. Pure, no DOM. */

/** Red, green, blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** What a theme gives the map, resolved. */
export interface Tones {
  readonly background: Rgb;
  readonly foreground: Rgb;
  readonly muted: Rgb;
  readonly blue: Rgb;
  readonly green: Rgb;
  readonly yellow: Rgb;
  readonly orange: Rgb;
  readonly red: Rgb;
  readonly purple: Rgb;
  /** Tables have borders. */
  readonly highContrast: boolean;
}

/** `#rgb`, `#rrggbb`, `#rrggbbaa`, `rgb(…)` and `rgba(…)`; undefined for anything else. Transparency is dropped. */
export function parseColour(text: string): Rgb | undefined {
  const s = text.trim().toLowerCase();
  const hex = /^#([0-9a-f]{3,8})$/.exec(s)?.[1];
  if (hex !== undefined && (hex.length === 3 || hex.length === 4)) {
    const digit = (i: number): number => Number.parseInt(hex.charAt(i), 16) * 17;
    return [digit(0), digit(1), digit(2)];
  }
  if (hex !== undefined && (hex.length === 6 || hex.length === 8)) {
    const pair = (i: number): number => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
    return [pair(0), pair(1), pair(2)];
  }
  const parts = /^rgba?\(([^)]*)\)$/.exec(s)?.[1]?.split(/[\s,/]+/);
  if (parts === undefined || parts.length < 3) return undefined;
  const [r, g, b] = parts.map(Number);
  return r === undefined || g === undefined || b === undefined || Number.isNaN(r + g + b) ? undefined : [r, g, b];
}

export function css(colour: Rgb): string {
  const hex = (n: number): string =>
    Math.max(0, Math.min(255, Math.round(n)))
      .toString(16)
      .padStart(2, '0');
  return `#${hex(colour[0])}${hex(colour[1])}${hex(colour[2])}`;
}

const toLinear = (c: number): number => {
  const v = c / 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
};
const fromLinear = (v: number): number =>
  255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * Math.max(0, v) ** (1 / 2.4) - 0.055);

/** OKLab, in which equal steps look equally large (Björn Ottosson, 2020). */
function toLab([red, green, blue]: Rgb): Rgb {
  const r = toLinear(red);
  const g = toLinear(green);
  const b = toLinear(blue);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromLab([lightness, a, b]: Rgb): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    fromLinear(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    fromLinear(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    fromLinear(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** `part` 0 is `a`, 1 is `b`. */
export function mix(a: Rgb, b: Rgb, part: number): Rgb {
  const x = toLab(a);
  const y = toLab(b);
  return fromLab([x[0] + (y[0] - x[0]) * part, x[1] + (y[1] - x[1]) * part, x[2] + (y[2] - x[2]) * part]);
}

/** Relative luminance, 0 to 1 (WCAG 2.2). */
export function luminance([r, g, b]: Rgb): number {
  return 0.2126 * toLinear(r) + 0.7152 * toLinear(g) + 0.0722 * toLinear(b);
}

/** Contrast ratio, 1 to 21 (WCAG 2.2). */
export function contrast(a: Rgb, b: Rgb): number {
  const x = luminance(a) + 0.05;
  const y = luminance(b) + 0.05;
  return x > y ? x / y : y / x;
}

/** Black or white, whichever reads better on `fill`: one of them always does. */
export function inkOn(fill: Rgb): Rgb {
  const dark: Rgb = [0, 0, 0];
  const light: Rgb = [255, 255, 255];
  return contrast(dark, fill) >= contrast(light, fill) ? dark : light;
}

/** `steps` colours from nearly the background over `accent` towards the foreground. */
export function ramp(tones: Tones, accent: Rgb, steps: number): Rgb[] {
  const low = mix(tones.background, accent, 0.22);
  const high = mix(accent, tones.foreground, 0.4);
  return Array.from({ length: steps }, (_, i) => {
    const x = i / (steps - 1);
    return x < 0.6 ? mix(low, accent, x / 0.6) : mix(accent, high, (x - 0.6) / 0.4);
  });
}
