/** An entry as a walk stands on it: ranges of buffers that belong to the walk, valid until its next move. */
export interface EntryView {
  readonly keyBuffer: Uint8Array;
  readonly keyStart: number;
  /** Without the user timestamp. */
  readonly keyLength: number;
  /** False where there is no single value: deletions, unresolved merges, unreadable blobs, entities. */
  readonly hasValue: boolean;
  readonly valueBuffer: Uint8Array;
  readonly valueStart: number;
  readonly valueLength: number;
  readonly sequence: number;
  /** The type's number, as it stands in tables. */
  readonly type: number;
  /** -1 for what is in the log. */
  readonly level: number;
  /** File number; 0 for what is in the log. */
  readonly table: number;
  /** Of a wide-column entity. */
  readonly columns?: readonly { readonly name: Uint8Array; readonly value: Uint8Array }[] | undefined;
}

/** Whether an entry belongs to the answer. Never throws. */
export type EntryFilter = (entry: EntryView) => boolean;
