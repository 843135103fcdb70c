/** Edits of a store that is open for writing, told as events of its tree (architecture.md, decision 4). */
import type { Clock } from '../base/entropy.ts';
import type { ManifestState } from '../formats/leveldb/manifest.ts';
import type { VersionEdit } from '../formats/leveldb/versionEdit.ts';
import type { EventKind, IoCost, TableId, TreeEvent } from '../model/events.ts';

/** What an edit is about. */
export interface EditStory {
  readonly kind: EventKind;
  readonly why?: string;
  readonly io?: IoCost;
  readonly micros?: number;
  readonly recordsIn?: number;
  readonly recordsOut?: number;
}

export type LiveEvent = TreeEvent;

export class LiveEvents {
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns what takes the listener away again. */
  on(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** `before` is the state that the edits changed. Of several stories each is that of the edit in its place. */
  tell(edits: readonly VersionEdit[], stories: EditStory | readonly EditStory[], before: ManifestState): void {
    if (this.#listeners.size === 0) return;
    for (const [i, edit] of edits.entries()) {
      const told = (Array.isArray(stories) ? stories[i] : stories) as EditStory | undefined;
      if (told === undefined) continue;
      const { kind, ...cost } = told;
      if (edit.newFiles.length === 0 && edit.deletedFiles.length === 0) continue;
      const family = before.families.get(edit.family);
      const removed = edit.deletedFiles.map(({ number, level }): TableId => {
        return { number, level, bytes: family?.tables.get(number)?.bytes ?? 0 };
      });
      const event: LiveEvent = {
        seq: ++this.#count,
        source: 'live',
        inferred: false,
        at: this.#clock.now() * 1000,
        kind,
        family: edit.family,
        familyName: family?.name ?? '',
        removed,
        added: edit.newFiles.map((f) => ({
          number: f.number,
          level: f.level,
          bytes: f.bytes,
          smallest: f.smallest,
          largest: f.largest,
          ...(f.smallestSeq === undefined ? {} : { smallestSeq: f.smallestSeq }),
          ...(f.largestSeq === undefined ? {} : { largestSeq: f.largestSeq }),
        })),
        ...cost,
      };
      for (const listener of this.#listeners) {
        try {
          listener(event);
        } catch {
          // What others make of an edit does not change that it is in force.
        }
      }
    }
  }
}
