// The demo's REST requests, and the equivalent curl commands.

import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

/** One request. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  /** Sent as JSON. */
  readonly body?: object;
}

const JSON_TYPE = 'application/json';

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
  const data = body === undefined ? '' : JSON.stringify(body);
  const one = request(url, {
    method,
    agent: false, // ignores proxy settings
    headers: data === '' ? {} : { 'Content-Type': JSON_TYPE, 'Content-Length': Buffer.byteLength(data) },
  });
  one.end(data);
  const [response] = (await once(one, 'response')) as [IncomingMessage];
  let text = '';
  response.setEncoding('utf8').on('data', (part: string) => (text += part));
  await once(response, 'end');
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299) throw new Error(`${method} ${url} was answered ${status}: ${text.trimEnd()}`);
  return JSON.parse(text) as unknown;
}
