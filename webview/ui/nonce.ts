/**
 * Hands the page's nonce on to the toolkit, which puts a style element of its own into the page and
 * looks for the nonce in a meta element. It must be imported before the toolkit.
 */
const nonce = (document.currentScript as HTMLScriptElement | null)?.nonce;
if (nonce !== undefined && nonce !== '') {
  const meta = document.createElement('meta');
  meta.setAttribute('property', 'csp-nonce');
  meta.content = nonce;
  document.head.appendChild(meta);
}
