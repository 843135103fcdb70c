/** Addresses of virtual documents `lsm:`: a document's URI says all that is needed to make it again. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { fromHex } from '../engine/model/display.ts';
import { StoreError } from '../engine/protocol/rpc.ts';
import { DUMP_LANGUAGE, OPTIONS_LANGUAGE, SCHEME } from './ids.ts';
import type { Store } from './store.ts';

const t = vscode.l10n.t;

/** What stands in a URI's query, as JSON. Keys are lower-case hex. */
export type Reference =
  | {
      readonly what: 'value';
      readonly store: string;
      readonly family: number;
      readonly key: string;
      readonly seq?: number;
    }
  /**
   * A value as its lens reads it, to be compared with another; of the store at `path` that `store` was compared with,
   * where there is one.
   */
  | {
      readonly what: 'read';
      readonly store: string;
      readonly family: number;
      readonly key: string;
      readonly seq?: number;
      readonly path?: string;
    }
  | { readonly what: 'dump'; readonly store: string; readonly file: string }
  /** An OPTIONS file as it is, without the offsets of a dump. */
  | { readonly what: 'options'; readonly store: string; readonly file: string }
  | {
      readonly what: 'block';
      readonly store: string;
      readonly family: number;
      readonly table: number;
      readonly block: number;
    }
  /** A data block of a table, byte by byte; `offset` is where it begins in the file. */
  | { readonly what: 'bytes'; readonly store: string; readonly file: string; readonly offset: number }
  /** Of a compaction, a verification, a repair; `number` counts those of this window. */
  | { readonly what: 'plan'; readonly store: string; readonly number: number };

/** Of a document that is made of more than one value; undefined for values, whose names tell. */
export function languageOf(uri: vscode.Uri): string | undefined {
  try {
    const { what } = parse(uri);
    return what === 'value' || what === 'read' ? undefined : what === 'options' ? OPTIONS_LANGUAGE : DUMP_LANGUAGE;
  } catch {
    return undefined;
  }
}

/** The store and the key of a document that shows a value; undefined for any other. */
export function valueAt(
  uri: vscode.Uri,
): { readonly store: string; readonly family: number; readonly key: Uint8Array } | undefined {
  if (uri.scheme !== SCHEME) return undefined;
  try {
    const reference = parse(uri);
    if (reference.what !== 'value') return undefined;
    return { store: reference.store, family: reference.family, key: keyOf(reference) };
  } catch {
    return undefined;
  }
}

/** The document of a file's dump. */
export function dumpUri(store: Store, file: string): vscode.Uri {
  return address({ what: 'dump', store: store.path, file }, [store.name, `${path.basename(file)}.dump`]);
}

export function address(reference: Reference, parts: readonly string[]): vscode.Uri {
  return vscode.Uri.from({
    scheme: SCHEME,
    path: `/${parts.map(fileSafe).join('/')}`,
    query: JSON.stringify(reference),
  });
}

export function parse(uri: vscode.Uri): Reference {
  let reference: Partial<Record<string, unknown>>;
  try {
    reference = JSON.parse(uri.query) as Partial<Record<string, unknown>>;
  } catch {
    throw new StoreError('INPUT', t('This address says nothing: {0}', uri.toString()));
  }
  const numbers: Record<string, readonly string[]> = {
    value: ['family'],
    read: ['family'],
    dump: [],
    options: [],
    block: ['family', 'table', 'block'],
    bytes: ['offset'],
    plan: ['number'],
  };
  const strings: Record<string, readonly string[]> = {
    value: ['store', 'key'],
    read: ['store', 'key'],
    dump: ['store', 'file'],
    options: ['store', 'file'],
    block: ['store'],
    bytes: ['store', 'file'],
    plan: ['store'],
  };
  const what = String(reference['what']);
  const whole =
    numbers[what]?.every((n) => typeof reference[n] === 'number') === true &&
    strings[what]?.every((s) => typeof reference[s] === 'string') === true;
  if (!whole) throw new StoreError('INPUT', t('This address says nothing: {0}', uri.toString()));
  return reference as unknown as Reference;
}

export function keyOf(reference: { readonly key: string }): Uint8Array {
  const key = fromHex(reference.key);
  if (key === undefined) throw new StoreError('INPUT', t('{0} is no key in hex.', reference.key));
  return key;
}

/** A path segment: no separators, no control characters. */
export function fileSafe(name: string): string {
  const safe = name.replace(/[/\\]/g, '∕').replace(/\p{C}/gu, '');
  return safe === '' || safe === '.' || safe === '..' ? '_' : safe;
}
