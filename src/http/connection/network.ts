// The network that an address belongs to, for limits per address.

import { isIPv6 } from 'node:net';

/**
 * The unit of limits per address: an IPv4 address, or the 64-bit network of an IPv6 address, in which one host may have
 * any
 * number of addresses (RFC 4291 §2.5.4).
 */
export function networkOf(address: string): string {
  const [plain = ''] = address.split('%'); // without the zone (RFC 4007 §11)
  if (!isIPv6(plain) || plain.includes('.')) return address;
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
