// Whether TLS is spoken at an address that breaks off plain connections without a word, as servers with TLS do.

import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { proxyWay } from './proxy.js';

/** Longest that an answer to a handshake is waited for. */
const PATIENCE_MS = 2000;

/**
 * Whether a server at the host and port of a ws:// or http:// URL answers a TLS handshake. Nothing is sent but that. False
 * where a proxy is on the way: it would have to make a tunnel, which is for what is known to be TLS.
 */
export async function speaksTls(url: string, signal: AbortSignal): Promise<boolean> {
  const way = proxyWay(url, {});
  way?.callOff();
  if (way !== undefined || signal.aborted) return false;
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = connect({
    host,
    port: Number(port || 80),
    rejectUnauthorized: false, // who it is does not matter: nothing is said to it
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(false), PATIENCE_MS);
    const onAbort = () => end(false);
    const end = (isTls: boolean) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(isTls);
    };
    signal.addEventListener('abort', onAbort);
    socket.once('secureConnect', () => end(true));
    // An alert is TLS too: it wants a certificate of ours, or another name.
    socket.on('error', ({ message }: Error) => end(/\balert\b/.test(message)));
    socket.once('close', () => end(false));
  });
}
