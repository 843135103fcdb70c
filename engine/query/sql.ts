/**
 * SQL over rows that somebody else provides: SQLite in memory, as Node has it built in.
 *
 * The database is a private temporary one of SQLite's own: it lives in a bounded page cache, what does not fit goes to
 * a file in the system's folder for temporary files, and that file has no name from the moment on that it exists,
 * so that nothing is left of it however the process ends.
 *
 * Only statements that read are run. That is held three times: by the statement's first word, by SQLite's
 * authorizer (Node 24.10 and newer), and by there being nothing to change but copies.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StoreError } from '../base/errors.ts';
import type { SqlColumn, SqlTableSchema, SqlValue } from '../model/sql.ts';
import { type SqlWords, sqlWords } from './sqlWords.ts';

type SqliteModule = typeof import('node:sqlite');

/** Bytes of text and BLOBs in one answer, from which on the next row waits for the next answer. */
export const SQL_PAGE_BYTES = 32 << 20;
/** Kilobytes of SQLite's page cache; beyond it pages go to disk. */
const CACHE_KB = 65_536;
/** Rows of a base table between two looks at the time. */
const TICKS = 1024;
/** Tables behind the views that a query sees. */
const BASE = 'rows_of_';

/** Functions that reach out of the database, whether this SQLite has them or not. */
const DENIED = new Set(['load_extension', 'fts3_tokenizer', 'readfile', 'writefile', 'edit']);

/** Throws UNSUPPORTED where the runtime has no SQLite. */
function sqliteModule(): SqliteModule {
  const sqlite = process.getBuiltinModule?.('node:sqlite');
  if (sqlite !== undefined) return sqlite;
  throw new StoreError('UNSUPPORTED', 'this runtime cannot run SQL: node:sqlite is missing', {
    mend: 'run it with Node 22.15 or newer',
  });
}

export interface SqlLimits {
  /** Milliseconds, as `elapsed` counts them, that reading a result may take; then recursion is refused. */
  readonly millisMax?: number | undefined;
  elapsed(): number;
}

/** What a query needs of a table. */
export interface SqlNeed {
  readonly table: SqlTableSchema;
  /** Names of the columns that may be read; the others stay NULL. */
  readonly columns: ReadonlySet<string>;
}

export class SqlDatabase {
  /** The tables that the query may read, to be filled before it is run. */
  readonly needs: readonly SqlNeed[];
  readonly #database: DatabaseSync;
  readonly #limits: SqlLimits;
  readonly #query: string;
  #statement: StatementSync | undefined;
  #rows: NodeJS.Iterator<unknown> | undefined;
  /** Rows that were taken from `#rows`. */
  #position = 0;
  #ended = false;
  #deadline = Number.POSITIVE_INFINITY;
  #ticks = 0;
  /** Of the call of `rows` that is under way. */
  #isCancelled = (): boolean => false;
  #closed = false;

  /** Throws INPUT for a statement that is none, names what is not there, or does more than read. */
  constructor(schema: readonly SqlTableSchema[], query: string, limits: SqlLimits) {
    const words = sqlWords(query);
    const sqlite = sqliteModule();
    this.#limits = limits;
    this.#query = query;
    this.#database = new sqlite.DatabaseSync('', { allowExtension: false, enableDoubleQuotedStringLiterals: false });
    try {
      const set = 'journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA trusted_schema=ON';
      this.#database.exec(`PRAGMA ${set}; PRAGMA cache_size=-${CACHE_KB}; PRAGMA temp_store=FILE`);
      this.#create(schema);
      // Compiled before anything is filled: what is wrong with it is told at once.
      const read = this.#authorized(sqlite.constants, () => this.#compile());
      this.needs = needsOf(schema, words, read);
    } catch (thrown) {
      this.close();
      throw sqlError(thrown);
    }
  }

  /** A function that adds a row to a table; values by position of the columns. All between `begin` and `end`. */
  inserter(table: SqlTableSchema): (row: SqlValue[]) => void {
    const marks = table.columns.map((_, i) => `?${i + 1}`);
    return this.#insert(`INSERT INTO ${BASE}${table.name} VALUES (${marks.join(', ')})`);
  }

  /**
   * As `inserter`, where the columns named here with a `_text` twin take bytes once: the value of the twin is true
   * if the bytes are its text too. Values by position of `columns`; other columns are NULL.
   */
  textInserter(table: SqlTableSchema, columns: readonly string[]): (row: SqlValue[]) => void {
    const marks = columns.map((name, i) => {
      const twin = name.endsWith('_text') ? columns.indexOf(name.slice(0, -'_text'.length)) : -1;
      return twin < 0 ? `?${i + 1}` : `CASE WHEN ?${i + 1} THEN CAST(?${twin + 1} AS TEXT) END`;
    });
    return this.#insert(
      `INSERT INTO ${BASE}${table.name} (${columns.map(quoted).join(', ')}) VALUES (${marks.join(', ')})`,
    );
  }

  begin(): void {
    this.#database.exec('BEGIN');
  }

  end(): void {
    this.#database.exec('COMMIT');
  }

  /** Columns of the result. */
  columns(): SqlColumn[] {
    return this.#compiled()
      .columns()
      .map(({ name, table, column }) =>
        table === null || column === null || !table.startsWith(BASE)
          ? { name }
          : { name, from: { table: table.slice(BASE.length), column } },
      );
  }

  /** The last call of `rows` came to the end of the result. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Rows [offset, offset + count) of the result, fewer at its end, or where they have `bytesMax` bytes. Going on where
   * the last call ended costs what the rows cost; anything else runs the query anew. Throws INPUT for what the query
   * itself does wrong, and CANCELLED when its time is over or, where it has a limit, when
   * `isCancelled` says so meanwhile.
   */
  rows(
    offset: number,
    count: number,
    bytesMax = Number.POSITIVE_INFINITY,
    isCancelled = (): boolean => false,
  ): SqlValue[][] {
    this.#isCancelled = isCancelled;
    this.#deadline = this.#limits.elapsed() + (this.#limits.millisMax ?? Number.POSITIVE_INFINITY);
    const found: SqlValue[][] = [];
    try {
      if (this.#rows === undefined || offset < this.#position) this.#start();
      while (this.#position < offset && this.#step() !== undefined);
      for (let bytes = 0; found.length < count && bytes < bytesMax; ) {
        const row = this.#step();
        if (row === undefined) break;
        found.push(row);
        for (const value of row) bytes += typeof value === 'string' || value instanceof Uint8Array ? value.length : 8;
      }
    } catch (thrown) {
      this.#rows = undefined;
      throw sqlError(thrown);
    }
    return found;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rows = undefined;
    this.#statement = undefined;
    this.#database.close();
  }

  #create(schema: readonly SqlTableSchema[]): void {
    const limited = this.#limits.millisMax !== undefined;
    if (limited) this.#database.function('lsm_tick', (_row: SqlValue) => this.#tick());
    for (const { name, columns } of schema) {
      const list = columns.map((c) => `${quoted(c.name)} ${c.type}`);
      const filter = limited ? ' WHERE lsm_tick(rowid)' : '';
      const names = columns.map((c) => quoted(c.name));
      this.#database.exec(
        `CREATE TABLE ${BASE}${name} (${list.join(', ')}); CREATE VIEW ${name} AS SELECT ${names.join(', ')} FROM ${BASE}${name}${filter}`,
      );
    }
  }

  #insert(sql: string): (row: SqlValue[]) => void {
    const insert = this.#database.prepare(sql);
    return (row) => {
      insert.run(...row);
    };
  }

  /** Compiles what may only read; the names of the tables that it reads, undefined where SQLite cannot tell. */
  #authorized(c: SqliteModule['constants'], compile: () => void): ReadonlySet<string> | undefined {
    // Node before 24.10 has no authorizer; the other two guards stand.
    if (typeof this.#database.setAuthorizer !== 'function') {
      compile();
      return undefined;
    }
    const allowed: number[] = [c.SQLITE_SELECT, c.SQLITE_READ, c.SQLITE_FUNCTION];
    if (this.#limits.millisMax === undefined) allowed.push(c.SQLITE_RECURSIVE);
    const read = new Set<string>();
    this.#database.setAuthorizer((action, first, second) => {
      if (action === c.SQLITE_FUNCTION && second !== null && DENIED.has(second)) return c.SQLITE_DENY;
      if (action === c.SQLITE_READ && first?.startsWith(BASE) === true) read.add(first.slice(BASE.length));
      return allowed.includes(action) ? c.SQLITE_OK : c.SQLITE_DENY;
    });
    try {
      compile();
    } finally {
      this.#database.setAuthorizer(null);
    }
    return read;
  }

  #compile(): StatementSync {
    const statement = this.#database.prepare(this.#query);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    this.#statement = statement;
    return statement;
  }

  #compiled(): StatementSync {
    if (this.#statement === undefined || this.#closed) throw new StoreError('INPUT', 'this result is closed');
    return this.#statement;
  }

  #start(): void {
    this.#rows = this.#compiled().iterate();
    this.#position = 0;
    this.#ended = false;
  }

  #step(): SqlValue[] | undefined {
    const step = this.#rows?.next();
    if (step === undefined || step.done === true) {
      this.#ended = true;
      return undefined;
    }
    this.#position++;
    if (this.#position % TICKS === 0) this.#checkTime();
    const row = step.value as SqlValue[];
    for (let i = 0; i < row.length; i++) {
      const value = row[i];
      if (typeof value === 'bigint' && value <= SAFE_MAX && value >= -SAFE_MAX) row[i] = Number(value);
    }
    return row;
  }

  /** Called by SQLite for every row of a table that it looks at. */
  #tick(): number {
    if (++this.#ticks % TICKS === 0) this.#checkTime();
    return 1;
  }

  #checkTime(): void {
    if (this.#isCancelled()) throw new StoreError('CANCELLED', 'the query was cancelled');
    if (this.#limits.elapsed() <= this.#deadline) return;
    throw new StoreError('CANCELLED', `the query took longer than ${(this.#limits.millisMax ?? 0) / 1000} seconds`, {
      mend: 'narrow it down, or run it with lsm sql, which has no limit',
    });
  }
}

const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

function quoted(name: string): string {
  return `"${name}"`;
}

/** Columns by the words of the query: more than it reads at worst, as when a name is that of something else. */
function needsOf(schema: readonly SqlTableSchema[], words: SqlWords, read: ReadonlySet<string> | undefined): SqlNeed[] {
  return schema
    .filter((t) => (read ?? words.names).has(t.name))
    .map((table) => {
      const names = table.columns.map((c) => c.name);
      return { table, columns: new Set(words.allColumns ? names : names.filter((n) => words.names.has(n))) };
    });
}

/** What SQLite says of a statement is about what was typed. */
function sqlError(thrown: unknown): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (/not authorized|prohibited/.test(message)) {
    return new StoreError('INPUT', `SQL here only reads the store’s own tables (SQLite: ${message})`);
  }
  if (/disk is full|database or disk/.test(message)) return new StoreError('IO', message);
  return new StoreError('INPUT', `SQL: ${message}`);
}
