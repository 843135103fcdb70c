/** The bar at the top: which store and family, the search, how the map is shown, and what can be done. */
import { visibleString } from '../text/visible.ts';
import { actionButton, el, iconButton, setText, show } from '../ui/dom.ts';
import { perFrame } from '../ui/host.ts';
import { segmented } from '../ui/segmented.ts';
import type { Arrangement } from './arrangement.ts';
import { MODE_NAMES } from './colours.ts';
import type { Pane } from './context.ts';
import type { Data } from './data.ts';
import { exportMenu } from './export.ts';
import type { MapPane } from './mapPane.ts';
import type { SearchPane } from './search.ts';
import { COLOUR_MODES, type ColourMode } from './state.ts';

export interface HeaderParts {
  readonly map: MapPane;
  readonly search: SearchPane;
  help(): void;
}

export class HeaderPane implements Pane {
  readonly element: HTMLElement;
  readonly #data: Data;
  readonly #arrangement: Arrangement;
  readonly #title = el('span', { class: 'store-name' });
  readonly #family = el('select', { class: 'select', 'aria-label': 'Column family' });
  readonly #colour = el('select', { class: 'select', 'aria-label': 'Colour by', title: 'Colour by' });
  readonly #axis;
  readonly #mapAs;
  readonly #side: HTMLButtonElement;
  /** Families in the list. */
  #listed = '';
  readonly #update = perFrame(() => this.#paint());

  constructor(data: Data, arrangement: Arrangement, parts: HeaderParts) {
    const { state } = data;
    this.#data = data;
    this.#arrangement = arrangement;
    this.#family.addEventListener('change', () => data.showFamily(Number(this.#family.value)));
    this.#axis = segmented<'keys' | 'bytes'>(
      'Horizontal axis',
      [
        { value: 'keys', label: 'Keys', title: 'Aligned by key: tables above each other overlap' },
        { value: 'bytes', label: 'Bytes', title: 'Area is bytes' },
      ],
      state.now.axis,
      (axis) => state.set({ axis, window: { from: 0, to: 1 } }),
    );
    for (const mode of COLOUR_MODES) this.#colour.append(new Option(MODE_NAMES[mode], mode));
    this.#colour.addEventListener('change', () => state.set({ colour: this.#colour.value as ColourMode }));
    this.#mapAs = segmented<'map' | 'table'>(
      'Tables as',
      [
        { value: 'map', label: 'Map' },
        { value: 'table', label: 'List' },
      ],
      state.now.mapAs,
      (mapAs) => state.set({ mapAs }),
    );
    this.#side = iconButton('panelRight', 'Details and ladder at the side', () => this.#toggleSide());
    const exporting = exportMenu(data, {
      map: parts.map,
      storeName: () => data.storeName,
      curves: () => arrangement.now.curves,
      fail: (message) => data.complain(message),
    });
    this.element = el(
      'header',
      { class: 'vis-head' },
      el('div', { class: 'vis-title' }, this.#title, this.#family),
      parts.search.element,
      el(
        'div',
        { class: 'vis-tools' },
        this.#axis.element,
        this.#colour,
        this.#mapAs.element,
        this.#explainButton(),
        exporting.element,
        this.#side,
        iconButton('question', 'Keys (?)', () => parts.help()),
      ),
    );
    data.onData(this.#update);
    state.on((changed) => {
      const own = ['family', 'axis', 'colour', 'mapAs'] as const;
      if (own.some((name) => changed.has(name))) this.#paint();
    });
    arrangement.on(() => this.#paint());
    this.#paint();
  }

  /** Where the focus goes when the side pane is closed. */
  focusSide(): void {
    this.#side.focus();
  }

  #toggleSide(): void {
    const open = this.#data.state.now.explain === undefined ? 'details' : 'explain';
    this.#arrangement.set({ side: this.#arrangement.now.side === 'off' ? open : 'off' });
  }

  #explainButton(): HTMLElement {
    const button = actionButton('Explain Get…', 'secondary', () => {
      const { search, family } = this.#data.state.now;
      if (search === undefined) this.#data.host.do({ action: 'explain', family });
      else this.#data.ask({ ask: 'explain', family, key: search.key });
    });
    button.title = 'How a get goes through the tree, step by step: of the key searched for, or of one you type';
    return button;
  }

  #paint(): void {
    const { summary, state, storeName } = this.#data;
    const { axis, colour, mapAs, family } = state.now;
    const name = visibleString(storeName);
    setText(this.#title, name);
    if (document.title !== name) document.title = name;
    const families = summary?.families ?? [];
    show(this.#family, families.length > 1);
    const wanted = families.map((f) => `${f.id} ${f.name}`).join('\n');
    if (this.#listed !== wanted) {
      this.#listed = wanted;
      this.#family.replaceChildren(...families.map((f) => new Option(visibleString(f.name), String(f.id))));
    }
    this.#family.value = String(family);
    this.#axis.value = axis;
    this.#mapAs.value = mapAs;
    this.#colour.value = colour;
    show(this.#axis.element, mapAs === 'map');
    show(this.#colour, mapAs === 'map');
    this.#side.setAttribute('aria-pressed', String(this.#arrangement.now.side !== 'off'));
  }
}
