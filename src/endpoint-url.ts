// The addresses that can be dialled. Pure.

/** The longest address, in characters. */
export const MAX_URL_LENGTH = 2048;

/** Why `text` is not the address of an endpoint; null: it is. */
export function endpointUrlFault(text: string): string | null {
  if (text.length > MAX_URL_LENGTH) return `its URL has more than ${MAX_URL_LENGTH} characters`;
  if (!URL.canParse(text)) return 'its URL cannot be read';
  const url = new URL(text);
  if (!['ws:', 'wss:', 'http:', 'https:'].includes(url.protocol)) return `"${url.protocol}//" is not dialled`;
  if (url.hostname === '') return 'its URL names no host';
  if (url.port === '0') return 'port 0 cannot be dialled';
  if (url.hash !== '' || text.includes('#')) return 'its URL has a fragment ("#…"), which WebSockets do not have';
  if (url.username !== '' || url.password !== '') return 'its URL carries a user name or password; use "token"';
  return null;
}
