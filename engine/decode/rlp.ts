/** Ethereum's RLP as nested lists of hex strings. */
import { hex } from '../base/bytes.ts';
import { Bytes } from './bytes.ts';

const DEPTH_MAX = 64;
const ITEMS_MAX = 100_000;

type Item = string | readonly Item[];

/** Undefined where the bytes are no single RLP item that fills them. */
export function rlpText(b: Uint8Array): string | undefined {
  const s = new Bytes(b);
  const budget = { left: ITEMS_MAX };
  const root = item(s, 0, budget);
  return s.bad || s.left > 0 || b.length === 0 ? undefined : JSON.stringify(root, null, 2);
}

function item(s: Bytes, depth: number, budget: { left: number }): Item {
  if (depth > DEPTH_MAX || budget.left-- <= 0) s.bad = true;
  if (s.bad) return '';
  const first = s.u8();
  if (first < 0x80) return `0x${hex(Uint8Array.of(first))}`;
  if (first < 0xc0) return `0x${hex(s.take(first <= 0xb7 ? first - 0x80 : s.big(first - 0xb7)))}`;
  const length = first <= 0xf7 ? first - 0xc0 : s.big(first - 0xf7);
  const inner = new Bytes(s.take(length));
  const list: Item[] = [];
  while (inner.left > 0 && !inner.bad) list.push(item(inner, depth + 1, budget));
  if (inner.bad) s.bad = true;
  return list;
}
