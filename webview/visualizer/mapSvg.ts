/** The map's surface as an SVG document: pure, no DOM. */
import { type Fonts, fontOf, HATCH, type Surface, type TextStyle } from './mapSurface.ts';

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
