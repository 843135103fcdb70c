import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TreeAt } from '../../../engine/model/timeline/timeline.ts';
import { Colours, niceCeiling, spanOfTime, UNKNOWN } from '../../../webview/visualizer/colours.ts';
import { SvgSurface, xmlText } from '../../../webview/visualizer/mapSvg.ts';
import { PREFIX_GROUPS_MAX, PrefixGroups } from '../../../webview/visualizer/prefixes.ts';
import type { COLOUR_MODES } from '../../../webview/visualizer/state.ts';
import {
  contrast,
  css,
  inkOn,
  luminance,
  mix,
  parseColour,
  ramp,
  type Tones,
} from '../../../webview/visualizer/tones.ts';
import { type MadeEvent, madeTimeline } from '../../support/lives.ts';

const DARK: Tones = {
  background: [31, 31, 31],
  foreground: [204, 204, 204],
  muted: [157, 157, 157],
  blue: [55, 148, 255],
  green: [137, 209, 133],
  yellow: [204, 167, 0],
  orange: [209, 134, 22],
  red: [241, 76, 76],
  purple: [177, 128, 215],
  highContrast: false,
};
const LIGHT: Tones = { ...DARK, background: [255, 255, 255], foreground: [59, 59, 59], blue: [26, 133, 255] };

const SECOND = 1e6;
const EVENTS: MadeEvent[] = [
  {
    at: 10 * SECOND,
    add: [
      {
        number: 1,
        level: 1,
        smallest: 0,
        largest: 4,
        bytes: 100,
        entries: 10,
        deletions: 5,
        rawBytes: 400,
        filterBytes: 12.5,
        seq: 5,
      },
      {
        number: 2,
        level: 2,
        smallest: 3,
        largest: 9,
        bytes: 250,
        entries: 20,
        deletions: 0,
        rawBytes: 250,
        filterBytes: 25,
        seq: 3,
      },
    ],
  },
  { at: 30 * SECOND, add: [{ number: 3, level: 0, smallest: 2, largest: 3, bytes: 50, seq: 9 }] },
];

function coloursFor(
  mode: (typeof COLOUR_MODES)[number],
  events = EVENTS,
  tones = DARK,
): { colours: Colours; tree: TreeAt } {
  const tree = new TreeAt(madeTimeline(events));
  tree.seek(events.length);
  const colours = new Colours();
  colours.setTones(tones);
  colours.setMode(mode);
  colours.update(tree, (position) => new TextEncoder().encode(`${position < 3 ? 'user' : 'order'}:${position}`));
  return { colours, tree };
}

const valuesOf = (mode: (typeof COLOUR_MODES)[number]): number[] => [...coloursFor(mode).colours.values.subarray(0, 3)];

describe('colours of the map', () => {
  it('computes what each mode shows', () => {
    assert.deepEqual(valuesOf('level'), [1, 2, 0]);
    assert.deepEqual(valuesOf('size'), [100, 250, 50]);
    assert.deepEqual(valuesOf('tombstones'), [0.5, 0, Number.NaN]);
    assert.deepEqual(valuesOf('compression'), [0.25, 1, Number.NaN]);
    assert.deepEqual(valuesOf('sequence'), [5, 3, 9]);
    assert.deepEqual(valuesOf('filter'), [10, 10, Number.NaN]);
    assert.deepEqual(valuesOf('overlap'), [2.5, 0, 2]);
    assert.deepEqual(valuesOf('age'), [20, 20, 0]);
    assert.deepEqual(valuesOf('prefix'), [1, 0, 1]);
  });

  it('counts ages in edits where times are not known', () => {
    const { colours } = coloursFor(
      'age',
      EVENTS.map(({ at: _, ...rest }) => rest),
    );
    assert.deepEqual([...colours.values.subarray(0, 3)], [1, 1, 0]);
    assert.equal(colours.legend().title, 'Age in edits');
  });

  it('ends its scales at round numbers and says so in the legend', () => {
    const labels = (mode: (typeof COLOUR_MODES)[number]): readonly string[] => coloursFor(mode).colours.legend().labels;
    assert.deepEqual(labels('size'), ['0 B', '256 B']);
    assert.deepEqual(labels('tombstones'), ['0 %', '50 %']);
    assert.deepEqual(labels('compression'), ['0 %', '100 %']);
    assert.deepEqual(labels('sequence'), ['3', '9']);
    assert.deepEqual(labels('filter'), ['0', '10']);
    assert.deepEqual(labels('overlap'), ['0×', '5×']);
    assert.deepEqual(labels('age'), ['0 s', '20 s']);
    assert.deepEqual([0, 3, 7, 10, 0.011, 49].map(niceCeiling), [1, 5, 10, 10, 0.02, 50]);
    assert.deepEqual([0, 0.5, 7, 90, 7200, 200_000].map(spanOfTime), [
      '0 s',
      '500 ms',
      '7 s',
      '1.5 min',
      '2 h',
      '2.3 d',
    ]);
  });

  it('tells how many tables are unknown, and paints them apart', () => {
    const { colours, tree } = coloursFor('tombstones');
    assert.equal(colours.unknown, 1);
    assert.equal(colours.legend().note, 'unknown for 1 table: not in the LOG');
    assert.equal(colours.index(tree.lives(0), 0, 0), UNKNOWN);
    assert.equal(colours.describe(2), 'unknown');
    assert.equal(colours.describe(0), '50 %');
    const known = new Set(Array.from({ length: 64 }, (_, i) => colours.fill(i)));
    assert.ok(!known.has(colours.fill(UNKNOWN)));
    const none = coloursFor('filter', [{ add: [{ number: 1, level: 1, smallest: 0, largest: 1 }] }]).colours;
    assert.equal(none.legend().note, 'unknown for all tables: not in the LOG');
  });

  it('gives a span the colour of the mean of what is known', () => {
    const { colours } = coloursFor('tombstones');
    const low = colours.index(Uint32Array.of(1), 0, 0);
    const high = colours.index(Uint32Array.of(0), 0, 0);
    assert.ok(low < high);
    assert.equal(colours.index(Uint32Array.of(0, 1, 2), 0, 2), Math.round((low + high) / 2));
    assert.equal(colours.index(Uint32Array.of(2, 2), 0, 1), UNKNOWN);
  });

  it('lists levels and prefixes as swatches of colours that differ', () => {
    const levels = coloursFor('level').colours.legend();
    assert.deepEqual(
      levels.swatches.map((s) => s.label),
      ['L0', 'L1', 'L2'],
    );
    assert.equal(new Set(levels.swatches.map((s) => s.colour)).size, 3);
    const prefixes = coloursFor('prefix').colours.legend();
    assert.deepEqual(
      prefixes.swatches.map((s) => s.label),
      ['order:', 'user:'],
    );
  });

  it('goes from faint to strong in even steps, dark or light', () => {
    for (const tones of [DARK, LIGHT]) {
      for (const accent of [tones.blue, tones.red, tones.green]) {
        const steps = ramp(tones, accent, 64);
        const away = steps.map((c) => contrast(c, tones.background));
        for (let i = 1; i < away.length; i++) assert.ok(away[i]! >= away[i - 1]! - 0.02, `step ${i} of ${css(accent)}`);
        for (const c of steps) assert.ok(contrast(inkOn(c), c) >= 4.5, css(c));
      }
    }
  });

  it('reads the colours that themes are written in', () => {
    assert.deepEqual(parseColour(' #1f1F1f '), [31, 31, 31]);
    assert.deepEqual(parseColour('#fff'), [255, 255, 255]);
    assert.deepEqual(parseColour('#0000005c'), [0, 0, 0]);
    assert.deepEqual(parseColour('rgba(1, 2, 3, 0.5)'), [1, 2, 3]);
    assert.deepEqual(parseColour('rgb(1 2 3 / 50%)'), [1, 2, 3]);
    for (const bad of ['', 'red', '#12', 'rgb(1)', 'rgb(a,b,c)']) assert.equal(parseColour(bad), undefined);
    assert.equal(css(mix([10, 20, 30], [200, 100, 50], 0)), css([10, 20, 30]));
    assert.equal(css(mix([10, 20, 30], [200, 100, 50], 1)), css([200, 100, 50]));
    assert.equal(luminance([255, 255, 255]).toFixed(3), '1.000');
  });
});

describe('groups by prefix', () => {
  const groupsOf = (
    keys: readonly (string | undefined)[],
    groups = new PrefixGroups(),
  ): { of: number[]; names: string[]; unknown: number } => {
    const lives = Uint32Array.from(keys.keys());
    const into = new Float64Array(keys.length);
    groups.learn(lives, Float64Array.from(keys.keys()), (i) => {
      const key = keys[i];
      return key === undefined ? undefined : new TextEncoder().encode(key);
    });
    const unknown = groups.fill(lives, into);
    return { of: [...into], names: groups.prefixes.map((p) => new TextDecoder().decode(p)), unknown };
  };

  it('are whole words where there are few', () => {
    assert.deepEqual(groupsOf(['user:1', 'order:7', 'user:2']), {
      of: [1, 0, 1],
      names: ['order:', 'user:'],
      unknown: 0,
    });
    assert.deepEqual(groupsOf(['app/user/1', 'app/users/7']).names, ['app/user/', 'app/users/']);
  });

  it('are bytes behind what all share where words are many', () => {
    const keys = Array.from({ length: 300 }, (_, i) => `user:${String(i).padStart(4, '0')}`);
    const { names } = groupsOf(keys);
    assert.deepEqual(names, ['user:00', 'user:01', 'user:02']);
  });

  it('wait for keys that are on their way, and change when these do not fit', () => {
    const groups = new PrefixGroups();
    const keys: (string | undefined)[] = ['a:1', undefined, 'b:1'];
    const first = groupsOf(keys, groups);
    assert.deepEqual([first.unknown, first.of], [1, [0, Number.NaN, 1]]);
    keys[1] = 'aa:1';
    assert.deepEqual(groupsOf(keys, groups), { of: [0, 1, 2], names: ['a:', 'aa:', 'b:'], unknown: 0 });
  });

  it('are bounded, the last one holding the others', () => {
    const keys = Array.from({ length: 200 }, (_, i) => String.fromCharCode(0x30 + (i % 70)) + i);
    const { of } = groupsOf(keys);
    assert.equal(Math.max(...of), PREFIX_GROUPS_MAX);
  });
});

describe('SVG of the map', () => {
  it('writes text as text, whatever it holds', () => {
    assert.equal(
      xmlText('<a b="c">&\'\u0000\ud800x\u{1f600}'),
      '&lt;a b=&quot;c&quot;&gt;&amp;&apos;\ufffd\ufffdx\u{1f600}',
    );
    const svg = new SvgSurface({ font: '"Segoe UI", sans-serif', mono: 'monospace' }, (text) => text.length * 6);
    svg.group(10, 20, 300, 100, () => {
      svg.rect(0, 0, 10.123, 5, '#123456', 0.5);
      svg.hatch(0, 0, 5, 5, '#111111', '#222222');
      svg.hatch(9, 0, 5, 5, '#111111', '#222222');
      svg.text('<script>alert(1)</script>', 1, 2, { size: 11, colour: '#ffffff', bold: true, align: 'right' });
    });
    const text = svg.done(320, 140, 'a & b');
    assert.ok(
      text.startsWith('<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="320"'),
    );
    assert.ok(text.includes('<title>a &amp; b</title>'));
    assert.ok(text.includes('&lt;script&gt;alert(1)&lt;/script&gt;') && !text.includes('<script'));
    assert.ok(text.includes('width="10.12" height="5" fill="#123456" fill-opacity="0.5"'));
    assert.equal(text.match(/<pattern /g)?.length, 1);
    assert.equal(text.match(/fill="url\(#hatch0\)"/g)?.length, 2);
    assert.equal(text.match(/<g /g)?.length, text.match(/<\/g>/g)?.length);
  });
});
