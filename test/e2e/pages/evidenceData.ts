/** Made-up records of evidence: what was deleted and overwritten, orphans, and what a hostile store holds. */
import type {
  EvidenceOpened,
  EvidenceRow,
  EvidenceState,
  EvidenceStatus,
  LensInfo,
} from '../../../engine/protocol/engineApi.ts';
import type { ToView, ViewAction, ViewInit } from '../../../engine/protocol/viewApi.ts';
import { HTML_KEY, scramble } from './data.ts';

const utf8 = new TextEncoder();

export const EVIDENCE_ROWS = 200_000;
const STATUSES: readonly EvidenceStatus[] = ['live', 'shadowed', 'deleted', 'tombstone', 'orphan'];
/** Of ten records in a row. */
const PATTERN: readonly EvidenceStatus[] = [
  'live',
  'shadowed',
  'tombstone',
  'deleted',
  'live',
  'live',
  'shadowed',
  'orphan',
  'live',
  'tombstone',
];

export function evidenceRow(i: number): EvidenceRow {
  const status = PATTERN[i % PATTERN.length] as EvidenceStatus;
  const user = String(Math.floor(i / 2)).padStart(6, '0');
  const isDeletion = status === 'tombstone';
  const value = isDeletion
    ? new Uint8Array()
    : utf8.encode(
        i === 1 ? '<b>bold</b>' : `{"user":${i},"name":"Person ${i}","note":"${'x'.repeat(scramble(i) % 60)}"}`,
      );
  const logged = i % 7 === 3;
  return {
    family: i % 3 === 2 ? 'sessions' : 'default',
    file: status === 'orphan' ? '000007.ldb' : logged ? '000031.log' : `0000${10 + (i % 9)}.ldb`,
    offset: Math.floor(i / 40) * 4096,
    key: utf8.encode(i === 1 ? HTML_KEY : `user:${user}:profile`),
    seq: 7_000_000 - i,
    type: isDeletion ? 'delete' : 'put',
    value,
    valueBytes: value.length,
    status,
  };
}

const counts = (rows: number): EvidenceState['byStatus'] => {
  const byStatus = { live: 0, shadowed: 0, deleted: 0, tombstone: 0, orphan: 0 };
  for (const s of STATUSES) {
    const whole = Math.floor(rows / PATTERN.length) * PATTERN.filter((p) => p === s).length;
    byStatus[s] = whole + PATTERN.slice(0, rows % PATTERN.length).filter((p) => p === s).length;
  }
  return byStatus;
};

/** The `n`th record of those with one of `statuses`. */
function picked(n: number, statuses: readonly EvidenceStatus[]): EvidenceRow {
  if (statuses.length === 0) return evidenceRow(n);
  const places = PATTERN.flatMap((s, i) => (statuses.includes(s) ? [i] : []));
  return evidenceRow(Math.floor(n / places.length) * PATTERN.length + (places[n % places.length] ?? 0));
}

const LENS: LensInfo = { id: 'value:msgpack', kind: 'values', title: 'MessagePack', confidence: 0.5, why: 'made up' };

export function evidenceHarness(scenario: string, post: (message: ToView) => void) {
  const single = scenario === 'single';
  let evidence = 1;
  let scope: { readonly family?: string; readonly prefix?: Uint8Array } = {};
  let total = scenario === 'empty' ? 0 : scenario === 'counting' ? 60_000 : EVIDENCE_ROWS;
  let complete = scenario !== 'counting';
  let stopped = false;
  const state = (): EvidenceState => ({
    evidence,
    total,
    byStatus: counts(total),
    complete,
    stopped,
    bytes: total * 96,
    millis: 1_234,
    problems:
      scenario === 'broken'
        ? [
            { code: 'NOT_FOUND', path: 'CURRENT', message: 'CURRENT is missing', mend: 'restore it' },
            {
              code: 'CORRUPT',
              path: '',
              message: 'there is no MANIFEST to say which files count: all of them are taken to',
            },
          ]
        : [],
  });
  const opened = (): EvidenceOpened => ({
    ...state(),
    files: [
      { file: '000007.ldb', bytes: 2_112_004, live: false },
      ...Array.from({ length: 9 }, (_, i) => ({
        file: `0000${10 + i}.ldb`,
        bytes: 2_000_000 + i * 31_337,
        live: true,
      })),
      { file: '000031.log', bytes: 81_920, live: true },
    ],
    families: ['default', ...(single ? [] : ['sessions'])].map((name, id) => ({ id, name, prefixes: true })),
  });
  const init = (): ViewInit => ({
    view: 'evidence',
    storeName: 'leveldb',
    storePath: '/home/ada/.config/app/Local Storage/leveldb',
    ...scope,
    opened: opened(),
    lens: { auto: true },
  });
  return {
    init,
    answer: (method: string, params: unknown): unknown => {
      if (method === 'evidenceLenses') return [LENS];
      if (method !== 'evidenceRows') throw new Error(`the page called ${method}`);
      const p = params as { from: number; count: number; statuses: readonly EvidenceStatus[]; lens?: string };
      if (scenario === 'failing') throw new Error('read of 000012.ldb failed: Input/output error');
      const byStatus = counts(total);
      const all = p.statuses.length === 0 ? total : p.statuses.reduce((n, s) => n + byStatus[s], 0);
      const items = Array.from({ length: Math.max(0, Math.min(p.count, all - p.from)) }, (_, i) => {
        const row = picked(p.from + i, p.statuses);
        return p.lens === undefined
          ? row
          : { ...row, shown: { key: `read ${row.seq}`, value: { text: 'decoded', language: 'text' } } };
      });
      return { items, offset: p.from, total: all, complete };
    },
    act: (what: ViewAction): void => {
      if (what.action === 'filterEvidence') {
        evidence++;
        scope = {
          ...(what.family === undefined ? {} : { family: what.family }),
          ...(what.prefix === undefined ? {} : { prefix: what.prefix }),
        };
        total = what.prefix === undefined ? EVIDENCE_ROWS : what.prefix.length > 12 ? 0 : 1_000;
        post({ t: 'init', init: init() });
      } else if (what.action === 'stopEvidence') {
        complete = stopped = true;
        post({ t: 'evidenceProgress', state: state() });
      }
    },
  };
}
