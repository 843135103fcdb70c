/** What a grid shows of rows that come in chunks, those that will not come included. */
import { visibleString } from '../text/visible.ts';
import type { GridSource } from '../ui/grid.ts';
import type { ChunkCache } from './chunkCache.ts';

/** `lost`: the engine is gone, which is said once and not in each row. */
export function rowSource<Row>(cache: ChunkCache<Row>, lost: () => boolean = () => false): GridSource<Row> {
  return {
    row: (index) => cache.row(index),
    need: (first, last) => cache.need(first, last),
    failure: (index) => {
      const reason = cache.failure(index);
      return reason === undefined || lost()
        ? undefined
        : `could not be read: ${visibleString((reason as Error).message)}`;
    },
  };
}
