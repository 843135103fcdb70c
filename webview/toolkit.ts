/** The only file that imports the UI toolkit; it registers the components that our pages use and no other. */
import './ui/nonce.ts';
import { provideVSCodeDesignSystem, vsCodeButton } from '@vscode/webview-ui-toolkit';

export function registerToolkit(): void {
  provideVSCodeDesignSystem().register(vsCodeButton());
}
