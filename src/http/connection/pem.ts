// Certificates in PEM (RFC 7468). Node and OpenSSL ignore an authority that cannot be parsed, and a file without one,
// without an error; only the connection fails later.

import { X509Certificate } from 'node:crypto';

const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';

/** The certificates in a text, in order. Throws an Error if there is none, or one that cannot be parsed. */
export function certificatesIn(text: string): string[] {
  const [, ...parts] = text.split(BEGIN);
  if (parts.length === 0) throw new Error('it contains no certificate');
  return parts.map((part, i) => {
    const end = part.indexOf(END);
    const one = BEGIN + (end === -1 ? part : part.slice(0, end + END.length));
    try {
      new X509Certificate(one);
    } catch (cause) {
      throw new Error(`its certificate ${i + 1} cannot be read: ${(cause as Error).message}`, { cause });
    }
    return one;
  });
}
