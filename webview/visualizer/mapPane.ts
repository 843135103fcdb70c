/**
 * The map of the tree as it stood after the edit on show.
 *
 * Two canvases: the ground (headers, rows, tables) is painted when the tree, the window, the colours or the size
 * change; what follows the pointer is painted over it. Both at most once a frame. `ViewState` is the truth for
 * everything that is picked; the pane only keeps what the pointer does.
 */
import './map.css';
import { displayKey } from '../../engine/model/display.ts';
import { TreeAt } from '../../engine/model/timeline/timeline.ts';
import { type Direction, neighbour, tableAt } from '../map/layout.ts';
import { size } from '../text/numbers.ts';
import { el, setText, show } from '../ui/dom.ts';
import { perFrame } from '../ui/host.ts';
import { Colours, UNKNOWN } from './colours.ts';
import type { Context, Pane } from './context.ts';
import { stopsOf } from './mapExplain.ts';
import { mapPng, mapSvg } from './mapExport.ts';
import { boxesOf, changesOf, FLOW_SPEED_MAX, type Flow, paintFlow } from './mapFlow.ts';
import { FoundLine } from './mapFound.ts';
import { KeyPlaces, outputBoxes } from './mapJob.ts';
import { TreeLayout } from './mapLayout.ts';
import { LegendView } from './mapLegend.ts';
import { levelFacts, type Overlap, overlaps, singleStep, tablesHolding } from './mapModel.ts';
import { isLive, type Marks, paintMarks, rectOf } from './mapOverlay.ts';
import { fractionAt, mapWidth, paintMap, type Scene, xOf } from './mapPaint.ts';
import { palette } from './mapPalette.ts';
import { Pointing } from './mapPointing.ts';
import { RowPlaces } from './mapRows.ts';
import { CanvasSurface } from './mapSurface.ts';
import { describeLife, tipContent } from './mapTip.ts';
import { panned, shownWithin, zoomed } from './mapWindow.ts';
import { placeOf } from './seek.ts';
import type { Changed } from './state.ts';
import { onTheme, prepare } from './theme.ts';

const GUTTER = 168;
const GUTTER_NARROW = 96;
const NARROW = 520;
/** Pixels beside a table at which it is still meant. */
const SLACK = 3;
/** Pixels a second at which the dashes of running inputs move. */
const MARCH = 16;

const DIRECTIONS: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
};

const LABEL =
  'Map of the tree. Arrow keys move between tables, Enter opens one, Space adds one to those that are picked, plus, minus and 0 zoom.';

export class MapPane implements Pane {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #base = el('canvas', { class: 'map-canvas', 'aria-hidden': 'true' });
  readonly #over = el('canvas', { class: 'map-canvas', 'aria-hidden': 'true' });
  readonly #sheet: HTMLElement;
  readonly #scroll: HTMLElement;
  readonly #tip = el('div', { class: 'map-tip', 'aria-hidden': 'true' });
  readonly #axisFrom = el('span', { class: 'axis-end' });
  readonly #axisTo = el('span', { class: 'axis-end axis-last' });
  readonly #axisHere = el('span', { class: 'axis-here' });
  readonly #axis = el(
    'div',
    { class: 'map-axis mono', 'aria-hidden': 'true' },
    this.#axisFrom,
    this.#axisTo,
    this.#axisHere,
  );
  readonly #legend = new LegendView();
  readonly #found: FoundLine;
  readonly #keyPlaces: KeyPlaces;
  readonly #reduced = matchMedia('(prefers-reduced-motion: reduce)');

  #tree: TreeAt;
  readonly #layout = new TreeLayout();
  readonly #places = new RowPlaces();
  readonly #colours = new Colours();
  #scene: Scene | undefined;
  #width = 0;
  #height = 0;
  /** Fraction of the axis under the pointer. */
  #cursor: number | undefined;
  /** Where the tooltip belongs: it is shown for the pointer and for the keyboard. */
  #tipLife = -1;
  /** Table that the keyboard came to and that was not told of yet. */
  #unspoken = -1;
  #overlapsOf = -1;
  #overlaps: readonly Overlap[] = [];
  #flow: Flow | undefined;
  #laidOutAt = -1;
  #layoutStale = true;
  #groundStale = true;
  #marksStale = true;
  readonly #soon = perFrame(() => this.#frame());

  constructor(context: Context) {
    this.#context = context;
    this.#tree = new TreeAt(context.timeline);
    this.#keyPlaces = new KeyPlaces(context, () => this.#remark());
    this.#sheet = el('div', { class: 'map-sheet' }, this.#base, this.#over);
    this.#scroll = el(
      'div',
      {
        class: 'map-scroll',
        role: 'application',
        'aria-roledescription': 'map of tables',
        'aria-label': LABEL,
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
      this.#axis,
      this.#legend.element,
      this.#tip,
    );
    show(this.#tip, false);
    this.#listen();
  }

  /** The map as it is on screen, as an SVG document. `caption` stands below it. */
  svg(caption = ''): string {
    const scene = this.#sceneNow();
    return mapSvg({
      scene,
      marks: this.#marks(scene, true),
      legend: this.#colours.legend(),
      title: this.#title(),
      caption,
    });
  }

  /** The same as a PNG file, twice as fine as CSS pixels. */
  png(caption = ''): Promise<Uint8Array> {
    const scene = this.#sceneNow();
    return mapPng({
      scene,
      marks: this.#marks(scene, true),
      legend: this.#colours.legend(),
      title: this.#title(),
      caption,
    });
  }

  #title(): string {
    const { info, summary, timeline } = this.#context;
    const path = summary?.path.split(/[\\/]/).at(-1) ?? '';
    return `${path}, ${info?.familyName ?? ''}, after edit ${this.#tree.at} of ${timeline.events}`;
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
    this.#scroll.addEventListener('keydown', (event) => this.#key(event));
    this.#scroll.addEventListener('scroll', () => this.#remark());
    this.#scroll.addEventListener('blur', () => this.#leave());
  }

  #changed(changed: Changed): void {
    const { now } = this.#context.state;
    if (changed.has('axis') && now.window.to - now.window.from < 1) {
      this.#context.state.set({ window: { from: 0, to: 1 } });
    }
    if (changed.has('at') || changed.has('family') || changed.has('axis') || changed.has('colour')) this.#relayout();
    else if (changed.has('progress') && now.progress?.job !== undefined) {
      // The job may write to a level that has no row yet.
      const level = now.progress.job.outputLevel;
      if (!this.#layout.levels.includes(level)) this.#relayout();
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
    if (this.#layoutStale) this.#doLayout();
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

  #doLayout(): void {
    const { timeline, info, state, keys } = this.#context;
    const { axis, colour, playing, speed, progress } = state.now;
    const at = placeOf(this.#context);
    const before = this.#laidOutAt;
    if (this.#tree.timeline !== timeline) {
      this.#tree = new TreeAt(timeline);
      this.#flow = undefined;
      this.#laidOutAt = -1;
    }
    const step = before === this.#laidOutAt && this.#layout.axis === axis ? singleStep(before, at) : undefined;
    const still = this.#reduced.matches || (playing && speed > FLOW_SPEED_MAX);
    const changes = step === undefined || still ? undefined : changesOf(this.#tree, step.event, step.back);
    const gone = changes === undefined ? [] : boxesOf(this, changes.gone);
    if (before !== at) this.#flow = undefined;
    this.#tree.seek(at);
    const job = progress?.job;
    const also = job !== undefined && job.family === state.now.family ? [job.outputLevel] : [];
    this.#layout.update(this.#tree, axis, info, also);
    if (changes !== undefined && timeline.events > 0) {
      this.#flow = { gone, came: changes.came, started: performance.now() };
    }
    this.#laidOutAt = at;
    this.#colours.setTones(palette().tones);
    this.#colours.setMode(colour);
    this.#colours.update(this.#tree, (position) => keys.at(position));
    this.#overlapsOf = -1;
    this.#layoutStale = false;
    this.#groundStale = true;
  }

  /** For `boxesOf`, which asks where tables stand now. */
  get layout(): TreeLayout {
    return this.#layout;
  }

  get places(): RowPlaces {
    return this.#places;
  }

  #paintGround(): void {
    const { summary, family, state } = this.#context;
    this.#places.update(this.#layout, this.#height);
    const height = Math.max(this.#height, this.#places.total);
    this.#sheet.style.height = `${height}px`;
    const colours = palette();
    this.#colours.setTones(colours.tones);
    const scene: Scene = {
      tree: this.#tree,
      layout: this.#layout,
      places: this.#places,
      colours: this.#colours,
      palette: colours,
      facts: levelFacts(this.#tree, this.#layout.levels, summary, family),
      window: state.now.window,
      width: this.#width,
      height,
      gutter: this.#gutter(),
    };
    this.#scene = scene;
    const context = prepare(this.#base, scene.width, height);
    if (context !== null) paintMap(new CanvasSurface(context, colours), scene);
    this.#legend.set(this.#colours.legend(), this.#colours.fill(UNKNOWN));
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
    if (this.#flow !== undefined) {
      moving = paintFlow(surface, scene, this.#flow, now);
      if (!moving) this.#flow = undefined;
    }
    const marks = this.#marks(scene, false);
    paintMarks(surface, scene, marks);
    this.#found.set(this.#tree, this.#context.state.now.search, marks.search?.lives ?? []);
    this.#showAxis(scene);
    this.#showTip(scene);
    if (moving || (marks.job !== undefined && !this.#reduced.matches)) this.#remark();
  }

  #marks(scene: Scene, exported: boolean): Marks {
    const { state } = this.#context;
    const { hover, selected, search, progress, explain, axis, family } = state.now;
    const live = hover >= 0 && isLive(scene, hover) ? hover : -1;
    if (this.#overlapsOf !== live) {
      this.#overlapsOf = live;
      this.#overlaps = live < 0 ? [] : overlaps(this.#tree, live);
    }
    const fractionOf = (position: number): number | undefined =>
      axis === 'keys' && !Number.isNaN(position)
        ? this.#layout.fractionOf(position) + 0.5 / this.#layout.extent
        : undefined;
    const job = progress?.job;
    return {
      hover: exported ? -1 : live,
      overlaps: this.#overlaps,
      selected,
      cursor: exported || axis !== 'keys' ? undefined : this.#cursor,
      search:
        search === undefined
          ? undefined
          : { at: fractionOf(search.position), lives: tablesHolding(this.#tree, search.position) },
      explain:
        explain === undefined || explain.family !== family
          ? undefined
          : { at: fractionOf(this.#keyPlaces.position(explain.key)), stops: stopsOf(this.#tree, explain) },
      job:
        job === undefined || job.family !== family || progress === undefined
          ? undefined
          : this.#running(job, progress.percent),
      march: this.#reduced.matches || exported ? 0 : (performance.now() / 1000) * MARCH,
    };
  }

  #running(job: NonNullable<Marks['job']>['job'], percent: number): Marks['job'] {
    const numbers = new Set(job.inputs.map((i) => i.number));
    const inputs: number[] = [];
    let left = Number.POSITIVE_INFINITY;
    let right = Number.NEGATIVE_INFINITY;
    for (const level of new Set(job.inputs.map((i) => i.level))) {
      for (const life of this.#tree.lives(level)) {
        if (!numbers.has(this.#tree.timeline.number[life] as number)) continue;
        inputs.push(life);
        left = Math.min(left, this.#layout.left[life] as number);
        right = Math.max(right, this.#layout.right[life] as number);
      }
    }
    const room = left < right ? { left, right } : { left: 0, right: 1 };
    const outputs = outputBoxes(job, this.#layout, room, (key) => this.#keyPlaces.position(key));
    return { job, percent, inputs, outputs };
  }

  #showAxis(scene: Scene): void {
    const { keys } = this.#context;
    const { axis, window } = this.#context.state.now;
    this.#axis.style.paddingLeft = `${scene.gutter}px`;
    const empty = this.#tree.timeline.lives === 0;
    const textAt = (fraction: number): string => {
      if (empty) return '';
      if (axis === 'bytes') return size(Math.round(fraction * this.#layout.extent));
      const position = Math.floor(this.#layout.positionAt(fraction));
      const { firstPosition, lastPosition } = this.#context.info ?? { firstPosition: 0, lastPosition: 0 };
      const key = keys.at(Math.max(firstPosition, Math.min(lastPosition, position)));
      return key === undefined ? '…' : displayKey(key, 40);
    };
    setText(this.#axisFrom, textAt(window.from));
    setText(this.#axisTo, textAt(window.to));
    show(this.#axisHere, this.#cursor !== undefined);
    if (this.#cursor === undefined) return;
    setText(this.#axisHere, textAt(this.#cursor));
    const x = xOf(scene, this.#cursor);
    const half = this.#axisHere.offsetWidth / 2;
    this.#axisHere.style.left = `${Math.round(Math.max(scene.gutter - 6, Math.min(scene.width - 2 * half - 4, x - half)))}px`;
  }

  #showTip(scene: Scene): void {
    const life = this.#tipLife;
    const visible = life >= 0 && this.#overlapsOf === life;
    show(this.#tip, visible);
    if (!visible) return;
    this.#tip.replaceChildren(...tipContent(this.#tree, life, this.#context.keys, this.#overlaps, this.#colours));
    const box = rectOf(scene, life);
    const left = Math.max(scene.gutter, box.x);
    const right = Math.min(scene.width, box.x + box.w);
    const middle = this.#cursor === undefined ? (left + right) / 2 : xOf(scene, this.#cursor);
    const { offsetWidth: w, offsetHeight: h } = this.#tip;
    const top = box.y - this.#scroll.scrollTop + this.#scroll.offsetTop;
    const below = top + box.h + 10;
    const above = top - h - 10;
    // Beside the pointer, so that what overlaps above and below stays in sight.
    const side = middle + 18 + w < scene.width ? middle + 18 : middle - 18 - w;
    const y =
      below + h < this.element.clientHeight || above < 0 ? Math.min(below, this.element.clientHeight - h - 4) : above;
    this.#tip.style.left = `${Math.round(Math.max(4, Math.min(scene.width - w - 4, side)))}px`;
    this.#tip.style.top = `${Math.round(Math.max(4, y))}px`;
  }

  /** The table at a point of the sheet; -1 for none. */
  #hit(x: number, y: number): number {
    const scene = this.#scene;
    if (scene === undefined || this.#layoutStale || x < scene.gutter - SLACK) return -1;
    const row = this.#places.rowAt(this.#layout, y);
    const perPixel = (scene.window.to - scene.window.from) / mapWidth(scene);
    return row < 0 ? -1 : tableAt(this.#layout, row, fractionAt(scene, x), SLACK * perPixel);
  }

  #point(x: number, y: number): void {
    const scene = this.#scene;
    if (scene === undefined) return;
    this.#unspoken = -1;
    const inside = x >= scene.gutter && x <= scene.gutter + mapWidth(scene);
    this.#cursor = inside ? fractionAt(scene, x) : undefined;
    const life = this.#hit(x, y);
    this.#tipLife = life;
    this.#context.state.set({ hover: life });
    this.#remark();
  }

  #leave(): void {
    this.#cursor = undefined;
    this.#tipLife = -1;
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
    state.set({ selected });
    const tables = selected.map((life) => this.#tree.timeline.number[life] as number);
    host.do({ action: 'selectedTables', family: state.now.family, tables });
  }

  #open(life: number): void {
    this.#context.host.do({ action: 'openTable', table: this.#tree.timeline.number[life] as number });
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

  /** Smallest part of the axis that is worth seeing: two keys, or a kilobyte. */
  #narrowest(): number {
    return Math.min(1, (this.#context.state.now.axis === 'keys' ? 2 : 1024) / this.#layout.extent);
  }

  /** Moves the window so that a table is in it. */
  #reveal(life: number): void {
    const { state } = this.#context;
    state.set({
      window: shownWithin(state.now.window, this.#layout.left[life] as number, this.#layout.right[life] as number),
    });
    const scene = this.#scene;
    if (scene === undefined) return;
    const { y, h } = rectOf(scene, life);
    if (y < this.#scroll.scrollTop) this.#scroll.scrollTop = y - 8;
    else if (y + h > this.#scroll.scrollTop + this.#height) this.#scroll.scrollTop = y + h + 8 - this.#height;
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const { state } = this.#context;
    const scene = this.#scene;
    if (scene === undefined) return;
    const known = [state.now.hover, ...state.now.selected].find((life) => life >= 0 && isLive(scene, life));
    const middle = scene.gutter + mapWidth(scene) / 2;
    const direction = DIRECTIONS[event.key];
    if (event.key === 'Enter' && known !== undefined) this.#open(known);
    else if (event.key === ' ' && known !== undefined) this.#pick(known, true);
    else if (event.key === 'Escape') this.#escape();
    else if (event.key === '+' || event.key === '=') this.#zoom(middle, 1 / 1.5);
    else if (event.key === '-') this.#zoom(middle, 1.5);
    else if (event.key === '0') state.set({ window: { from: 0, to: 1 } });
    else if (direction !== undefined) this.#go(known, direction, event.shiftKey);
    else return;
    event.preventDefault();
    event.stopPropagation();
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
    this.#context.speak(describeLife(this.#tree, life, keys, overlaps(this.#tree, life)));
  }

  #escape(): void {
    const { state } = this.#context;
    if (this.#tipLife < 0 && state.now.selected.length > 0) this.#select([]);
    this.#leave();
  }

  #go(from: number | undefined, direction: Direction, add: boolean): void {
    const { state } = this.#context;
    const first = this.#layout.rows.find((row) => row.tables.length > 0)?.tables[0];
    const life = from === undefined ? first : neighbour(this.#layout, from, direction);
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
