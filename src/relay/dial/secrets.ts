// Keeps tokens and codes out of messages, including those in which an endpoint echoes them.

/** Foreign text made safe to show: without the secrets that it may echo, on one line, shortened. */
export function redactSecrets(message: string, secrets: readonly string[]): string {
  let clean = message;
  for (const secret of secrets) if (secret.length > 3) clean = clean.replaceAll(secret, '(secret)');
  return clean.replace(/[^\x20-\x7e]/g, '?').slice(0, 300);
}

/** The values in a URL's query, encoded and decoded. */
export function querySecrets(url: string): string[] {
  if (!URL.canParse(url)) return [];
  const { search, searchParams } = new URL(url);
  const written = search
    .slice(1)
    .split('&')
    .map((pair) => pair.slice(pair.indexOf('=') + 1));
  return [...written, ...searchParams.values()];
}
