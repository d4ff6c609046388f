// Parses the head of a plain HTTP/1.1 upload. Anything unusual is left to Node's parser: this one declines a request, but
// never rejects it, and accepts nothing that Node's would reject. RFC 9112 §2 to §6.

import { maxHeaderSize } from 'node:http';

const END = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES = Math.min(16 * 1024, maxHeaderSize);

/** The head of a request that this file understands in full. */
export interface RequestHead {
  readonly method: 'POST' | 'PUT';
  /** The request target as sent, query included. */
  readonly target: string;
  /** Field names in lower case; none comes twice. */
  readonly headers: ReadonlyMap<string, string>;
  /** Where the body begins. */
  readonly bytes: number;
}

const REQUEST_LINE = /^(POST|PUT) (\/[\x21-\x7e]*) HTTP\/1\.1$/;
// One quantifier each, so that untrusted input is matched in linear time.
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\x20-\x7e]*$/; // a tab is good, too, but not everywhere: Node's parser knows where
// With one of these a request means more than "here is a body".
const NODE_ONLY_HEADERS = ['content-length', 'expect', 'upgrade', 'trailer', 'content-encoding'];

/** The head of a chunked upload that stands whole at the beginning of `bytes`; `null`: let Node's parser see it. */
export function readUploadHead(bytes: Buffer): RequestHead | null {
  const end = bytes.indexOf(END);
  if (end === -1 || end > MAX_HEAD_BYTES) return null;
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const [, method, target = ''] = REQUEST_LINE.exec(first) ?? [];
  if (method !== 'POST' && method !== 'PUT') return null;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon === -1) return null;
    const name = line.slice(0, colon).toLowerCase();
    const value = withoutSpaces(line.slice(colon + 1));
    if (!NAME.test(name) || !VALUE.test(value) || headers.has(name)) return null;
    headers.set(name, value);
  }
  if (!headers.has('host') || headers.get('transfer-encoding')?.toLowerCase() !== 'chunked') return null;
  if (NODE_ONLY_HEADERS.some((name) => headers.has(name))) return null;
  return { method, target, headers, bytes: end + END.length };
}

/** A field's value without the spaces around it (RFC 9112 §5). */
function withoutSpaces(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === ' ') start++;
  while (end > start && text[end - 1] === ' ') end--;
  return text.slice(start, end);
}
