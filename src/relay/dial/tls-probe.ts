// Checks whether an address that drops plain connections without an answer speaks TLS, as TLS servers do.

import { isIP, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { tunnelRoute } from './forward-proxy.js';

/** The time-out of a handshake. */
const TIMEOUT_MS = 2000;

/**
 * Whether a server at the host and port of a plain URL (ws://, http://) answers a TLS handshake. Nothing else is sent. A proxy is
 * asked for a tunnel; false if it refuses.
 */
export async function speaksTls(url: string, signal: AbortSignal): Promise<boolean> {
  const { hostname, port: given } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const port = Number(given || 80);
  const ended = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const route = tunnelRoute(url);
  const cancel = () => route?.cancel();
  ended.addEventListener('abort', cancel);
  try {
    const tunnel = await route?.open(host, port);
    return !ended.aborted && (await answersHandshake(host, port, tunnel, ended));
  } catch {
    return false; // the proxy refused the tunnel
  } finally {
    ended.removeEventListener('abort', cancel);
    cancel();
  }
}

/** @param tunnel carries the handshake; without one it goes directly. */
function answersHandshake(
  host: string,
  port: number,
  tunnel: Socket | undefined,
  ended: AbortSignal,
): Promise<boolean> {
  const socket = connect({
    ...(tunnel ? { socket: tunnel } : { host, port }),
    rejectUnauthorized: false, // its identity does not matter: nothing is sent to it
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  return new Promise((resolve) => {
    const onAbort = () => end('plain');
    const end = (found: 'tls' | 'plain') => {
      ended.removeEventListener('abort', onAbort);
      socket.destroy();
      tunnel?.destroy();
      resolve(found === 'tls');
    };
    ended.addEventListener('abort', onAbort);
    tunnel?.on('error', () => end('plain'));
    socket.once('secureConnect', () => end('tls'));
    // An alert is TLS too: the server requires a client certificate, or another name.
    socket.on('error', ({ message }: Error) => end(/\balert\b/.test(message) ? 'tls' : 'plain'));
    socket.once('close', () => end('plain'));
  });
}
