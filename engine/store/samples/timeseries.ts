/** Sensors that report at a fixed rhythm; readings past their time to live are deleted. */
import { Dice, put, remove, type Sample, type SampleWrite } from './sample.ts';

const SENSORS = 24;
const TICKS = 2400;
/** Ticks that a reading is kept. */
const KEPT = 1200;
const TICK_SECONDS = 60;
/** 2026-01-01T00:00:00Z. */
const START = 1_767_225_600;

const key = (sensor: number, tick: number): string =>
  `sensor/${String(sensor).padStart(3, '0')}/${START + tick * TICK_SECONDS}`;

export const timeseries: Sample = {
  name: 'timeseries',
  summary: `${SENSORS} sensors, one reading a minute; readings are deleted after ${(KEPT * TICK_SECONDS) / 3600} hours`,
  formats: ['leveldb', 'rocksdb'],
  options: { write_buffer_size: '1048576', target_file_size_base: '1048576', max_bytes_for_level_base: '4194304' },
  writeBufferBytes: 1 << 20,
  batches: TICKS,
  *run(seed) {
    const dice = new Dice(seed);
    const temperature = Array.from({ length: SENSORS }, () => 15 + dice.unit() * 10);
    for (let tick = 0; tick < TICKS; tick++) {
      const batch: SampleWrite[] = [];
      for (let sensor = 0; sensor < SENSORS; sensor++) {
        const t = (temperature[sensor] as number) + (dice.unit() - 0.5) * 0.4;
        temperature[sensor] = t;
        const reading = {
          celsius: Number(t.toFixed(2)),
          humidity: Math.round(40 + dice.unit() * 30),
          battery: Number((1 - tick / (3 * TICKS)).toFixed(3)),
        };
        batch.push(put(key(sensor, tick), JSON.stringify(reading)));
        if (tick >= KEPT) batch.push(remove(key(sensor, tick - KEPT)));
      }
      yield batch;
    }
  },
};
