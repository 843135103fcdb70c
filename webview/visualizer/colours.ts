/**
 * What the colour of a table says, for each mode of `COLOUR_MODES`: values, the scale over the live tables,
 * colours and the legend. Pure, no DOM.
 *
 * A value is a number a life, NaN where nobody tells. Scales end at round numbers, so that colours stay while a
 * person scrubs. Tables that are too narrow to be seen apart are drawn as one span, in the colour of the mean of
 * their values (categories: of the first table): a maximum would paint a whole level in alarm for a few tables.
 */
import { formatBytes, formatCount } from '../../engine/model/display.ts';
import type { Timeline, TreeAt } from '../../engine/model/timeline/timeline.ts';
import { levelName, plural } from '../text/numbers.ts';
import { visibleText } from '../text/visible.ts';
import { NextLevelOverlap } from './mapModel.ts';
import { PREFIX_GROUPS_MAX, PrefixGroups } from './prefixes.ts';
import type { ColourMode } from './state.ts';
import { css, inkOn, mix, type Rgb, ramp, type Tones } from './tones.ts';

export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
}

export interface Legend {
  /** What is shown, with its unit. */
  readonly title: string;
  readonly kind: 'swatches' | 'gradient';
  readonly swatches: readonly LegendEntry[];
  /** Colours of the gradient from low to high, and labels at its start and end. */
  readonly stops: readonly string[];
  readonly labels: readonly [string, string];
  /** The gradient's middle where that is not half way: '' or in words. */
  readonly middle: string;
  /** Tables whose value nobody tells, and why. */
  readonly unknown: number;
  readonly note: string;
}

export const MODE_NAMES: Readonly<Record<ColourMode, string>> = {
  level: 'Level',
  age: 'Age',
  size: 'Size',
  tombstones: 'Tombstones',
  compression: 'Compression ratio',
  sequence: 'Sequence numbers',
  filter: 'Filter bits per key',
  overlap: 'Overlap with next level',
  prefix: 'Key prefix',
};

type Accent = 'blue' | 'green' | 'yellow' | 'orange' | 'red' | 'purple';

const ACCENTS: Readonly<Record<ColourMode, Accent>> = {
  level: 'blue',
  age: 'purple',
  size: 'blue',
  tombstones: 'red',
  compression: 'green',
  sequence: 'blue',
  filter: 'green',
  overlap: 'orange',
  prefix: 'blue',
};

/** Modes whose values spread over orders of magnitude. */
const LOGARITHMIC: ReadonlySet<ColourMode> = new Set(['age', 'overlap']);

const STEPS = 64;
const CATEGORIES = 12;
/** Colour index of a value that nobody tells. */
export const UNKNOWN = -1;

/** Category colours that neighbour each other least: the theme's own, and what lies between them. */
function categoryTones(t: Tones): Rgb[] {
  const soft = (c: Rgb): Rgb => (t.highContrast ? c : mix(t.background, c, 0.82));
  const teal = mix(t.green, t.blue, 0.5);
  const magenta = mix(t.purple, t.red, 0.5);
  const list = [
    t.blue,
    t.orange,
    t.green,
    t.purple,
    t.yellow,
    t.red,
    teal,
    magenta,
    mix(t.blue, t.foreground, 0.5),
    mix(t.orange, t.foreground, 0.5),
    mix(t.green, t.foreground, 0.5),
  ].map(soft);
  list.push(mix(t.background, t.muted, 0.55));
  return list;
}

/** The colour of a level, everywhere in the visualiser: warm at the top, cold at the bottom. */
export function levelTone(t: Tones, level: number): Rgb {
  const list = [
    // Themes tell their orange and yellow hardly apart.
    mix(t.orange, t.red, 0.5),
    t.yellow,
    t.green,
    mix(t.green, t.blue, 0.55),
    t.blue,
    t.purple,
    mix(t.purple, t.red, 0.55),
    t.red,
  ];
  const tone = list[Math.min(level, list.length - 1)] as Rgb;
  return t.highContrast ? tone : mix(t.background, tone, 0.82);
}

/** The next of 1, 2, 5, 10, … times a power of ten that is not below `value`. */
export function niceCeiling(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 2, 5, 10]) if (step * power >= value * (1 - 1e-9)) return step * power;
  return 10 * power;
}

/** The next power of two that is not below `value`: sizes end at these. */
function binaryCeiling(value: number): number {
  return value > 0 && Number.isFinite(value) ? 2 ** Math.ceil(Math.log2(value) - 1e-9) : 1;
}

const percent = (v: number): string =>
  `${v === 0 ? 0 : v * 100 < 10 ? Number((v * 100).toPrecision(2)) : Math.round(v * 100)} %`;

/** Seconds in the one unit that fits. */
export function spanOfTime(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ];
  for (const [unit, name] of units) if (seconds >= unit) return `${Number((seconds / unit).toPrecision(2))} ${name}`;
  return seconds <= 0 ? '0 s' : `${Math.round(seconds * 1000)} ms`;
}

/** Smallest keys of tables, as far as they are known. */
export type KeyOf = (position: number) => Uint8Array | undefined;

export class Colours {
  mode: ColourMode = 'level';
  /** By life; of live tables only. */
  values = new Float64Array(0);
  /** Tables whose value nobody tells. */
  unknown = 0;
  #low = 0;
  #high = 1;
  #tones: Tones | undefined;
  #css: string[] = [];
  #ink: string[] = [];
  #unknownCss = '';
  /** Ages are in seconds; otherwise in edits. */
  #byTime = false;
  #tables = 0;
  readonly #prefixes = new PrefixGroups();
  #timeline: Timeline | undefined;
  #levels: number[] = [];
  readonly #overlap = new NextLevelOverlap();

  setTones(tones: Tones): void {
    if (tones === this.#tones) return;
    this.#tones = tones;
    this.#paint();
  }

  setMode(mode: ColourMode): void {
    if (mode === this.mode) return;
    this.mode = mode;
    this.#paint();
  }

  get categorical(): boolean {
    return this.mode === 'level' || this.mode === 'prefix';
  }

  /** Computes the values and the scale of the live tables. */
  update(tree: TreeAt, keyOf: KeyOf): void {
    const t = tree.timeline;
    if (this.values.length < t.lives) this.values = new Float64Array(Math.max(t.lives, 2 * this.values.length));
    if (t !== this.#timeline) {
      this.#timeline = t;
      this.#prefixes.clear();
    }
    this.#tables = tree.count;
    this.#levels = [];
    for (let level = 0; level < tree.levels; level++) if (tree.lives(level).length > 0) this.#levels.push(level);
    if (this.mode === 'prefix') {
      this.#group(tree, keyOf);
      return;
    }
    if (this.mode === 'age') this.#ages(tree);
    else if (this.mode === 'overlap') this.#overlap.fill(tree, this.values);
    else this.#plain(tree);
    this.#scale(tree);
  }

  /** Colour of the mean of the tables at [first, last] of `lives`: for `fill` and `ink`. UNKNOWN if none is known. */
  index(lives: Int32Array | Uint32Array, first: number, last: number): number {
    const { values } = this;
    if (this.categorical || first === last) return this.#indexOf(values[lives[first] as number] as number);
    let sum = 0;
    let n = 0;
    for (let i = first; i <= last; i++) {
      const v = values[lives[i] as number] as number;
      if (Number.isNaN(v)) continue;
      sum += v;
      n++;
    }
    return n === 0 ? UNKNOWN : this.#indexOf(sum / n);
  }

  fill(index: number): string {
    return index < 0 ? this.#unknownCss : (this.#css[index] ?? this.#unknownCss);
  }

  /** Colour of text on a fill. */
  ink(index: number): string {
    return index < 0 ? (this.#ink[STEPS] ?? '#000') : (this.#ink[index] ?? '#000');
  }

  /** The value of one table in words. */
  describe(life: number): string {
    const v = this.values[life] as number;
    if (this.mode === 'prefix') return this.#prefixLabel(v);
    return Number.isNaN(v) ? 'unknown' : this.#words(v);
  }

  legend(): Legend {
    const base = {
      swatches: [],
      stops: [],
      labels: ['', ''] as const,
      middle: '',
      unknown: this.unknown,
      note: this.#note(),
    };
    if (this.mode === 'level') {
      const swatches = this.#levels.map((level) => ({
        label: levelName(level),
        colour: this.fill(this.#indexOf(level)),
      }));
      return { ...base, title: 'Level', kind: 'swatches', swatches };
    }
    if (this.mode === 'prefix') {
      const groups = Math.min(PREFIX_GROUPS_MAX + 1, this.#prefixes.prefixes.length);
      const swatches = Array.from({ length: groups }, (_, i) => ({
        label: this.#prefixLabel(i),
        colour: this.fill(i),
      }));
      return { ...base, title: 'Prefix of the smallest key', kind: 'swatches', swatches };
    }
    return {
      ...base,
      title: this.#title(),
      kind: 'gradient',
      stops: Array.from({ length: 9 }, (_, i) => this.fill(Math.round((i / 8) * (STEPS - 1)))),
      labels: [this.#words(this.#low), this.#words(this.#high)],
      middle: LOGARITHMIC.has(this.mode) ? `logarithmic, middle ${this.#words(this.#unscale(0.5))}` : '',
    };
  }

  #indexOf(value: number): number {
    if (Number.isNaN(value)) return UNKNOWN;
    if (this.mode === 'level') return Math.min(value, CATEGORIES - 1);
    if (this.mode === 'prefix') return Math.min(value, CATEGORIES - 1);
    const span = this.#high - this.#low;
    const x = LOGARITHMIC.has(this.mode)
      ? Math.log1p(value - this.#low) / Math.log1p(span)
      : (value - this.#low) / (span || 1);
    return Math.max(0, Math.min(STEPS - 1, Math.round(x * (STEPS - 1))));
  }

  #unscale(x: number): number {
    const span = this.#high - this.#low;
    return this.#low + (LOGARITHMIC.has(this.mode) ? Math.expm1(x * Math.log1p(span)) : x * span);
  }

  #plain(tree: TreeAt): void {
    const t = tree.timeline;
    const { values, mode } = this;
    for (let level = 0; level < tree.levels; level++) {
      const lives = tree.lives(level);
      for (let i = 0; i < lives.length; i++) {
        const life = lives[i] as number;
        if (mode === 'level') values[life] = level;
        else if (mode === 'size') values[life] = t.bytes[life] as number;
        else if (mode === 'tombstones') values[life] = (t.deletions[life] as number) / (t.entries[life] as number);
        else if (mode === 'compression') values[life] = (t.bytes[life] as number) / (t.rawBytes[life] as number);
        else if (mode === 'sequence') values[life] = t.largestSeq[life] as number;
        else values[life] = (8 * (t.filterBytes[life] as number)) / (t.entries[life] as number);
      }
    }
  }

  /** Seconds since birth where the times of this edit and of most tables are known; edits since birth otherwise. */
  #ages(tree: TreeAt): void {
    const t = tree.timeline;
    let now = Number.NaN;
    for (let e = tree.at - 1; e >= 0 && Number.isNaN(now) && e > tree.at - 1000; e--) now = t.at[e] as number;
    const bornAt = (life: number): number => {
      const made = t.createdAt[life] as number;
      return Number.isNaN(made) ? (t.at[t.born[life] as number] as number) : made;
    };
    let timed = 0;
    if (!Number.isNaN(now)) {
      for (let level = 0; level < tree.levels; level++) {
        const lives = tree.lives(level);
        for (let i = 0; i < lives.length; i++) if (!Number.isNaN(bornAt(lives[i] as number))) timed++;
      }
    }
    this.#byTime = timed * 2 > tree.count;
    for (let level = 0; level < tree.levels; level++) {
      const lives = tree.lives(level);
      for (let i = 0; i < lives.length; i++) {
        const life = lives[i] as number;
        this.values[life] = this.#byTime
          ? Math.max(0, (now - bornAt(life)) / 1e6)
          : tree.at - 1 - (t.born[life] as number);
      }
    }
  }

  #scale(tree: TreeAt): void {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    this.unknown = 0;
    for (let level = 0; level < tree.levels; level++) {
      const lives = tree.lives(level);
      for (let i = 0; i < lives.length; i++) {
        const life = lives[i] as number;
        const v = this.values[life] as number;
        // Shares of nothing (0/0, x/0) say nothing.
        if (!Number.isFinite(v)) {
          this.values[life] = Number.NaN;
          this.unknown++;
          continue;
        }
        if (v < low) low = v;
        if (v > high) high = v;
      }
    }
    if (low > high) {
      low = 0;
      high = 1;
    }
    if (this.mode === 'sequence') {
      this.#low = low;
      this.#high = high > low ? high : low + 1;
      return;
    }
    this.#low = 0;
    if (this.mode === 'size') this.#high = binaryCeiling(high);
    else if (this.mode === 'compression') this.#high = Math.max(1, niceCeiling(high));
    else this.#high = niceCeiling(high);
  }

  #group(tree: TreeAt, keyOf: KeyOf): void {
    this.unknown = 0;
    for (let level = 0; level < tree.levels; level++) {
      this.#prefixes.learn(tree.lives(level), tree.timeline.smallest, keyOf);
    }
    for (let level = 0; level < tree.levels; level++) {
      this.unknown += this.#prefixes.fill(tree.lives(level), this.values);
    }
  }

  #prefixLabel(group: number): string {
    if (group === PREFIX_GROUPS_MAX) return 'others';
    const prefix = this.#prefixes.prefixes[group];
    if (prefix === undefined) return '…';
    return prefix.length === 0 ? 'no prefix' : visibleText(prefix, 24);
  }

  #title(): string {
    if (this.mode === 'age') return this.#byTime ? 'Age' : 'Age in edits';
    if (this.mode === 'size') return 'File size';
    if (this.mode === 'tombstones') return 'Deletions of all entries';
    if (this.mode === 'compression') return 'File bytes of raw bytes';
    if (this.mode === 'sequence') return 'Largest sequence number';
    if (this.mode === 'filter') return 'Filter bits per key';
    return 'Bytes overlapped in the next level, to own bytes';
  }

  #words(v: number): string {
    if (this.mode === 'level') return levelName(v);
    if (this.mode === 'size') return formatBytes(Math.round(v));
    if (this.mode === 'tombstones' || this.mode === 'compression') return percent(v);
    if (this.mode === 'sequence') return formatCount(v);
    if (this.mode === 'filter') return `${Number(v.toPrecision(3))}`;
    if (this.mode === 'age') return this.#byTime ? spanOfTime(v) : formatCount(v);
    return `${v >= 10 ? formatCount(v) : Number(v.toPrecision(2))}×`;
  }

  #note(): string {
    if (this.unknown === 0) return '';
    const which = this.unknown === this.#tables ? 'all tables' : plural(this.unknown, 'table');
    if (this.mode === 'prefix') return `not read yet for ${which}`;
    const why =
      this.mode === 'sequence' ? 'not in the MANIFEST' : this.mode === 'age' ? 'no time is known' : 'not in the LOG';
    return `unknown for ${which}: ${why}`;
  }

  #paint(): void {
    const tones = this.#tones;
    if (tones === undefined) return;
    const colours =
      this.mode === 'level'
        ? Array.from({ length: CATEGORIES }, (_, level) => levelTone(tones, level))
        : this.mode === 'prefix'
          ? categoryTones(tones)
          : ramp(tones, tones[ACCENTS[this.mode]], STEPS);
    this.#css = colours.map(css);
    this.#ink = colours.map((c) => css(inkOn(c)));
    const unknown = mix(tones.background, tones.muted, 0.28);
    this.#unknownCss = css(unknown);
    this.#ink[STEPS] = css(inkOn(unknown));
  }
}
