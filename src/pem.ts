// Certificates as text (PEM, RFC 7468). Node and OpenSSL say nothing of an authority that cannot be read, nor of a file that
// holds none; the connection fails later.

import { X509Certificate } from 'node:crypto';

const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';

/** The certificates in a text, in their order. Throws an Error if there is none, or one that cannot be read. */
export function certificatesIn(text: string): string[] {
  const [, ...parts] = text.split(BEGIN);
  if (parts.length === 0) throw new Error('it holds no certificate');
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
