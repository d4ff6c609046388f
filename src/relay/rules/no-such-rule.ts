// The errors for names that no rule has.

import { NotFoundError } from '../../errors.js';

/** The error for the name of a rule that does not exist. */
export function noSuchRule(kind: 'stream' | 'destination' | 'mute', name: string): NotFoundError {
  switch (kind) {
    case 'stream':
      return new NotFoundError(`there is no stream rule "${name}"; GET /api/streams/all lists them`);
    case 'destination':
      return new NotFoundError(`there is no destination "${name}"; GET /api/destinations/all lists them`);
    case 'mute':
      return new NotFoundError(`"${name}" is not muted; GET /api/mutes/all lists what is`);
  }
}
