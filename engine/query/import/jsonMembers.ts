/**
 * Members of a JSON object as they are written: numbers keep all their digits, nested objects their text. The text has
 * to be valid JSON.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Behind the string that begins at `at`. */
function stringEnd(text: string, at: number): number {
  let i = at + 1;
  while (i < text.length && text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return i + 1;
}

function blanks(text: string, at: number): number {
  let i = at;
  while (text.charCodeAt(i) <= 0x20) i++;
  return i;
}

/** Behind the value that begins at `at`. */
function valueEnd(text: string, at: number): number {
  const first = text[at];
  if (first === '"') return stringEnd(text, at);
  if (first !== '{' && first !== '[') {
    let i = at;
    while (i < text.length && !/[\s,\]}]/.test(text[i] as string)) i++;
    return i;
  }
  let depth = 0;
  let i = at;
  while (i < text.length) {
    const c = text[i];
    if (c === '"') {
      i = stringEnd(text, i);
      continue;
    }
    if (c === '{' || c === '[') depth++;
    else if ((c === '}' || c === ']') && --depth === 0) return i + 1;
    i++;
  }
  return i;
}

/** Name and raw text of each member of the object, in order; nothing where the text is no object. */
export function jsonMembers(text: string): [name: string, raw: string][] {
  const members: [string, string][] = [];
  let at = blanks(text, 0);
  if (text[at] !== '{') return members;
  at = blanks(text, at + 1);
  while (at < text.length && text[at] === '"') {
    const nameEnd = stringEnd(text, at);
    const name = JSON.parse(text.slice(at, nameEnd)) as string;
    // Past the colon.
    const from = blanks(text, blanks(text, nameEnd) + 1);
    const to = valueEnd(text, from);
    members.push([name, text.slice(from, to)]);
    at = blanks(text, to);
    if (text[at] === ',') at = blanks(text, at + 1);
  }
  return members;
}

/** Raw text of one member; of several of that name the last one, as `JSON.parse` has it. */
export function jsonMember(text: string, name: string): string | undefined {
  let found: string | undefined;
  for (const [member, raw] of jsonMembers(text)) if (member === name) found = raw;
  return found;
}
