/** go-ethereum's chaindata (other-engines.md §1): keys by their schema prefixes; values are RLP. */
import { hex, strictText } from '../../base/bytes.ts';
import { Bytes, startsWith } from '../bytes.ts';
import { type Lens, type LensContext, type LensKind, type LensMatch, shareOf } from '../lens.ts';
import { rlpText } from '../rlp.ts';

const SINGLETONS = [
  'LastHeader',
  'LastBlock',
  'LastFast',
  'LastFinalized',
  'LastPivot',
  'DatabaseVersion',
  'SnapshotRoot',
  'SnapshotJournal',
  'SnapshotGenerator',
  'SnapshotRecovery',
  'SnapshotSyncStatus',
  'SkeletonSyncStatus',
  'TransactionIndexTail',
  'TrieSync',
  'TrieJournal',
  'unclean-shutdown',
  'eth2-transition',
  'InvalidBlock',
  'LastStateID',
  'StateHistoryMeta',
];

const x = (b: Uint8Array): string => `0x${hex(b)}`;

function keyText(key: Uint8Array): string | undefined {
  for (const name of SINGLETONS) if (startsWith(key, name)) return strictText(key);
  if (startsWith(key, 'secure-key-')) return `preimage of ${x(key.subarray(11))}`;
  if (startsWith(key, 'ethereum-config-')) return `configuration of ${x(key.subarray(16))}`;
  if (startsWith(key, 'ethereum-genesis-')) return `genesis of ${x(key.subarray(17))}`;
  const n = key.length;
  const s = new Bytes(key.subarray(1));
  switch (String.fromCharCode(key[0] ?? 0)) {
    case 'h': {
      if (n === 10 && key[9] === 0x6e) return `hash of block ${s.big(8)}`;
      if (n === 42 && key[41] === 0x74) return `total difficulty of block ${s.big(8)} ${x(s.take(32))}`;
      return n === 41 ? `header of block ${s.big(8)} ${x(s.take(32))}` : undefined;
    }
    case 'H':
      return n === 33 ? `number of block ${x(s.take(32))}` : undefined;
    case 'b':
      return n === 41 ? `body of block ${s.big(8)} ${x(s.take(32))}` : undefined;
    case 'r':
      return n === 41 ? `receipts of block ${s.big(8)} ${x(s.take(32))}` : undefined;
    case 'l':
      return n === 33 ? `block of transaction ${x(s.take(32))}` : undefined;
    case 'a':
      return n === 33 ? `account ${x(s.take(32))}` : undefined;
    case 'o':
      return n === 65 ? `storage ${x(s.take(32))} ${x(s.take(32))}` : undefined;
    case 'c':
      return n === 33 ? `code ${x(s.take(32))}` : undefined;
    case 'A':
      return n <= 65 ? `account trie ${nibbles(s.take(s.left))}` : undefined;
    case 'O':
      return n >= 33 && n <= 97 ? `storage trie ${x(s.take(32))} ${nibbles(s.take(s.left))}` : undefined;
    case 'L':
      return n === 33 ? `state id of ${x(s.take(32))}` : undefined;
    case 'S':
      return n === 9 ? `skeleton header ${s.big(8)}` : undefined;
    default:
      return n === 32 ? `trie node ${x(key)}` : undefined;
  }
}

/** A path of the trie: one hex digit a byte. */
function nibbles(b: Uint8Array): string {
  return [...b].every((n) => n < 16) ? [...b].map((n) => n.toString(16)).join('') : x(b);
}

const lens: Lens = {
  id: 'go-ethereum',
  title: 'go-ethereum chain data',
  key: keyText,
  value: (key, value) => {
    if (startsWith(key, 'ethereum-config-')) {
      const json = strictText(value);
      return json === undefined ? undefined : { text: json, language: 'json' };
    }
    const rlp = rlpText(value);
    return rlp === undefined ? undefined : { text: rlp, language: 'json' };
  },
};

export const geth: LensKind = {
  id: lens.id,
  title: lens.title,
  detect: (context: LensContext): LensMatch | undefined => {
    const single = context.sample.some((e) => SINGLETONS.some((name) => startsWith(e.key, name)));
    const share = shareOf(context, (k) => keyText(k) !== undefined);
    const place = context.folder === 'chaindata' || context.files.includes('ancient');
    if (share < 0.9 || !(single || place)) return undefined;
    return { lens, confidence: 0.9, why: place ? 'the folder is chaindata' : 'it holds names of go-ethereum' };
  },
};
