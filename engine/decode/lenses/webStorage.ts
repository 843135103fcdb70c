/** Local Storage and Session Storage of Chromium and of Electron applications (other-engines.md §1). */
import { strictText } from '../../base/bytes.ts';
import { Bytes, latin1, startsWith } from '../bytes.ts';
import { type DecodedValue, type Lens, type LensContext, type LensKind, type LensMatch, shareOf } from '../lens.ts';

/** Script keys and values: a byte that says which, then UTF-16LE or Latin-1. */
function scriptText(b: Uint8Array): string | undefined {
  if (b.length === 0) return '';
  if (b[0] === 1) return latin1(b.subarray(1));
  if (b[0] !== 0 || b.length % 2 !== 1) return undefined;
  return new Bytes(b.subarray(1)).utf16((b.length - 1) / 2, true);
}

function asValue(text: string | undefined): DecodedValue | undefined {
  if (text === undefined) return undefined;
  const trimmed = text.trimStart();
  if (!trimmed.startsWith('{') && !trimmed.startsWith('[')) return { text, language: 'text' };
  try {
    JSON.parse(text);
    return { text, language: 'json' };
  } catch {
    return { text, language: 'text' };
  }
}

/** Where the origin of a `_<origin>\0<key>` ends. */
const split = (key: Uint8Array): number => (key[0] === 0x5f ? key.indexOf(0) : -1);

const localStorageLens: Lens = {
  id: 'chromium-local-storage',
  title: 'Chromium Local Storage',
  key: (key) => {
    const at = split(key);
    if (at < 0) return strictText(key);
    const origin = strictText(key.subarray(1, at));
    const name = scriptText(key.subarray(at + 1));
    return origin === undefined || name === undefined ? undefined : `${origin} ${JSON.stringify(name)}`;
  },
  value: (key, value) => (split(key) < 0 ? asValue(strictText(value)) : asValue(scriptText(value))),
};

const sessionStorageLens: Lens = {
  id: 'chromium-session-storage',
  title: 'Chromium Session Storage',
  key: (key) => strictText(key),
  value: (key, value) => {
    if (!startsWith(key, 'map-') || value.length % 2 !== 0) return asValue(strictText(value));
    return asValue(new Bytes(value).utf16(value.length / 2, true));
  },
};

export const localStorage: LensKind = {
  id: localStorageLens.id,
  title: localStorageLens.title,
  detect: (context: LensContext): LensMatch | undefined => {
    const share = shareOf(context, (k) => split(k) > 0 || startsWith(k, 'META:') || startsWith(k, 'VERSION'));
    const meta = context.sample.some((e) => startsWith(e.key, 'META:') || startsWith(e.key, '_http'));
    if (share < 0.9 || !meta) return undefined;
    return { lens: localStorageLens, confidence: 0.95, why: 'keys are META:origin and _origin' };
  },
};

export const sessionStorage: LensKind = {
  id: sessionStorageLens.id,
  title: sessionStorageLens.title,
  detect: (context: LensContext): LensMatch | undefined => {
    const share = shareOf(
      context,
      (k) =>
        startsWith(k, 'namespace-') ||
        startsWith(k, 'map-') ||
        startsWith(k, 'next-map-id') ||
        startsWith(k, 'version'),
    );
    if (share < 0.9) return undefined;
    return { lens: sessionStorageLens, confidence: 0.9, why: 'keys are namespace-… and map-…' };
  },
};
