// An endpoint that expects the token as first message, and media only after its reply: crossbar, vw serve. Pure.

import { safeUrl } from '../../../log/safe-url.js';
import { faultOfClose, faultOfUpgrade, readTokenEnd, withToken } from '../faults.js';
import { querySecrets } from '../secrets.js';
import { readAuthorisation } from './authorisation.js';
import type { EndpointKind } from './endpoint-kind.js';

export const crossbar: EndpointKind = {
  name: 'crossbar',
  schemes: ['ws:', 'wss:'],
  forms: [],
  documentedForms: [],
  tokenNeed: null,
  approach: { by: 'dialling', target: ({ url }) => ({ url }) },
  introduction: {
    messageOf: ({ token }) => token ?? '',
    readReply: (text) => {
      const reply = readAuthorisation(text);
      if (reply === null) return null;
      if (reply.isAuthorised) return { verdict: 'accepted' };
      const message = `the relay server rejected the token: ${reply.reason}`;
      return { verdict: 'refused', fault: { code: 'refused', message } };
    },
    silenceFault: (timeoutMs) => {
      return { code: 'no-answer', message: `no answer to the token within ${timeoutMs / 1000} s` };
    },
  },
  precedence: 0,

  recognises: ({ hasToken }) => hasToken,
  shownUrl: safeUrl,
  secretsOf: ({ token }) => (token === null ? [] : [token]),
  secretsIn: querySecrets,

  readUpgrade: faultOfUpgrade,
  readClose: faultOfClose,
  readObjection: () => null,
  meaningOf: ({ found, wasAuthorising, token, nowMs }) => {
    // One that drops the connection after the token, without a message, has refused it.
    const code = wasAuthorising && found.code === 'lost' ? 'refused' : found.code;
    return withToken({ code, message: found.message }, token === null ? null : readTokenEnd(token), nowMs);
  },
};
