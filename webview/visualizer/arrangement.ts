/** How the page is divided up, in one place: parts of the page read it, change it, and are told. No DOM. */
import type { PageLayout } from './saved.ts';

export class Arrangement {
  #now: PageLayout;
  readonly #listeners = new Set<() => void>();

  constructor(initial: PageLayout) {
    this.#now = initial;
  }

  get now(): PageLayout {
    return this.#now;
  }

  set(patch: Partial<PageLayout>): void {
    this.#now = { ...this.#now, ...patch };
    for (const listener of this.#listeners) listener();
  }

  on(listener: () => void): void {
    this.#listeners.add(listener);
  }
}
