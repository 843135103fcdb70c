/**
 * An esbuild plugin: packages that most runs never use are evaluated when something of theirs is first touched,
 * and not when the bundle starts. In their place stands an object that fetches the real one then.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const NAMESPACE = 'lazy-package';
const REAL = '?real';

/** Names that the sources below `folder` import from a package; the bundler has to see them. */
function importedNames(folder, name) {
  const names = new Set();
  for (const file of readdirSync(folder, { recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, list] of text.matchAll(new RegExp(`import \\{([^}]*)\\} from '${name}'`, 'g'))) {
      for (const one of list.split(',')) {
        const plain = one.trim().split(' as ')[0] ?? '';
        if (plain !== '' && !plain.startsWith('type ')) names.add(plain);
      }
    }
  }
  return [...names];
}

export function lazyPackages(folder, packages) {
  const filter = new RegExp(`^(${packages.map((p) => p.replace(/[/.]/g, '\\$&')).join('|')})(\\?real)?$`);
  return {
    name: 'lazy-packages',
    setup(build) {
      build.onResolve({ filter }, async (args) => {
        if (args.pluginData === NAMESPACE) return undefined;
        if (args.path.endsWith(REAL)) {
          const path = args.path.slice(0, -REAL.length);
          return build.resolve(path, { kind: 'import-statement', resolveDir: folder, pluginData: NAMESPACE });
        }
        // Packages may use each other as they like.
        return args.importer.includes('node_modules') ? undefined : { path: args.path, namespace: NAMESPACE };
      });
      build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({
        resolveDir: folder,
        contents: `
          let real;
          const load = () => (real ??= require(${JSON.stringify(path + REAL)}));
          const names = ${JSON.stringify(importedNames(folder, path))};
          module.exports = new Proxy({}, {
            get: (_, name) => load()[name],
            has: (_, name) => name in load(),
            ownKeys: () => names,
            getOwnPropertyDescriptor: (_, name) => ({ configurable: true, enumerable: true, get: () => load()[name] }),
          });`,
      }));
    },
  };
}
