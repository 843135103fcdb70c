/** Documents of very different sizes under random keys: the large ones stand in blob files. */
import { Dice, put, remove, type Sample, type SampleWrite } from './sample.ts';

const BATCHES = 120;
const WRITES = 8;
const DOCUMENTS = 600;

export const blobs: Sample = {
  name: 'blobs',
  summary: `${DOCUMENTS} documents of 100 bytes to 64 KiB, some overwritten; from 4 KiB on they stand in blob files`,
  formats: ['rocksdb'],
  options: {
    enable_blob_files: 'true',
    min_blob_size: '4096',
    blob_file_size: '4194304',
    write_buffer_size: '4194304',
  },
  writeBufferBytes: 4 << 20,
  batches: BATCHES,
  *run(seed) {
    const dice = new Dice(seed);
    for (let n = 0; n < BATCHES; n++) {
      const batch: SampleWrite[] = [];
      for (let i = 0; i < WRITES; i++) {
        const key = `document/${String(dice.below(DOCUMENTS)).padStart(6, '0')}`;
        if (dice.below(40) === 0) {
          batch.push(remove(key));
          continue;
        }
        // From 100 bytes to 64 KiB, each order of magnitude as often as the next.
        const size = Math.floor(100 * 655 ** dice.unit());
        batch.push(put(key, dice.bytes(size)));
      }
      yield batch;
    }
  },
};
