// Tokens: what their holder may do on which topic, until when. JWTs signed with HS256 and nothing else (RFC 7519,
// RFC 7515), of two kinds: crossbar's, whose `aud` is the server's address with the path; practable's, whose `aud` is
// the server's address and which has `topic` and `scopes`.
// A token's text is handled here and nowhere else; the reason of a refusal contains no part of it.

import { createHash } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { trimSlashes } from '../../trim-slashes.js';
import type { Direction, TopicPath } from '../topics/topic-path.js';

/** What the holder of a token may do on a topic. */
export interface Grant {
  readonly canRead: boolean;
  readonly canWrite: boolean;
  /** When it ends, in milliseconds since 1970; Infinity: never (no secret is configured). */
  readonly endsMs: number;
  /** Identifies the token without containing any part of it; empty: no secret is configured. */
  readonly owner: string;
}

/** Without a secret: all that a connection in this direction can do, for ever. */
export function openGrant(direction: Direction): Grant {
  return { canRead: direction !== 'in', canWrite: direction !== 'out', endsMs: Infinity, owner: '' };
}

/** A refused token. `message` is the reason, and quotes nothing of the token. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}

/** The claims of a token to make. */
export interface TokenRequest {
  readonly topic: string;
  readonly scopes: readonly string[];
  readonly lifetimeMs: number;
}

const ALGORITHM = 'HS256';
const MAX_TOKEN_LENGTH = 8192;

/** Verifies and makes tokens for one server. */
export class Tokens {
  readonly #key: Uint8Array;
  readonly #audiences: readonly string[];

  /** @param audiences addresses of this server, without a trailing slash; new tokens are for the first. */
  constructor(secret: string, audiences: readonly string[]) {
    this.#key = new TextEncoder().encode(secret);
    this.#audiences = audiences;
  }

  /** Verifies a token for a path and returns what it allows. Rejects with {@link TokenError}. */
  async admit(token: string, path: TopicPath, nowMs: number): Promise<Grant> {
    const claims = await this.#verify(token, nowMs);
    const audiences = audiencesOf(claims);
    const scopes = scopesOf(claims);
    const isForPath = this.#audiences.some((own) => audiences.includes(own + path.path));
    if (!isForPath) {
      if (!this.#audiences.some((own) => audiences.includes(own))) {
        throw new TokenError('this token is for another server or path (aud)');
      }
      if (topicOf(claims) !== path.topic) throw new TokenError('this token is for another topic');
      if (claims.prefix !== undefined && claims.prefix !== 'session') {
        throw new TokenError('this token is for another kind of connection (prefix)');
      }
      if (scopes === null) throw new TokenError('this token has no scopes');
    }
    // Without scopes, a crossbar token's path says what it allows.
    const canRead = path.direction !== 'in' && (scopes === null || scopes.includes('read'));
    const canWrite = path.direction !== 'out' && (scopes === null || scopes.includes('write'));
    if (!canRead && !canWrite) {
      const wanted = path.direction === 'in' ? '"write"' : path.direction === 'out' ? '"read"' : '"read" or "write"';
      throw new TokenError(`this token lacks the scope ${wanted}`);
    }
    return { canRead, canWrite, endsMs: claims.exp * 1000, owner: ownerOf(token) };
  }

  /** The address that new tokens are for. */
  get #audience(): string {
    return this.#audiences[0] ?? '';
  }

  /** Verifies that a token allows reading the stats. Rejects with {@link TokenError}. */
  async admitToStats(token: string, nowMs: number): Promise<void> {
    const claims = await this.#verify(token, nowMs);
    const audiences = audiencesOf(claims);
    if (!this.#audiences.some((own) => audiences.includes(own))) {
      throw new TokenError('this token is for another server (aud)');
    }
    const scopes = scopesOf(claims) ?? [];
    // practable calls the scope relay:stats.
    if (!scopes.includes('stats') && !scopes.includes('relay:stats')) {
      throw new TokenError('this token lacks the scope "stats"');
    }
  }

  /** A topic that a token allows to be played; `null`: none. Rejects with {@link TokenError}. */
  async readableTopic(token: string, nowMs: number): Promise<string | null> {
    const claims = await this.#verify(token, nowMs);
    const path = audiencesOf(claims)
      .flatMap((given) =>
        this.#audiences.map((own) => (given.startsWith(`${own}/out/`) ? given.slice(own.length) : '')),
      )
      .find((found) => found !== '');
    const topic = path === undefined ? topicOf(claims) : path.slice('/out/'.length);
    if (topic === null) return null;
    const grant = await this.admit(token, { direction: 'out', topic, path: `/out/${topic}` }, nowMs);
    return grant.canRead ? topic : null;
  }

  /** Makes a token of practable's kind, which this server accepts on every path. */
  make({ topic, scopes, lifetimeMs }: TokenRequest, nowMs: number): Promise<string> {
    return this.#sign({ topic, prefix: 'session', scopes }, [this.#audience], lifetimeMs, nowMs);
  }

  /** Makes a token of crossbar's kind, for one path (`/in/video0`). */
  makeForPath(path: string, lifetimeMs: number, nowMs: number): Promise<string> {
    return this.#sign({}, `${this.#audience}${path}`, lifetimeMs, nowMs);
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

  /** The claims of a token that we signed and that is valid now. */
  async #verify(text: string, nowMs: number): Promise<JWTPayload & { exp: number }> {
    const token = text.trim(); // as crossbar does: people paste whole lines
    if (token.length > MAX_TOKEN_LENGTH) throw new TokenError('this is too long for a token');
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: [ALGORITHM],
        requiredClaims: ['exp', 'aud'],
        currentDate: new Date(nowMs),
      });
      return payload as JWTPayload & { exp: number }; // exp is required, and the library has checked it
    } catch (error) {
      throw new TokenError(tokenErrorMessage(error)); // no `cause`: the library's error may quote the token
    }
  }
}

/** A digest of the signed part only: one signature can be encoded in more than one way. */
function ownerOf(token: string): string {
  const signed = token.trim();
  return createHash('sha256')
    .update(signed.slice(0, signed.lastIndexOf('.')))
    .digest('base64url');
}

function tokenErrorMessage(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'this token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'nbf') return error.reason === 'check_failed' ? 'this token is not valid yet' : BAD_CLAIM;
    return error.reason === 'missing' ? `this token has no ${error.claim === 'exp' ? 'end (exp)' : 'aud'}` : BAD_CLAIM;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return `this token is not signed with ${ALGORITHM}`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'the signature of this token is wrong';
  return 'this is not a token';
}

const BAD_CLAIM = 'this token has a claim of the wrong type';

function audiencesOf({ aud }: JWTPayload): string[] {
  const all: unknown[] = Array.isArray(aud) ? aud : [aud];
  return all.filter((one) => typeof one === 'string').map(trimSlashes);
}

/** The token's scopes; `null`: it has none. */
function scopesOf({ scopes }: JWTPayload): string[] | null {
  if (scopes === undefined) return null;
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string')) throw new TokenError(BAD_CLAIM);
  return scopes;
}

function topicOf({ topic }: JWTPayload): string | null {
  return typeof topic === 'string' && topic !== '' ? topic.replace(/^\/|\/$/g, '') : null;
}

/** Whether a text has the form of a token, which must not be forwarded to viewers even where no token is required. */
export function looksLikeToken(text: string): boolean {
  return /^\s*[\w-]{2,}\.[\w-]{2,}\.[\w-]*\s*$/.test(text) && text.trimStart().startsWith('ey');
}
