// Logs refused uploads with the reason: ffmpeg reports no more than "broken pipe".

import type { Log } from '../../log/log.js';
import { RateLimitedWarning } from '../../log/rate-limited-warning.js';
import { HttpError } from '../../http/answer/problem.js';
import { parseFeedName } from '../../relay/rules/rules.js';

/** How long a client that was asked for the key has to send it: ffmpeg tries without one first. */
const RETRY_WITH_KEY_MS = 5000;
/** How many such clients are remembered. */
const MAX_PENDING_REFUSALS = 200;
const MAX_SHOWN = 200;
/** First segments of other paths of ours and of vw serve: an upload there was meant for /ts. */
const OTHER_PREFIX = /^\/(?:ts|ws|in|out|bi|play|session)(?=\/|$)/i;

/** A request that is an upload, or is likely to be one. */
export interface UploadRequest {
  /** Without the query. */
  readonly path: string;
  /** The peer's address. */
  readonly from: string;
  readonly authorization: string | undefined;
}

/** Logs refused uploads. */
export class UploadRefusals {
  readonly #warning: RateLimitedWarning;
  readonly #pendingRefusals = new Map<string, { readonly log: () => void; readonly timer: NodeJS.Timeout }>();

  constructor(
    log: Log,
    private readonly patienceMs = RETRY_WITH_KEY_MS,
  ) {
    this.#warning = new RateLimitedWarning(log, 'upload refused');
  }

  /** Logs a refused upload; one without a key only if the same upload does not follow with a key. */
  onRefused(request: UploadRequest, error: unknown): void {
    const { path, from, authorization } = request;
    const meant = isMistakenUpload(path);
    const facts = { path: path.slice(0, MAX_SHOWN), from, reason: (error as Error).message };
    const log = () => this.#warning.warn({ ...facts, ...(meant === null ? {} : { meant }) });
    const wasAsked = authorization === undefined && error instanceof HttpError && error.status === 401;
    const key = keyOf(request);
    if (!wasAsked) log();
    else if (!this.#pendingRefusals.has(key)) {
      const timer = setTimeout(() => this.#report(key), this.patienceMs).unref();
      this.#pendingRefusals.set(key, { log, timer });
      const [oldest] = this.#pendingRefusals.keys();
      if (oldest !== undefined && this.#pendingRefusals.size > MAX_PENDING_REFUSALS) this.#report(oldest);
    }
  }

  /** An upload was admitted. */
  onAccepted(request: Omit<UploadRequest, 'authorization'>): void {
    const key = keyOf(request);
    clearTimeout(this.#pendingRefusals.get(key)?.timer);
    this.#pendingRefusals.delete(key);
  }

  #report(key: string): void {
    const one = this.#pendingRefusals.get(key);
    clearTimeout(one?.timer);
    this.#pendingRefusals.delete(key);
    one?.log();
  }
}

/** The path that an upload was probably meant for; null: its path is right, or has nothing to do with media. */
export function isMistakenUpload(path: string): string | null {
  if (path.startsWith('/ts/') || /^\/(?:api|login)(?:\/|$)/.test(path)) return null;
  const name = path
    .replace(/\/{2,}/g, '/')
    .replace(OTHER_PREFIX, '')
    .replace(/^\//, '');
  try {
    return `/ts/${parseFeedName(decodeURIComponent(name))}`;
  } catch {
    return '/ts/<feed>';
  }
}

function keyOf({ path, from }: Omit<UploadRequest, 'authorization'>): string {
  return `${from} ${path}`;
}
