/** Ctrl-C and a polite kill: whoever works ends at its next slice and cleans up. */
export class Interrupt {
  asked = false;

  /** As a token of the service. */
  get cancelled(): boolean {
    return this.asked;
  }

  readonly #listener = (): void => {
    this.asked = true;
    this.#then?.();
  };
  readonly #then: (() => void) | undefined;

  /** `then` is called when it is asked, for whoever waits for something else. */
  constructor(then?: () => void) {
    this.#then = then;
    process.on('SIGINT', this.#listener);
    process.on('SIGTERM', this.#listener);
  }

  end(): void {
    process.off('SIGINT', this.#listener);
    process.off('SIGTERM', this.#listener);
  }
}
