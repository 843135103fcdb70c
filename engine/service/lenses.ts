/**
 * Which lenses fit a family, rows read through one, and conditions on what they show.
 *
 * Three kinds are offered, in this order: applications whose stores are known, the key schemas that a person has
 * declared, and the formats that the values turn out to have. All of them are lenses, so whoever shows one shows all.
 */
import { type Problem, StoreError, toStoreError } from '../base/errors.ts';
import { unpackValue } from '../codec/valueCodec.ts';
import type { Lens, LensMatch } from '../decode/lens.ts';
import { detectLenses } from '../decode/registry.ts';
import { cqlFault } from '../decode/values/cql.ts';
import { decodeText, guarded, type ValueDecoder } from '../decode/values/decoder.ts';
import { jsonPathReader } from '../decode/values/jsonPath.ts';
import { protobufOf } from '../decode/values/protobuf.ts';
import { parseProto } from '../decode/values/protoSchema.ts';
import { detectValues, VALUE_DECODERS, type ValueMatch, valueDecoder } from '../decode/values/registry.ts';
import { typeName } from '../formats/leveldb/internalKey.ts';
import { baseName, dirName, type FileSystem, joinPath } from '../fs/fileSystem.ts';
import { DamageLog } from '../iter/damage.ts';
import type { EntryRow, KeySchemaInfo, LensInfo, ValueFormat } from '../model/answers.ts';
import type { EntryTypeName } from '../model/tree.ts';
import { SURE_LENS } from '../protocol/viewApi.ts';
import {
  CONFIG_BYTES_MAX,
  CONFIG_FILE,
  type ConfigParse,
  checkConfig,
  type DeclaredSchema,
  type DeclaredValues,
  mergeConfigs,
  NO_CONFIG,
  parseConfig,
  type StoreConfig,
} from '../query/storeConfig.ts';
import { compileWhere, type Where } from '../query/where/filter.ts';
import type { ValueReader } from '../query/where/row.ts';
import type { StoreReader } from '../store/reader.ts';
import { visibleRow } from '../store/rows.ts';

/** Entries from the beginning, and from places all over the family. */
const FIRST_ENTRIES = 24;
const PLACES = 24;
const ENTRIES_A_PLACE = 3;
/** Longer values are left out where whole ones are needed. */
const VALUE_BYTES = 64 << 10;

/** Families whose lenses are remembered. */
const FAMILIES_MAX = 64;

type ShownValue = NonNullable<ReturnType<Lens['value']>>;

const TYPES: readonly EntryTypeName[] = ['put', 'delete', 'single-delete', 'range-delete', 'merge', 'blob', 'entity'];

const DECLARED = 'declared for this column family';

interface SampleEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly whole: boolean;
}

/** So begin the ids of lenses that are formats of values. */
const VALUE = 'value:';
const CHOSEN = 'chosen for these values; nothing else says so';

interface Fitting {
  readonly matches: readonly LensMatch[];
  readonly schemas: readonly DeclaredSchema[];
  readonly values: readonly ValueMatch[];
}

export class Lenses {
  readonly #fs: FileSystem;
  readonly #found = new Map<string, Fitting>();
  #settings: StoreConfig = NO_CONFIG;
  /** What stands beside the open store, and what is wrong with it. */
  #beside: ConfigParse | undefined;
  /** Path, time and size of that file, to see whether it has changed. */
  #stamp = '';

  constructor(fs: FileSystem) {
    this.#fs = fs;
  }

  /** Lenses that fit, the surest first; looked for once for each state of the store. */
  of(store: StoreReader, family: number): readonly LensMatch[] {
    return this.#fitting(store, family).matches;
  }

  infos(store: StoreReader, family: number, format?: string): readonly LensInfo[] {
    const { matches, schemas } = this.#fitting(store, family);
    const asked = format === undefined || matches.some((m) => m.lens.id === format) ? undefined : decoderOf(format);
    const chosen = asked === undefined ? [] : [{ lens: valueLensOf(asked, schemas), confidence: 0, why: CHOSEN }];
    return [...matches, ...chosen].map(({ lens, confidence, why }) => ({
      id: lens.id,
      kind: kindOf(lens.id),
      title: lens.title,
      confidence,
      why,
    }));
  }

  /** The formats of values by name; with `format` that one. Throws INPUT if there is no such format. */
  formats(format?: string): readonly ValueFormat[] {
    if (format === undefined) return VALUE_DECODERS.map(({ id, title }) => ({ id: `${VALUE}${id}`, title }));
    const decoder = decoderOf(format);
    if (decoder === undefined) throw new StoreError('INPUT', noFormat(format.replace(VALUE, '')));
    return [{ id: format, title: decoder.title }];
  }

  /** Rows as the lens shows them. Value formats can be asked for whether they fit or not; throws INPUT for others. */
  through(store: StoreReader, family: number, id: string): (row: EntryRow) => EntryRow {
    const read = this.reader(store, family, id);
    return (row) => {
      const cut = row.value !== null && row.value.length < row.valueSize;
      return { ...row, shown: read(row.key, cut ? undefined : (row.value ?? undefined)) };
    };
  }

  /** As `through`, of a key and its value; undefined for a value that is cut or not there. */
  reader(
    store: StoreReader,
    family: number,
    id: string,
  ): (key: Uint8Array, value: Uint8Array | undefined) => NonNullable<EntryRow['shown']> {
    const lens = this.#lens(store, family, id);
    return (bytes, stored) => {
      const key = lens.key(bytes);
      const value = stored === undefined ? undefined : lens.value(bytes, stored);
      return { ...(key === undefined ? {} : { key }), ...(value === undefined ? {} : { value }) };
    };
  }

  /** A condition over the family's entries. `valueLens`: the format for paths into values. Throws INPUT. */
  where(store: StoreReader, family: number, source: string, valueLens?: string): Where {
    const schemas = this.#schemas(store, family);
    return compileWhere(source, {
      schemas: schemas.map((s) => s.schema),
      decoder: () => reader(this.#decoder(store, family, valueLens)),
      types: TYPES,
      typeName,
    });
  }

  /**
   * One value as the lens reads it; without `id` as the surest that can read it. Undefined: none does. Throws INPUT for
   * a lens that does not fit.
   */
  read(store: StoreReader, family: number, key: Uint8Array, value: Uint8Array, id?: string): ShownValue | undefined {
    if (id !== undefined) return this.#lens(store, family, id).value(key, value);
    for (const { lens, confidence } of this.of(store, family)) {
      const shown = confidence >= SURE_LENS ? lens.value(key, value) : undefined;
      if (shown !== undefined) return shown;
    }
    return undefined;
  }

  /** A key as the surest lens reads it. */
  keyText(store: StoreReader, family: number, key: Uint8Array): string | undefined {
    return this.of(store, family)
      .find((m) => m.confidence >= SURE_LENS && m.lens.key(key) !== undefined)
      ?.lens.key(key);
  }

  /** Takes what settings declare, in place of what they declared before; says what is wrong with it. */
  configure(settings: unknown): readonly Problem[] {
    const { config, problems } =
      settings === undefined || settings === null
        ? { config: NO_CONFIG, problems: [] }
        : checkConfig(settings, 'settings');
    this.#settings = config;
    this.#found.clear();
    return problems;
  }

  /** The schemas of a family's keys, and what is wrong with the declarations beside the store. */
  schemas(store: StoreReader, family: number): { schemas: readonly KeySchemaInfo[]; problems: readonly Problem[] } {
    const schemas = this.#schemas(store, family).map(({ schema, prefix }, i) => ({
      id: `schema:${i}`,
      key: schema.source,
      prefix,
      fields: schema.fields.map((f) => ({ name: f.name, type: f.type })),
    }));
    const { config, problems } = this.#config(store);
    const { name } = store.view.family(family).state;
    const declared = config.values.get(name);
    const found = declared === undefined ? undefined : declaredMatch(declared);
    if (typeof found !== 'string') return { schemas, problems };
    const wrong: Problem = { code: 'INPUT', path: CONFIG_FILE, message: `values.${name}: ${found}` };
    return { schemas, problems: [...problems, wrong] };
  }

  /** The key, or the prefix of keys, of these fields as they are shown: `id=7 time=2026-01-01`. Throws INPUT. */
  keyOfFields(store: StoreReader, family: number, text: string): { key: Uint8Array; complete: boolean } {
    let message = 'no schema is declared for the keys of this column family';
    for (const { schema } of this.#schemas(store, family)) {
      const made = schema.parse(text);
      if (made.ok) return { key: made.bytes, complete: made.complete };
      ({ message } = made);
    }
    throw new StoreError('INPUT', message);
  }

  /** Reads the file beside the store again if it has changed. */
  refresh(store: StoreReader): void {
    if (this.#beside !== undefined && this.#stamp !== this.#place(store.shared.directory).stamp) this.clear();
  }

  clear(): void {
    this.#found.clear();
    this.#beside = undefined;
  }

  #lens(store: StoreReader, family: number, id: string): Lens {
    const { matches, schemas } = this.#fitting(store, family);
    const match = matches.find((m) => m.lens.id === id);
    if (match !== undefined) return match.lens;
    const decoder = decoderOf(id);
    if (decoder === undefined) {
      const name = id.startsWith(VALUE) ? id.slice(VALUE.length) : '';
      const why =
        cqlFault(name) === undefined
          ? `the lens ${JSON.stringify(id)} does not fit this column family`
          : noFormat(name);
      throw new StoreError('INPUT', why);
    }
    return valueLensOf(decoder, schemas);
  }

  #decoder(store: StoreReader, family: number, id: string | undefined): ValueDecoder {
    const { values } = this.#fitting(store, family);
    // Other lenses show keys, or values of an application that are no formats by themselves.
    if (id?.startsWith(VALUE) === true) {
      const name = id.slice(VALUE.length);
      const found = values.find((v) => v.decoder.id === name)?.decoder ?? valueDecoder(name, unpackValue);
      if (found === undefined) throw new StoreError('INPUT', noFormat(name));
      return found;
    }
    const best = values[0]?.decoder;
    // Text has no parts; what of it is JSON has.
    if (best !== undefined && best.id !== 'utf8' && best.id !== 'hex') return best;
    return VALUE_DECODERS.find((d) => d.id === 'json') as ValueDecoder;
  }

  #schemas(store: StoreReader, family: number): readonly DeclaredSchema[] {
    const { name } = store.view.family(family).state;
    return this.#config(store).config.schemas.filter((s) => s.family === name);
  }

  /** Settings go before what stands beside the store. */
  #config(store: StoreReader): ConfigParse {
    this.#beside ??= this.#readBeside(store.shared.directory);
    return { config: mergeConfigs(this.#settings, this.#beside.config), problems: this.#beside.problems };
  }

  #readBeside(directory: string): ConfigParse {
    const { path, stamp } = this.#place(directory);
    this.#stamp = stamp;
    if (path === undefined) return { config: NO_CONFIG, problems: [] };
    try {
      const file = this.#fs.open(path, 'read');
      try {
        const bytes = new Uint8Array(Math.min(file.size(), CONFIG_BYTES_MAX + 1));
        return parseConfig(bytes.subarray(0, file.readAt(bytes, 0)), path);
      } finally {
        file.close();
      }
    } catch (thrown) {
      return { config: NO_CONFIG, problems: [toStoreError(thrown, { path }).toProblem()] };
    }
  }

  /** Where the file is: in the store's directory, or else in the one that holds it. */
  #place(directory: string): { readonly path?: string; readonly stamp: string } {
    for (const place of [directory, dirName(directory)]) {
      const path = joinPath(place, CONFIG_FILE);
      try {
        const { isFile, modified, size } = this.#fs.stat(path);
        if (isFile) return { path, stamp: `${path} ${modified} ${size}` };
      } catch {
        // It is not there, or not for us.
      }
    }
    return { stamp: '' };
  }

  #fitting(store: StoreReader, family: number): Fitting {
    const { view } = store;
    const id = `${view.snapshot.fingerprint}/${family}`;
    let found = this.#found.get(id);
    if (found === undefined) {
      found = this.#detect(store, family);
      if (this.#found.size >= FAMILIES_MAX) this.#found.clear();
      this.#found.set(id, found);
    }
    return found;
  }

  #detect(store: StoreReader, family: number): Fitting {
    const { view } = store;
    const { state } = view.family(family);
    const { directory, dialect } = store.shared;
    const entries = sample(store, family);
    const applications = detectLenses({
      engine: dialect.id,
      comparator: state.comparator,
      family: state.name,
      folder: baseName(directory),
      parent: baseName(dirName(directory)),
      files: view.snapshot.names,
      options: view.snapshot.options.family(state.name),
      sample: entries,
    });
    const whole = entries.filter((e) => e.whole).map((e) => e.value);
    const detected = detectValues(whole, unpackValue);
    const declared = this.#config(store).config.values.get(state.name);
    const sure = declared === undefined ? undefined : declaredMatch(declared);
    // What is wrong with a declaration `schemas` says; it counts for nothing then.
    const values = sure === undefined || typeof sure === 'string' ? detected : [sure, ...detected];
    const schemas = this.#schemas(store, family);
    const best = values[0]?.decoder;
    const matches = [...applications];
    for (const [i, declaredSchema] of schemas.entries()) {
      const match = schemaMatch(declaredSchema, i, schemas, entries, best);
      if (match !== undefined) matches.push(match);
    }
    for (const { decoder, confidence, why } of values) {
      // That says nothing of the values: it is how bytes are shown anyway.
      if (decoder.id === 'hex' && why !== DECLARED) continue;
      const lens = valueLensOf(decoder, schemas);
      if (!matches.some((m) => m.lens.id === lens.id)) matches.push({ lens, confidence, why });
    }
    // No format of values is surer than the application that is known to have written them.
    let limit = 1;
    const ordered = matches.map((m) => {
      limit = Math.min(limit, m.confidence);
      return { ...m, confidence: limit };
    });
    return { matches: ordered, schemas, values };
  }
}

function kindOf(id: string): 'application' | 'schema' | 'values' {
  if (id.startsWith('schema:')) return 'schema';
  return id.startsWith(VALUE) ? 'values' : 'application';
}

/** That of a lens of values; undefined for another lens, and for a format that there is not. */
function decoderOf(id: string): ValueDecoder | undefined {
  return id.startsWith(VALUE) ? valueDecoder(id.slice(VALUE.length), unpackValue) : undefined;
}

function reader(decoder: ValueDecoder): ValueReader {
  const { readFast } = decoder;
  return {
    read: (b, exact) => (exact || readFast === undefined ? decoder.read(b) : readFast(b)),
    ...(decoder.id === 'json' ? { part: jsonPathReader } : {}),
  };
}

function noFormat(name: string): string {
  const fault = cqlFault(name);
  return fault === undefined
    ? `there is no value format ${JSON.stringify(name)}`
    : `the value format ${JSON.stringify(name)}: ${fault}`;
}

/** The declared decoder, or what is wrong with the declaration. */
function declaredMatch(declared: DeclaredValues): ValueMatch | string {
  const sure = { confidence: 1, why: DECLARED };
  if (declared.proto === undefined && declared.descriptor === undefined) {
    const decoder = valueDecoder(declared.decoder, unpackValue);
    return decoder === undefined ? noFormat(declared.decoder) : { decoder, ...sure };
  }
  if (declared.decoder !== 'protobuf') return `a schema is for protobuf, not for "${declared.decoder}"`;
  const parsed = parseProto(declared);
  if (!parsed.ok) return `the schema of the message: ${parsed.why}`;
  return { decoder: guarded(protobufOf(`Protobuf ${parsed.name}`, parsed.message)), ...sure };
}

/** A key by the first schema that fits it. */
function keyText(key: Uint8Array, schemas: readonly DeclaredSchema[]): string | undefined {
  for (const { schema, prefix } of schemas) {
    if (!begins(key, prefix)) continue;
    const shown = schema.format(key);
    if (shown !== undefined) return shown;
  }
  return undefined;
}

function begins(key: Uint8Array, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (key[i] !== prefix[i]) return false;
  return true;
}

function valueLensOf(decoder: ValueDecoder, schemas: readonly DeclaredSchema[]): Lens {
  return {
    id: `value:${decoder.id}`,
    title: decoder.title,
    key: (key) => keyText(key, schemas),
    value: (_, value) => decodeText(decoder, value),
  };
}

function schemaMatch(
  declared: DeclaredSchema,
  index: number,
  all: readonly DeclaredSchema[],
  entries: readonly SampleEntry[],
  best: ValueDecoder | undefined,
): LensMatch | undefined {
  const { schema, prefix } = declared;
  const fit = entries.filter((e) => begins(e.key, prefix) && schema.matches(e.key, 0, e.key.length)).length;
  if (fit === 0) return undefined;
  const order = [declared, ...all.filter((s) => s !== declared)];
  const lens: Lens = {
    id: `schema:${index}`,
    title: `Key fields: ${schema.fields.map((f) => f.name).join(', ')}`,
    key: (key) => keyText(key, order),
    value: (_, value) => (best === undefined ? undefined : decodeText(best, value)),
  };
  const why = `declared; ${fit} of ${entries.length} keys of the sample are built so`;
  return { lens, confidence: fit / entries.length, why };
}

/** What cannot be read has nothing to say. */
function sample(store: StoreReader, id: number): SampleEntry[] {
  const entries: SampleEntry[] = [];
  const { view } = store;
  const family = view.family(id);
  const take = (from: Uint8Array | undefined, count: number): void => {
    const walk = view.scan(id, from === undefined ? {} : { from }, new DamageLog());
    try {
      walk.first();
      for (let n = 0; n < count && walk.valid; n++, walk.next()) {
        const { key, value, valueSize } = visibleRow(walk, VALUE_BYTES);
        if (value !== null) entries.push({ key, value, whole: value.length === valueSize });
      }
    } finally {
      walk.close();
    }
  };
  try {
    take(undefined, FIRST_ENTRIES);
    if (!family.order.known) return entries;
    const step = Math.max(1, Math.floor(family.tables.length / PLACES));
    for (let i = 0; i < family.tables.length && entries.length < FIRST_ENTRIES + PLACES * ENTRIES_A_PLACE; i += step) {
      const table = family.tables[i];
      if (table !== undefined) take(table.smallest.key, ENTRIES_A_PLACE);
    }
  } catch (thrown) {
    if (!(thrown instanceof StoreError)) throw thrown;
  }
  return entries;
}
