/**
 * Opens the product on real stores: `npm start` on two sample stores, `npm start -- DIR` on that directory.
 * Desktop VS Code where `code` is on the PATH and there is a display, else the server build, whose address
 * is printed, until Ctrl-C. PORT chooses the port (8123); LSM_DESKTOP=0 asks for the server build.
 */
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from './build.mjs';
import { atomically, cacheFolder, main, onPath, readJson, root, run, Sentence, say, tail } from './lib.mjs';
import { startServer } from './server.mjs';
import { ensureFolder, node24, packages } from './setup.mjs';

const PORT = 8123;

/** Goes up whenever the sample workload writes something else, so that caches start anew. */
const SAMPLES_VERSION = 2;

/** The folder with the sample stores, made by our own engine on the first start. */
async function samples() {
  const folder = join(cacheFolder(), `samples-${SAMPLES_VERSION}`);
  await atomically(folder, async (part) => {
    say('making the sample stores (about 130 MB, once)');
    const workspace = ensureFolder(join(part, 'workspace'));
    const node = await node24();
    const make = async (format) => {
      const store = join(workspace, `sensors-${format}`);
      const args = [join(root, 'dist', 'lsm.js'), 'create', store, '--format', format, '--sample', 'fleet'];
      const { code, output } = await run(node, args);
      if (code === 0) return;
      throw new Sentence(
        `The sample stores could not be made; "npm start -- DIR" opens a store of yours:\n${tail(output)}`,
      );
    };
    await Promise.all(['rocksdb', 'leveldb'].map(make));
  });
  return join(folder, 'workspace');
}

function hasDisplay() {
  if (process.platform === 'darwin' || process.platform === 'win32') return true;
  return Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

await main(async () => {
  const asked = process.argv[2];
  const given = asked === undefined ? undefined : resolve(process.env.INIT_CWD ?? process.cwd(), asked);
  if (given !== undefined && !(existsSync(given) && statSync(given).isDirectory())) {
    throw new Sentence(`${given} is not a directory; give the data directory of a store, or a folder above it.`);
  }
  await packages();
  await node24();
  say('building');
  await build();
  const folder = given ?? (await samples());

  const desktop = process.env.LSM_DESKTOP === '0' || !hasDisplay() ? undefined : onPath('code');
  if (desktop !== undefined) {
    const { code, output } = await run(desktop, ['--new-window', `--extensionDevelopmentPath=${root}`, folder]);
    if (code === 0) {
      say(`VS Code has opened ${folder} with LSM Inspector ${readJson(join(root, 'package.json')).version}`);
      return 0;
    }
    say(`desktop VS Code did not start (${tail(output, 1)}): the server build takes its place`);
  }

  const server = await startServer({
    data: ensureFolder(join(cacheFolder(), 'server-data')),
    port: Number(process.env.PORT ?? PORT),
    settings: { 'workbench.colorTheme': 'Default Dark Modern' },
    installed: true,
  });
  process.stdout.write(
    `\nLSM Inspector is at ${server.address(folder)}\n\nOpen it in a browser on this machine; the LSM icon in the activity bar lists the stores. Ctrl-C ends it.\n`,
  );
  const asks = new Promise((done) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(name, () => done(name));
    // An npm that is killed does not tell its script: end when the parent is gone.
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && done('orphaned'), 1000).unref();
  });
  const first = await Promise.race([asks, server.ended.then(() => 'ended')]);
  await server.stop();
  if (first === 'ended')
    throw new Sentence(`The VS Code server ended by itself; see ${join(cacheFolder(), 'server-data', 'server.log')}.`);
  say('ended');
  return 0;
});
