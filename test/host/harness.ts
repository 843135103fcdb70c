/**
 * The registry of tests that run inside the real extension host, where neither `node --test` nor a
 * process exit code is to be had. A test file imports `test` and the assertions it likes:
 *
 *     import { strict as assert } from 'node:assert';
 *     import { test } from './harness.ts';
 *     test('what holds', async () => { assert.equal(1, 1); });
 *
 * Tests run one after the other, in the order of the files' names, each within `timeout_ms`.
 */
export interface HostTest {
  readonly name: string;
  readonly timeout_ms: number;
  /** Why it cannot run here; undefined where it can. */
  readonly skip: string | undefined;
  readonly body: () => void | Promise<void>;
}

export interface HostResult {
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  readonly ms: number;
  /** Stack of the failure, or the reason for the skip. */
  readonly detail: string;
}

const registered: HostTest[] = [];

export function test(
  name: string,
  body: () => void | Promise<void>,
  options: { readonly timeout_ms?: number; readonly skip?: string | undefined } = {},
): void {
  registered.push({ name, body, timeout_ms: options.timeout_ms ?? 60_000, skip: options.skip });
}

/** Runs what is registered; `pattern` (a part of the name) picks some. */
export async function runAll(pattern: string, onResult: (result: HostResult) => void): Promise<HostResult[]> {
  const results: HostResult[] = [];
  for (const one of registered) {
    if (!one.name.toLowerCase().includes(pattern.toLowerCase())) continue;
    const result = await runOne(one);
    results.push(result);
    onResult(result);
  }
  return results;
}

async function runOne(one: HostTest): Promise<HostResult> {
  const { name } = one;
  if (one.skip !== undefined) return { name, state: 'skipped', ms: 0, detail: one.skip };
  const from = performance.now();
  const took = (): number => Math.round(performance.now() - from);
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, fail) => {
      timer = setTimeout(() => fail(new Error(`not done after ${one.timeout_ms} ms`)), one.timeout_ms);
    });
    await Promise.race([Promise.resolve().then(one.body), late]);
    return { name, state: 'passed', ms: took(), detail: '' };
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { name, state: 'failed', ms: took(), detail };
  } finally {
    clearTimeout(timer);
  }
}
