/** The files of a store directory that are text, told by their names: OPTIONS and the info log. */
import { readdir, stat } from 'node:fs/promises';
import * as path from 'node:path';

export interface TextFile {
  readonly role: 'options' | 'infoLog';
  readonly file: string;
  readonly bytes: number;
}

/** The newest OPTIONS file and the current info log, as far as they are there. */
export async function textFiles(directory: string): Promise<TextFile[]> {
  const names: readonly string[] = await readdir(directory).catch(() => []);
  const options = names
    .filter((n) => /^OPTIONS-\d{1,15}$/.test(n))
    .sort((a, b) => Number(a.slice(8)) - Number(b.slice(8)))
    .at(-1);
  const wanted: readonly (readonly [TextFile['role'], string | undefined])[] = [
    ['options', options],
    ['infoLog', names.includes('LOG') ? 'LOG' : undefined],
  ];
  const found: TextFile[] = [];
  for (const [role, file] of wanted) {
    const info = file === undefined ? undefined : await stat(path.join(directory, file)).catch(() => undefined);
    if (file !== undefined && info?.isFile() === true && info.size > 0) found.push({ role, file, bytes: info.size });
  }
  return found;
}
