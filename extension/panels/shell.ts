/** The HTML around our webviews: no inline code, no network, nothing but our own bundle. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

export type ViewName = 'results' | 'overview' | 'visualizer' | 'table' | 'sql' | 'evidence' | 'compare';

export function webviewRoot(extension: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extension, 'dist', 'webview');
}

export function shell(webview: vscode.Webview, extension: vscode.Uri, view: ViewName): string {
  const nonce = randomBytes(16).toString('base64');
  const root = webviewRoot(extension);
  const uri = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(root, name)).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource} 'nonce-${nonce}'`,
    `img-src ${webview.cspSource} data: blob:`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${uri(`${view}.css`)}">
<title>LSM Inspector</title>
</head>
<body data-view="${view}">
<div id="root"></div>
<script nonce="${nonce}" src="${uri(`${view}.js`)}"></script>
</body>
</html>`;
}
