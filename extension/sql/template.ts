/** A new `.lsm.sql` document. Pure. */
import type { SqlRange } from '../../engine/protocol/sqlView.ts';
import type { Translate } from '../keyInput.ts';

export interface NewQuery {
  /** Directory of the store. */
  readonly store: string;
  readonly title?: string | undefined;
  /** Without its semicolon. */
  readonly query: string;
  readonly range?: SqlRange | undefined;
  /** Names of the tables that there are. */
  readonly tables: readonly string[];
}

const LINE_CHARS = 92;

/** What stands on one line cannot break out of its comment. */
const oneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ');

export function templateOf({ store, title, query, range = {}, tables }: NewQuery, t: Translate): string {
  const directives = Object.entries({ store, ...range }).map(
    ([name, value]) => `-- ${name}: ${oneLine(String(value))}`,
  );
  const help = [
    t('Tables: {0}.', tables.join(', ')),
    t('Ctrl+Enter runs the statement at the cursor, Ctrl+Space completes names.'),
    t(
      'Lines as “-- prefix: user:” above a query narrow what entries and versions hold; also family, from, to and limit.',
    ),
  ];
  const head = [...(title === undefined ? [] : [`-- ${oneLine(title)}`]), ...directives];
  return `${[...head, `${query};`, '', ...help.flatMap(wrapped).map((line) => `-- ${line}`)].join('\n')}\n`;
}

function wrapped(text: string): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + word.length >= LINE_CHARS) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
