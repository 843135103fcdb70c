/** Bitcoin Core's chainstate and block index (other-engines.md §1): keys by type, values behind an obfuscation key. */
import { hex } from '../../base/bytes.ts';
import { Bytes, startsWith } from '../bytes.ts';
import { type Lens, type LensContext, type LensKind, type LensMatch, shareOf } from '../lens.ts';

/** compactSize 14, NUL and 13 characters. */
const OBFUSCATION = '\u000e\u0000obfuscate_key';

/** Hashes are shown in reverse, as explorers and RPC print them. */
const hash = (b: Uint8Array): string => hex(b.toReversed());

/** Bitcoin's VARINT: base 128, highest group first, one added for each further group. */
function varint(s: Bytes): number {
  let n = 0;
  for (let i = 0; i < 9; i++) {
    const byte = s.u8();
    if (Number.isNaN(byte)) return byte;
    n = n * 128 + (byte & 0x7f);
    if (byte < 0x80) return n;
    n++;
  }
  s.bad = true;
  return Number.NaN;
}

function keyText(key: Uint8Array): string | undefined {
  if (startsWith(key, OBFUSCATION)) return 'obfuscation key';
  const s = new Bytes(key);
  const type = String.fromCharCode(s.u8());
  if (type === 'C' && key.length > 33) {
    const id = hash(s.take(32));
    const output = varint(s);
    return s.bad || s.left > 0 ? undefined : `coin ${id}:${output}`;
  }
  if (type === 'c' && key.length === 33) return `coins ${hash(s.take(32))}`;
  if (type === 'B' && key.length === 1) return 'best block';
  if (type === 'H' && key.length === 1) return 'head blocks';
  if (type === 'b' && key.length === 33) return `block ${hash(s.take(32))}`;
  if (type === 't' && key.length === 33) return `transaction ${hash(s.take(32))}`;
  if (type === 'f' && key.length === 5) return `block file ${s.i32()}`;
  if (type === 'l' && key.length === 1) return 'last block file';
  if (type === 'R' && key.length === 1) return 'reindexing';
  if (type === 'F') return `flag ${new TextDecoder().decode(key.subarray(2))}`;
  return undefined;
}

function lensWith(secret: Uint8Array): Lens {
  const plain = (value: Uint8Array): Uint8Array =>
    secret.length === 0 ? value : value.map((byte, i) => byte ^ (secret[i % secret.length] as number));
  return {
    id: 'bitcoin-core',
    title: 'Bitcoin Core',
    key: keyText,
    value: (key, value) => {
      if (startsWith(key, OBFUSCATION)) return { text: `0x${hex(value.subarray(1))}`, language: 'text' };
      const bytes = plain(value);
      if (key[0] === 0x42 && bytes.length === 32) return { text: hash(bytes), language: 'text' };
      if (key[0] === 0x43) {
        const s = new Bytes(bytes);
        const code = varint(s);
        const amount = decompressAmount(varint(s));
        if (s.bad) return undefined;
        const base = code % 2 === 1 ? ', coinbase' : '';
        return {
          text: `${amount / 1e8} BTC, height ${Math.floor(code / 2)}${base}, script 0x${hex(s.take(s.left))}`,
          language: 'text',
        };
      }
      return { text: `0x${hex(bytes)}`, language: 'text' };
    },
  };
}

/** Amounts are stored with their trailing zeros taken out. */
function decompressAmount(stored: number): number {
  if (stored === 0) return 0;
  let x = stored - 1;
  const zeros = x % 10;
  x = Math.floor(x / 10);
  let n: number;
  if (zeros < 9) {
    const digit = (x % 9) + 1;
    n = Math.floor(x / 9) * 10 + digit;
  } else n = x + 1;
  return n * 10 ** zeros;
}

export const bitcoin: LensKind = {
  id: 'bitcoin-core',
  title: 'Bitcoin Core',
  detect: (context: LensContext): LensMatch | undefined => {
    const stored = context.sample.find((e) => startsWith(e.key, OBFUSCATION));
    const share = shareOf(context, (k) => keyText(k) !== undefined);
    const secret = stored === undefined ? new Uint8Array(0) : stored.value.subarray(1);
    if (stored !== undefined) return { lens: lensWith(secret), confidence: 0.99, why: 'it holds an obfuscation key' };
    if (share < 0.95 || !context.sample.some((e) => e.key.length >= 33)) return undefined;
    return { lens: lensWith(secret), confidence: 0.8, why: 'keys are those of the block index' };
  },
};
