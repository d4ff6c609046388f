// A URL as the log may have it. Pure.

/** A URL as it may be logged: without user, password, query and fragment. */
export function safeUrl(text: string): string {
  try {
    const url = new URL(text);
    return `${url.protocol}//${url.host}${url.pathname}`;
  } catch {
    return '(not a URL)';
  }
}
