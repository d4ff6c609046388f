// Content negotiation: whether a request prefers HTML or JSON. RFC 9110 §12.5.1.

/**
 * Whether a page is preferred to JSON: a browser that opens an address asks for HTML, curl and scripts accept anything.
 * Not `request.accepts`, whose cost grows with the square of a field's quotation marks.
 */
export function prefersPage(accept = ''): boolean {
  let [page, json] = [0, 0];
  for (const range of accept.split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    const quality = weight === undefined ? 1 : Number(weight.slice(2)) || 0;
    if (type === 'text/html') page = Math.max(page, quality);
    if (type === 'application/json' || type === 'application/problem+json') json = Math.max(json, quality);
  }
  return page > json;
}
