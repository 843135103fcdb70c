/**
 * All events in rows, with the figures of the curves that are chosen after each of them: the alternative to
 * scrubber and curves. The row that is picked is the place on show.
 */
import { EVENT_KINDS, FLAG_INFERRED } from '../../engine/model/timeline/columns.ts';
import { count, size } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { el, fill } from '../ui/dom.ts';
import { Grid, type GridColumn } from '../ui/grid.ts';
import { perFrame } from '../ui/host.ts';
import type { Context, Pane } from './context.ts';
import { CURVE_WORDS, curveOf, curvesOf, valueText } from './curveData.ts';
import type { CurveId } from './saved.ts';
import { placeOf, seek } from './seek.ts';
import type { TimeAxis } from './time.ts';
import { captionAt, stallText, timeText } from './words.ts';

export class EventsPane implements Pane {
  readonly element = el('div', { class: 'list' });
  readonly #context: Context;
  readonly #time: TimeAxis;
  readonly #curves: () => readonly CurveId[];
  readonly #update = perFrame(() => this.#fill());
  #grid: Grid<number> | undefined;
  /** What the grid's columns are made for. */
  #made = '';
  #version = '';

  constructor(context: Context, time: TimeAxis, curves: () => readonly CurveId[]) {
    this.#context = context;
    this.#time = time;
    this.#curves = curves;
    context.state.on((changed) => {
      if (changed.has('at') || changed.has('curvesAs')) this.#update();
    });
    context.onData(this.#update);
  }

  /** Shows the figures that are chosen now. */
  refresh(): void {
    this.#update();
  }

  #fill(): void {
    const { timeline, info, state } = this.#context;
    if (state.now.curvesAs !== 'table') return;
    const grid = this.#gridFor();
    const version = `${info?.family} ${info?.epoch} ${info?.revision ?? 0}`;
    if (this.#version !== version) grid.repaint();
    this.#version = version;
    if (grid.rows !== timeline.events) grid.setRows(timeline.events);
    const at = placeOf(this.#context) - 1;
    if (at !== grid.selected) grid.select(at);
  }

  /** The grid with columns for the curves that are chosen and the levels that there are. */
  #gridFor(): Grid<number> {
    const chosen = this.#curves();
    const made = `${chosen.join()} ${curvesOf(this.#context)?.bytes.length ?? 0} ${this.#context.track?.label ?? ''}`;
    if (this.#grid !== undefined && made === this.#made) return this.#grid;
    this.#made = made;
    const focused = this.#grid?.element === document.activeElement;
    const context = this.#context;
    this.#grid = new Grid<number>({
      label: 'Edits',
      columns: [...columns(context, this.#time), ...figures(context, chosen)],
      source: { row: (i) => i, need: () => {} },
      onSelect: (i) => {
        if (i >= 0 && i + 1 !== placeOf(context)) {
          context.state.set({ playing: false });
          seek(context, i + 1);
        }
      },
    });
    fill(this.element, this.#grid.element);
    if (focused) this.#grid.element.focus();
    return this.#grid;
  }
}

/** A column for each series of the chosen curves. */
function figures(context: Context, chosen: readonly CurveId[]): GridColumn<number>[] {
  const now = curvesOf(context);
  if (now === undefined) return [];
  return chosen.flatMap((id) =>
    curveOf(now, id, context.track).series.map((series, i): GridColumn<number> => {
      const { title, hint } = CURVE_WORDS[id];
      return {
        id: `${id}${i}`,
        title: series.label === '' ? title : `${title.replace(/ per level$|^Compaction /, '')} ${series.label}`,
        hint: `${title}, after the edit: ${hint}`,
        width: series.label === '' ? 132 : 92,
        min: 44,
        align: 'right',
        render: (cell, event) => {
          const all = curvesOf(context);
          const curve = all === undefined ? undefined : curveOf(all, id, context.track);
          const value = curve?.series[i]?.values[event + 1] ?? Number.NaN;
          cell.textContent = curve === undefined ? '' : valueText(curve.unit, value);
        },
      };
    }),
  );
}

function columns(context: Context, time: TimeAxis): GridColumn<number>[] {
  const bytes = (of: 'readBytes' | 'writtenBytes') => (cell: HTMLElement, event: number) => {
    const n = context.timeline[of][event] as number;
    cell.textContent = n > 0 ? size(n) : '';
  };
  return [
    {
      id: 'edit',
      title: 'Edit',
      width: 76,
      min: 44,
      align: 'right',
      render: (cell, event) => {
        cell.textContent = count(event + 1);
      },
    },
    {
      id: 'time',
      title: 'Time (UTC)',
      width: 172,
      min: 60,
      render: (cell, event) => {
        const known = timeText(context.timeline.at[event] as number);
        const about = known === '' && time.times.length > 0;
        cell.classList.toggle('dim', about);
        cell.textContent = about ? `~ ${timeText(time.times[event + 1] as number).slice(0, 19)}` : known;
        if (about) cell.title = 'Not told; put in between its neighbours';
        else cell.removeAttribute('title');
      },
    },
    {
      id: 'kind',
      title: 'Kind',
      width: 118,
      min: 50,
      render: (cell, event) => {
        const kind = EVENT_KINDS[context.timeline.kind[event] as number] ?? 'unknown';
        cell.append(el('span', { class: 'kind-mark', 'data-kind': kind, 'aria-hidden': 'true' }), kind);
        if (((context.timeline.flags[event] as number) & FLAG_INFERRED) !== 0) {
          cell.append(el('span', { class: 'dim', title: 'Concluded from what changed' }, ' ?'));
        }
      },
    },
    {
      id: 'what',
      title: 'What',
      width: 380,
      min: 80,
      flex: true,
      render: (cell, event) => {
        cell.textContent = visibleString(captionAt(context.timeline, event + 1));
        cell.title = cell.textContent;
        const stall = visibleString(stallText(context.info, context.timeline.at[event] as number));
        if (stall !== '') cell.prepend(el('span', { class: 'row-stall', title: stall }, stall.split(':', 1)[0]), ' ');
      },
    },
    { id: 'read', title: 'Read', width: 80, min: 44, align: 'right', render: bytes('readBytes') },
    { id: 'written', title: 'Written', width: 80, min: 44, align: 'right', render: bytes('writtenBytes') },
  ];
}
