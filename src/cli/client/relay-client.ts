// A client of a relay's API, with messages that explain why the relay is not reached or is not a relay.

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { callHttp, type HttpAnswer, HttpCallError } from '../../http-client.js';
import type { RelayAddress } from './relay-address.js';
import { clean } from '../terminal/text.js';

/** The answer of a relay with ten thousand feeds has a third of this. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_WORDS = 500;

/** A relay that was not reached or refuses us. `message` names what to do. */
export class NotServedError extends Error {
  override readonly name = 'NotServedError';
  /** Whether it may succeed in a moment: nothing listens there, or the relay is starting or stopping. */
  readonly mayPass: boolean;

  constructor(message: string, { mayPass = false, ...options }: ErrorOptions & { mayPass?: boolean } = {}) {
    super(message, options);
    this.mayPass = mayPass;
  }
}

/** A refused request; `message` is the relay's. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The API of one relay. */
export class RelayClient {
  readonly #address: RelayAddress;
  readonly #timeoutMs: number;
  readonly #agent: HttpAgent;
  readonly #closed = new AbortController();

  constructor(address: RelayAddress, timeoutMs: number) {
    this.#address = address;
    this.#timeoutMs = timeoutMs;
    const { ca, isPinned, url } = address;
    const trust = {
      ...(ca === null ? {} : { ca: [...ca] }),
      ...(isPinned ? { allowPartialTrustChain: true, checkServerIdentity: () => undefined } : {}),
    };
    const options = { keepAlive: true, maxSockets: 4 };
    this.#agent = url.startsWith('https:') ? new HttpsAgent({ ...options, ...trust }) : new HttpAgent(options);
  }

  get url(): string {
    return this.#address.url;
  }

  /**
   * Sends a request and returns the JSON answer. Every request of the API is idempotent, so one that was sent on a
   * connection
   * that was just being closed is repeated. Throws {@link NotServedError} and {@link RefusedError}.
   */
  async request(method: string, path: string, body?: unknown): Promise<unknown> {
    let answer: HttpAnswer;
    try {
      answer = await this.#send(method, path, body);
    } catch (cause) {
      const { message, mayPass } = connectErrorMessage(cause as NodeJS.ErrnoException, this.url);
      throw new NotServedError(`${this.url} is not reached: ${message}`, { mayPass, cause });
    }
    return this.#read(answer, path);
  }

  /** Aborts requests that are not answered yet. */
  close(): void {
    this.#closed.abort();
    this.#agent.destroy();
  }

  async #send(method: string, path: string, body: unknown): Promise<HttpAnswer> {
    try {
      return await this.#sendOnce(method, path, body);
    } catch (error) {
      if (this.#closed.signal.aborted || (error as { wasReused?: boolean }).wasReused !== true) throw error;
      return this.#sendOnce(method, path, body);
    }
  }

  #sendOnce(method: string, path: string, body: unknown): Promise<HttpAnswer> {
    const { url, key } = this.#address;
    return callHttp(url + path, {
      method,
      headers: {
        Accept: 'application/json',
        ...(key === null ? {} : { Authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      agent: this.#agent,
      timeoutMs: this.#timeoutMs,
      maxAnswerBytes: MAX_ANSWER_BYTES,
      signal: this.#closed.signal,
    });
  }

  #read({ status, type, body: text }: HttpAnswer, path: string): unknown {
    const isJson = /^application\/(problem\+)?json\b/i.test(type);
    const body = isJson ? parsed(text) : undefined;
    if (status >= 200 && status < 300 && body !== undefined) return body;
    const { code, detail } = (body ?? {}) as { code?: unknown; detail?: unknown };
    if (typeof code === 'string' && typeof detail === 'string') {
      throw this.#refusal(status, code, clean(detail).slice(0, MAX_WORDS));
    }
    const what = `it answers ${path} with HTTP ${status}, ${clean(type).slice(0, 60) || 'no content type'}`;
    if (status === 502 || status === 503 || status === 504) {
      throw new NotServedError(`${this.url} is not reached: ${what}: a proxy whose relay is away?`, { mayPass: true });
    }
    throw new NotServedError(
      `${this.url} is not a vw stream: ${what}; accepted: the address at which vw stream logs that it listens`,
    );
  }

  #refusal(status: number, code: string, detail: string): NotServedError | RefusedError {
    switch (code) {
      case 'ERR_KEY':
        return this.#unserved(
          this.#address.key === null
            ? 'it requires a key; give its VW_API_KEY as --api-key or VW_API_KEY'
            : 'the key is wrong; compare --api-key or VW_API_KEY with the VW_API_KEY that it was started with',
        );
      case 'ERR_TOO_MANY_KEYS':
        return this.#unserved('too many wrong keys came from this address; wait a minute');
      case 'ERR_HOST':
      case 'ERR_TOKEN':
      case 'ERR_LOOPBACK_ONLY':
        return this.#unserved(detail);
      case 'ERR_STOPPING':
      case 'ERR_TOO_MANY_CONNECTIONS':
        return new NotServedError(`${this.url} is not reached: ${detail}`, { mayPass: true });
      default:
        return new RefusedError(status, clean(code), detail);
    }
  }

  #unserved(message: string): NotServedError {
    return new NotServedError(`${this.url} refused the request: ${message}`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const ENDED = {
  large: `its answer is over ${MAX_ANSWER_BYTES / 1024 / 1024} MiB`,
  'called off': 'the request was called off',
} as const;

/** Why a request failed, and whether the cause may be temporary. */
function connectErrorMessage(error: NodeJS.ErrnoException, url: string): { message: string; mayPass: boolean } {
  const { host, hostname } = new URL(url);
  const here = 'is vw stream running, and is that its address? --url, or VW_HOST and VW_PORT, set another';
  if (error instanceof HttpCallError) {
    const message = error.reason === 'late' ? `it did not answer in time; ${here}` : ENDED[error.reason];
    return { message, mayPass: true };
  }
  switch (error.code) {
    case 'ECONNREFUSED':
      return { message: `nothing listens there; ${here}`, mayPass: true };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { message: `the name ${hostname} has no address here; misspelt, or no name server`, mayPass: true };
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return { message: 'there is no route to it; is that machine on, and on this network?', mayPass: true };
    case 'ECONNRESET':
    case 'EPIPE':
      return {
        message: `it closed the connection${url.startsWith('http:') ? `; does it want https://${host}?` : ''}`,
        mayPass: true,
      };
    default:
  }
  const code = error.code ?? '';
  if (/^(EPROTO|ERR_SSL_)/.test(code)) {
    return { message: `it does not speak TLS there; is it http://${host}?`, mayPass: false };
  }
  if (code.startsWith('HPE_')) {
    return { message: `it does not speak HTTP there; is it https://${host}?`, mayPass: false };
  }
  if (/CERT|SIGNATURE|ISSUER|CHAIN/.test(code)) {
    const message =
      'accepted: one that this machine trusts, for that name; --ca FILE names its authority, or the certificate itself';
    return { message: `its certificate is not trusted (${clean(error.message)}); ${message}`, mayPass: false };
  }
  return { message: clean(error.message || error.name), mayPass: true };
}
