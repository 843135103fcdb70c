/**
 * Months in the life of a fleet of sensors, in rounds: every sensor appends readings under `site/sensor/time`;
 * some old readings are rewritten (late corrections); what falls out of retention is deleted, key by key or, in
 * RocksDB, by range. RocksDB keeps readings, alerts and firmware images in column families of their own, the
 * images in blob files; LevelDB keeps everything but the images in one tree. The last round stays in the log.
 */
import { concat, utf8 } from '../../base/bytes.ts';
import type { Dialect } from '../../formats/leveldb/dialect.ts';
import { Dice, put, type Sample, type SampleWrite } from './sample.ts';

const SENSORS = 160;
const ROUNDS = 110;
/** Readings of each sensor in a round. */
const PER_ROUND = 18;
/** Rounds that a reading is kept. */
const RETENTION = 60;
const ALERTS = 12_000;
const IMAGES = 240;
const STEP_SECONDS = 60;
/** 2026-01-01T00:00:00Z. */
const START = 1_767_225_600;

const SITES = ['berlin', 'kyoto', 'lagos', 'lima', 'oslo', 'quito', 'sydney', 'toronto'] as const;
const KINDS = ['temperature', 'humidity', 'vibration', 'pressure'] as const;

/** Ids of the column families in RocksDB. */
const READINGS = 1;
const ALERT = 2;
const FIRMWARE = 3;

const siteOf = (sensor: number): string => SITES[sensor % SITES.length] as string;
const kindOf = (sensor: number): string => KINDS[(sensor >> 3) % KINDS.length] as string;
const sensorId = (sensor: number): string => `${siteOf(sensor)}/${kindOf(sensor)}-${String(sensor).padStart(3, '0')}`;
const timeOf = (tick: number): string => String(START + tick * STEP_SECONDS);
const readingKey = (sensor: number, tick: number): Uint8Array => utf8(`${sensorId(sensor)}/${timeOf(tick)}`);

function reading(dice: Dice, sensor: number, tick: number): Uint8Array {
  if (kindOf(sensor) !== 'vibration') {
    const value = {
      at: START + tick * STEP_SECONDS,
      value: dice.below(4000) / 100,
      unit: '°C',
      ok: dice.below(50) !== 0,
      battery: dice.below(101),
    };
    return utf8(JSON.stringify(value));
  }
  // A header (little-endian tick, rate in Hz, gain), then noisy 16-bit samples.
  const out = dice.bytes(912);
  const header = new DataView(out.buffer);
  header.setFloat64(0, tick, true);
  header.setUint32(8, 8000, true);
  header.setFloat32(12, 0.25, true);
  return out;
}

function registryEntry(dice: Dice, sensor: number): SampleWrite {
  const value = {
    id: sensorId(sensor),
    site: siteOf(sensor),
    kind: kindOf(sensor),
    installed: START - dice.below(30_000_000),
    firmware: `v${1 + dice.below(3)}.${dice.below(10)}.${dice.below(20)}`,
    position: { lat: dice.below(18_000) / 100 - 90, lon: dice.below(36_000) / 100 - 180 },
    labels: ['outdoor', 'calibrated', 'mains'].filter(() => dice.below(2) === 0),
  };
  return put(`sensor/${sensorId(sensor)}`, JSON.stringify(value));
}

/** Keys are binary: a big-endian time, so that they sort by it, then the sensor. */
function alert(dice: Dice, n: number, family: number): SampleWrite {
  const key = new Uint8Array(10);
  const view = new DataView(key.buffer);
  const millis = START * 1000 + n * 7919;
  view.setUint32(0, Math.floor(millis / 0x1_0000_0000));
  view.setUint32(4, millis >>> 0);
  view.setUint16(8, dice.below(SENSORS));
  const value = {
    level: ['info', 'warning', 'critical'][dice.below(3)],
    threshold: dice.below(100),
    acknowledged: dice.below(2) === 0,
  };
  return { family, key, value: utf8(JSON.stringify(value)) };
}

/** Half of an image repeats itself, as programs do. */
function image(dice: Dice, n: number): SampleWrite {
  const half = dice.bytes(2048 + dice.below(6000));
  return { family: FIRMWARE, key: utf8(`image/v${String(n).padStart(4, '0')}`), value: concat([half, half]) };
}

/** Takes out of retention what one round wrote. */
function* retire(round: number, sensor: number, ranges: boolean, family: number): Generator<SampleWrite> {
  const from = round * PER_ROUND;
  if (ranges && sensor % 4 === 0) {
    yield { family, key: readingKey(sensor, from), value: undefined, until: readingKey(sensor, from + PER_ROUND) };
    return;
  }
  for (let i = 0; i < PER_ROUND; i++) yield { family, key: readingKey(sensor, from + i), value: undefined };
}

function* run(seed: number, format: Dialect['id'] = 'rocksdb'): Generator<readonly SampleWrite[], void, void> {
  const dice = new Dice(seed);
  const isRocks = format === 'rocksdb';
  const readings = isRocks ? READINGS : 0;
  yield Array.from({ length: SENSORS }, (_, sensor) => registryEntry(dice, sensor));
  for (let round = 0; round < ROUNDS; round++) {
    for (let sensor = 0; sensor < SENSORS; sensor++) {
      const batch: SampleWrite[] = [];
      for (let i = 0; i < PER_ROUND; i++) {
        const tick = round * PER_ROUND + i;
        batch.push({ family: readings, key: readingKey(sensor, tick), value: reading(dice, sensor, tick) });
      }
      // A late correction in every second round, of one of the last ten.
      if (round > 0 && dice.below(2) === 0) {
        const tick = (round - dice.below(Math.min(round, 10))) * PER_ROUND + dice.below(PER_ROUND) - PER_ROUND;
        const old = Math.max(0, tick);
        batch.push({ family: readings, key: readingKey(sensor, old), value: reading(dice, sensor, old) });
      }
      if (round >= RETENTION) batch.push(...retire(round - RETENTION, sensor, isRocks, readings));
      yield batch;
    }
    const alerts = Math.floor((ALERTS * (round + 1)) / ROUNDS) - Math.floor((ALERTS * round) / ROUNDS);
    const first = Math.floor((ALERTS * round) / ROUNDS);
    yield Array.from({ length: alerts }, (_, i) => alert(dice, first + i, isRocks ? ALERT : 0));
    if (isRocks) {
      const images = Math.floor((IMAGES * (round + 1)) / ROUNDS) - Math.floor((IMAGES * round) / ROUNDS);
      const from = Math.floor((IMAGES * round) / ROUNDS);
      // Some images are published again under the same version: the older blob becomes garbage.
      const again = from > 0 && round % 5 === 0 ? [image(dice, dice.below(from))] : [];
      yield [...Array.from({ length: images }, (_, i) => image(dice, from + i)), ...again];
    }
    if (round % 10 === 9) yield Array.from({ length: 8 }, () => registryEntry(dice, dice.below(SENSORS)));
  }
}

const LEVELS = {
  write_buffer_size: '1048576',
  target_file_size_base: '2097152',
  max_bytes_for_level_base: '4194304',
} as const;

export const fleet: Sample = {
  name: 'fleet',
  summary: `${SENSORS} sensors that report, correct and expire: several levels; in RocksDB four column families, range deletions and blob files`,
  formats: ['leveldb', 'rocksdb'],
  options: LEVELS,
  families: [
    { name: 'readings', options: LEVELS },
    { name: 'alerts', options: { ...LEVELS, write_buffer_size: '262144' } },
    {
      name: 'firmware',
      options: { ...LEVELS, enable_blob_files: 'true', min_blob_size: '1024', blob_file_size: '1048576' },
    },
  ],
  writeBufferBytes: 1 << 20,
  batches: 1 + ROUNDS * (SENSORS + 2) + ROUNDS / 10,
  keepsLog: true,
  run,
};
