/**
 * A walk over the records of a store's files, family by family: first the range deletions, then the points by key,
 * newest version first. What became of a record follows from the newer versions of its key, so the walk can be taken
 * up again only where a key begins.
 */
import { StoreError } from '../../base/errors.ts';
import { RunCursor } from '../../formats/block/runCursor.ts';
import { typeName } from '../../formats/leveldb/internalKey.ts';
import { type Cursor, MAX_SEQUENCE, ValueType } from '../../iter/cursor.ts';
import { MergingCursor } from '../../iter/merging.ts';
import type { KeyOrder } from '../../iter/order.ts';
import { Bounds, sameBytes, seekKey } from '../../iter/range.ts';
import type { RangeTombstones } from '../../iter/rangeTombstones.ts';
import { isDeletion } from '../../iter/resolve.ts';
import type { EvidenceRow, EvidenceScope, EvidenceStatus } from '../../model/evidence.ts';
import type { FamilyFiles } from './evidence.ts';
import { RecordCursor } from './logRecords.ts';

/** Where a walk can be taken up: a range deletion, or the first version of a key. */
export interface EvidencePlace {
  /** Which of the walk's families. */
  readonly family: number;
  readonly range: number;
  readonly key?: Uint8Array;
}

export interface EvidenceFamilies {
  readonly orders: readonly KeyOrder[];
  readonly scope: EvidenceScope;
  family(index: number): FamilyFiles;
  cursors(family: FamilyFiles): Cursor[];
}

export class EvidenceWalk {
  readonly #o: EvidenceFamilies;
  #at = 0;
  #range = 0;
  #files: FamilyFiles | undefined;
  /** By family. */
  readonly #bounds: readonly Bounds[];
  #points: MergingCursor | undefined;
  #versions: Versions | undefined;
  valid = false;
  status: EvidenceStatus = 'live';
  /** The record is one that `place` can name. */
  isPlace = false;

  constructor(families: EvidenceFamilies) {
    this.#o = families;
    const { family, prefix } = families.scope;
    if (families.orders.length === 0 && family !== undefined) {
      throw new StoreError('INPUT', `there is no column family "${family}"`);
    }
    this.#bounds = families.orders.map((order) => new Bounds(order, { prefix }));
  }

  /** Bytes of the current record's key and value. */
  get bytes(): number {
    const c = this.#points;
    if (c !== undefined) return c.keyLength + c.valueLength;
    const range = this.#files?.ranges[this.#range];
    return range === undefined ? 0 : range.key.length + range.valueBytes;
  }

  start(from?: EvidencePlace): void {
    this.#enter(from?.family ?? 0);
    this.#range = from?.range ?? 0;
    if (from?.key !== undefined && this.#files !== undefined) {
      const points = this.#openPoints(this.#files);
      points.seek(from.key, MAX_SEQUENCE);
      this.#settlePoints(points);
    } else this.#settleRanges();
  }

  next(): void {
    const points = this.#points;
    if (points === undefined) {
      this.#range++;
      this.#settleRanges();
    } else {
      points.next();
      this.#settlePoints(points);
    }
  }

  place(): EvidencePlace {
    const c = this.#points;
    if (c === undefined) return { family: this.#at, range: this.#range };
    return {
      family: this.#at,
      range: this.#range,
      key: c.keyBuffer.slice(c.keyStart, c.keyStart + c.keyLength),
    };
  }

  /** The current record, its value cut to `valueBytes`. */
  row(valueBytes: number): EvidenceRow {
    const files = this.#files as FamilyFiles;
    const points = this.#points;
    if (points?.current === undefined) return files.ranges[this.#range] as EvidenceRow;
    const c = points.current;
    const { keyBuffer, keyStart, keyLength, valueBuffer, valueStart, valueLength } = c;
    const logged = c instanceof RecordCursor ? c.record : undefined;
    const length = Math.min(valueLength, valueBytes, valueBuffer.length);
    return {
      family: files.name,
      file: logged?.file ?? files.files.get(c.table) ?? '',
      offset: logged?.offset ?? (c instanceof RunCursor ? c.blockOffset : 0),
      key: keyBuffer.slice(keyStart, keyStart + keyLength),
      seq: c.sequence,
      type: typeName(c.type),
      value: valueBuffer.slice(valueStart, valueStart + length),
      valueBytes: valueLength,
      status: this.status,
    };
  }

  close(): void {
    this.valid = false;
    this.#points?.close();
    this.#points = undefined;
  }

  /** Begins with a family; none if there are no more. */
  #enter(index: number): void {
    this.close();
    this.#at = index;
    this.#range = 0;
    this.#files = index < this.#o.orders.length ? this.#o.family(index) : undefined;
  }

  #settleRanges(): void {
    const files = this.#files;
    if (files === undefined) return;
    const { ranges } = files;
    const bounds = this.#bounds[this.#at] as Bounds;
    while (this.#range < ranges.length) {
      const range = ranges[this.#range] as EvidenceRow;
      if (bounds.overlaps(range.key, range.value)) {
        this.valid = true;
        this.isPlace = true;
        this.status = range.status;
        return;
      }
      this.#range++;
    }
    const points = this.#openPoints(files);
    const { order } = files;
    const { lower } = bounds;
    if (lower !== undefined && order.known) points.seek(seekKey(lower, order, 'newest'), MAX_SEQUENCE);
    else points.first();
    this.#settlePoints(points);
  }

  #openPoints(files: FamilyFiles): MergingCursor {
    const points = new MergingCursor(this.#o.cursors(files), files.order.compare);
    this.#points = points;
    this.#versions = new Versions(files.order.timestampSize, files.covering);
    return points;
  }

  /** Past what the prefix leaves out, and on to the next family at the end of this one. */
  #settlePoints(points: MergingCursor): void {
    const bounds = this.#bounds[this.#at] as Bounds;
    const { known } = bounds.order;
    while (points.valid && (bounds.isBefore(points) || (!known && bounds.isPast(points)))) points.next();
    const { current } = points;
    if (current === undefined || bounds.isPast(points)) {
      this.#enter(this.#at + 1);
      this.#settleRanges();
      return;
    }
    const isOrphan = current instanceof RecordCursor ? current.record?.counts !== true : current.table < 0;
    const versions = this.#versions as Versions;
    this.status = versions.status(points, isOrphan);
    this.isPlace = known && versions.isFirst;
    this.valid = true;
  }
}

/** What became of the versions of one key, asked for newest first. */
class Versions {
  readonly #timestampSize: number;
  readonly #covering: RangeTombstones;
  #key: Uint8Array = new Uint8Array(0);
  #keyLength = -1;
  /** What hides the older versions; undefined while nothing does. */
  #hidden: 'shadowed' | 'deleted' | undefined;
  /** The version last asked for is the newest of its key. */
  isFirst = false;

  constructor(timestampSize: number, covering: RangeTombstones) {
    this.#timestampSize = timestampSize;
    this.#covering = covering;
  }

  status(c: MergingCursor, isOrphan: boolean): EvidenceStatus {
    const { keyBuffer, keyStart } = c;
    const length = c.keyLength - this.#timestampSize;
    this.isFirst = !sameBytes(keyBuffer, keyStart, length, this.#key, this.#keyLength);
    if (this.isFirst) {
      if (this.#key.length < length) this.#key = new Uint8Array(2 * length);
      for (let i = 0; i < length; i++) this.#key[i] = keyBuffer[keyStart + i] as number;
      this.#keyLength = length;
      this.#hidden = undefined;
    }
    if (isOrphan) return 'orphan';
    const deletion = isDeletion(c.type);
    if (this.#hidden !== undefined) return deletion ? 'tombstone' : this.#hidden;
    if (deletion) {
      this.#hidden = 'deleted';
      return 'tombstone';
    }
    if (this.#covering.covering(keyBuffer, keyStart, length, Number.MAX_SAFE_INTEGER) > c.sequence) {
      this.#hidden = 'deleted';
      return 'deleted';
    }
    // Operands go on to what they apply to.
    if (c.type !== ValueType.merge) this.#hidden = 'shadowed';
    return 'live';
  }
}
