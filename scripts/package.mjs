/**
 * `npm run package`: builds for production and makes one VSIX for every platform; then looks into it:
 * nothing but what the allow list names, everything that must be there, and under 2 MB.
 */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { build, pages } from './build.mjs';
import { main, readJson, root, Sentence, say } from './lib.mjs';
import { packages } from './setup.mjs';

const LIMIT_BYTES = 2 * 1000 * 1000;

/** Paths inside the package, below `extension/`. */
const ALLOWED = [
  /^package\.json$/,
  /^package\.nls(\.[a-z-]+)?\.json$/,
  /^(readme|changelog)\.md$/i,
  /^LICENSE(\.txt)?$/,
  /^l10n\/[\w.-]+\.json$/,
  /^media\/.+\.(svg|png|md|language\.json|tmLanguage\.json)$/,
  /^dist\/(extension|worker|lsm|rare)\.js$/,
  /^dist\/package\.json$/,
  /^dist\/ThirdPartyNotices\.txt$/,
  /^dist\/webview\/[\w.-]+\.(js|css)$/,
];
const REQUIRED = [
  'package.json',
  'dist/package.json',
  'dist/extension.js',
  'dist/worker.js',
  'dist/lsm.js',
  'dist/rare.js',
  'dist/ThirdPartyNotices.txt',
  ...pages().flatMap((name) => [`dist/webview/${name}.js`, `dist/webview/${name}.css`]),
];

/** Names and sizes in a ZIP file, from its central directory (APPNOTE.TXT 4.3.12), and a reader of one. */
function zip(path) {
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  const entries = new Map();
  let at = bytes.readUInt32LE(end + 16);
  for (let n = bytes.readUInt16LE(end + 10); n > 0; n--) {
    const nameLength = bytes.readUInt16LE(at + 28);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    entries.set(name, {
      method: bytes.readUInt16LE(at + 10),
      packed: bytes.readUInt32LE(at + 20),
      size: bytes.readUInt32LE(at + 24),
      header: bytes.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  const read = (name) => {
    const { method, packed, header } = entries.get(name);
    const from = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
    const raw = bytes.subarray(from, from + packed);
    return method === 0 ? raw : inflateRawSync(raw);
  };
  return { entries, read };
}

await main(async () => {
  await packages();
  say('building for production');
  await build({ production: true });
  const { version, main: entry } = readJson(join(root, 'package.json'));
  mkdirSync(join(root, '.artifacts'), { recursive: true });
  const file = join(root, '.artifacts', `lsm-inspector-${version}.vsix`);
  const { createVSIX } = await import('@vscode/vsce');
  await createVSIX({
    cwd: root,
    packagePath: file,
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });

  const { entries, read } = zip(file);
  const inside = [...entries.keys()]
    .filter((n) => n.startsWith('extension/') && !n.endsWith('/'))
    .map((n) => n.slice('extension/'.length));
  const faults = inside
    .filter((n) => !ALLOWED.some((pattern) => pattern.test(n)))
    .map((n) => `${n} does not belong into the package`);
  for (const name of REQUIRED) if (!inside.includes(name)) faults.push(`${name} is missing`);
  if (!inside.includes(entry.replace(/^\.\//, ''))) faults.push(`package.json's main, ${entry}, is missing`);
  const manifest = JSON.parse(read('extension/package.json').toString('utf8'));
  for (const path of referenced(manifest))
    if (!inside.includes(path)) faults.push(`package.json names ${path}, which is missing`);
  const { size } = statSync(file);
  if (size > LIMIT_BYTES) faults.push(`${size} bytes are more than ${LIMIT_BYTES}`);

  for (const name of inside.sort())
    process.stdout.write(`${String(entries.get(`extension/${name}`).size).padStart(9)}  ${name}\n`);
  process.stdout.write(`${file}: ${inside.length} files, ${(size / 1000).toFixed(0)} kB\n`);
  if (faults.length > 0) throw new Sentence(faults.join('\n'));
});

/** Files of ours that the manifest points to: icons, walkthrough pages. */
function referenced(value, found = []) {
  if (typeof value === 'string') {
    if (/^\.?\/?media\/.+\.\w+$/.test(value)) found.push(value.replace(/^\.?\//, ''));
  } else if (value !== null && typeof value === 'object') {
    for (const inner of Object.values(value)) referenced(inner, found);
  }
  return found;
}
