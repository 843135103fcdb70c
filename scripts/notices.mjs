/**
 * The licences of the packages whose code is in our bundles: dist/ThirdPartyNotices.txt, made from what esbuild
 * says it took in. A package without a licence text ends the build: its code may not be shipped.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, root, Sentence } from './lib.mjs';

const LINE = '-'.repeat(80);

/** Folders of packages, below node_modules, that any of the bundles took code from. */
function bundled(metafiles) {
  const folders = new Set();
  for (const { inputs } of metafiles) {
    for (const path of Object.keys(inputs)) {
      const at = path.lastIndexOf('node_modules/');
      if (at < 0) continue;
      const parts = path.slice(at + 'node_modules/'.length).split('/');
      const name = parts[0]?.startsWith('@') ? `${parts[0]}/${parts[1]}` : parts[0];
      folders.add(path.slice(0, at) + join('node_modules', name ?? ''));
    }
  }
  return [...folders].sort();
}

function licenceText(folder) {
  const name = readdirSync(folder).find((n) => /^(licen[cs]e|copying)(\.(md|txt))?$/i.test(n));
  return name === undefined ? undefined : readFileSync(join(folder, name), 'utf8').trim();
}

/** Writes the notices of what `metafiles` name. Throws where a package has neither a licence text nor a known licence. */
export function writeNotices(metafiles, file) {
  const texts = bundled(metafiles).map((path) => {
    const folder = join(root, path);
    const { name, version, license, author } = readJson(join(folder, 'package.json'));
    const text = licenceText(folder);
    if (text === undefined && license === undefined) throw new Sentence(`${name} has no licence: it cannot be shipped`);
    const by = typeof author === 'string' ? author : author?.name;
    const words = text ?? `Licence: ${license}${by === undefined ? '' : `\nCopyright: ${by}`}`;
    return `${LINE}\n${name} ${version} (${license ?? 'see below'})\n${LINE}\n\n${words}\n`;
  });
  const head = 'Code of these packages is part of LSM Inspector.\n\n';
  writeFileSync(file, head + texts.join('\n'));
  return existsSync(file) ? texts.length : 0;
}
