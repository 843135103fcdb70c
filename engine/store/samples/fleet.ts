/**
 * Months in the life of a fleet of sensors, in rounds: every sensor appends readings under `site/sensor/time`;
 * some old readings are rewritten (late corrections); what falls out of retention is deleted, key by key or, in
 * RocksDB, by range. RocksDB keeps readings, alerts and firmware images in column families of their own, the
 * images in blob files; LevelDB keeps everything but the images in one tree. The last round stays in the log.
 */
import { concat, utf8 } from '../../base/bytes.ts';
import type { Dialect } from '../../formats/leveldb/dialect.ts';
import { Dice, put, type Sample, type SampleWrite } from './sample.ts';

export interface FleetScale {
  readonly sensors: number;
  readonly rounds: number;
  /** Rounds that a reading is kept. */
  readonly retention: number;
  readonly alerts: number;
  readonly images: number;
  /** Bytes of a memtable, and of a table. */
  readonly tableBytes: number;
}

const FULL: FleetScale = {
  sensors: 160,
  rounds: 110,
  retention: 60,
  alerts: 12_000,
  images: 240,
  tableBytes: 1 << 20,
};

/** Readings of each sensor in a round. */
const PER_ROUND = 18;
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
function alert(dice: Dice, n: number, sensors: number, family: number): SampleWrite {
  const key = new Uint8Array(10);
  const view = new DataView(key.buffer);
  const millis = START * 1000 + n * 7919;
  view.setUint32(0, Math.floor(millis / 0x1_0000_0000));
  view.setUint32(4, millis >>> 0);
  view.setUint16(8, dice.below(sensors));
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

/** How many of `total` things belong to the rounds before `round`. */
const before = (total: number, round: number, rounds: number): number => Math.floor((total * round) / rounds);

function* run(scale: FleetScale, seed: number, format: Dialect['id']): Generator<readonly SampleWrite[], void, void> {
  const { sensors, rounds } = scale;
  const dice = new Dice(seed);
  const isRocks = format === 'rocksdb';
  const readings = isRocks ? READINGS : 0;
  yield Array.from({ length: sensors }, (_, sensor) => registryEntry(dice, sensor));
  for (let round = 0; round < rounds; round++) {
    for (let sensor = 0; sensor < sensors; sensor++) {
      const batch: SampleWrite[] = [];
      for (let i = 0; i < PER_ROUND; i++) {
        const tick = round * PER_ROUND + i;
        batch.push({ family: readings, key: readingKey(sensor, tick), value: reading(dice, sensor, tick) });
      }
      // A late correction in every second round, of one of the last ten.
      if (round > 0 && dice.below(2) === 0) {
        const back = 1 + dice.below(Math.min(round, 10));
        const tick = (round - back) * PER_ROUND + dice.below(PER_ROUND);
        batch.push({ family: readings, key: readingKey(sensor, tick), value: reading(dice, sensor, tick) });
      }
      if (round >= scale.retention) batch.push(...retire(round - scale.retention, sensor, isRocks, readings));
      yield batch;
    }
    const firstAlert = before(scale.alerts, round, rounds);
    const alerts = before(scale.alerts, round + 1, rounds) - firstAlert;
    yield Array.from({ length: alerts }, (_, i) => alert(dice, firstAlert + i, sensors, isRocks ? ALERT : 0));
    if (isRocks) {
      const first = before(scale.images, round, rounds);
      const images = before(scale.images, round + 1, rounds) - first;
      // Some images are published again under the same version: the older blob becomes garbage.
      const again = first > 0 && round % 5 === 0 ? [image(dice, dice.below(first))] : [];
      yield [...Array.from({ length: images }, (_, i) => image(dice, first + i)), ...again];
    }
    if (round % 10 === 9) yield Array.from({ length: 8 }, () => registryEntry(dice, dice.below(sensors)));
  }
}

/** The sample at another size. */
export function fleetOf(scale: FleetScale): Sample {
  const levels = {
    write_buffer_size: String(scale.tableBytes),
    target_file_size_base: String(2 * scale.tableBytes),
    max_bytes_for_level_base: String(4 * scale.tableBytes),
  };
  const blobs = { enable_blob_files: 'true', min_blob_size: '1024', blob_file_size: String(scale.tableBytes) };
  return {
    name: 'fleet',
    summary: `${scale.sensors} sensors whose readings are corrected and expire, in several levels`,
    formats: ['leveldb', 'rocksdb'],
    options: levels,
    families: [
      { name: 'readings', options: levels },
      { name: 'alerts', options: levels },
      { name: 'firmware', options: { ...levels, ...blobs } },
    ],
    writeBufferBytes: scale.tableBytes,
    batches: 1 + scale.rounds * (scale.sensors + 2) + Math.floor(scale.rounds / 10),
    keepsLog: true,
    run: (seed, format = 'rocksdb') => run(scale, seed, format),
  };
}

export const fleet: Sample = fleetOf(FULL);
