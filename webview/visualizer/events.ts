/** All events in rows: the alternative to scrubber and curves. The row picked is the place on show. */
import { EVENT_KINDS, FLAG_INFERRED } from '../../engine/model/timeline/columns.ts';
import type { Timeline } from '../../engine/model/timeline/timeline.ts';
import { count, size } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { el } from '../ui/dom.ts';
import { Grid, type GridColumn } from '../ui/grid.ts';
import { perFrame } from '../ui/host.ts';
import type { Context, Pane } from './context.ts';
import { placeOf, seek } from './seek.ts';
import type { TimeAxis } from './time.ts';
import { captionAt, timeText } from './words.ts';

export class EventsPane implements Pane {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #grid: Grid<number>;
  readonly #update = perFrame(() => this.#fill());
  #timeline: Timeline | undefined;

  constructor(context: Context, time: TimeAxis) {
    this.#context = context;
    this.#grid = new Grid<number>({
      label: 'Edits',
      columns: columns(context, time),
      source: { row: (i) => i, need: () => {} },
      onSelect: (i) => {
        if (i >= 0 && i + 1 !== placeOf(context)) {
          context.state.set({ playing: false });
          seek(context, i + 1);
        }
      },
    });
    this.element = el('div', { class: 'list' }, this.#grid.element);
    context.state.on((changed) => {
      if (changed.has('at') || changed.has('curvesAs')) this.#update();
    });
    context.onData(this.#update);
  }

  #fill(): void {
    const { timeline, state } = this.#context;
    if (state.now.curvesAs !== 'table') return;
    if (this.#timeline !== timeline) this.#grid.repaint();
    this.#timeline = timeline;
    if (this.#grid.rows !== timeline.events) this.#grid.setRows(timeline.events);
    const at = placeOf(this.#context) - 1;
    if (at !== this.#grid.selected) this.#grid.select(at);
  }
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
      width: 176,
      min: 60,
      render: (cell, event) => {
        const known = timeText(context.timeline.at[event] as number);
        if (known === '' && time.times.length > 0) {
          cell.classList.add('dim');
          cell.textContent = `~ ${timeText(time.times[event + 1] as number).slice(0, 19)}`;
          cell.title = 'Not told; put in between its neighbours';
        } else {
          cell.classList.remove('dim');
          cell.removeAttribute('title');
          cell.textContent = known;
        }
      },
    },
    {
      id: 'kind',
      title: 'Kind',
      width: 104,
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
      width: 320,
      min: 80,
      flex: true,
      render: (cell, event) => {
        cell.textContent = visibleString(captionAt(context.timeline, event + 1));
        cell.title = cell.textContent;
      },
    },
    { id: 'read', title: 'Read', width: 80, min: 44, align: 'right', render: bytes('readBytes') },
    { id: 'written', title: 'Written', width: 80, min: 44, align: 'right', render: bytes('writtenBytes') },
  ];
}
