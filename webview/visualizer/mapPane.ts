/**
 * The map of the tree as it stood after the edit on show.
 *
 * Two canvases: the ground (headers, rows, tables) is painted when the tree, the window, the colours or the size
 * change; what follows the pointer is painted over it. Both at most once a frame. `ViewState` is the truth for
 * everything that is picked; the pane only keeps what the pointer does.
 */
import './map.css';
import { type Direction, neighbour, tableAt } from '../map/layout.ts';
import { el } from '../ui/dom.ts';
import { perFrame } from '../ui/host.ts';
import { UNKNOWN } from './colours.ts';
import type { Context, Pane } from './context.ts';
import { LIGHT_STEP } from './keySteps.ts';
import { AxisStrip } from './mapAxis.ts';
import { type MapPicture, mapPng, mapSvg } from './mapExport.ts';
import { paintFlow } from './mapFlow.ts';
import { FoundLine } from './mapFound.ts';
import { MapGround } from './mapGround.ts';
import { KeyPlaces } from './mapJob.ts';
import { MAP_KEYS_LABEL, onMapKeys } from './mapKeys.ts';
import { LegendView } from './mapLegend.ts';
import { marksOf } from './mapMarks.ts';
import { type Overlap, overlaps } from './mapModel.ts';
import { isLive, type Marks, paintMarks, rectOf } from './mapOverlay.ts';
import { fractionAt, mapWidth, paintMap, type Scene, xOf } from './mapPaint.ts';
import { Pointing } from './mapPointing.ts';
import { CanvasSurface } from './mapSurface.ts';
import { describeLife, levelTip, TipBox, tipContent } from './mapTip.ts';
import { panned, shownWithin, zoomed } from './mapWindow.ts';
import type { Changed } from './state.ts';
import { onTheme, prepare } from './theme.ts';

const GUTTER = 168;
const GUTTER_NARROW = 96;
const NARROW = 520;
/** Pixels beside a table at which it is still meant. */
const SLACK = 3;
/** Pixels a second at which the dashes of running inputs move. */
const MARCH = 16;

export class MapPane implements Pane {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #base = el('canvas', { class: 'map-canvas', 'aria-hidden': 'true' });
  readonly #over = el('canvas', { class: 'map-canvas', 'aria-hidden': 'true' });
  readonly #sheet: HTMLElement;
  readonly #scroll: HTMLElement;
  readonly #tip = new TipBox();
  readonly #axis: AxisStrip;
  readonly #legend = new LegendView();
  readonly #found: FoundLine;
  readonly #keyPlaces: KeyPlaces;
  readonly #reduced = matchMedia('(prefers-reduced-motion: reduce)');

  readonly #ground: MapGround;
  #scene: Scene | undefined;
  #width = 0;
  #height = 0;
  /** Fraction of the axis under the pointer. */
  #cursor: number | undefined;
  /** Where the tooltip belongs: it is shown for the pointer and for the keyboard. */
  #tipLife = -1;
  /** Level whose header is under the pointer; -1 for none. */
  #tipLevel = -1;
  /** A key that the window is to move to, once its position is known. */
  #wanted: Uint8Array | undefined;
  /** The selection changes by what is done here. */
  #picking = false;
  /** Table that the keyboard came to and that was not told of yet. */
  #unspoken = -1;
  #overlapsOf = -1;
  #overlaps: readonly Overlap[] = [];
  #layoutStale = true;
  #groundStale = true;
  #marksStale = true;
  readonly #soon = perFrame(() => this.#frame());

  constructor(context: Context) {
    this.#context = context;
    this.#ground = new MapGround(context);
    this.#keyPlaces = new KeyPlaces(context, () => this.#remark());
    this.#axis = new AxisStrip(context);
    this.#sheet = el('div', { class: 'map-sheet' }, this.#base, this.#over);
    this.#scroll = el(
      'div',
      {
        class: 'map-scroll',
        role: 'application',
        'aria-roledescription': 'map of tables',
        'aria-label': MAP_KEYS_LABEL,
        tabindex: 0,
      },
      this.#sheet,
    );
    this.#found = new FoundLine({
      pick: (life) => {
        this.#pick(life, false);
        this.#reveal(life);
      },
      clear: () => context.state.set({ search: undefined }),
    });
    this.element = el(
      'section',
      { class: 'map-pane', 'aria-label': 'Map of the tree' },
      this.#found.element,
      this.#scroll,
      this.#axis.element,
      this.#legend.element,
      this.#tip.element,
    );
    this.#listen();
  }

  /** The map as it is on screen, as an SVG document. `caption` stands below it. */
  svg(caption = ''): string {
    return mapSvg(this.#picture(caption));
  }

  /** The same as a PNG file, twice as fine as CSS pixels. */
  png(caption = ''): Promise<Uint8Array> {
    return mapPng(this.#picture(caption));
  }

  #picture(caption: string): MapPicture {
    const scene = this.#sceneNow();
    const { info, summary, timeline } = this.#context;
    const path = summary?.path.split(/[\\/]/).at(-1) ?? '';
    const title = `${path}, ${info?.familyName ?? ''}, after edit ${scene.tree.at} of ${timeline.events}`;
    return { scene, marks: this.#marks(scene, true), legend: scene.colours.legend(), title, caption };
  }

  #listen(): void {
    const { state, keys } = this.#context;
    new ResizeObserver(() => {
      this.#width = this.#scroll.clientWidth;
      this.#height = this.#scroll.clientHeight;
      this.#regroundSoon();
    }).observe(this.#scroll);
    onTheme(() => this.#regroundSoon());
    state.on((changed) => this.#changed(changed));
    this.#context.onData(() => this.#relayout());
    keys.on(() => {
      this.#speak();
      if (state.now.colour === 'prefix') this.#relayout();
      else this.#remark();
    });
    new Pointing(this.#scroll, {
      move: (x, y) => this.#point(x, y),
      leave: () => this.#leave(),
      click: (x, y, add) => this.#click(x, y, add),
      open: (x, y) => {
        const life = this.#hit(x, y);
        if (life >= 0) this.#open(life);
        else if (x >= this.#gutter()) state.set({ window: { from: 0, to: 1 } });
      },
      pan: (pixels) => this.#pan(pixels),
      zoom: (x, factor) => this.#zoom(x, factor),
    });
    onMapKeys(this.#scroll, {
      go: (direction, add) => this.#go(direction, add),
      open: () => this.#withCurrent((life) => this.#open(life)),
      toggle: () => this.#withCurrent((life) => this.#pick(life, true)),
      escape: () => this.#escape(),
      zoom: (factor) => {
        const scene = this.#scene;
        if (scene !== undefined) this.#zoom(scene.gutter + mapWidth(scene) / 2, factor);
      },
      whole: () => state.set({ window: { from: 0, to: 1 } }),
    });
    this.#scroll.addEventListener('scroll', () => this.#remark());
    this.#scroll.addEventListener('blur', () => this.#leave());
  }

  #changed(changed: Changed): void {
    const { now } = this.#context.state;
    if (changed.has('search')) this.#wanted = now.search?.key ?? this.#wanted;
    if (changed.has('explain')) this.#wanted = now.explain?.key ?? this.#wanted;
    const picked = now.selected[0];
    if (changed.has('selected') && !this.#picking && picked !== undefined && !this.#layoutStale) {
      if (this.#ground.tree.timeline.isLive(picked, this.#ground.tree.at)) this.#reveal(picked);
    }
    if (changed.has('axis') && now.window.to - now.window.from < 1) {
      this.#context.state.set({ window: { from: 0, to: 1 } });
    }
    if (changed.has('at') || changed.has('family') || changed.has('axis') || changed.has('colour')) this.#relayout();
    else if (changed.has('progress') && now.progress?.job !== undefined) {
      // The job may write to a level that has no row yet.
      const level = now.progress.job.outputLevel;
      if (!this.#ground.layout.levels.includes(level)) this.#relayout();
      else this.#remark();
    } else if (changed.has('window') || changed.has('mapAs')) this.#regroundSoon();
    else this.#remark();
  }

  #relayout(): void {
    this.#layoutStale = true;
    this.#soon();
  }

  #regroundSoon(): void {
    this.#groundStale = true;
    this.#soon();
  }

  #remark(): void {
    this.#marksStale = true;
    this.#soon();
  }

  #gutter(): number {
    return this.#width < NARROW ? GUTTER_NARROW : GUTTER;
  }

  /** Everything that is due, in one frame. */
  #frame(): void {
    if (this.#width === 0 || this.#height === 0) return;
    if (this.#layoutStale) {
      this.#ground.update(this.#reduced.matches);
      this.#overlapsOf = -1;
      this.#layoutStale = false;
      this.#groundStale = true;
    }
    if (this.#groundStale) this.#paintGround();
    if (this.#marksStale) this.#paintOver();
  }

  /** The picture of now, also where the pane is hidden: then as large as it was, or of a usual size. */
  #sceneNow(): Scene {
    const { clientWidth, clientHeight } = this.#scroll;
    this.#width = clientWidth || this.#scene?.width || 1100;
    this.#height = clientHeight || this.#scene?.height || 480;
    this.#layoutStale = true;
    this.#frame();
    this.#width = clientWidth;
    this.#height = clientHeight;
    return this.#scene as Scene;
  }

  #paintGround(): void {
    const scene = this.#ground.scene(this.#width, this.#height, this.#gutter());
    this.#scene = scene;
    this.#sheet.style.height = `${scene.height}px`;
    const context = prepare(this.#base, scene.width, scene.height);
    if (context !== null) paintMap(new CanvasSurface(context, scene.palette), scene);
    this.#legend.set(scene.colours.legend(), scene.colours.fill(UNKNOWN));
    this.#groundStale = false;
    this.#marksStale = true;
  }

  #paintOver(): void {
    const scene = this.#scene;
    if (scene === undefined) return;
    this.#marksStale = false;
    const context = prepare(this.#over, scene.width, scene.height);
    if (context === null) return;
    const surface = new CanvasSurface(context, scene.palette);
    const now = performance.now();
    let moving = false;
    if (this.#ground.flow !== undefined) {
      moving = paintFlow(surface, scene, this.#ground.flow, now);
      if (!moving) this.#ground.flow = undefined;
    }
    const marks = this.#marks(scene, false);
    paintMarks(surface, scene, marks);
    this.#goToKey();
    this.#found.set(this.#ground.tree, this.#context.state.now.search, marks.search?.lives ?? []);
    this.#axis.set(scene, this.#cursor);
    this.#showTip(scene);
    if (moving || (marks.job !== undefined && !this.#reduced.matches)) this.#remark();
  }

  #marks(scene: Scene, exported: boolean): Marks {
    const { hover } = this.#context.state.now;
    const live = hover >= 0 && isLive(scene, hover) ? hover : -1;
    if (this.#overlapsOf !== live) {
      this.#overlapsOf = live;
      this.#overlaps = live < 0 ? [] : overlaps(this.#ground.tree, live);
    }
    const pointed = exported
      ? { hover: -1, overlaps: [], cursor: undefined, march: 0 }
      : {
          hover: live,
          overlaps: this.#overlaps,
          cursor: this.#cursor,
          march: this.#reduced.matches ? 0 : (performance.now() / 1000) * MARCH,
        };
    return marksOf(scene, this.#context.state.now, this.#keyPlaces, pointed);
  }

  #showTip(scene: Scene): void {
    const { keys } = this.#context;
    const life = this.#tipLife;
    const offset = this.#scroll.offsetTop - this.#scroll.scrollTop;
    const room = this.element.clientHeight;
    if (life >= 0 && this.#overlapsOf === life) {
      const box = rectOf(scene, life);
      const middle = (Math.max(scene.gutter, box.x) + Math.min(scene.width, box.x + box.w)) / 2;
      const x = this.#cursor === undefined ? middle : xOf(scene, this.#cursor);
      const content = tipContent(this.#ground.tree, life, keys, this.#overlaps, this.#ground.colours);
      this.#tip.set(content, x, box.y + offset, box.h, scene.width, room);
      return;
    }
    const facts = scene.facts.find((f) => f.level === this.#tipLevel);
    const band = this.#ground.places.bandOf(this.#tipLevel);
    if (facts === undefined || band === undefined) this.#tip.hide();
    else {
      const content = levelTip(facts);
      this.#tip.set(content, scene.gutter - 8, band.top + 8 + offset, 0, scene.width, room);
    }
  }

  /** The table at a point of the sheet; -1 for none. */
  #hit(x: number, y: number): number {
    const scene = this.#scene;
    if (scene === undefined || this.#layoutStale || x < scene.gutter - SLACK) return -1;
    const row = this.#ground.places.rowAt(this.#ground.layout, y);
    const perPixel = (scene.window.to - scene.window.from) / mapWidth(scene);
    return row < 0 ? -1 : tableAt(this.#ground.layout, row, fractionAt(scene, x), SLACK * perPixel);
  }

  #point(x: number, y: number): void {
    const scene = this.#scene;
    if (scene === undefined) return;
    this.#unspoken = -1;
    const inside = x >= scene.gutter && x <= scene.gutter + mapWidth(scene);
    this.#cursor = inside ? fractionAt(scene, x) : undefined;
    const life = this.#hit(x, y);
    this.#tipLife = life;
    const band =
      x < scene.gutter - SLACK ? this.#ground.places.bands.find((b) => y >= b.top && y <= b.top + b.height) : undefined;
    this.#tipLevel = band?.level ?? -1;
    this.#context.state.set({ hover: life });
    this.#remark();
  }

  #leave(): void {
    this.#cursor = undefined;
    this.#tipLife = -1;
    this.#tipLevel = -1;
    this.#context.state.set({ hover: -1 });
    this.#remark();
  }

  #click(x: number, y: number, add: boolean): void {
    const life = this.#hit(x, y);
    if (life >= 0) this.#pick(life, add);
    else if (!add && this.#context.state.now.selected.length > 0) this.#select([]);
  }

  #pick(life: number, add: boolean): void {
    const { selected } = this.#context.state.now;
    if (!add) {
      if (selected.length !== 1 || selected[0] !== life) this.#select([life]);
      return;
    }
    if (selected.includes(life)) this.#select(selected.filter((other) => other !== life));
    else this.#select([life, ...selected]);
  }

  #select(selected: readonly number[]): void {
    const { state, host } = this.#context;
    this.#picking = true;
    state.set({ selected });
    this.#picking = false;
    const tables = selected.map((life) => this.#ground.tree.timeline.number[life] as number);
    host.do({ action: 'selectedTables', family: state.now.family, tables });
  }

  #open(life: number): void {
    this.#context.host.do({ action: 'openTable', table: this.#ground.tree.timeline.number[life] as number });
  }

  #zoom(x: number, factor: number): void {
    const scene = this.#scene;
    if (scene === undefined) return;
    const { state } = this.#context;
    const around = Math.max(0, Math.min(1, (x - scene.gutter) / mapWidth(scene)));
    state.set({ window: zoomed(state.now.window, around, factor, this.#narrowest()) });
    this.#cursor = undefined;
  }

  #pan(pixels: number): void {
    const scene = this.#scene;
    if (scene === undefined) return;
    const { state } = this.#context;
    state.set({ window: panned(state.now.window, pixels / mapWidth(scene)) });
  }

  /** Smallest part of the axis that is worth seeing: two keys wherever they are, or a kilobyte. */
  #narrowest(): number {
    return Math.min(1, (this.#context.state.now.axis === 'keys' ? 2 * LIGHT_STEP : 1024) / this.#ground.layout.extent);
  }

  /** Moves the window to a key that was searched for or explained, when its position has come. */
  #goToKey(): void {
    const { state } = this.#context;
    if (this.#wanted === undefined) return;
    const { search, axis } = state.now;
    const position = search?.key === this.#wanted ? search.position : this.#keyPlaces.position(this.#wanted);
    if (Number.isNaN(position)) return;
    this.#wanted = undefined;
    const at = this.#ground.layout.fractionOf(position);
    if (axis === 'keys') state.set({ window: shownWithin(state.now.window, at, at) });
  }

  /** Moves the window so that a table is in it. */
  #reveal(life: number): void {
    const { state } = this.#context;
    state.set({
      window: shownWithin(
        state.now.window,
        this.#ground.layout.left[life] as number,
        this.#ground.layout.right[life] as number,
      ),
    });
    const scene = this.#scene;
    if (scene === undefined) return;
    const { y, h } = rectOf(scene, life);
    if (y < this.#scroll.scrollTop) this.#scroll.scrollTop = y - 8;
    else if (y + h > this.#scroll.scrollTop + this.#height) this.#scroll.scrollTop = y + h + 8 - this.#height;
  }

  #withCurrent(action: (life: number) => void): void {
    const life = this.#current();
    if (life !== undefined) action(life);
  }

  /** The table that the keyboard stands on: the one under the pointer, or the last one picked. */
  #current(): number | undefined {
    const scene = this.#scene;
    const { hover, selected } = this.#context.state.now;
    return scene === undefined ? undefined : [hover, ...selected].find((life) => life >= 0 && isLive(scene, life));
  }

  /** Says what the keyboard came to, once its keys are here. */
  #speak(): void {
    const life = this.#unspoken;
    if (life < 0) return;
    const { keys, timeline } = this.#context;
    const low = keys.at(timeline.smallest[life] as number);
    const high = keys.at(timeline.largest[life] as number);
    if (low === undefined || high === undefined) return;
    this.#unspoken = -1;
    this.#context.speak(describeLife(this.#ground.tree, life, keys, overlaps(this.#ground.tree, life)));
  }

  #escape(): void {
    const { state } = this.#context;
    if (this.#tipLife < 0 && state.now.selected.length > 0) this.#select([]);
    this.#leave();
  }

  #go(direction: Direction, add: boolean): void {
    const { state } = this.#context;
    const from = this.#current();
    const first = this.#ground.layout.rows.find((row) => row.tables.length > 0)?.tables[0];
    const life = from === undefined ? first : neighbour(this.#ground.layout, from, direction);
    if (life === undefined) return;
    this.#cursor = undefined;
    this.#tipLife = life;
    state.set({ hover: life });
    if (!add) this.#pick(life, false);
    else if (!state.now.selected.includes(life)) this.#pick(life, true);
    this.#reveal(life);
    this.#unspoken = life;
    this.#speak();
    this.#remark();
  }
}
