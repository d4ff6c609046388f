// A plain endpoint: its address is dialled, and media is sent at once. Pure.

import { safeUrl } from '../../../log/safe-url.js';
import { faultOfClose, faultOfUpgrade, withoutToken } from '../faults.js';
import { querySecrets } from '../secrets.js';
import { readAuthorisation } from './authorisation.js';
import type { EndpointKind } from './endpoint-kind.js';

const FORMS = ['ws://host[:port]/path', 'wss://host[:port]/path'];
const OPENING_BRACE = 0x7b;

export const plain: EndpointKind = {
  name: 'plain',
  schemes: ['ws:', 'wss:'],
  forms: FORMS,
  documentedForms: FORMS,
  tokenNeed: null,
  approach: { by: 'dialling', target: ({ url }) => ({ url }) },
  introduction: null,
  precedence: -1, // of what no other kind takes

  recognises: ({ hasToken }) => !hasToken,
  shownUrl: safeUrl,
  secretsOf: () => [],
  secretsIn: querySecrets,

  readUpgrade: faultOfUpgrade,
  readClose: faultOfClose,
  // A server that requires a token as first message takes the first media for one.
  readObjection: (data) => {
    if (data[0] !== OPENING_BRACE) return null;
    const reply = readAuthorisation(data.toString());
    if (reply?.isAuthorised !== false) return null;
    return { code: 'refused', message: `it took the first message for a token: ${reply.reason}` };
  },
  meaningOf: ({ found }) => withoutToken(found),
};
