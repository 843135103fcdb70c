/**
 * Starts the server build of VS Code on the loopback address with our extension: installed, for
 * `npm start`, or under development, for tests inside the extension host and browser tests.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { readJson, root, Sentence } from './lib.mjs';
import { codeServer, node24, writeUserSettings } from './setup.mjs';

const HOST = '127.0.0.1';

/** The preferred port if nobody listens there, else one that the system picks. */
export function freePort(preferred = 0) {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', (error) => (preferred === 0 ? fail(error) : freePort(0).then(done, fail)));
    server.listen(preferred, HOST, () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** An absolute path as the path of a URI: forward slashes, one at the front. */
const uriPath = (path) => {
  const forward = path.replaceAll('\\', '/');
  return forward.startsWith('/') ? forward : `/${forward}`;
};

/**
 * Makes this clone an installed extension of the server, by a link. As an extension under development it
 * would need the server's test driver, under which VS Code shows no notifications.
 */
function installLinked(extensions) {
  const { publisher, name, version } = readJson(join(root, 'package.json'));
  const folder = `${publisher}.${name}-${version}`;
  const link = join(extensions, folder);
  rmSync(extensions, { recursive: true, force: true });
  mkdirSync(extensions, { recursive: true });
  symlinkSync(root, link, process.platform === 'win32' ? 'junction' : 'dir');
  const entry = {
    identifier: { id: `${publisher}.${name}` },
    version,
    location: { $mid: 1, path: uriPath(link), scheme: 'file' },
    relativeLocation: folder,
    metadata: {},
  };
  writeFileSync(join(extensions, 'extensions.json'), JSON.stringify([entry]));
}

/**
 * Runs the server until `stop()`. `data` keeps its settings and logs; `settings` are user settings; without
 * `gallery` it asks the network for nothing.
 * `address(folder, { tests })` is the page that opens a folder with our extension loaded from this
 * clone, and with `tests` (absolute path of a script that exports `run`) executes them there. `installed`
 * runs the extension as a person's own VS Code would; tests need it under development.
 */
export async function startServer({ data, port = 0, settings = {}, gallery = true, env = {}, installed = false }) {
  const node = await node24();
  const entry = await codeServer();
  const onPort = await freePort(port);
  const extensions = join(data, 'extensions');
  if (installed) installLinked(extensions);
  else mkdirSync(extensions, { recursive: true });
  writeUserSettings(data, settings);
  const log = createWriteStream(join(data, 'server.log'));
  const child = spawn(
    node,
    [
      entry,
      ...['--host', HOST, '--port', String(onPort)],
      ...['--server-data-dir', data, '--extensions-dir', extensions],
      ...['--telemetry-level', 'off'],
      '--without-connection-token',
      '--accept-server-license-terms',
      ...(installed ? [] : ['--enable-smoke-test-driver']),
      '--disable-workspace-trust',
    ],
    // A process group of its own: the extension hosts that it starts end with it.
    {
      cwd: data,
      env: { ...process.env, ...(gallery ? {} : { EXTENSIONS_GALLERY: '{}' }), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    },
  );
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const ended = new Promise((done) => child.once('close', (code) => done(code)));
  let over = false;
  void ended.then(() => {
    over = true;
  });
  const signal = (name) => {
    try {
      if (process.platform === 'win32') spawn('taskkill', ['/pid', String(child.pid), '/t', '/f']);
      else process.kill(-child.pid, name);
    } catch {
      // It is gone already.
    }
  };
  const lastResort = () => signal('SIGKILL');
  process.once('exit', lastResort);
  const stop = async () => {
    if (!over) {
      signal('SIGTERM');
      const patience = setTimeout(() => signal('SIGKILL'), 4000);
      await ended;
      clearTimeout(patience);
    }
    // Extension hosts outlive their server for hours, waiting for a browser to come back.
    signal('SIGKILL');
    process.removeListener('exit', lastResort);
    log.end();
  };
  const until = Date.now() + 60_000;
  while (!(await responds(onPort))) {
    if (over || Date.now() > until) {
      await stop();
      throw new Sentence(`The VS Code server did not come up; see ${join(data, 'server.log')}.`);
    }
    await new Promise((done) => setTimeout(done, 150));
  }
  const remote = (path) => `vscode-remote://${HOST}:${onPort}${encodeURI(uriPath(path))}`;
  return {
    port: onPort,
    ended,
    stop,
    address(folder, { tests } = {}) {
      const query = new URLSearchParams();
      if (folder !== undefined) query.set('folder', uriPath(folder));
      if (!installed) {
        const payload = [['extensionDevelopmentPath', remote(root)]];
        if (tests !== undefined) payload.push(['extensionTestsPath', remote(tests)]);
        query.set('payload', JSON.stringify(payload));
      }
      return `http://${HOST}:${onPort}/?${query.toString().replaceAll('+', '%20')}`;
    },
  };
}

function responds(port) {
  return new Promise((done) => {
    const asked = request({ host: HOST, port, path: '/', timeout: 5000 }, (response) => {
      response.resume();
      done((response.statusCode ?? 500) < 500);
    });
    asked.on('error', () => done(false));
    asked.on('timeout', () => asked.destroy());
    asked.end();
  });
}
