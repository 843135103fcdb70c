/** The map as a file: what is on screen, with a title above and the legend and a caption below. */
import type { Legend } from './colours.ts';
import { type Marks, paintMarks } from './mapOverlay.ts';
import { paintMap, type Scene } from './mapPaint.ts';
import { CanvasSurface, fitted, type Surface } from './mapSurface.ts';
import { SvgSurface } from './mapSvg.ts';

export interface MapPicture {
  readonly scene: Scene;
  readonly marks: Marks;
  readonly legend: Legend;
  readonly title: string;
  /** May be ''. */
  readonly caption: string;
}

const HEAD = 30;
const LEGEND = 26;
const CAPTION = 22;
const LEFT = 10;
/** Device pixels a CSS pixel of a PNG. */
const SCALE = 2;

function heightOf(p: MapPicture): number {
  return HEAD + Math.ceil(p.scene.places.total) + LEGEND + (p.caption === '' ? 6 : CAPTION);
}

function paintPicture(surface: Surface, p: MapPicture): void {
  const { scene } = p;
  const { palette, width } = scene;
  const height = heightOf(p);
  surface.rect(0, 0, width, height, palette.background);
  const title = { size: 13, bold: true, colour: palette.text } as const;
  surface.text(fitted(surface, p.title, width - 2 * LEFT, title), LEFT, 20, title);
  const body = Math.ceil(scene.places.total);
  surface.group(0, HEAD, width, body, () => {
    paintMap(surface, scene);
    paintMarks(surface, scene, p.marks);
  });
  paintLegend(surface, p, HEAD + body + 17);
  if (p.caption === '') return;
  const style = { size: 12, colour: palette.text } as const;
  surface.text(fitted(surface, p.caption, width - 2 * LEFT, style), LEFT, HEAD + body + LEGEND + 13, style);
}

function paintLegend(surface: Surface, p: MapPicture, y: number): void {
  const { legend, scene } = p;
  const { palette } = scene;
  const dim = { size: 11, colour: palette.muted } as const;
  const plain = { size: 11, colour: palette.text } as const;
  let x = LEFT;
  const write = (text: string, style: typeof dim | typeof plain): void => {
    surface.text(text, x, y, style);
    x += surface.measure(text, style) + 8;
  };
  const box = (colour: string, w: number): void => {
    surface.rect(x, y - 9, w, 10, colour);
    if (palette.highContrast) surface.frame(x, y - 9, w, 10, palette.line, 1);
    x += w;
  };
  write(legend.title, dim);
  for (const swatch of legend.swatches) {
    box(swatch.colour, 10);
    x += 4;
    write(swatch.label, plain);
  }
  if (legend.kind === 'gradient') {
    write(legend.labels[0], plain);
    for (const stop of legend.stops) box(stop, 14);
    x += 8;
    write(legend.labels[1], plain);
    if (legend.middle !== '') write(legend.middle, dim);
  }
  if (legend.note !== '') write(legend.note, dim);
}

let measuring: CanvasRenderingContext2D | null | undefined;

/** Width of `text` as this machine draws it. */
function measure(text: string, font: string): number {
  measuring ??= document.createElement('canvas').getContext('2d');
  if (measuring === null || measuring === undefined) return text.length * 6;
  measuring.font = font;
  return measuring.measureText(text).width;
}

/** A whole SVG document, with text as text and the theme's colours resolved. */
export function mapSvg(p: MapPicture): string {
  const surface = new SvgSurface(p.scene.palette, measure);
  paintPicture(surface, p);
  return surface.done(p.scene.width, heightOf(p), p.title);
}

/** The bytes of a PNG file. Fails where the browser makes no picture of it. */
export async function mapPng(p: MapPicture): Promise<Uint8Array> {
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(p.scene.width * SCALE);
  canvas.height = Math.round(heightOf(p) * SCALE);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser gives no canvas to paint on');
  context.scale(SCALE, SCALE);
  paintPicture(new CanvasSurface(context, p.scene.palette), p);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'));
  if (blob === null) throw new Error('the picture is too large for a PNG file');
  return new Uint8Array(await blob.arrayBuffer());
}
