// The client's address: the peer's, or the one that trusted proxies report (X-Forwarded-For).
// Pure. A proxy appends the address of its own peer, so the list is read from its end.

import type { IncomingMessage } from 'node:http';
import { isIP, isIPv6 } from 'node:net';
import proxyAddr from 'proxy-addr';

/** Takes the place of an entry that is empty, which proxy-addr would skip. */
const NO_ADDRESS = '-';

const EVERY_IPV4 = ['0.0.0.0/1', '128.0.0.0/1'];
const EVERY_IPV6 = ['::/1', '8000::/1'];
/** The bits that all mapped addresses, ::ffff:0:0/96, have in common. */
const MAPPED_BITS = 96;
/** An address whose first 95 bits are theirs. */
const BESIDE_MAPPED = '::fffe:0:0';

/** The proxies whose X-Forwarded-For is trusted. */
export class TrustedProxies {
  readonly #trusts: (address: string, hop: number) => boolean;

  /** @param ranges each an {@link isAddressRange}. */
  constructor(ranges: readonly string[]) {
    const isTrusted = proxyAddr.compile(ranges.flatMap(subnetsOf));
    // The library would take 0x0a.0.0.1 for an address, too.
    this.#trusts = (address, hop) => isIP(address) !== 0 && isTrusted(hexadecimal(address), hop);
  }

  /** Whether an address is one of them. */
  has(address: string): boolean {
    return this.#trusts(plainAddress(address), 0);
  }

  /**
   * The address of the client, from the peer's address and the `X-Forwarded-For` field. The field is ignored unless the
   * peer is a trusted proxy. Where a trusted proxy wrote something other than an address, the proxy's own address
   * counts.
   */
  clientOf(peer: string, forwardedFor: string | undefined): string {
    const remoteAddress = plainAddress(peer);
    if (forwardedFor === undefined) return remoteAddress;
    const entries = forwardedFor.split(',').map((entry) => plainAddress(entry) || NO_ADDRESS);
    const request: unknown = { socket: { remoteAddress }, headers: { 'x-forwarded-for': entries.join() } };
    const hops = proxyAddr.all(request as IncomingMessage, this.#trusts); // which reads these two fields only
    const client = hops.at(-1) ?? remoteAddress;
    return isIP(client) === 0 ? (hops.at(-2) ?? client) : client;
  }
}

/** An address without brackets and port, and an IPv4-mapped IPv6 address as IPv4 (RFC 4291 §2.5.5.2). */
function plainAddress(text: string): string {
  const address = text
    .trim()
    .replace(/^\[(.*)\](:\d+)?$/, '$1')
    .replace(/^(\d+(?:\.\d+){3}):\d+$/, '$1');
  return /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address)?.[1] ?? address;
}

/**
 * A range as proxy-addr takes it, which refuses one of 0 bits: that is two of 1 bit. A wide range of IPv6 may have the
 * mapped addresses in it (RFC 4291 §2.5.5.2): it is one of all IPv4 addresses, too, which the library leaves out.
 */
function subnetsOf(range: string): string[] {
  const [address = '', bits] = range.split('/');
  const plain = hexadecimal(address);
  if (bits === undefined) return [plain];
  if (!isIPv6(address)) return Number(bits) === 0 ? EVERY_IPV4 : [range];
  if (Number(bits) === 0) return [...EVERY_IPV6, ...EVERY_IPV4];
  if (Number(bits) >= MAPPED_BITS) return [`${plain}/${bits}`];
  const wide = `${/^::ffff:[\da-f]+:[\da-f]+$/.test(plain) ? BESIDE_MAPPED : plain}/${bits}`;
  const hasMapped = proxyAddr.compile(wide)(BESIDE_MAPPED, 0);
  return hasMapped ? [wide, ...EVERY_IPV4] : [wide];
}

/** An IPv6 address without a zone and without IPv4 in dotted form, which proxy-addr does not read everywhere. */
function hexadecimal(address: string): string {
  if (!isIPv6(address)) return address;
  const [plain = ''] = address.split('%', 1);
  return new URL(`http://[${plain}]`).hostname.slice(1, -1);
}
