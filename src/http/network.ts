// Who an address belongs to, where shares are counted by address.

import { isIPv6 } from 'node:net';

/**
 * What is counted as one holder: an IPv4 address, and of IPv6 the network of 64 bits, in which one host has any number of
 * addresses (RFC 4291 §2.5.4).
 */
export function networkOf(address: string): string {
  const plain = address.split('%')[0]!; // without the zone (RFC 4007 §11)
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
