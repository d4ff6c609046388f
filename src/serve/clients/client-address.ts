// The client's address: the peer's, or the one that trusted proxies report (X-Forwarded-For).
// Pure. A proxy appends the address of its own peer, so the list is read from its end.

import { BlockList, isIP } from 'node:net';

/** The proxies whose X-Forwarded-For is trusted. */
export class TrustedProxies {
  readonly #list = new BlockList();

  /** @param ranges each an {@link isAddressRange}. */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const [address, bits] = range.split('/') as [string, string?];
      const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
      if (bits === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(bits), family);
    }
  }

  /** Whether an address is one of them. */
  has(address: string): boolean {
    const plain = canonicalAddress(address);
    const family = isIP(plain);
    return family !== 0 && this.#list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  }

  /**
   * The address of the client, from the peer's address and the `X-Forwarded-For` field. The field is ignored unless the
   * peer is a trusted proxy. Where a trusted proxy wrote something other than an address, the proxy's own address
   * counts.
   */
  clientOf(peer: string, forwardedFor: string | undefined): string {
    let client = canonicalAddress(peer);
    const entries = (forwardedFor ?? '').split(',').map((entry) => entry.trim());
    while (this.has(client)) {
      const entry = entries.pop();
      if (entry === undefined) break;
      const address = canonicalAddress(
        entry.replace(/^\[(.*)\](:\d+)?$/, '$1').replace(/^(\d+(?:\.\d+){3}):\d+$/, '$1'),
      );
      if (isIP(address) === 0) break;
      client = address;
    }
    return client;
  }
}

/** An IPv4-mapped IPv6 address as IPv4 (RFC 4291 §2.5.5.2). */
function canonicalAddress(address: string): string {
  return /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address)?.[1] ?? address;
}
