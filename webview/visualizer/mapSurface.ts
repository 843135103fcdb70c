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

function fontOf(style: TextStyle, fonts: Fonts): string {
  return `${style.bold === true ? '600 ' : ''}${style.size}px ${style.mono === true ? fonts.mono : fonts.font}`;
}

const HATCH = 6;

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

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** What XML 1.0 cannot hold, lone surrogates among it. */
const NOT_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** Text for XML 1.0: what it cannot hold becomes a replacement character. */
export function xmlText(text: string): string {
  return text.replace(NOT_XML, '\ufffd').replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c);
}

const n = (value: number): string => String(Math.round(value * 100) / 100);

/** Collects an SVG document. Text is measured by `measure`, since an SVG has no fonts of its own. */
export class SvgSurface implements Surface {
  readonly #parts: string[] = [];
  readonly #defs = new Map<string, string>();
  readonly #fonts: Fonts;
  readonly #measure: (text: string, font: string) => number;
  #clips = 0;

  constructor(fonts: Fonts, measure: (text: string, font: string) => number) {
    this.#fonts = fonts;
    this.#measure = measure;
  }

  /** The document. */
  done(width: number, height: number, title: string): string {
    const defs = [...this.#defs.values()].join('');
    return [
      '<?xml version="1.0" encoding="UTF-8"?>',
      `<svg xmlns="http://www.w3.org/2000/svg" width="${n(width)}" height="${n(height)}" viewBox="0 0 ${n(width)} ${n(height)}">`,
      `<title>${xmlText(title)}</title>`,
      defs === '' ? '' : `<defs>${defs}</defs>`,
      ...this.#parts,
      '</svg>\n',
    ].join('\n');
  }

  rect(x: number, y: number, w: number, h: number, fill: string, alpha = 1): void {
    const opacity = alpha === 1 ? '' : ` fill-opacity="${n(alpha)}"`;
    this.#parts.push(
      `<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" fill="${xmlText(fill)}"${opacity}/>`,
    );
  }

  hatch(x: number, y: number, w: number, h: number, fill: string, line: string): void {
    const name = `${fill} ${line}`;
    const id = `hatch${[...this.#defs.keys()].indexOf(name) < 0 ? this.#defs.size : [...this.#defs.keys()].indexOf(name)}`;
    if (!this.#defs.has(name)) {
      this.#defs.set(
        name,
        `<pattern id="${id}" width="${HATCH}" height="${HATCH}" patternUnits="userSpaceOnUse">` +
          `<rect width="${HATCH}" height="${HATCH}" fill="${xmlText(fill)}"/>` +
          `<path d="M-1 ${HATCH + 1}L${HATCH + 1} -1" stroke="${xmlText(line)}"/></pattern>`,
      );
    }
    this.rect(x, y, w, h, `url(#${id})`);
  }

  frame(x: number, y: number, w: number, h: number, colour: string, width: number, dash: readonly number[] = []): void {
    this.#parts.push(
      `<rect x="${n(x + width / 2)}" y="${n(y + width / 2)}" width="${n(Math.max(0, w - width))}" height="${n(Math.max(0, h - width))}" fill="none"${stroke(colour, width, dash)}/>`,
    );
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
    this.#parts.push(`<path d="M${n(x1)} ${n(y1)}L${n(x2)} ${n(y2)}"${stroke(colour, width, dash)}/>`);
  }

  shape(points: readonly number[], fill: string, alpha: number): void {
    this.#parts.push(
      `<polygon points="${points.map(n).join(' ')}" fill="${xmlText(fill)}" fill-opacity="${n(alpha)}"/>`,
    );
  }

  disc(x: number, y: number, radius: number, fill: string, edge: string): void {
    this.#parts.push(
      `<circle cx="${n(x)}" cy="${n(y)}" r="${n(radius)}" fill="${xmlText(fill)}"${stroke(edge, 1, [])}/>`,
    );
  }

  text(text: string, x: number, y: number, style: TextStyle): void {
    const anchor =
      style.align === 'right' ? ' text-anchor="end"' : style.align === 'center' ? ' text-anchor="middle"' : '';
    const weight = style.bold === true ? ' font-weight="600"' : '';
    const family = style.mono === true ? this.#fonts.mono : this.#fonts.font;
    this.#parts.push(
      `<text x="${n(x)}" y="${n(y)}" fill="${xmlText(style.colour)}" font-family="${xmlText(family)}" font-size="${style.size}"${weight}${anchor} xml:space="preserve">${xmlText(text)}</text>`,
    );
  }

  measure(text: string, style: TextStyle): number {
    return this.#measure(text, fontOf(style, this.#fonts));
  }

  group(x: number, y: number, w: number, h: number, paint: () => void): void {
    const id = `clip${this.#clips++}`;
    this.#parts.push(
      `<clipPath id="${id}"><rect width="${n(w)}" height="${n(h)}"/></clipPath>`,
      `<g transform="translate(${n(x)} ${n(y)})" clip-path="url(#${id})">`,
    );
    paint();
    this.#parts.push('</g>');
  }
}

function stroke(colour: string, width: number, dash: readonly number[]): string {
  const dashes = dash.length === 0 ? '' : ` stroke-dasharray="${dash.map(n).join(' ')}"`;
  return ` stroke="${xmlText(colour)}" stroke-width="${n(width)}"${dashes}`;
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
