/**
 * What VS Code calls to run the tests inside the extension host (`extensionTestsPath`). The server build
 * gives no exit code, so the outcome goes to a file, which the runner waits for:
 * `<folder of this bundle>/result.json`. `<same folder>/request.json` may carry `{ "pattern": "..." }`.
 */
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { type HostResult, runAll } from './harness.ts';

export interface HostReport {
  readonly vscode: string;
  readonly node: string;
  readonly appName: string;
  /** `desktop` or `web`: which kind of VS Code ran the tests. */
  readonly appHost: string;
  readonly results: readonly HostResult[];
}

export async function run(): Promise<void> {
  const request = join(__dirname, 'request.json');
  const asked: unknown = existsSync(request) ? JSON.parse(readFileSync(request, 'utf8')) : {};
  const pattern = (asked as { pattern?: string }).pattern ?? '';
  const progress = join(__dirname, 'progress.log');
  const results = await runAll(pattern, (r) => {
    const line = `${r.state === 'passed' ? '✔' : r.state === 'skipped' ? '﹣' : '✖'} ${r.name} (${r.ms} ms)`;
    appendFileSync(progress, r.detail === '' ? `${line}\n` : `${line}\n  ${r.detail.replaceAll('\n', '\n  ')}\n`);
  });
  const report: HostReport = {
    vscode: vscode.version,
    node: process.version,
    appName: vscode.env.appName,
    appHost: vscode.env.appHost,
    results,
  };
  // Renamed into place, so that the runner never reads half of it.
  const result = join(__dirname, 'result.json');
  writeFileSync(`${result}.part`, JSON.stringify(report));
  renameSync(`${result}.part`, result);
  const failed = results.filter((r) => r.state === 'failed').length;
  if (failed > 0) throw new Error(`${failed} tests failed`);
}
