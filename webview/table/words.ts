/** Words and numbers of the table editor: pure, no DOM. */
import type { CompressionShare, FilterProfile, TableProfile } from '../../engine/protocol/engineApi.ts';
import { count, size } from '../text/numbers.ts';

/** A share as percent, with as many digits as it needs to be more than 0: `3.1 %`, `0.02 %`. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return '–';
  const p = share * 100;
  if (p === 0) return '0 %';
  if (p < 0.001) return '< 0.001 %';
  return `${p >= 99.95 ? p.toFixed(0) : p >= 1 ? p.toFixed(1) : p >= 0.1 ? p.toFixed(2) : p.toFixed(3)} %`;
}

/** Raw bytes over stored ones: `2.41×`; a dash where nothing is stored. */
export function savedBy(rawBytes: number, bytes: number): string {
  return bytes === 0 ? '–' : `${(rawBytes / bytes).toFixed(2)}×`;
}

/** Smallest size of bucket `i` of a histogram. */
export function bucketFloor(i: number): number {
  return i === 0 ? 0 : 2 ** (i - 1);
}

/** The bucket's sizes in words: `0`, `1`, `16–31`, `1,024–2,047`. */
export function bucketRange(i: number): string {
  const from = bucketFloor(i);
  const to = i === 0 ? 0 : 2 ** i - 1;
  return from === to ? count(from) : `${count(from)}–${count(to)}`;
}

/** The bucket's floor for an axis: `0`, `16`, `1K`, `64K`, `1M`. */
export function bucketTick(i: number): string {
  const from = bucketFloor(i);
  if (from < 1024) return String(from);
  if (from < 1024 ** 2) return `${from / 1024}K`;
  return from < 1024 ** 3 ? `${from / 1024 ** 2}M` : `${from / 1024 ** 3}G`;
}

/** Buckets to draw: from the first to the last that holds any, with one empty one at either side where there is. */
export function bucketsShown(counts: readonly number[]): { readonly first: number; readonly last: number } {
  const first = counts.findIndex((n) => n > 0);
  if (first < 0) return { first: 0, last: -1 };
  return { first: Math.max(0, first - 1), last: counts.length };
}

/** What the measured rate says beside the one by theory. */
export function filterVerdict(f: FilterProfile): { readonly kind: 'good' | 'fair' | 'bad'; readonly text: string } {
  if (f.falseNegatives > 0) return { kind: 'bad', text: 'denies keys that are in the table' };
  if (f.probes === 0) return { kind: 'fair', text: 'no absent keys could be made to ask it' };
  const rate = f.falsePositives / f.probes;
  if (rate >= 0.5) return { kind: 'bad', text: 'lets nearly everything through' };
  if (f.expectedRate === null) return { kind: 'good', text: 'works' };
  // Four standard deviations of the count, and half as much again for what a formula leaves out.
  const bound = 1.5 * f.expectedRate + 4 * Math.sqrt(f.expectedRate / f.probes);
  return rate > bound
    ? { kind: 'fair', text: 'lets more through than theory says' }
    : { kind: 'good', text: 'as good as theory says' };
}

/** Raw bytes of keys and values for each byte of the file. */
export function rawOverStored(p: TableProfile): string {
  return savedBy(p.stats.rawKeyBytes + p.stats.rawValueBytes, p.stats.bytes);
}

/** Entries of data blocks, for each distinct key. */
export function versionsPerKey(p: TableProfile): string {
  const ranges = p.types.find((t) => t.type === 'range-delete')?.count ?? 0;
  return p.keys === 0 ? '–' : ((p.entries - ranges) / p.keys).toFixed(2);
}

export function deletions(p: TableProfile): number {
  return Math.round(p.tombstoneShare * p.entries);
}

export function compressionText(c: CompressionShare): string {
  return c.compression === 'none' ? 'not compressed' : c.compression;
}

/** The measured blocks as comma-separated values, one line a block; the sizes of an unreadable one are empty. */
export function blocksCsv(p: TableProfile): string {
  const { blocks, compression } = p;
  const lines = ['block,offset,stored_bytes,raw_bytes,compression,entries'];
  for (let i = 0; i < blocks.offset.length; i++) {
    const share = compression[blocks.compression[i] ?? 255];
    const measured =
      share === undefined
        ? ',unreadable,'
        : `${blocks.rawBytes[i] ?? 0},${share.compression.replaceAll(/[",\r\n]/g, ' ')},${blocks.entries[i] ?? 0}`;
    lines.push(`${i},${blocks.offset[i] ?? 0},${blocks.bytes[i] ?? 0},${measured}`);
  }
  return `${lines.join('\n')}\n`;
}

/** `16.0 KB, 33 entries, zstd, 2.31×` of data block `i`. */
export function blockText(p: TableProfile, i: number): string {
  const { blocks, compression } = p;
  const share = compression[blocks.compression[i] ?? 255];
  const stored = blocks.bytes[i] ?? 0;
  if (share === undefined) return `${size(stored)}, cannot be read`;
  const raw = blocks.rawBytes[i] ?? 0;
  const codec = share.compression === 'none' ? 'not compressed' : `${share.compression}, ${savedBy(raw, stored)}`;
  return `${size(stored)} of ${size(raw)}, ${codec}, ${count(blocks.entries[i] ?? 0)} entries`;
}
