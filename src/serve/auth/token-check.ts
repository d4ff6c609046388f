// Checks the token of an HTTP request; refused ones are counted. RFC 6750 §2.1.

import type { Request, RequestHandler } from 'express';
import { HttpError } from '../../http/answer/problem.js';
import type { ClientRegistry } from '../clients/client-registry.js';
import { TokenError } from './tokens.js';

/** Runs `admit` with the token of a request; a refused one is counted. Throws {@link HttpError}. */
export async function checkToken<T>(
  clients: ClientRegistry,
  request: Request,
  admit: (token: string, nowMs: number) => T | Promise<T>,
): Promise<T> {
  const address = clients.admit(request);
  const token = tokenOf(request);
  if (token === '' && clients.tokens !== null) {
    // A request without a token is not an attempt to guess one.
    throw new HttpError(401, 'ERR_TOKEN', 'a token is required; accepted: Authorization: TOKEN', {
      'WWW-Authenticate': 'Bearer',
    });
  }
  try {
    return await admit(token, Date.now());
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    clients.policy.checkRefusals(address, performance.now());
    clients.countRefusal({ direction: 'session', topic: '', path: request.path.slice(0, 200) }, address, error.message);
    throw new HttpError(
      401,
      'ERR_TOKEN',
      `${error.message}; accepted: a token that this server's secret has signed, as Authorization: TOKEN`,
      { 'WWW-Authenticate': 'Bearer' },
    );
  }
}

/** A handler that requires a token for the stats, where tokens are required. */
export function requireStatsToken(clients: ClientRegistry): RequestHandler {
  return async (request, _response, next) => {
    const { tokens } = clients;
    if (tokens) await checkToken(clients, request, (token, nowMs) => tokens.admitToStats(token, nowMs));
    next();
  };
}

/** The token in the Authorization field: bare, as practable's clients send it, or as Bearer. */
function tokenOf(request: Request): string {
  return (request.headers.authorization ?? '').replace(/^bearer +/i, '');
}
