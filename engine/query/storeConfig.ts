/**
 * What a person has declared about a store: the build of its keys and the form of its values, in a `.lsm.json` beside
 * it or in settings. The file comes with the store, so it is held to be hostile: its size is bounded, each part of it
 * is checked, and whatever is wrong is named and left out while the rest holds.
 *
 *     { "schemas": [{ "family": "default", "prefix": "sensor:", "key": "\"sensor:\" id:u32be" }],
 *       "values": { "default": "json", "events": { "decoder": "protobuf", "proto": "…", "message": "pkg.Event" } } }
 */
import { strictText, utf8 } from '../base/bytes.ts';
import type { Problem } from '../base/errors.ts';
import { parseKey } from '../model/keyInput.ts';
import { type KeySchema, parseKeySchema } from './keySchema.ts';

export const CONFIG_FILE = '.lsm.json';
export const CONFIG_BYTES_MAX = 64 << 10;
const SCHEMAS_MAX = 256;

export interface DeclaredSchema {
  readonly family: string;
  /** Only keys that start with these bytes. */
  readonly prefix: Uint8Array;
  readonly schema: KeySchema;
}

export interface DeclaredValues {
  /** Id of a decoder, as `json` or `zstd+msgpack`. */
  readonly decoder: string;
  /** Protobuf: the text of a `.proto` file, or a descriptor set in base64; and the name of the message. */
  readonly proto?: string;
  readonly descriptor?: string;
  readonly message?: string;
}

export interface StoreConfig {
  readonly schemas: readonly DeclaredSchema[];
  /** By name of the column family. */
  readonly values: ReadonlyMap<string, DeclaredValues>;
}

export const NO_CONFIG: StoreConfig = { schemas: [], values: new Map() };

export interface ConfigParse {
  readonly config: StoreConfig;
  readonly problems: readonly Problem[];
}

/** Reads the file's bytes. `path` is what problems name. */
export function parseConfig(bytes: Uint8Array, path: string): ConfigParse {
  const wrong = (message: string): ConfigParse => ({ config: NO_CONFIG, problems: [{ code: 'INPUT', path, message }] });
  if (bytes.length > CONFIG_BYTES_MAX) return wrong(`longer than ${CONFIG_BYTES_MAX} bytes: not read`);
  const source = strictText(bytes);
  if (source === undefined) return wrong('not UTF-8 text');
  let json: unknown;
  try {
    json = JSON.parse(source);
  } catch (thrown) {
    return wrong(`not JSON: ${(thrown as Error).message}`);
  }
  return checkConfig(json, path);
}

/** Checks what was parsed already, as settings are. */
export function checkConfig(json: unknown, path: string): ConfigParse {
  const problems: Problem[] = [];
  const say = (message: string): void => {
    problems.push({ code: 'INPUT', path, message });
  };
  if (!isRecord(json)) {
    say('not an object with "schemas" and "values"');
    return { config: NO_CONFIG, problems };
  }
  for (const name of Object.keys(json)) {
    if (name !== 'schemas' && name !== 'values' && name !== '$schema') say(`"${name}" is not known here`);
  }
  const schemas: DeclaredSchema[] = [];
  const listed = json['schemas'] ?? [];
  if (!Array.isArray(listed)) say('"schemas" is not a list');
  else if (listed.length > SCHEMAS_MAX) say(`"schemas" has more than ${SCHEMAS_MAX} entries: not read`);
  else {
    for (const [i, one] of (listed as unknown[]).entries()) {
      const found = readSchema(one);
      if (typeof found === 'string') say(`schemas[${i}]: ${found}`);
      else schemas.push(found);
    }
  }
  return { config: { schemas, values: readValues(json['values'] ?? {}, say) }, problems };
}

/** What is declared in `first` goes before what is in `second`. */
export function mergeConfigs(first: StoreConfig, second: StoreConfig): StoreConfig {
  return {
    schemas: [...first.schemas, ...second.schemas],
    values: new Map([...second.values, ...first.values]),
  };
}

function isRecord(v: unknown): v is Readonly<Record<string, unknown>> {
  return typeof v === 'object' && v !== null && !Array.isArray(v);
}

function readSchema(one: unknown): DeclaredSchema | string {
  if (!isRecord(one)) return 'not an object';
  const { family = 'default', prefix = '', key } = one;
  if (typeof family !== 'string') return '"family" is not text';
  if (typeof prefix !== 'string') return '"prefix" is not text';
  if (typeof key !== 'string') return '"key" is missing or not text';
  const parsed = parseKeySchema(key);
  if (!parsed.ok) return `"key": ${parsed.message}`;
  const typed = prefix === '' ? { ok: true as const, bytes: utf8('') } : parseKey(prefix);
  if (!typed.ok) return `"prefix": ${typed.message}`;
  return { family, prefix: typed.bytes, schema: parsed.schema };
}

function readValues(given: unknown, say: (message: string) => void): ReadonlyMap<string, DeclaredValues> {
  const all = new Map<string, DeclaredValues>();
  if (!isRecord(given)) {
    say('"values" is not an object of column families');
    return all;
  }
  for (const [family, one] of Object.entries(given)) {
    if (typeof one === 'string') {
      all.set(family, { decoder: one });
      continue;
    }
    if (!isRecord(one) || typeof one['decoder'] !== 'string') {
      say(`values.${family}: neither the name of a decoder nor an object with "decoder"`);
      continue;
    }
    const text = (name: string): string | undefined => {
      const v = one[name];
      if (v === undefined || typeof v === 'string') return v;
      say(`values.${family}: "${name}" is not text`);
      return undefined;
    };
    const [proto, descriptor, message] = [text('proto'), text('descriptor'), text('message')];
    all.set(family, {
      decoder: one['decoder'],
      ...(proto === undefined ? {} : { proto }),
      ...(descriptor === undefined ? {} : { descriptor }),
      ...(message === undefined ? {} : { message }),
    });
  }
  return all;
}
