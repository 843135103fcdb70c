/**
 * The house rules of the architecture, held by a test: which room may import which, where Node's own
 * modules may stand, and where the clock and chance come from. CONTRIBUTING.md says why.
 *
 * A source is scanned, not compiled: comments and the insides of strings are blanked out, import
 * specifiers are kept. Type-only imports count too.
 */
import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import { describe, it } from 'node:test';

const root = resolve(import.meta.dirname, '..');

interface Import {
  readonly from: string;
  /** What is imported, as written: `{ a, type B }`, `* as x`, or '' for a bare or dynamic import. */
  readonly names: string;
  readonly line: number;
}

interface Source {
  readonly path: string;
  readonly imports: readonly Import[];
  /** The code with comments and string contents as spaces; lines as in the file. */
  readonly code: string;
}

/** Blanks comments and string contents, and returns the string literals by where they start. */
export function blank(text: string): { code: string; strings: Map<number, string> } {
  const out = text.split('');
  const strings = new Map<number, string>();
  const hide = (from: number, to: number): void => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  // Depth of braces inside each open `${`, innermost last.
  const templates: number[] = [];
  let last = '';
  let word = '';
  let i = 0;
  const template = (): void => {
    const from = i;
    while (i < text.length && text[i] !== '`' && !(text[i] === '$' && text[i + 1] === '{'))
      i += text[i] === '\\' ? 2 : 1;
    hide(from, i);
    if (text[i] === '$') {
      templates.push(0);
      i += 2;
    } else i++;
  };
  while (i < text.length) {
    const c = text[i] as string;
    const next = text[i + 1];
    if (c === '/' && next === '/') {
      const end = text.indexOf('\n', i);
      hide(i, end < 0 ? text.length : end);
      i = end < 0 ? text.length : end;
    } else if (c === '/' && next === '*') {
      const end = text.indexOf('*/', i + 2) + 2;
      hide(i, end);
      i = end;
    } else if (c === "'" || c === '"') {
      const from = i++;
      while (i < text.length && text[i] !== c) i += text[i] === '\\' ? 2 : 1;
      strings.set(from, text.slice(from + 1, i));
      hide(from + 1, i);
      i++;
      last = c;
      word = '';
    } else if (c === '`') {
      i++;
      template();
      last = c;
      word = '';
    } else if (
      c === '/' &&
      (/[(,=:[!&|?{};+\-*%<>~^]/.test(last) || last === '' || /^(return|typeof|case|of|in|yield|await)$/.test(word))
    ) {
      // A regular expression: a slash where no operand stands before it.
      const from = i++;
      let inClass = false;
      while (i < text.length && text[i] !== '\n' && (inClass || text[i] !== '/')) {
        if (text[i] === '[') inClass = true;
        if (text[i] === ']') inClass = false;
        i += text[i] === '\\' ? 2 : 1;
      }
      hide(from + 1, i);
      i++;
      last = '/';
      word = '';
    } else {
      if (c === '{' && templates.length > 0) templates[templates.length - 1] = (templates.at(-1) as number) + 1;
      if (c === '}' && templates.length > 0) {
        if (templates.at(-1) === 0) {
          templates.pop();
          i++;
          template();
          last = '`';
          continue;
        }
        templates[templates.length - 1] = (templates.at(-1) as number) - 1;
      }
      if (/[\w$]/.test(c)) word = /[\w$]/.test(text[i - 1] ?? '') ? word + c : c;
      else if (!/\s/.test(c)) word = '';
      if (!/\s/.test(c)) last = c;
      i++;
    }
  }
  return { code: out.join(''), strings };
}

export function scan(path: string, text: string): Source {
  const { code, strings } = blank(text);
  const imports: Import[] = [];
  const lineOf = (at: number): number => code.slice(0, at).split('\n').length;
  const statement =
    /\b(?:import|export)\b\s*(?:type\b\s*)?([\w$*{][^'";]*?)?\s*\bfrom\s*(['"])|\bimport\s*\(?\s*(['"])|\brequire\s*\(\s*(['"])/g;
  for (const m of code.matchAll(statement)) {
    const quote = m.index + m[0].length - 1;
    const from = strings.get(quote);
    if (from !== undefined)
      imports.push({ from, names: (m[1] ?? '').replaceAll(/\s+/g, ' ').trim(), line: lineOf(m.index) });
  }
  return { path, imports, code };
}

// ── The rules ──────────────────────────────────────────────────────────────────────────────────

/** Every room, and the rooms or files that it may import; a room may always import itself. */
/** Asks every driver whether a folder is its own. */
const REGISTRY = 'engine/formats/registry.ts';

const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'engine/base': [],
  'engine/codec': ['engine/base'],
  'engine/fs': ['engine/base'],
  'engine/model': ['engine/base'],
  'engine/iter': ['engine/model', 'engine/base'],
  'engine/policy': ['engine/model', 'engine/base'],
  'engine/sim': ['engine/policy', 'engine/model', 'engine/base'],
  // The interfaces; registry.ts, which lists the drivers, has a line of its own below.
  'engine/formats': ['engine/iter', 'engine/codec', 'engine/fs', 'engine/model', 'engine/base'],
  'engine/formats/registry.ts': [
    'engine/formats',
    'engine/iter',
    'engine/codec',
    'engine/fs',
    'engine/model',
    'engine/base',
  ],
  'engine/formats/block': [
    'engine/formats/driver.ts',
    'engine/iter',
    'engine/codec',
    'engine/fs',
    'engine/model',
    'engine/base',
  ],
  'engine/formats/leveldb': [
    'engine/formats/driver.ts',
    'engine/formats/block',
    'engine/iter',
    'engine/codec',
    'engine/fs',
    'engine/model',
    'engine/base',
  ],
  'engine/formats/rocksdb': [
    'engine/formats/driver.ts',
    'engine/formats/block',
    'engine/formats/leveldb',
    'engine/iter',
    'engine/codec',
    'engine/fs',
    'engine/model',
    'engine/base',
  ],
  'engine/formats/pebble': [
    'engine/formats/driver.ts',
    'engine/formats/block',
    'engine/formats/rocksdb',
    'engine/iter',
    'engine/codec',
    'engine/fs',
    'engine/model',
    'engine/base',
  ],
  'engine/formats/cassandra': [
    'engine/formats/driver.ts',
    'engine/formats/block',
    'engine/iter',
    'engine/codec',
    'engine/fs',
    'engine/model',
    'engine/base',
  ],
  'engine/formats/badger': [
    'engine/formats/driver.ts',
    'engine/formats/block',
    'engine/iter',
    'engine/codec',
    'engine/fs',
    'engine/model',
    'engine/base',
  ],
  'engine/store': [
    'engine/formats',
    'engine/policy',
    'engine/sim/scheduler.ts',
    'engine/iter',
    'engine/codec',
    'engine/fs',
    'engine/model',
    'engine/base',
  ],
  'engine/advise': ['engine/model', 'engine/base', 'engine/formats/driver.ts'],
  'engine/query': ['engine/model', 'engine/base', 'engine/formats/driver.ts'],
  'engine/decode': ['engine/model', 'engine/base', 'engine/formats/driver.ts'],
  'engine/protocol': ['engine/model', 'engine/base/errors.ts'],
  'engine/service.ts': ['engine'],
  'engine/service': ['engine'],
  'engine/threads.ts': ['engine'],
  'engine/worker.ts': ['engine'],
  'engine/cli': ['engine'],
  extension: ['engine/protocol', 'engine/model'],
  webview: ['engine/protocol', 'engine/model'],
};

/** Only these may import the key. */
const RESERVED: Readonly<Record<string, readonly string[]>> = {
  'engine/service.ts': ['engine/worker.ts', 'engine/cli'],
  'engine/service': ['engine/service.ts'],
  'engine/threads.ts': ['engine/worker.ts', 'engine/cli'],
  'engine/worker.ts': [],
  'engine/cli': [],
};

/** Where the engine may use Node's own modules: the rest runs anywhere. */
const NODE_PLACES = [
  'engine/fs/nodeFs.ts',
  'engine/codec',
  'engine/store/lock.ts',
  'engine/query/sql.ts',
  'engine/threads.ts',
  'engine/worker.ts',
  'engine/cli',
];

/** What the extension may use of Node: names by module. It looks for stores, watches them, and reads no file. */
const EXTENSION_NODE: Readonly<Record<string, readonly string[] | 'all'>> = {
  'node:worker_threads': 'all',
  'node:path': 'all',
  'node:crypto': ['randomBytes', 'randomUUID'],
  'node:fs': ['watch', 'FSWatcher'],
  'node:fs/promises': ['readdir', 'stat'],
};

/** Packages from npm, and the only places that may import them. */
const PACKAGE_PLACES: Readonly<Record<string, readonly string[]>> = {
  vscode: ['extension'],
  '@vscode/webview-ui-toolkit': ['webview/toolkit.ts'],
  'hash-wasm': ['engine/codec'],
  uplot: ['webview/visualizer/plot.ts'],
  // hyparquet: its types.
  hyparquet: ['engine/query/parquet.ts', 'engine/query/parquetColumns.ts'],
  'hyparquet-writer': ['engine/query/parquet.ts', 'engine/query/parquetColumns.ts'],
  '@msgpack/msgpack': ['engine/decode/values/messagePack.ts'],
  cborg: ['engine/decode/values/cbor.ts'],
  bson: ['engine/decode/values/bson.ts'],
  protobufjs: ['engine/decode/values/protoSchema.ts'],
};

/** Time and chance come from engine/base/entropy.ts, so that a run can be repeated. */
const NONDETERMINISM =
  /\b(?:Date|performance|setTimeout|setInterval|setImmediate)\b(?!\s*[:?])|\bMath\s*\.\s*random\b|\bhrtime\b/g;
const ENTROPY = 'engine/base/entropy.ts';

const within = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);

/** The longest room that holds a file, or undefined when it stands in none. */
function roomOf(path: string): string | undefined {
  return Object.keys(ROOMS)
    .filter((room) => within(path, room))
    .sort((a, b) => b.length - a.length)[0];
}

/** Every rule that a source breaks, as `path:line: what`. */
export function violations(source: Source): string[] {
  const { path } = source;
  const found: string[] = [];
  const room = roomOf(path);
  if (room === undefined) return [`${path}:1: stands in no room of the architecture`];
  for (const { from, names, line } of source.imports) {
    const say = (what: string): void => {
      found.push(`${path}:${line}: ${what}`);
    };
    if (from.startsWith('.')) {
      const target = posix.normalize(posix.join(posix.dirname(path), from));
      if (within(target, room) && roomOf(target) === room) continue;
      const allowed = ROOMS[room] as readonly string[];
      const targetRoom = roomOf(target);
      const free =
        allowed.some((place) => within(target, place)) &&
        !(room.startsWith('engine/formats/') && room !== REGISTRY && isDriverSibling(room, targetRoom));
      if (!free) say(`${room} may not import ${target}`);
      for (const [kept, who] of Object.entries(RESERVED)) {
        if (within(target, kept) && !within(path, kept) && !who.some((place) => within(path, place)))
          say(`only ${who.join(', ') || 'tests'} may import ${kept}`);
      }
    } else if (from.startsWith('node:')) {
      if (path.startsWith('engine/') && !NODE_PLACES.some((place) => within(path, place)))
        say(`${from} may not be used here`);
      if (path.startsWith('webview/')) say(`${from} does not exist in a webview`);
      if (path.startsWith('extension/')) {
        const permitted = EXTENSION_NODE[from];
        if (permitted === undefined) say(`the extension may not use ${from}`);
        else if (permitted !== 'all') {
          for (const name of imported(names))
            if (!permitted.includes(name)) say(`the extension may not use ${name} of ${from}`);
        }
      }
    } else if (!(from.endsWith('.css') && path.startsWith('webview/'))) {
      const name = from.startsWith('@') ? from.split('/').slice(0, 2).join('/') : (from.split('/')[0] as string);
      const places = PACKAGE_PLACES[name] ?? [];
      if (!places.some((place) => within(path, place))) say(`${name} may not be imported here`);
    }
  }
  if (path.startsWith('engine/') && path !== ENTROPY) {
    for (const m of source.code.matchAll(NONDETERMINISM)) {
      const line = source.code.slice(0, m.index).split('\n').length;
      found.push(`${path}:${line}: ${m[0].trim()} belongs into ${ENTROPY}`);
    }
  }
  return found;
}

/** Drivers of different families share nothing but what the table grants them by name. */
function isDriverSibling(room: string, target: string | undefined): boolean {
  return (
    target?.startsWith('engine/formats/') === true &&
    target !== room &&
    !(ROOMS[room] as readonly string[]).includes(target)
  );
}

/** The exported names behind `{ a, type B as c }`; a namespace or default import counts as '*'. */
function imported(names: string): string[] {
  const braces = /\{([^}]*)\}/.exec(names);
  if (braces === null) return ['*'];
  return (braces[1] as string)
    .split(',')
    .map(
      (part) =>
        part
          .trim()
          .replace(/^type /, '')
          .split(' as ')[0] as string,
    )
    .filter((part) => part !== '');
}

function sources(): Source[] {
  return ['engine', 'extension', 'webview'].flatMap((top) =>
    readdirSync(join(root, top), { recursive: true })
      .map((name) => posix.join(top, String(name).replaceAll('\\', '/')))
      .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
      .map((path) => scan(path, readFileSync(join(root, path), 'utf8'))),
  );
}

describe('rooms', () => {
  const all = sources();

  it('has sources to look at', () => {
    assert.ok(all.length > 20, `only ${all.length} sources found`);
    assert.ok(all.some((s) => s.imports.length > 0));
  });

  it('every import stays within the rules of its room', () => {
    assert.deepEqual(all.flatMap(violations), []);
  });

  it('every relative import names a file that exists, with its ending', () => {
    const known = new Set(all.map((s) => s.path));
    const lost = all.flatMap((s) =>
      s.imports
        .filter((i) => i.from.startsWith('.') && !i.from.endsWith('.css') && !i.from.endsWith('.d.ts'))
        .map((i) => posix.normalize(posix.join(dirname(s.path), i.from)))
        .filter((target) => !known.has(target) && !target.endsWith('.json'))
        .map((target) => `${s.path} imports ${target}`),
    );
    assert.deepEqual(lost, []);
  });

  const broken: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'base imports nothing',
      'engine/base/a.ts',
      "import { x } from '../model/tree.ts';",
      /engine\/base may not import/,
    ],
    [
      'a type counts',
      'engine/iter/a.ts',
      "import type { F } from '../fs/fileSystem.ts';",
      /engine\/iter may not import/,
    ],
    ['drivers are no siblings', 'engine/formats/badger/a.ts', "export * from '../leveldb/names.ts';", /may not import/],
    ['an ancestor only downwards', 'engine/formats/leveldb/a.ts', "import '../rocksdb/driver.ts';", /may not import/],
    ['Node in a wrong place', 'engine/store/version.ts', "import fs from 'node:fs';", /node:fs may not be used here/],
    ['Node in a webview', 'webview/a.ts', "import { join } from 'node:path';", /does not exist/],
    [
      'the extension reads no file',
      'extension/a.ts',
      "import { readFile, stat } from 'node:fs/promises';",
      /readFile of node:fs\/promises/,
    ],
    ['vscode elsewhere', 'engine/service.ts', "import type * as v from 'vscode';", /vscode may not be imported/],
    [
      'the toolkit elsewhere',
      'webview/results.ts',
      "import { x } from '@vscode/webview-ui-toolkit/dist/x';",
      /toolkit may not be imported/,
    ],
    [
      'extension and webview',
      'extension/a.ts',
      "import { x } from '../webview/results.ts';",
      /extension may not import/,
    ],
    ['the service from the extension', 'extension/a.ts', "import { x } from '../engine/service.ts';", /may not import/],
    [
      'the service from a room',
      'engine/store/a.ts',
      "import { x } from '../service.ts';",
      /only engine\/worker.ts, engine\/cli may import/,
    ],
    ['a dynamic import', 'engine/base/a.ts', "const m = await import('../fs/nodeFs.ts');", /may not import/],
    ['the clock', 'engine/model/a.ts', 'const now = Date.now();', /Date belongs/],
    ['chance', 'engine/policy/a.ts', 'const p = Math.random();', /Math.random belongs/],
    ['a timer in a template', 'engine/worker.ts', 'const s = `a ${setTimeout(f, 1)} b`;', /setTimeout belongs/],
    ['after a regular expression', 'engine/model/a.ts', 'const r = /[\'"`]/; Date.now();', /Date belongs/],
    ['a file in no room', 'engine/misc/a.ts', '', /stands in no room/],
  ];
  for (const [name, path, text, expected] of broken) {
    it(`finds what is broken: ${name}`, () => {
      assert.match(violations(scan(path, text)).join('\n'), expected);
    });
  }

  it('does not find what only looks broken', () => {
    const text = [
      "// import { x } from '../model/tree.ts'; Date.now()",
      '/* setTimeout */',
      'const s = "import \'../model/tree.ts\'"; const t = `Math.random() ${"Date"}`;',
      "import { y } from './bytes.ts';",
      'interface P { readonly Date: number }',
    ].join('\n');
    assert.deepEqual(violations(scan('engine/base/a.ts', text)), []);
  });
});
