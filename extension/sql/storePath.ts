/** Which store a document names, and how a document names one. */
import * as path from 'node:path';
import type * as vscode from 'vscode';
import { expand } from '../commands/paths.ts';
import { type Directive, directive } from './statements.ts';

/** The directory that `-- store: PATH` says: relative to the document, or to the workspace where it is not saved yet. */
export function storePath(document: vscode.Uri, directives: readonly Directive[]): string | undefined {
  const typed = directive(directives, 'store')?.value;
  if (typed === undefined) return undefined;
  if (document.scheme === 'file' && !path.isAbsolute(typed) && !typed.startsWith('~')) {
    return path.resolve(path.dirname(document.fsPath), typed);
  }
  return path.resolve(expand(typed));
}

/** `directory` as the directive of a document: relative where it lies beside or below it. */
export function pathFor(document: vscode.Uri, directory: string): string {
  if (document.scheme !== 'file') return directory;
  const relative = path.relative(path.dirname(document.fsPath), directory);
  const near = relative !== '' && !path.isAbsolute(relative) && !/^\.\.[\\/]\.\.[\\/]\.\./.test(relative);
  return near ? relative : directory;
}
