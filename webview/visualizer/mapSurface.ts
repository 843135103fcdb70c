/**
 * What the map is painted on: a canvas or an SVG document. One painter serves both, so that what is exported is
 * what was on screen. Coordinates are CSS pixels; text stands on its baseline.
 */

export interface TextStyle {
  readonly colour: string;
  /** Pixels. */
  readonly size: number;
  readonly bold?: boolean;
  readonly mono?: boolean;
  readonly align?: 'left' | 'right' | 'center';
}

export interface Surface {
  rect(x: number, y: number, w: number, h: number, fill: string, alpha?: number): void;
  /** A rectangle with diagonal lines of `line` on `fill`: what is not known. */
  hatch(x: number, y: number, w: number, h: number, fill: string, line: string): void;
  frame(x: number, y: number, w: number, h: number, colour: string, width: number, dash?: readonly number[]): void;
  line(x1: number, y1: number, x2: number, y2: number, colour: string, width: number, dash?: readonly number[]): void;
  /** A filled shape; `points` are x and y by turns. */
  shape(points: readonly number[], fill: string, alpha: number): void;
  disc(x: number, y: number, radius: number, fill: string, edge: string): void;
  text(text: string, x: number, y: number, style: TextStyle): void;
  /** Width of `text` in pixels. */
  measure(text: string, style: TextStyle): number;
  /** Paints with the origin at (x, y), and nothing outside of w × h. */
  group(x: number, y: number, w: number, h: number, paint: () => void): void;
}

export interface Fonts {
  readonly font: string;
  readonly mono: string;
}

export function fontOf(style: TextStyle, fonts: Fonts): string {
  return `${style.bold === true ? '600 ' : ''}${style.size}px ${style.mono === true ? fonts.mono : fonts.font}`;
}

/** Pixels from line to line of what is hatched. */
export const HATCH = 6;

export class CanvasSurface implements Surface {
  readonly context: CanvasRenderingContext2D;
  readonly #fonts: Fonts;
  readonly #patterns = new Map<string, CanvasPattern | null>();

  constructor(context: CanvasRenderingContext2D, fonts: Fonts) {
    this.context = context;
    this.#fonts = fonts;
  }

  rect(x: number, y: number, w: number, h: number, fill: string, alpha = 1): void {
    const c = this.context;
    if (alpha !== 1) c.globalAlpha = alpha;
    c.fillStyle = fill;
    c.fillRect(x, y, w, h);
    if (alpha !== 1) c.globalAlpha = 1;
  }

  hatch(x: number, y: number, w: number, h: number, fill: string, line: string): void {
    const c = this.context;
    const name = `${fill} ${line}`;
    let pattern = this.#patterns.get(name);
    if (pattern === undefined) {
      pattern = hatchPattern(c, fill, line);
      this.#patterns.set(name, pattern);
    }
    c.fillStyle = pattern ?? fill;
    c.fillRect(x, y, w, h);
  }

  frame(x: number, y: number, w: number, h: number, colour: string, width: number, dash: readonly number[] = []): void {
    const c = this.context;
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.setLineDash(dash as number[]);
    c.strokeRect(x + width / 2, y + width / 2, w - width, h - width);
    if (dash.length > 0) c.setLineDash([]);
  }

  line(
    x1: number,
    y1: number,
    x2: number,
    y2: number,
    colour: string,
    width: number,
    dash: readonly number[] = [],
  ): void {
    const c = this.context;
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.setLineDash(dash as number[]);
    c.beginPath();
    c.moveTo(x1, y1);
    c.lineTo(x2, y2);
    c.stroke();
    if (dash.length > 0) c.setLineDash([]);
  }

  shape(points: readonly number[], fill: string, alpha: number): void {
    const c = this.context;
    c.globalAlpha = alpha;
    c.fillStyle = fill;
    c.beginPath();
    for (let i = 0; i + 1 < points.length; i += 2) c.lineTo(points[i] as number, points[i + 1] as number);
    c.fill();
    c.globalAlpha = 1;
  }

  disc(x: number, y: number, radius: number, fill: string, edge: string): void {
    const c = this.context;
    c.beginPath();
    c.arc(x, y, radius, 0, 2 * Math.PI);
    c.fillStyle = fill;
    c.fill();
    c.strokeStyle = edge;
    c.lineWidth = 1;
    c.stroke();
  }

  text(text: string, x: number, y: number, style: TextStyle): void {
    const c = this.context;
    c.font = fontOf(style, this.#fonts);
    c.fillStyle = style.colour;
    c.textAlign = style.align ?? 'left';
    c.fillText(text, x, y);
  }

  measure(text: string, style: TextStyle): number {
    this.context.font = fontOf(style, this.#fonts);
    return this.context.measureText(text).width;
  }

  group(x: number, y: number, w: number, h: number, paint: () => void): void {
    const c = this.context;
    c.save();
    c.beginPath();
    c.rect(x, y, w, h);
    c.clip();
    c.translate(x, y);
    paint();
    c.restore();
  }
}

function hatchPattern(c: CanvasRenderingContext2D, fill: string, line: string): CanvasPattern | null {
  const tile = document.createElement('canvas');
  tile.width = HATCH;
  tile.height = HATCH;
  const t = tile.getContext('2d');
  if (t === null) return null;
  t.fillStyle = fill;
  t.fillRect(0, 0, HATCH, HATCH);
  t.strokeStyle = line;
  t.beginPath();
  for (const at of [-HATCH, 0, HATCH]) {
    t.moveTo(at - 1, HATCH + 1);
    t.lineTo(at + HATCH + 1, -1);
  }
  t.stroke();
  return c.createPattern(tile, 'repeat');
}

/** `text`, cut with an ellipsis so that it is at most `width` pixels wide; '' where not even that has room. */
export function fitted(surface: Surface, text: string, width: number, style: TextStyle): string {
  if (width <= 0) return '';
  if (surface.measure(text, style) <= width) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (surface.measure(`${text.slice(0, middle)}…`, style) <= width) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? '' : `${text.slice(0, low)}…`;
}

/** The first of `texts`, longest first, that is at most `width` pixels wide; '' if none is. */
export function oneOf(surface: Surface, texts: readonly string[], width: number, style: TextStyle): string {
  return texts.find((text) => surface.measure(text, style) <= width) ?? '';
}
