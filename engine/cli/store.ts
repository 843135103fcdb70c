/** Opening a store for a command, and saying what is wrong with it. */
import { systemClock } from '../base/entropy.ts';
import { describeProblem, type Problem, type StoreError } from '../base/errors.ts';
import { nodeFs } from '../fs/nodeFs.ts';
import { readOnlyFs } from '../fs/readOnlyFs.ts';
import type { EngineNotice } from '../protocol/engineApi.ts';
import { type Environment, Service } from '../service.ts';
import { lockOwner } from '../store/lock.ts';
import { systemWriteEnvironment } from '../store/writeEnvironment.ts';
import { escapeText } from './format.ts';
import { spawnRange, threadCount } from './threads.ts';

export const EXIT = { done: 0, no: 1, usage: 2, unreadable: 3, refused: 4, interrupted: 130 } as const;

const write = { ...systemWriteEnvironment, threads: { count: threadCount(), spawn: spawnRange } };

/** Only the calls that say so write. */
export function newService(
  notify: (notice: EngineNotice) => void = () => {},
  verifyThreads: Environment['verifyThreads'] = undefined,
): Service {
  const threads = verifyThreads === undefined ? {} : { verifyThreads };
  return new Service({ fs: readOnlyFs(nodeFs), write, clock: systemClock, lockOwner, notify, ...threads });
}

/** `lsm: CODE: what is wrong (file, offset); mend`, on one line. */
export function errorLine(p: Problem | StoreError): string {
  return `lsm: ${escapeText(describeProblem(p)).replace(/\\\\/g, '\\')}\n`;
}

const reported = new Set<string>();

/** Says each problem once on stderr. */
export function reportProblems(problems: readonly Problem[]): void {
  for (const p of problems) {
    const line = errorLine(p);
    if (reported.has(line)) continue;
    reported.add(line);
    process.stderr.write(line);
  }
}
