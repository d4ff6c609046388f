// Looks a name up for one connection, and knows whether that is still going on: a dial that comes to nothing because no
// name server answers is told apart from one that a far end does not answer.

import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** The name's part in one dial. */
export class NameLookup {
  /** Whether the name is being looked up now. */
  isPending = false;

  /** For net.connect and what is made of it. */
  readonly lookup: LookupFunction = (name, options, done) => {
    this.isPending = true;
    lookup(name, options, (error, address, family) => {
      this.isPending = false;
      done(error, address, family);
    });
  };
}
