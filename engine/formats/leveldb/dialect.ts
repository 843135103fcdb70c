/** What is LevelDB's own about a store: no options file, no range deletions, no merges, no blobs. */
import { unsupported } from '../../base/errors.ts';
import type { Dialect } from '../driver.ts';
import { decodeLevelDbEdit } from './versionEdit.ts';

const NO_OPTIONS = {};

export const leveldbDialect: Dialect = {
  id: 'leveldb',
  block: 'leveldb',
  tableExtension: 'ldb',
  hasRangeDeletions: false,
  decodeEdit: decodeLevelDbEdit,
  loadOptions: () => ({ version: '', file: undefined, db: NO_OPTIONS, family: () => NO_OPTIONS, problems: [] }),
  resolver: () => ({
    mergeOperator: null,
    blob: () => {
      throw unsupported('LevelDB has no blob files');
    },
    columns: () => {
      throw unsupported('LevelDB has no wide columns');
    },
    merge: () => undefined,
    close: () => {},
  }),
};
