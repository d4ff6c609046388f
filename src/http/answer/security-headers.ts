// The header fields of every answer: no script, nothing from other origins. W3C Content Security Policy Level 3,
// RFC 6797 (Strict-Transport-Security).

import type { RequestHandler } from 'express';
import helmet, { type HelmetOptions } from 'helmet';
import type { Scheme } from '../request/hosts.js';

/** What differs between our servers. */
export interface HeaderPolicy extends Pick<HelmetOptions, 'xFrameOptions' | 'crossOriginResourcePolicy'> {
  /** `https:` if the server has a certificate. */
  readonly scheme: Scheme;
  /** The directives of the Content-Security-Policy besides `default-src 'none'`. */
  readonly directives: Readonly<Record<string, readonly string[]>>;
}

/** Sets the header fields. */
export function securityHeaders({ scheme, directives, ...others }: HeaderPolicy): RequestHandler {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], ...directives } },
    // For this host only, not for other hosts of the same domain.
    strictTransportSecurity: scheme === 'https:' ? { includeSubDomains: false } : false,
    // With "no-referrer" browsers send "Origin: null" from our own forms, which any page can send.
    referrerPolicy: { policy: 'same-origin' },
    ...others,
  });
}
