/** The built-in sample workloads, by name. */
import { blobs } from './blobs.ts';
import { fleet } from './fleet.ts';
import type { Sample } from './sample.ts';
import { sessions } from './sessions.ts';
import { timeseries } from './timeseries.ts';

/** A store without entries. */
const empty: Sample = {
  name: 'empty',
  summary: 'a store without entries',
  formats: ['leveldb', 'rocksdb'],
  options: {},
  writeBufferBytes: 1 << 20,
  batches: 0,
  *run() {},
};

export const SAMPLES: readonly Sample[] = [fleet, timeseries, sessions, blobs, empty];
