// An endpoint that grants access in exchange for the token over HTTP: practable's relay, vw serve at /session. A POST with
// the token is answered with the address of a WebSocket that is valid once, for half a minute. The token is sent in this
// request only. Pure.

import { safeUrl } from '../../../log/safe-url.js';
import type { Fault } from '../../events/event.js';
import {
  faultOfClose,
  faultOfStatus,
  faultOfUpgrade,
  IS_RELAY_API,
  mentionsKey,
  mentionsTls,
  parenthesized,
  readReason,
  readTokenEnd,
  TLS_EXPECTED,
  withToken,
} from '../faults.js';
import { querySecrets } from '../secrets.js';
import { isWebSocket } from '../transport.js';
import type { AccessAnswer, AccessVerdict, EndpointKind } from './endpoint-kind.js';

export const practable: EndpointKind = {
  name: 'practable',
  schemes: ['http:', 'https:'],
  forms: ['https://host[:port]/session/topic with a token'],
  documentedForms: ['http:// or https:// with a token'],
  tokenNeed: {
    fault: 'an http:// or https:// address requires a token',
    purpose: 'an http address, which is asked for access with',
    exampleWithout: (url) => {
      const { protocol, host, pathname } = new URL(url);
      return `${protocol.replace('http', 'ws')}//${host}${pathname}`;
    },
  },
  approach: {
    by: 'asking',
    request: ({ url, token }) => {
      return { url, method: 'POST', headers: { Authorization: token ?? '', Accept: 'application/json' } };
    },
    readAnswer,
  },
  introduction: null,
  precedence: 0,

  recognises: () => true,
  shownUrl: safeUrl,
  secretsOf: ({ token }) => (token === null ? [] : [token]),
  secretsIn: querySecrets, // the code

  readUpgrade: faultOfUpgrade,
  readClose: faultOfClose,
  readObjection: () => null,
  meaningOf: ({ found, token, nowMs }) => withToken(found, token === null ? null : readTokenEnd(token), nowMs),
};

function readAnswer({ status, body, isForwarded }: AccessAnswer): AccessVerdict {
  if (status < 200 || status > 299) {
    const fault = isForwarded ? faultOfForwarded(status, body) : faultOfRefusal(status, body);
    return { verdict: 'refused', fault };
  }
  const url = readUri(body);
  if (url !== null) return { verdict: 'accepted', target: { url } };
  const message = 'asking for access was not answered with {"uri": "wss://…"}';
  return { verdict: 'refused', fault: { code: 'other', message } };
}

/** As {@link faultOfRefusal}, of a request that a proxy forwarded: the answer may be its own. */
function faultOfForwarded(status: number, body: string): Fault {
  const isOfEndpoint = mentionsTls(status, body) || mentionsKey(status, body);
  if (!isOfEndpoint && status === 407)
    return { code: 'unreachable', message: `${answeredWith(status)}: the proxy requires a user and password` };
  if (!isOfEndpoint && status >= 500) {
    const message = `${answeredWith(status)}: the proxy cannot reach the relay server, or that has failed`;
    return { code: 'unreachable', message };
  }
  return faultOfRefusal(status, body, status === 403 ? ', or the proxy does not let this through' : '');
}

/** The fault for an answer that grants no access. `orElse` is another cause than a token that is refused. */
function faultOfRefusal(status: number, body: string, orElse = ''): Fault {
  if (mentionsTls(status, body)) return TLS_EXPECTED;
  if (mentionsKey(status, body)) return IS_RELAY_API;
  const message = answeredWith(status);
  const code = faultOfStatus(status);
  const given = parenthesized(readReason(body));
  if (status === 401 || status === 403) return { code, message: `${message}: the token is refused${orElse}${given}` };
  if (status === 404) return { code, message: `${message} (wrong path?)${given}` };
  return { code, message: status >= 300 && status < 400 ? `${message}, a redirect` : `${message}${given}` };
}

function answeredWith(status: number): string {
  return `asking for access was answered with HTTP ${status}`;
}

/** The WebSocket address in an answer; `null` if it contains none that can be dialled. */
function readUri(body: string): string | null {
  try {
    const { uri } = JSON.parse(body) as { uri?: unknown };
    if (typeof uri !== 'string') return null;
    const url = new URL(uri);
    if (!isWebSocket(url) || url.hostname === '') return null;
    url.hash = ''; // a WebSocket URL has none, and the library throws on one
    return url.href;
  } catch {
    return null;
  }
}
