/** The `lsm` command: picks the command, prints its errors in one line, and exits with its code. */
import { toStoreError } from '../base/errors.ts';
import { WriteRefused } from '../store/writeGate.ts';
import { type CommandSpec, readArgs, UsageError } from './args.ts';
import { compactCommand } from './compact.ts';
import { diffCommand } from './diff.ts';
import { evidenceCommand } from './evidence.ts';
import { exportCommand } from './export.ts';
import { dumpCommand, historyCommand } from './files.ts';
import { getCommand } from './get.ts';
import { importCommand } from './import.ts';
import { infoCommand } from './info.ts';
import { ClosedPipe } from './output.ts';
import { repairCommand } from './repair.ts';
import { scanCommand } from './scan.ts';
import { sqlCommand } from './sql.ts';
import { EXIT, errorLine } from './store.ts';
import { tablesCommand } from './tables.ts';
import { servedThread } from './threads.ts';
import { verifyCommand } from './verify.ts';
import { batchCommand, createCommand, deleteCommand, deleteRangeCommand, flushCommand, putCommand } from './write.ts';

declare const __LSM_VERSION__: string;

const COMMANDS: readonly CommandSpec[] = [
  infoCommand,
  tablesCommand,
  getCommand,
  scanCommand,
  dumpCommand,
  verifyCommand,
  evidenceCommand,
  historyCommand,
  compactCommand,
  putCommand,
  deleteCommand,
  deleteRangeCommand,
  batchCommand,
  flushCommand,
  createCommand,
  repairCommand,
  sqlCommand,
  exportCommand,
  importCommand,
  diffCommand,
];

function usage(): string {
  const width = Math.max(...COMMANDS.map((c) => `${c.name} ${c.takes.join(' ')}`.length));
  const rows = COMMANDS.map((c) => `  ${`${c.name} ${c.takes.join(' ')}`.padEnd(width)}  ${c.summary}`);
  return [
    'lsm COMMAND STORE [options]: looks into RocksDB and LevelDB directories; only the commands that say so change them',
    '',
    ...rows,
    '',
    'lsm COMMAND --help tells the options of one command; lsm --version the version.',
    '',
  ].join('\n');
}

function commandUsage(c: CommandSpec): string {
  const options = [
    ...c.options,
    { name: 'debug', help: 'print the stack of an error' },
    { name: 'help', help: 'this text' },
  ];
  const left = options.map((o) => `--${o.name}${'value' in o && o.value !== undefined ? ` ${o.value}` : ''}`);
  const width = Math.max(...left.map((l) => l.length));
  const rows = options.map((o, i) => `  ${(left[i] ?? '').padEnd(width)}  ${o.help}`);
  return [`lsm ${c.name} ${c.takes.join(' ')}: ${c.summary}`, '', ...rows, ''].join('\n');
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === '--version') {
    process.stdout.write(`${typeof __LSM_VERSION__ === 'string' ? __LSM_VERSION__ : 'development'}\n`);
    return EXIT.done;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(usage());
    return EXIT.done;
  }
  if (name === undefined) {
    process.stderr.write(usage());
    return EXIT.usage;
  }
  const command = COMMANDS.find((c) => c.name === name);
  try {
    if (command === undefined) throw new UsageError(`there is no command "${name}"; lsm --help lists what there is`);
    const args = readArgs(command, rest);
    if (args.has('help')) {
      process.stdout.write(commandUsage(command));
      return EXIT.done;
    }
    return await command.run(args);
  } catch (thrown) {
    if (thrown instanceof ClosedPipe) return EXIT.done;
    if (thrown instanceof UsageError) {
      process.stderr.write(`lsm: INPUT: ${thrown.message}\n`);
      return EXIT.usage;
    }
    const e = toStoreError(thrown);
    process.stderr.write(errorLine(e));
    if (rest.includes('--debug')) process.stderr.write(`${e.stack ?? ''}\n`);
    const refused = e instanceof WriteRefused || e.code === 'LOCKED' || e.code === 'READ_ONLY';
    return refused ? EXIT.refused : EXIT.unreadable;
  }
}

if (!servedThread()) {
  process.stdout.on('error', () => process.exit(EXIT.done));
  void main(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
  });
}
