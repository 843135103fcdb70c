/** Holds package.json, package.nls.json, l10n/ and the code together: none names what another lacks. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  COMMANDS,
  CONTAINER,
  CONTEXT,
  CUSTOM_EDITORS,
  DUMP_LANGUAGE,
  ITEM,
  ITEM_COMMANDS,
  OPTIONS_LANGUAGE,
  PANELS,
  PRIVATE_COMMANDS,
  SETTINGS,
  SQL_LANGUAGE,
  TOOLS,
  VIEWS,
} from '../../../extension/ids.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

interface Menu {
  readonly command: string;
  readonly when?: string;
  readonly group?: string;
}
interface Manifest {
  readonly main: string;
  readonly icon: string;
  readonly l10n: string;
  readonly activationEvents: readonly string[];
  readonly contributes: {
    readonly commands: readonly { command: string; title: string; category: string; icon?: string }[];
    readonly menus: Readonly<Record<string, readonly Menu[]>>;
    readonly keybindings: readonly Menu[];
    readonly viewsContainers: { readonly activitybar: readonly { id: string; icon: string }[] };
    readonly views: Readonly<Record<string, readonly { id: string }[]>>;
    readonly viewsWelcome: readonly { view: string }[];
    readonly customEditors: readonly { viewType: string }[];
    readonly languages: readonly { id: string; configuration: string }[];
    readonly grammars: readonly { language: string; path: string }[];
    readonly languageModelTools: readonly {
      name: string;
      modelDescription: string;
      inputSchema: {
        type: string;
        properties: Record<string, { type: string; description: string }>;
        required?: string[];
      };
    }[];
    readonly configuration: { readonly properties: Readonly<Record<string, Record<string, unknown>>> };
  };
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const { contributes } = manifest;
const sources = readdirSync(join(root, 'extension'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: read(join('extension', name)) }));
const code = sources.map((s) => s.text).join('\n');
const dense = code.replace(/\s+/g, '');
const sorted = (values: Iterable<string>): string[] => [...values].sort();

describe('package.json and ids.ts', () => {
  test('commands', () => {
    assert.deepEqual(
      sorted(contributes.commands.map((c) => c.command)),
      sorted([...Object.values(COMMANDS), ...Object.values(ITEM_COMMANDS)]),
    );
    for (const c of contributes.commands) assert.equal(c.category, 'LSM', c.command);
  });

  test('every command is registered in the code', () => {
    for (const [group, ids] of Object.entries({ COMMANDS, ITEM_COMMANDS, PRIVATE_COMMANDS })) {
      for (const name of Object.keys(ids)) {
        assert.ok(dense.includes(`on(${group}.${name},`), `${group}.${name}`);
      }
    }
  });

  test('the palette lists every palette command and no other', () => {
    const hidden = contributes.menus['commandPalette']?.filter((m) => m.when === 'false').map((m) => m.command);
    assert.deepEqual(sorted(hidden ?? []), sorted(Object.values(ITEM_COMMANDS)));
  });

  test('menus and keys name contributed commands; inline ones have icons', () => {
    const known = new Map(contributes.commands.map((c) => [c.command, c]));
    const items = [...Object.values(contributes.menus).flat(), ...contributes.keybindings];
    for (const item of items) {
      const command = known.get(item.command);
      assert.ok(command !== undefined, item.command);
      if (item.group?.startsWith('inline') === true)
        assert.ok(command.icon !== undefined, `${item.command} has no icon`);
    }
  });

  test('when clauses use keys and items that exist', () => {
    const known = [CONTEXT, VIEWS, ITEM, CUSTOM_EDITORS].flatMap((group) => Object.values(group));
    const keys = new Set<string>(known);
    const items = [...Object.values(ITEM), `${ITEM.entry}.value`];
    for (const item of [...Object.values(contributes.menus).flat(), ...contributes.keybindings]) {
      const when = item.when ?? '';
      const pattern = /viewItem =~ \/(.*?)\/(?: |$)/.exec(when)?.[1];
      if (pattern !== undefined)
        assert.ok(
          items.some((i) => new RegExp(pattern).test(i)),
          when,
        );
      const exact = /viewItem == (\S+)/.exec(when)?.[1];
      if (exact !== undefined) assert.ok(items.includes(exact), when);
      for (const [key] of when.replace(/viewItem =~ \/.*?\/(?= |$)/g, '').matchAll(/\blsm\.[\w.]+/g)) {
        assert.ok(keys.has(key) || items.includes(key), `${key} in ${when}`);
      }
    }
  });

  test('views, panels, editors and their icons', () => {
    assert.deepEqual(
      contributes.viewsContainers.activitybar.map((c) => c.id),
      [CONTAINER],
    );
    assert.deepEqual(
      contributes.views[CONTAINER]?.map((v) => v.id),
      Object.values(VIEWS),
    );
    for (const w of contributes.viewsWelcome) assert.ok(Object.values<string>(VIEWS).includes(w.view));
    assert.deepEqual(
      contributes.customEditors.map((e) => e.viewType),
      Object.values(CUSTOM_EDITORS),
    );
    for (const panel of Object.values(PANELS)) {
      assert.ok(manifest.activationEvents.includes(`onWebviewPanel:${panel}`), panel);
    }
    assert.deepEqual(
      contributes.languages.map((l) => l.id),
      [DUMP_LANGUAGE, OPTIONS_LANGUAGE, SQL_LANGUAGE],
    );
    assert.deepEqual(
      contributes.grammars.map((g) => g.language),
      [DUMP_LANGUAGE, OPTIONS_LANGUAGE, SQL_LANGUAGE],
    );
    for (const file of [
      ...contributes.languages.map((l) => l.configuration),
      ...contributes.grammars.map((g) => g.path),
    ]) {
      assert.equal(typeof JSON.parse(read(file)), 'object', file);
    }
    for (const c of contributes.viewsContainers.activitybar) assert.ok(existsSync(join(root, c.icon)), c.icon);
    assert.ok(existsSync(join(root, manifest.icon)));
  });

  test('language-model tools say what they read, and describe each input', () => {
    assert.deepEqual(
      contributes.languageModelTools.map((tool) => tool.name),
      Object.values(TOOLS),
    );
    for (const { name, modelDescription, inputSchema } of contributes.languageModelTools) {
      assert.match(modelDescription, /Read-only/, name);
      assert.equal(inputSchema.type, 'object');
      for (const [input, { type, description }] of Object.entries(inputSchema.properties)) {
        assert.match(type, /^(string|integer|boolean)$/, `${name} ${input}`);
        assert.ok(description.length > 5, `${name} ${input}`);
      }
      for (const input of inputSchema.required ?? []) assert.ok(input in inputSchema.properties, `${name} ${input}`);
    }
  });

  test('settings are described, scoped, and read by the code', () => {
    const { section, ...names } = SETTINGS;
    const ids = Object.values(names).map((name) => `${section}.${name}`);
    assert.deepEqual(sorted(Object.keys(contributes.configuration.properties)), sorted(ids));
    for (const [id, p] of Object.entries(contributes.configuration.properties)) {
      assert.equal(typeof p['markdownDescription'], 'string', id);
      assert.equal(typeof p['scope'], 'string', id);
      assert.notEqual(p['default'], undefined, id);
    }
    for (const name of Object.keys(names)) assert.ok(code.includes(`SETTINGS.${name}`), name);
  });
});

describe('texts', () => {
  test('package.nls.json has every text of package.json and no other', () => {
    const used = [...read('package.json').matchAll(/%([\w.]+)%/g)].map((m) => m[1] as string);
    assert.deepEqual(sorted(Object.keys(JSON.parse(read('package.nls.json')) as object)), sorted(new Set(used)));
  });

  test('l10n/bundle.l10n.json has every text of the code and no other', () => {
    const used = new Set<string>();
    for (const { text } of sources) for (const message of messages(text)) used.add(message);
    assert.ok(used.size > 50, `only ${used.size} texts found in the code`);
    const expected = `${JSON.stringify(Object.fromEntries(sorted(used).map((m) => [m, m])), null, 2)}\n`;
    const file = join(root, 'l10n', 'bundle.l10n.json');
    if (process.env['UPDATE'] === '1') writeFileSync(file, expected);
    assert.equal(readFileSync(file, 'utf8'), expected, 'run this test with UPDATE=1');
  });
});

/** The first argument of each `t(...)`, `say(...)` and `l10n.t(...)`. */
function messages(source: string): string[] {
  const found: string[] = [];
  const calls = source.matchAll(/(?:\bt|\bsay|\bl10n\.t)\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g);
  for (const [, single, double] of calls) {
    const raw = single ?? double ?? '';
    found.push(raw.replace(/\\(.)/g, '$1'));
  }
  return found;
}
