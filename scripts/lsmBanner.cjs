// Stands at the top of dist/lsm.js, before anything that needs a recent Node is loaded.
(() => {
  const [major, minor] = process.versions.node.split('.').map(Number);
  // zstd in node:zlib came with 22.15 and 23.8, node:sqlite without a flag with 22.13 and 23.4.
  if (major > 23 || (major === 23 && minor >= 8) || (major === 22 && minor >= 15)) return;
  const { existsSync, readdirSync } = require('node:fs');
  const { join, resolve } = require('node:path');
  const env = process.env;
  const home = env.HOME || env.USERPROFILE || '';
  const cache = env.LSM_CACHE
    ? resolve(env.LSM_CACHE)
    : process.platform === 'win32'
      ? join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'lsm-inspector')
      : process.platform === 'darwin'
        ? join(home, 'Library', 'Caches', 'lsm-inspector')
        : join(env.XDG_CACHE_HOME || join(home, '.cache'), 'lsm-inspector');
  // `npm run setup` leaves a Node 24 in the cache: carry on under that one.
  let found;
  try {
    found = readdirSync(cache)
      .filter((name) => /^node-2[4-9]\.[0-9.]+-[a-z0-9-]+$/.test(name))
      .map((name) => join(cache, name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node'))
      .find((file) => existsSync(file));
  } catch {
    // No cache.
  }
  // Reading works on Node 20.16 too; only what needs node:sqlite (the LOCK) or Node's ZSTD then refuses by name.
  if (found === undefined && (major > 20 || (major === 20 && minor >= 16))) return;
  if (found === undefined) {
    process.stderr.write(
      `lsm: INPUT: Node 22.15 or newer is needed and this is ${process.versions.node}: install a newer Node, or run "npm run setup" in the clone\n`,
    );
    process.exit(2);
  }
  const { spawnSync } = require('node:child_process');
  const result = spawnSync(found, [...process.execArgv, __filename, ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exit(result.status === null ? 130 : result.status);
})();
