/** What a keyboard does on the map. */
import type { Direction } from '../map/layout.ts';

export interface MapKeyActions {
  /** `add`: Shift was held. */
  go(direction: Direction, add: boolean): void;
  open(): void;
  /** Adds the table to those that are picked, or takes it away. */
  toggle(): void;
  escape(): void;
  /** `factor` below 1 zooms in. */
  zoom(factor: number): void;
  whole(): void;
}

export const MAP_KEYS_LABEL =
  'Map of the tree. Arrow keys move between tables, Enter opens one, Space adds one to those that are picked, plus, minus and 0 zoom.';

const DIRECTIONS: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
};

const ZOOM = 1.5;

/** Keys that do something here go no further: elsewhere on the page arrows move through time. */
export function onMapKeys(element: HTMLElement, actions: MapKeyActions): void {
  element.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const direction = DIRECTIONS[event.key];
    if (direction !== undefined) actions.go(direction, event.shiftKey);
    else if (event.key === 'Enter') actions.open();
    else if (event.key === ' ') actions.toggle();
    else if (event.key === 'Escape') actions.escape();
    else if (event.key === '+' || event.key === '=') actions.zoom(1 / ZOOM);
    else if (event.key === '-') actions.zoom(ZOOM);
    else if (event.key === '0') actions.whole();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
