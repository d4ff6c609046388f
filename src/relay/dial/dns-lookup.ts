// Resolves a name for one connection, and knows whether that is still pending: this distinguishes a dial that fails
// because no name server answers from one that the endpoint does not answer.

import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** The name resolution of one dial. */
export class DnsLookup {
  /** Whether the name is being resolved now. */
  isPending = false;

  /** The `lookup` option of net.connect and of what is built on it. */
  readonly lookup: LookupFunction = (name, options, done) => {
    this.isPending = true;
    lookup(name, options, (error, address, family) => {
      this.isPending = false;
      done(error, address, family);
    });
  };
}
