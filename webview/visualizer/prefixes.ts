/** Groups of tables by the first bytes of their smallest keys: pure, no DOM. */

/** Groups with a colour of their own; what lies behind them in order is one more, "others". */
export const PREFIX_GROUPS_MAX = 11;
const BYTES_MAX = 32;

/** Bytes that end a word in the keys people make: : / | _ - . # and NUL. */
const ENDS = new Set([0x3a, 0x2f, 0x7c, 0x5f, 0x2d, 0x2e, 0x23, 0x00]);

const NOT_ASKED = -2;
const NOT_KNOWN = -1;

function textOf(bytes: Uint8Array): string {
  let s = '';
  const n = Math.min(bytes.length, BYTES_MAX);
  for (let i = 0; i < n; i++) s += String.fromCharCode(bytes[i] as number);
  return s;
}

/** Where the first word at or after `from` ends; the whole key if none does. */
function wordEnd(key: string, from: number): number {
  for (let i = from; i < key.length; i++) if (ENDS.has(key.charCodeAt(i))) return i + 1;
  return key.length;
}

/**
 * Keys are grouped by what follows on their common prefix: by a whole word where the keys have words and these
 * make few groups, and else by so many bytes that there are several groups, yet not too many.
 *
 * Groups are of all keys that were ever asked for, so that a table keeps its group while a person scrubs.
 */
export class PrefixGroups {
  /** In the order of the bytes. */
  prefixes: readonly Uint8Array[] = [];
  /** By life: NOT_ASKED, NOT_KNOWN or the group. */
  #group = new Int16Array(0);
  readonly #texts = new Map<number, string>();
  #common = 0;
  /** Bytes behind the common prefix that tell groups apart; 0 for a word. */
  #more = 0;
  #index = new Map<string, number>();
  #stale = true;

  /** Forgets all keys. */
  clear(): void {
    this.#texts.clear();
    this.#group.fill(NOT_ASKED);
    this.#stale = true;
  }

  /** Takes in the smallest keys of `lives`, as far as they are known by now. */
  learn(lives: Uint32Array, smallest: Float64Array, keyOf: (position: number) => Uint8Array | undefined): void {
    for (let i = 0; i < lives.length; i++) {
      const life = lives[i] as number;
      if ((this.#group[life] ?? NOT_ASKED) >= 0 || this.#texts.has(life)) continue;
      const key = keyOf(smallest[life] as number);
      if (key === undefined) continue;
      const text = textOf(key);
      this.#texts.set(life, text);
      if (!this.#fits(text)) this.#stale = true;
    }
  }

  /** Fills `into` with the group of each of `lives`, NaN where its key is not known; answers how many these are. */
  fill(lives: Uint32Array, into: Float64Array): number {
    if (this.#group.length < into.length) {
      const old = this.#group;
      this.#group = new Int16Array(into.length).fill(NOT_ASKED);
      this.#group.set(old);
    }
    if (this.#stale) this.#regroup();
    let unknown = 0;
    for (let i = 0; i < lives.length; i++) {
      const life = lives[i] as number;
      let group = this.#group[life] as number;
      if (group < 0) {
        const text = this.#texts.get(life);
        group = text === undefined ? NOT_KNOWN : this.#groupOf(text);
        this.#group[life] = group;
      }
      into[life] = group < 0 ? Number.NaN : group;
      if (group < 0) unknown++;
    }
    return unknown;
  }

  #cut(text: string): string {
    return text.slice(0, this.#more === 0 ? wordEnd(text, this.#common) : this.#common + this.#more);
  }

  #groupOf(text: string): number {
    return Math.min(PREFIX_GROUPS_MAX, this.#index.get(this.#cut(text)) ?? PREFIX_GROUPS_MAX);
  }

  #fits(text: string): boolean {
    if (this.#index.has(this.#cut(text))) return true;
    const one = this.#index.keys().next().value;
    const shares = one !== undefined && text.slice(0, this.#common) === one.slice(0, this.#common);
    return shares && this.#more === 1 && this.#index.size > PREFIX_GROUPS_MAX;
  }

  #regroup(): void {
    this.#stale = false;
    this.#group.fill(NOT_ASKED);
    const texts = [...new Set(this.#texts.values())].sort();
    const first = texts[0] ?? '';
    const last = texts[texts.length - 1] ?? '';
    let common = 0;
    while (common < first.length && first.charCodeAt(common) === last.charCodeAt(common)) common++;
    this.#common = common;
    let order: string[] = [];
    for (this.#more of [0, 3, 2, 1]) {
      order = [...new Set(texts.map((t) => this.#cut(t)))].sort();
      if (order.length > 1 && order.length <= PREFIX_GROUPS_MAX) break;
    }
    this.#index = new Map(order.map((prefix, i) => [prefix, i]));
    this.prefixes = order.map((prefix) => Uint8Array.from(prefix, (c) => c.charCodeAt(0)));
  }
}
