/**
 * The rate of false positives that a filter should have.
 *
 * 1. A Bloom filter of m bits with n keys and k probes lets an absent key through with probability
 *    (1 − e^(−kn/m))^k (Bloom 1970; LevelDB's filters).
 * 2. A blocked one puts all probes of a key into one line of B bits. Lines get more or fewer keys by
 *    chance: their number is Poisson-distributed with mean Bn/m, and the rate is the mean over it of
 *    (1 − (1 − 1/B)^(kj))^k (Putze, Sanders, Singler: "Cache-, Hash- and Space-Efficient Bloom
 *    Filters", 2007, §3). Both of RocksDB's Bloom filters are of this kind.
 * 3. Ribbon compares r result bits, of which an absent key has each right with probability ½: 2^−r
 *    (Dillinger, Walzer: "Ribbon filter", 2021). Where blocks differ in r, the mean over them.
 */
import type { FilterShape } from '../../formats/block/filter/filter.ts';

/** Lines this much fuller than the mean are left out: their share is beyond what any probe could see. */
const DEVIATIONS = 12;

export function expectedRate(shape: FilterShape, keys: number): number | null {
  if (shape.chance !== undefined) return shape.chance;
  const { bits, probes } = shape;
  if (probes === null || bits <= 0 || keys <= 0) return null;
  if (shape.scheme === 'bloom') return (1 - Math.exp((-probes * keys) / bits)) ** probes;
  return shape.scheme === 'blocked-bloom' ? blockedRate(bits, probes, shape.lineBits ?? 512, keys) : null;
}

function blockedRate(bits: number, probes: number, lineBits: number, keys: number): number {
  const mean = (lineBits * keys) / bits;
  const last = Math.ceil(mean + DEVIATIONS * Math.sqrt(mean) + DEVIATIONS);
  const first = Math.max(0, Math.floor(mean - DEVIATIONS * Math.sqrt(mean)));
  // Terms are relative to the first, so that e^(−mean) cannot vanish; their sum makes up for it.
  let logTerm = 0;
  let sum = 0;
  let weights = 0;
  let peak = 0;
  for (let j = first + 1; j <= mean; j++) {
    logTerm += Math.log(mean / j);
    peak = Math.max(peak, logTerm);
  }
  logTerm = -peak;
  for (let j = first; j <= last; j++) {
    if (j > first) logTerm += Math.log(mean / j);
    const weight = Math.exp(logTerm);
    weights += weight;
    sum += weight * (1 - (1 - 1 / lineBits) ** (probes * j)) ** probes;
  }
  return weights === 0 ? 0 : sum / weights;
}
