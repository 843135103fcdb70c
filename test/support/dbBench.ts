/** Stores made on the spot by RocksDB's own `db_bench`; where that is not installed, tests skip by name. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

export const HAS_DB_BENCH = spawnSync('db_bench', ['--version']).status === 0;

/** Fills and compacts a store with `options` (`--name=value`), hands its directory to `use`, removes it. */
export function withBenchStore(options: readonly string[], use: (dir: string) => void): void {
  const dir = mkdtempSync(`${tmpdir()}/lsm-bench-`);
  try {
    execFileSync(
      'db_bench',
      [`--db=${dir}`, '--benchmarks=fillrandom,compact', '--min_level_to_compress=0', ...options],
      {
        stdio: 'ignore',
      },
    );
    use(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
