/** Text from a store as one line of a document or a message: what cannot be seen is escaped. Pure. */

/** Control, format and other unseen characters, and line separators. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

export function visibleLine(text: string): string {
  return text.replace(UNSEEN, (c) => {
    const code = c.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** Text that Markdown shows as it is, and may break into lines. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!<>|~$&]/g, '\\$&');
}
