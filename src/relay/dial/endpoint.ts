// An endpoint as a rule gives it: its kind, and what the kind makes of the address and the token.

import type { SecureContextOptions } from 'node:tls';
import type { EndpointAddress, EndpointKind } from './kinds/endpoint-kind.js';
import { kindOf } from './kinds/kind-of.js';
import type { Dial } from './reconnecting.js';
import { requestAccess } from './request-access.js';

/** How an endpoint is reached. */
export interface Endpoint {
  readonly address: EndpointAddress;
  readonly kind: EndpointKind;
  /** The address that is contacted first: of a WebSocket, or of an HTTP request. */
  readonly firstContact: string;
  /** What must not appear in logs, answers or errors, even if the endpoint sends it back. */
  readonly secrets: readonly string[];
  /** What to dial now; called before each dial. Rejects with the reason, without secrets. */
  nextDial(signal: AbortSignal): Promise<Dial>;
}

/** The endpoint of a rule. Throws if it is of no kind, which the parser of rules refuses. */
export function endpointOf(
  { destination: url, token = null }: { readonly destination: string; readonly token?: string | null },
  tls: SecureContextOptions,
  timeoutMs: number,
): Endpoint {
  const address = { url, token };
  const kind = kindOf(url, token);
  if (kind === null) throw new Error('an address of no kind of endpoint');
  const base = { address, kind, secrets: kind.secretsOf(address) };
  const { approach } = kind;
  if (approach.by === 'dialling') {
    const target = approach.target(address);
    return { ...base, firstContact: target.url, nextDial: () => Promise.resolve({ ...target, tls }) };
  }
  const request = approach.request(address);
  return {
    ...base,
    firstContact: request.url,
    nextDial: async (signal) => {
      const target = await requestAccess(
        { request, tls, timeoutMs, read: (answer) => approach.readAnswer(answer) },
        signal,
      );
      return { ...target, tls };
    },
  };
}
