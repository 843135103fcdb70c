/** Sessions of a web application: a few are written again and again, some log out. */
import { Dice, put, remove, type Sample, type SampleWrite } from './sample.ts';

const SESSIONS = 6000;
const BATCHES = 1500;
const WRITES = 40;
const ROUTES = ['/', '/search', '/cart', '/checkout', '/account', '/help'] as const;

export const sessions: Sample = {
  name: 'sessions',
  summary: `${SESSIONS} web sessions, the busy ones overwritten many times; one write in 25 is a log-out`,
  formats: ['leveldb', 'rocksdb'],
  options: { write_buffer_size: '1048576', target_file_size_base: '1048576', max_bytes_for_level_base: '4194304' },
  writeBufferBytes: 1 << 20,
  batches: BATCHES,
  *run(seed) {
    const names = new Dice(seed ^ 0x5e551045);
    const ids = Array.from({ length: SESSIONS }, () => names.digits(24));
    const dice = new Dice(seed);
    for (let n = 0; n < BATCHES; n++) {
      const batch: SampleWrite[] = [];
      for (let i = 0; i < WRITES; i++) {
        // Squared: low numbers, the busy sessions, come up far more often.
        const session = Math.floor(dice.unit() ** 2 * SESSIONS);
        const key = `session:${ids[session] as string}`;
        if (dice.below(25) === 0) {
          batch.push(remove(key));
          continue;
        }
        const state = {
          user: `user-${session % 2500}`,
          visits: n * WRITES + i,
          route: ROUTES[dice.below(ROUTES.length)],
          cart: Array.from({ length: dice.below(4) }, () => dice.below(90_000)),
          csrf: dice.digits(32),
        };
        batch.push(put(key, JSON.stringify(state)));
      }
      yield batch;
    }
  },
};
