/**
 * Packages that most runs never use stand in a bundle of their own, `rare.js` beside the others, which is read and
 * run when something of theirs is first touched: starting a program costs what its script is long.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const NAMESPACE = 'lazy-package';

const LISTED = /import \{([^}]*)\} from '([^']+)'/g;
const DEFAULT = /import (\w+)(?:, \{([^}]*)\})? from '([^']+)'/g;
const BARE = /import '([^']+)'/g;

/**
 * What the sources below `folder` import from `packages`: names by module, since the bundler has to see them, and
 * the modules that are imported for what they do.
 */
function used(folder, packages) {
  const names = new Map();
  const bare = [];
  const ours = (module) => packages.some((p) => module === p || module.startsWith(`${p}/`));
  const add = (module, list) => {
    if (!ours(module)) return;
    const known = names.get(module) ?? new Set();
    names.set(module, known);
    for (const one of list.split(',')) {
      const plain = one.trim().split(' as ')[0] ?? '';
      if (plain !== '' && !plain.startsWith('type ')) known.add(plain);
    }
  };
  for (const file of readdirSync(folder, { recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, list, module] of text.matchAll(LISTED)) add(module, list);
    for (const [, , list, module] of text.matchAll(DEFAULT)) add(module, list ?? '');
    for (const [, module] of text.matchAll(BARE)) if (ours(module)) bare.push(module);
  }
  return { names, bare };
}

/** The plugin for bundles that leave `packages` to `rare.js`. */
export function lazyPackages(folder, packages) {
  const escaped = packages.map((p) => p.replace(/[/.]/g, '\\$&')).join('|');
  const { names } = used(folder, packages);
  return {
    name: 'lazy-packages',
    setup(build) {
      build.onResolve({ filter: new RegExp(`^(${escaped})(/.+)?$`) }, (args) => ({
        path: args.path,
        namespace: NAMESPACE,
      }));
      build.onResolve({ filter: /^\.\/rare\.js$/, namespace: NAMESPACE }, () => ({
        path: './rare.js',
        external: true,
      }));
      build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => {
        const wanted = names.get(path);
        // Imported for what it does: it comes with the others.
        if (wanted === undefined) return { contents: '' };
        return {
          contents: `
            let real;
            const load = () => (real ??= require('./rare.js')[${JSON.stringify(path)}]);
            const names = ${JSON.stringify([...wanted])};
            module.exports = new Proxy({}, {
              get: (_, name) => load()[name],
              has: (_, name) => name in load(),
              ownKeys: () => names,
              getOwnPropertyDescriptor: (_, name) => ({ configurable: true, enumerable: true, get: () => load()[name] }),
            });`,
        };
      });
    },
  };
}

/** What `rare.js` is made of. */
export function rareContents(folder, packages) {
  const { names, bare } = used(folder, packages);
  const modules = [...names.keys()];
  return [
    ...modules.map((module, i) => `import * as m${i} from ${JSON.stringify(module)};`),
    ...bare.map((module) => `import ${JSON.stringify(module)};`),
    `module.exports = { ${modules.map((module, i) => `${JSON.stringify(module)}: m${i}`).join(', ')} };`,
  ].join('\n');
}
