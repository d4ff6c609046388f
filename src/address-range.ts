// Addresses and ranges of addresses, as settings name them. Pure.

import { isIP } from 'node:net';

/** Whether this is an address or a range of addresses (`10.0.0.0/8`). */
export function isAddressRange(text: string): boolean {
  const [address, bits, more] = text.split('/');
  const family = isIP(address ?? '');
  if (family === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}
