// Keeps tokens and codes out of what is shown, also where the far end sends them back in words of its own.

/** Somebody else's words as they may be shown: without the secrets they may echo, on one line, not endless. */
export function cleanWords(words: string, secrets: readonly string[]): string {
  let clean = words;
  for (const secret of secrets) if (secret.length > 3) clean = clean.replaceAll(secret, '(secret)');
  return clean.replace(/[^\x20-\x7e]/g, '?').slice(0, 300);
}

/** What a URL's query holds, as it is written and as it is meant. */
export function querySecrets(url: string): string[] {
  if (!URL.canParse(url)) return [];
  const { search, searchParams } = new URL(url);
  const written = search
    .slice(1)
    .split('&')
    .map((pair) => pair.slice(pair.indexOf('=') + 1));
  return [...written, ...searchParams.values()];
}
