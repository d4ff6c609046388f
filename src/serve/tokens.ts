// Tokens: who may do what on which topic, until when. JWTs signed with HS256 and nothing else (RFC 7519, RFC 7515), of
// two kinds: crossbar's, whose `aud` is the server's address with the path; practable's, whose `aud` is the server's
// address and which names `topic` and `scopes`.
// A token's text goes in here and nowhere else; what is said of a refused one holds nothing of it.

import { createHash } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { trimSlashes } from '../http/path.js';
import type { Place } from './topic.js';

/** What somebody may do on a topic. */
export interface Grant {
  readonly canRead: boolean;
  readonly canWrite: boolean;
  /** When it ends, in milliseconds since 1970; Infinity: never (no secret is set). */
  readonly endsMs: number;
  /** Tells tokens apart, and holds nothing of them; empty: no secret is set. */
  readonly owner: string;
}

/** Everything to everybody: what there is without a secret. */
export const OPEN_GRANT: Grant = { canRead: true, canWrite: true, endsMs: Infinity, owner: '' };

/** A token that does not let in. `message` says why in words of ours. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}

/** What a token may be made for. */
export interface TokenRequest {
  readonly topic: string;
  readonly scopes: readonly string[];
  readonly lifetimeMs: number;
}

const ALGORITHM = 'HS256';
const MAX_TOKEN_LENGTH = 8192;

/** Checks and makes tokens for one server. */
export class Tokens {
  readonly #key: Uint8Array;
  readonly #audiences: readonly string[];

  /** @param audiences addresses of this server, without a slash at the end; the first is the one for new tokens. */
  constructor(secret: string, audiences: readonly string[]) {
    this.#key = new TextEncoder().encode(secret);
    this.#audiences = audiences;
  }

  /** What a token allows at a place. Rejects with {@link TokenError}. */
  async admit(token: string, place: Place, nowMs: number): Promise<Grant> {
    const claims = await this.#verify(token, nowMs);
    const audiences = audiencesOf(claims);
    const scopes = scopesOf(claims);
    const isForPath = this.#audiences.some((own) => audiences.includes(own + place.path));
    if (!isForPath) {
      if (!this.#audiences.some((own) => audiences.includes(own))) {
        throw new TokenError('this token is for another server or path (aud)');
      }
      if (topicOf(claims) !== place.topic) throw new TokenError('this token is for another topic');
      if (claims.prefix !== undefined && claims.prefix !== 'session') {
        throw new TokenError('this token is for another kind of connection (prefix)');
      }
      if (scopes === null) throw new TokenError('this token has no scopes');
    }
    // A path's own token says by its path what it is for, unless it says more.
    const canRead = place.way !== 'in' && (scopes === null || scopes.includes('read'));
    const canWrite = place.way !== 'out' && (scopes === null || scopes.includes('write'));
    if (!canRead && !canWrite) {
      const wanted = place.way === 'in' ? '"write"' : place.way === 'out' ? '"read"' : '"read" or "write"';
      throw new TokenError(`this token has not the scope ${wanted}`);
    }
    return { canRead, canWrite, endsMs: claims.exp * 1000, owner: ownerOf(token) };
  }

  /** Whether a token lets its holder see what the server does. Rejects with {@link TokenError}. */
  async admitToStats(token: string, nowMs: number): Promise<void> {
    const claims = await this.#verify(token, nowMs);
    const audiences = audiencesOf(claims);
    if (!this.#audiences.some((own) => audiences.includes(own))) {
      throw new TokenError('this token is for another server (aud)');
    }
    const scopes = scopesOf(claims) ?? [];
    // The second is what practable calls it.
    if (!scopes.includes('stats') && !scopes.includes('relay:stats')) {
      throw new TokenError('this token has not the scope "stats"');
    }
  }

  /** The topic that a token lets its holder play, among others maybe; `null`: none. Rejects with {@link TokenError}. */
  async readableTopic(token: string, nowMs: number): Promise<string | null> {
    const claims = await this.#verify(token, nowMs);
    const path = audiencesOf(claims)
      .flatMap((given) =>
        this.#audiences.map((own) => (given.startsWith(`${own}/out/`) ? given.slice(own.length) : '')),
      )
      .find((found) => found !== '');
    const topic = path === undefined ? topicOf(claims) : path.slice('/out/'.length);
    if (topic === null) return null;
    const grant = await this.admit(token, { way: 'out', topic, path: `/out/${topic}` }, nowMs);
    return grant.canRead ? topic : null;
  }

  /** Makes a token of practable's kind, which this server takes everywhere. */
  make({ topic, scopes, lifetimeMs }: TokenRequest, nowMs: number): Promise<string> {
    return this.#sign({ topic, prefix: 'session', scopes }, [this.#audiences[0]!], lifetimeMs, nowMs);
  }

  /** Makes a token of crossbar's kind, for one path (`/in/video0`). */
  makeForPath(path: string, lifetimeMs: number, nowMs: number): Promise<string> {
    return this.#sign({}, `${this.#audiences[0]!}${path}`, lifetimeMs, nowMs);
  }

  #sign(claims: JWTPayload, audience: string | string[], lifetimeMs: number, nowMs: number): Promise<string> {
    const now = Math.floor(nowMs / 1000);
    return new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
      .setAudience(audience)
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + Math.round(lifetimeMs / 1000))
      .sign(this.#key);
  }

  /** The claims of a token that we signed and that is good now. */
  async #verify(text: string, nowMs: number): Promise<JWTPayload & { exp: number }> {
    const token = text.trim(); // crossbar does: people paste lines
    if (token.length > MAX_TOKEN_LENGTH) throw new TokenError('this is too long for a token');
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: [ALGORITHM],
        requiredClaims: ['exp', 'aud'],
        currentDate: new Date(nowMs),
      });
      return payload as JWTPayload & { exp: number }; // it is required, and the library has checked it
    } catch (error) {
      throw new TokenError(inWords(error)); // without the library's, as cause: it may quote the token
    }
  }
}

/** Of what is signed: the signature could be written in more than one way. */
function ownerOf(token: string): string {
  const signed = token.trim();
  return createHash('sha256')
    .update(signed.slice(0, signed.lastIndexOf('.')))
    .digest('base64url');
}

function inWords(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'this token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'nbf') return error.reason === 'check_failed' ? 'this token is not valid yet' : BAD_CLAIM;
    return error.reason === 'missing' ? `this token has no ${error.claim === 'exp' ? 'end (exp)' : 'aud'}` : BAD_CLAIM;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return `this token is signed in another way than ${ALGORITHM}`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'the signature of this token is not right';
  return 'this is not a token';
}

const BAD_CLAIM = 'this token has a claim that is of the wrong kind';

function audiencesOf({ aud }: JWTPayload): string[] {
  const all: unknown[] = Array.isArray(aud) ? aud : [aud];
  return all.filter((one) => typeof one === 'string').map(trimSlashes);
}

/** What the token's scopes are; `null`: it names none. */
function scopesOf({ scopes }: JWTPayload): string[] | null {
  if (scopes === undefined) return null;
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string')) throw new TokenError(BAD_CLAIM);
  return scopes;
}

function topicOf({ topic }: JWTPayload): string | null {
  return typeof topic === 'string' && topic !== '' ? topic.replace(/^\/|\/$/g, '') : null;
}

/** Whether a text has the form of a token: then it is none of a viewer's business, also where none is asked for. */
export function looksLikeToken(text: string): boolean {
  return /^\s*[\w-]{2,}\.[\w-]{2,}\.[\w-]*\s*$/.test(text) && text.trimStart().startsWith('ey');
}
