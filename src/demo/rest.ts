// The demo's REST requests, and the equivalent curl commands.

import { callHttp } from '../http-client.js';

/** One request. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  /** Sent as JSON. */
  readonly body?: object;
}

const JSON_TYPE = 'application/json';
/** The demo's relay is in this program: it answers, or is about to end. */
const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** The equivalent curl command, as lines of shell input. */
export function curlLines({ method, url, body }: Call): string[] {
  const verb = method === 'GET' ? 'curl' : `curl -X ${method}`;
  if (body === undefined) return [`${verb} ${url}`];
  // Within single quotes the shell takes everything literally, except for a single quote.
  const data = JSON.stringify(body).replaceAll("'", `'\\''`);
  return [`${verb} -H "Content-Type: ${JSON_TYPE}" \\`, `  -d '${data}' \\`, `  ${url}`];
}

/** Sends the request; resolves to the answer. Throws an error with the answer's text unless it is 2xx. */
export async function callRest({ method, url, body }: Call): Promise<unknown> {
  const content = body === undefined ? {} : { headers: { 'Content-Type': JSON_TYPE }, body: JSON.stringify(body) };
  const limits = { timeoutMs: TIMEOUT_MS, maxAnswerBytes: MAX_ANSWER_BYTES };
  const { status, body: text } = await callHttp(url, { method, ...content, ...limits }); // ignores proxy settings
  if (status < 200 || status > 299) throw new Error(`${method} ${url} was answered ${status}: ${text.trimEnd()}`);
  return JSON.parse(text) as unknown;
}
