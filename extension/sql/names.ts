/** The tables that SQL knows, and the ready-made queries: asked of an engine once in the life of a window. */
import type { SqlExample, SqlTableSchema } from '../../engine/protocol/engineApi.ts';
import { withLooseEngine } from '../looseEngine.ts';
import type { Services } from '../services.ts';

interface Names {
  readonly tables: readonly SqlTableSchema[];
  readonly examples: readonly SqlExample[];
}

export class SqlNames {
  readonly #services: Pick<Services, 'stores' | 'workerFile' | 'log'>;
  #asked: Promise<Names> | undefined;

  constructor(services: Pick<Services, 'stores' | 'workerFile' | 'log'>) {
    this.#services = services;
  }

  get(): Promise<Names> {
    this.#asked ??= this.#ask().catch((thrown: unknown) => {
      this.#asked = undefined;
      throw thrown;
    });
    return this.#asked;
  }

  /** Of the open store's engine; where none is open, of one that ends with its answer. */
  async #ask(): Promise<Names> {
    const { stores, workerFile, log } = this.#services;
    const open = stores.active;
    if (open !== undefined) {
      return { tables: await open.call('sqlSchema', {}), examples: await open.call('sqlExamples', {}) };
    }
    return withLooseEngine(workerFile, log, async (engine) => ({
      tables: await engine.start('sqlSchema', {}).result,
      examples: await engine.start('sqlExamples', {}).result,
    }));
  }
}
