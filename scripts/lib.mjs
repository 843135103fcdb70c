/**
 * What the project's scripts share. Plain JavaScript and nothing but Node's own modules, so that it
 * runs in a clean clone under Node 20, before anything is installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const artifacts = join(root, '.artifacts');

/** Where downloads and sample stores live: outside the clone, so that every clone shares them. */
export function cacheFolder() {
  const env = process.env;
  if (env.LSM_CACHE) return resolve(env.LSM_CACHE);
  const home = homedir();
  if (platform() === 'win32') return join(env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'lsm-inspector');
  if (platform() === 'darwin') return join(home, 'Library', 'Caches', 'lsm-inspector');
  return join(env.XDG_CACHE_HOME || join(home, '.cache'), 'lsm-inspector');
}

const started = Date.now();

/** One line of progress, with the seconds since the command began. */
export function say(text) {
  const seconds = ((Date.now() - started) / 1000).toFixed(0).padStart(4);
  process.stderr.write(`[${seconds} s] ${text}\n`);
}

/** A failure that has a plain sentence for the person; anything else is a bug and keeps its stack. */
export class Sentence extends Error {}

/** Runs a script's main function; ends with 1 and the sentence where it fails. */
export async function main(run) {
  try {
    const code = await run();
    if (typeof code === 'number') process.exitCode = code;
  } catch (error) {
    process.stderr.write(error instanceof Sentence ? `${error.message}\n` : `${error.stack ?? error}\n`);
    process.exitCode = 1;
  }
}

/** First executable of that name on the PATH, or undefined. */
export function onPath(...names) {
  const endings = platform() === 'win32' ? ['.exe', '.cmd', '.bat', ''] : [''];
  for (const name of names) {
    for (const dir of (process.env.PATH ?? '').split(delimiter)) {
      if (dir === '') continue;
      for (const ending of endings) {
        const file = join(dir, name + ending);
        try {
          accessSync(file, constants.X_OK);
          return file;
        } catch {
          // Not in this directory.
        }
      }
    }
  }
  return undefined;
}

/** Runs a program to its end, its output shown or captured. Never throws. */
export function run(file, args, { cwd = root, env = process.env, show = false, timeout = 0, tee = false } = {}) {
  return new Promise((done) => {
    let child;
    try {
      child = spawn(file, args, { cwd, env, stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'] });
    } catch (error) {
      done({ code: 127, output: String(error) });
      return;
    }
    let output = '';
    let late = false;
    const take = (chunk) => {
      output += chunk;
      if (tee) process.stdout.write(chunk);
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    const timer =
      timeout > 0
        ? setTimeout(() => {
            late = true;
            child.kill('SIGTERM');
            setTimeout(() => child.kill('SIGKILL'), 3000).unref();
          }, timeout)
        : undefined;
    child.on('error', (error) => {
      clearTimeout(timer);
      done({ code: 127, output: `${output}${error.message}\n` });
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (late) output += `\nended after ${timeout / 1000} s\n`;
      done({ code: code ?? (signal ? 128 : 1), output, late });
    });
  });
}

/** npm of whoever runs us: the same one that runs the script, where there is one. */
export function npm(args, options) {
  const exec = process.env.npm_execpath;
  if (exec && /\.[cm]?js$/.test(exec) && existsSync(exec)) return run(process.execPath, [exec, ...args], options);
  if (platform() === 'win32') return run('cmd.exe', ['/d', '/s', '/c', 'npm', ...args], options);
  return run('npm', args, options);
}

/** The last lines of a program's output that say something, for an error message. */
export function tail(output, lines = 12) {
  return output.trimEnd().split('\n').slice(-lines).join('\n');
}

/**
 * Fills `folder` by `fill(temporary)`, or does nothing when it is there. The temporary folder is
 * renamed into place as the last step, so that an interrupted install is never taken for a complete one.
 */
export async function atomically(folder, fill) {
  if (existsSync(folder)) return false;
  const parent = dirname(folder);
  mkdirSync(parent, { recursive: true });
  const stem = `${folder.slice(parent.length + 1)}.part-`;
  for (const name of readdirSync(parent)) {
    // What an interrupted run left behind; a process that is still at work keeps its own.
    if (name.startsWith(stem) && !isAlive(Number(name.slice(stem.length)))) {
      rmSync(join(parent, name), { recursive: true, force: true });
    }
  }
  const part = join(parent, stem + process.pid);
  mkdirSync(part);
  try {
    await fill(part);
    try {
      renameSync(part, folder);
    } catch (error) {
      // Another run was faster; its result is as good.
      if (!existsSync(folder)) throw error;
    }
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  return true;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

export function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** True when the program answers `--version` with success. */
export function answers(file, args = ['--version']) {
  return spawnSync(file, args, { stdio: 'ignore' }).status === 0;
}
