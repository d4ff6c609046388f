// Serves `/play/<name>` and its files, for any server with a WebSocket to play from. Plain Node with the signature of
// an express handler, so that every server can mount it. CSP: W3C Content Security Policy Level 3.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PageHandler } from '../../http/page-handler.js';
import { pathOf } from '../../http/request/path.js';
import { type PageFile, pageFile } from './page-files.js';
import { PLAY_STATUS_PATH } from '../../http/answer/play-status.js';
import { playerPage } from './player-page.js';

/** The settings of the player's pages. */
export interface PlayerRoutes {
  /** Path prefix of the WebSockets: `/ws/` plays `x` from `/ws/x`. */
  readonly socketPath: string;
  /** Validates a decoded name; throws the error to answer with if it is invalid. */
  readonly readName: (name: string) => string;
  /**
   * Whether a token is required: from the URL's fragment (`#token=...`), or typed in. It is sent as the first message.
   */
  readonly wantsToken: boolean;
  /** Which pages may embed the player in a frame: sources for frame-ancestors, such as `https://lab.example`. */
  readonly frameAncestors: readonly string[];
}

const PLAY = '/play/';
const FILES = '/player/';
/** A worker obeys the policy that its file was served with: our own WebSockets only. */
const WORKER_POLICY = "default-src 'none'; connect-src 'self'";

/** Serves the player. */
export function playerRoutes(options: PlayerRoutes): PageHandler {
  return (request, response, next) => {
    const path = pathOf(request.url ?? '');
    const name = path.startsWith(PLAY) ? decode(path.slice(PLAY.length)) : null;
    const file = path.startsWith(FILES) ? pageFile(path.slice(FILES.length)) : null;
    if (name === null && file === null) {
      next();
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
      return;
    }
    if (file) sendFile(file, request, response);
    else if (name !== null) sendPage(options.readName(name), options, request, response);
  };
}

function sendFile(file: PageFile, request: IncomingMessage, response: ServerResponse): void {
  const isKnown = request.headers['if-none-match'] === file.tag;
  const isGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  response.setHeader('Content-Type', file.type).setHeader('ETag', file.tag);
  response.setHeader('Cache-Control', 'no-cache').setHeader('Vary', 'Accept-Encoding');
  response.setHeader('Content-Security-Policy', WORKER_POLICY);
  if (isGzip && !isKnown) response.setHeader('Content-Encoding', 'gzip');
  response.writeHead(isKnown ? 304 : 200);
  response.end(isKnown || request.method === 'HEAD' ? undefined : isGzip ? file.gzipped : file.body);
}

function sendPage(
  name: string,
  { socketPath, wantsToken, frameAncestors }: PlayerRoutes,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const encoded = name.split('/').map(encodeURIComponent).join('/');
  const places = { socket: socketPath + encoded, status: PLAY_STATUS_PATH + encoded };
  response.setHeader('Content-Security-Policy', policyFor(frameAncestors));
  if (frameAncestors.length > 0) response.removeHeader('X-Frame-Options'); // it cannot name origins
  response.setHeader('Cache-Control', 'no-store').setHeader('Referrer-Policy', 'same-origin');
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
  response.end(request.method === 'HEAD' ? undefined : playerPage({ name, ...places, wantsToken }));
}

/** Our own files and WebSockets, and media from Media Source Extensions (blob:); nothing else. */
function policyFor(frameAncestors: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    'media-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${frameAncestors.length === 0 ? "'none'" : frameAncestors.join(' ')}`,
  ].join('; ');
}

function decode(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}
