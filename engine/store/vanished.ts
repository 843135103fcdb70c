import { StoreError } from '../base/errors.ts';

/** A table that was live when the MANIFEST was read is gone: the store has moved on, nothing is damaged. */
export class VanishedError extends StoreError {
  constructor(file: string) {
    super('NOT_FOUND', 'table was compacted away by the store’s owner', { path: file, mend: 'refresh the store' });
    this.name = 'VanishedError';
  }
}
