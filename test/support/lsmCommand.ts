/** The built command `lsm`, and processes beside it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const LSM = fileURLToPath(new URL('../../dist/lsm.js', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export function lsm(...args: string[]): Ran {
  return lsmWith('', ...args);
}

export function lsmWith(input: string, ...args: string[]): Ran {
  const ran = spawnSync(process.execPath, [LSM, ...args], { input, maxBuffer: 1 << 26 });
  return { code: ran.status, out: ran.stdout.toString(), err: ran.stderr.toString() };
}

/** A process that runs until it is killed, once it has said a line. */
export async function running(command: string, args: string[]): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const said = await new Promise<string>((resolve) => {
    let text = '';
    const take = (d: Buffer): void => {
      text += d.toString();
      if (text.includes('\n')) resolve(text);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('exit', () => resolve(text));
  });
  return { child, said };
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
