// Certificates for tests: an authority that nothing trusts by default, and certificates that it signs.

import { generate } from 'selfsigned';
import type { Pair } from './endpoints.js';

const DAY_MS = 24 * 3_600_000;
let authority: Promise<Pair> | null = null;

/** The test's own authority, made once. */
export function testAuthority(): Promise<Pair> {
  return (authority ??= make('vw test authority', {
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
  }));
}

/** A certificate of the test's authority for `names` (host names or IPv4 addresses); `endsInDays` may be past. */
export async function certificateFor(names: readonly string[], endsInDays = 10): Promise<Pair> {
  const ca = await testAuthority();
  const now = Date.now();
  return make(names[0]!, {
    ca,
    notBeforeDate: new Date(now - 20 * DAY_MS),
    notAfterDate: new Date(now + endsInDays * DAY_MS),
    extensions: [
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (/^[\d.]+$/.test(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  });
}

async function make(name: string, options: Parameters<typeof generate>[1]): Promise<Pair> {
  const made = await generate([{ name: 'commonName', value: name }], {
    ...options,
    algorithm: 'sha256',
    keyType: 'ec',
  });
  return { cert: made.cert, key: made.private };
}
